"""Figures: an axes comes in, the same axes goes out; no pyplot state.

Without ``ax`` a fresh figure is made; reach it through ``ax.figure`` and
write it with :func:`save_figure`.

Public names: :func:`plot_architecture`, :func:`plot_overlay`,
:func:`plot_blend`, :func:`plot_loss_curves`,
:func:`plot_label_histograms`, :func:`plot_patch_sheet`,
:func:`plot_scatter`, :func:`plot_boxes`, :func:`plot_local_ground_truth`,
:func:`plot_auc_boxes`, :func:`plot_roc_curves`, :func:`plot_map`,
:func:`plot_windows`, :func:`plot_window_diagram`, :func:`plot_steps`,
:func:`plot_jnd_panels`, :func:`plot_curves`, :func:`plot_picture_sizes`,
:func:`plot_patches`, :func:`plot_mos_pairs`, :func:`plot_mos_histograms`,
:func:`plot_gaze`, :func:`plot_feature_sequence`, :func:`figure_bytes`,
:func:`save_figure`, :func:`literal`, :func:`scale_label`.
"""

from kiqa.plotting.architecture import plot_architecture
from kiqa.plotting.curves import plot_curves
from kiqa.plotting.figures import figure_bytes, save_figure
from kiqa.plotting.jnd import plot_jnd_panels
from kiqa.plotting.labels import literal
from kiqa.plotting.local import (
    plot_auc_boxes,
    plot_boxes,
    plot_local_ground_truth,
    plot_roc_curves,
)
from kiqa.plotting.maps import plot_map, plot_window_diagram, plot_windows, scale_label
from kiqa.plotting.overlays import plot_blend, plot_overlay
from kiqa.plotting.patches import plot_label_histograms, plot_patch_sheet
from kiqa.plotting.rnn_biqa import plot_feature_sequence, plot_gaze
from kiqa.plotting.scores import plot_scatter
from kiqa.plotting.subjective import (
    plot_mos_histograms,
    plot_mos_pairs,
    plot_patches,
    plot_picture_sizes,
)
from kiqa.plotting.training import plot_loss_curves
from kiqa.plotting.varjpeg import plot_steps

__all__ = [
    "figure_bytes",
    "literal",
    "plot_architecture",
    "plot_auc_boxes",
    "plot_blend",
    "plot_boxes",
    "plot_curves",
    "plot_feature_sequence",
    "plot_gaze",
    "plot_jnd_panels",
    "plot_label_histograms",
    "plot_local_ground_truth",
    "plot_loss_curves",
    "plot_map",
    "plot_overlay",
    "plot_mos_histograms",
    "plot_mos_pairs",
    "plot_patch_sheet",
    "plot_patches",
    "plot_picture_sizes",
    "plot_roc_curves",
    "plot_scatter",
    "plot_steps",
    "plot_window_diagram",
    "plot_windows",
    "save_figure",
    "scale_label",
]
