"""The figures of the RNN-BIQA paper: how an image is read, and the network that reads it.

Public names: :data:`FIG_1`, :data:`FIG_2`, :data:`FIG_3`.

References:
    Korhonen et al. 2021, sections 3.1 and 3.2.
"""

import argparse

import numpy as np

from kiqa.arguments import add_number
from kiqa.constants import RNN_BIQA
from kiqa.io.images import load_image
from kiqa.maps.gaze import gaze_of
from kiqa.reproduce.command import Command, add_output
from kiqa.reproduce.thesis.architectures import changing, draw, stages_of
from kiqa.reproduce.thesis.figures import add_image, save

_PATCHES = 26  # of a 1024x768 image and its half


def _fig_1(options: argparse.Namespace) -> int:
    from matplotlib.figure import Figure

    from kiqa.plotting import plot_gaze

    gaze = gaze_of(load_image(options.image).pixels)
    chosen = np.flatnonzero(gaze.version == 1)  # of full resolution; Fig. 3 has the other
    patches = gaze.patches(int(chosen[0]), int(chosen[-1]) + 1)
    columns = int(np.ceil(np.sqrt(2 * len(patches))))
    lines = -(-len(patches) // columns)
    figure = Figure(figsize=(7.2, 6.4 + 0.9 * lines), layout="constrained")
    (above,), (below,) = figure.subfigures(2, 1, height_ratios=(6, 1.1 * lines), squeeze=False)
    plot_gaze(gaze, ax=above.subplots())
    for ax in (axes := below.subplots(lines, columns, squeeze=False)).flat:
        ax.set_axis_off()
    for ax, patch, place in zip(axes.flat, patches, chosen, strict=False):
        ax.imshow(patch)
        ax.set_title(str(place + 1), fontsize="small")
    below.suptitle(
        "to the network in this order, by rising spatial activity; its features to the recurrent "
        "one", fontsize="medium",
    )  # fmt: skip
    return save(figure, options, "rnn-fig1")


def _fig_2(options: argparse.Namespace) -> int:
    from kiqa.startup import start_keras

    start_keras()
    from kiqa.models.rnn_biqa import build_rnn_biqa

    network = build_rnn_biqa(features=options.features)
    stages = stages_of(network, (options.patches, options.features))
    return draw(stages, options, "rnn-fig2", drawn=changing(stages))


def _fig_3(options: argparse.Namespace) -> int:
    from matplotlib.figure import Figure

    from kiqa.plotting import plot_gaze

    gaze = gaze_of(load_image(options.image).pixels)
    figure = Figure(figsize=(13, 6.4), layout="constrained")
    for ax, half in zip(figure.subplots(1, 2, width_ratios=(1, 2)), (True, False), strict=True):
        plot_gaze(gaze, half=half, ax=ax)
    return save(figure, options, "rnn-fig3")


def _options_image(parser: argparse.ArgumentParser) -> None:
    add_image(parser)
    add_output(parser)


def _options_2(parser: argparse.ArgumentParser) -> None:
    add_number(parser, "--features", "of a patch; ResNet-50's are 2048", default=2048, low=1)
    add_number(parser, "--patches", "of the sequence", default=_PATCHES, low=RNN_BIQA.sequential)
    add_output(parser)


FIG_1 = Command("RNN-BIQA, Fig. 1: an image's patches in their order", _options_image, _fig_1)
FIG_2 = Command("RNN-BIQA, Fig. 2: the recurrent network, drawn from the model", _options_2, _fig_2)
FIG_3 = Command("RNN-BIQA, Fig. 3: two resolutions, one sequence", _options_image, _fig_3)
