"""PaQ-2-PiQ's Figure 9: its three networks, drawn from the models.

Public names: :data:`FIG_9`.

References:
    Ying et al. 2020, sections 4.1, 4.2 and 4.4.
"""

import argparse
import sys

from kiqa.constants import PAQ2PIQ
from kiqa.evaluation.report import to_markdown, write_csv
from kiqa.reproduce.command import Command, add_output
from kiqa.reproduce.thesis.architectures import changing, shown, stages_of
from kiqa.reproduce.thesis.figures import save

_TITLES = {
    "bm": "(a) P2P-BM: the head on the features of the whole image",
    "rm": "(b) P2P-RM: the same head on the features of any rectangle",
    "fm": "(c) P2P-FM: four rectangles, and their scores fed back to that of the image",
}


def _run(options: argparse.Namespace) -> int:
    from matplotlib.figure import Figure

    from kiqa.plotting import plot_architecture
    from kiqa.startup import start_keras

    start_keras()
    from kiqa.io.weights.model_configs import without_memory
    from kiqa.models.paq2piq import KINDS, build_paq2piq_head
    from kiqa.models.resnet18 import build_resnet18

    with without_memory():
        body = stages_of(build_resnet18(), (PAQ2PIQ.side, PAQ2PIQ.side, 3), whole=True)
        heads = {kind: build_paq2piq_head(kind=kind) for kind in KINDS}
    cut = PAQ2PIQ.bins, PAQ2PIQ.bins, PAQ2PIQ.features
    pooled = {"name": "roi_pool", "kind": "pooling", "layers": 0, "parameters": 0, "shape": cut}
    figure = Figure(figsize=(14, 10.5), layout="constrained")
    rows = []
    for ax, (kind, head) in zip(figure.subplots(len(heads), 1), heads.items(), strict=True):
        shape = {"bm": body[-1]["shape"], "rm": cut, "fm": (PAQ2PIQ.patches + 1, *cut)}[kind]
        stages = [*body, *([] if kind == "bm" else [pooled]), *stages_of(head, shape)]
        plot_architecture(changing(stages), ax=ax)
        ax.set_title(_TITLES[kind], fontsize="medium", loc="left")
        rows += [{"network": f"P2P-{kind.upper()}"} | row for row in shown(stages)]
    write_csv(rows, options.output / "paq2piq-fig9.csv")
    sys.stdout.write(f"{to_markdown(rows)}\n")
    return save(figure, options, "paq2piq-fig9")


FIG_9 = Command("PaQ-2-PiQ, Fig. 9: its three networks, drawn from the models", add_output, _run)
