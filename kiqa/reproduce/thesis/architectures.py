"""The thesis's Figures 7 and 12: Patchnet and the aggregator, drawn from the models.

Public names: :data:`FIG_7`, :data:`FIG_12`, :func:`stages_of`, :func:`changing`,
:func:`shown`, :func:`draw`.
"""

import argparse
import itertools
import re
import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from kiqa.constants import PATCHNET
from kiqa.evaluation.report import to_markdown, write_csv
from kiqa.reproduce.command import Command, add_output
from kiqa.reproduce.thesis.figures import save

if TYPE_CHECKING:
    import keras

_KONIQ = (768, 1024)  # height and width of the images that the thesis's aggregator read
# Layers that belong together: DenseNet's conv2_block1_1_conv and what follows, pool2_conv, ...;
# ResNet's layer1.0.conv1 and what follows.
_GROUP = re.compile(r"(conv\d+|pool\d+)(?=_|$)|(layer\d+)(?=\.)")
_KINDS = {"Conv2D": "convolution", "MaxPooling2D": "pooling", "AveragePooling2D": "pooling",
          "GlobalMaxPooling2D": "pooling", "GlobalAveragePooling2D": "pooling", "Dense": "dense",
          "GRU": "recurrent"}  # fmt: skip
_MOST_SIDES = 3  # of what can be drawn


def stages_of(model: "keras.Model", shape: Sequence[int], *, whole: bool = False) -> list[dict]:
    """Describe a network as the stages of a figure.

    Args:
        model: Of one input, its layers in order.
        shape: Of one input, such as ``(rows, columns, 3)``.
        whole: One stage for each group of DenseNet's or ResNet's layers, not one
            a layer.

    Returns:
        For each stage ``name``, ``kind``, ``layers`` (their number),
        ``parameters`` and ``shape``, that of its output for one input; no
        stage where that has more than three sides.
    """
    import keras

    def stage(layer):
        found = _GROUP.match(layer.name) if whole else None
        return found[0] if found else layer.name

    groups = [(name, list(layers)) for name, layers in itertools.groupby(model.layers, stage)]
    ends = keras.Model(model.inputs, [layers[-1].output for _, layers in groups])
    shapes = ends.compute_output_shape((1, *shape))
    found = []
    for (name, layers), made in zip(groups, shapes, strict=True):
        if len(made) - 1 > _MOST_SIDES:
            continue
        kinds = [_KINDS[kind] for layer in layers if (kind := type(layer).__name__) in _KINDS]
        pooled = name.startswith("pool") and "pooling" in kinds
        found.append({
            "name": name,
            "kind": "pooling" if pooled else (kinds or ["other"])[0],
            "layers": len(layers),
            "parameters": sum(layer.count_params() for layer in layers),
            "shape": tuple(made[1:]),
        })  # fmt: skip
    return found


def _fig_7(options: argparse.Namespace) -> int:
    from kiqa.startup import start_keras

    start_keras()
    from kiqa.io.weights.model_configs import without_memory
    from kiqa.models.patchnet import build_patchnet

    with without_memory():
        stages = stages_of(build_patchnet(), (PATCHNET.patch, PATCHNET.patch, 3))
    return draw(stages, options, "thesis-fig7")


def _fig_12(options: argparse.Namespace) -> int:
    from kiqa.startup import start_keras

    start_keras()
    from kiqa.io.weights.model_configs import without_memory
    from kiqa.models.aggregator import build_aggregator

    height, width = options.height, options.width
    rows, columns = ((side - PATCHNET.patch) // PATCHNET.stride + 1 for side in (height, width))
    with without_memory():
        stages = stages_of(build_aggregator(), (rows, columns, 3), whole=True)
    return draw(stages, options, "thesis-fig12")


def changing(stages: Sequence[dict]) -> list[dict]:
    """Leave out stages of no kind that have no parameters and change no shape: dropout, ReLU."""
    before = [None, *(stage["shape"] for stage in stages)]
    return [
        stage
        for stage, shape in zip(stages, before, strict=False)
        if stage["kind"] != "other" or stage["parameters"] or stage["shape"] != shape
    ]


def shown(stages: Sequence[dict]) -> list[dict]:
    """Return stages for a table, their shapes as text."""
    return [stage | {"shape": " x ".join(map(str, stage["shape"]))} for stage in stages]


def draw(
    stages: Sequence[dict],
    options: argparse.Namespace,
    name: str,
    *,
    drawn: Sequence[dict] | None = None,
) -> int:
    """Write and print the stages of a network, and draw them.

    Args:
        stages: From `stages_of`.
        options: With ``output``.
        name: Of the files.
        drawn: The stages that the figure shows; ``None`` is all.

    Returns:
        The exit status.
    """
    from kiqa.plotting import plot_architecture

    rows = shown(stages)
    write_csv(rows, options.output / f"{name}.csv")
    total = sum(stage["parameters"] for stage in stages)
    sys.stdout.write(f"{to_markdown(rows)}\n\n{total:,} parameters\n")
    return save(plot_architecture(stages if drawn is None else drawn), options, name)


def _options(parser: argparse.ArgumentParser, *, sized: bool) -> None:
    if sized:
        for name, side in zip(("height", "width"), _KONIQ, strict=True):
            parser.add_argument(
                f"--{name}", type=int, default=side, metavar="N",
                help="of the image that the maps are of (default: %(default)s)",
            )  # fmt: skip
    add_output(parser)


FIG_7 = Command("Fig. 7: Patchnet, drawn from the model", partial(_options, sized=False), _fig_7)
FIG_12 = Command(
    "Fig. 12: the aggregator, drawn from the model", partial(_options, sized=True), _fig_12
)
