"""The kinds of models, each taken into its networks and the steps around them.

Each function takes the `kiqa.io.weights.WeightsInfo` of a file of its mode and
returns the `kiqa.export.parts.System`. The steps say what the engine of that mode
(`kiqa.scoring.engines`) does; `docs/export.md` explains their words.

Public names: `patch_system`, `aggregator_system`, `cnniqa_system`, `cornia_system`,
`head_system`, `lite_system`, `paq2piq_system`, `rnn_system`, `wadiqam_system`.
"""

from typing import Any

import numpy as np

from kiqa.comparators.learned.body import PooledBody
from kiqa.comparators.learned.cnniqa import LEAST_SIDE as CNNIQA_SIDE
from kiqa.comparators.learned.cnniqa import all_patches
from kiqa.comparators.learned.cornia import LEAST_SIDE as CORNIA_SIDE
from kiqa.comparators.learned.cornia import normalised_patches
from kiqa.comparators.learned.views import LEAST_SIDE as VIEW_SIDE
from kiqa.comparators.learned.views import VIEWS
from kiqa.constants import AGGREGATOR, PAQ2PIQ, RNN_BIQA
from kiqa.data.patches import patch_grid
from kiqa.export.parts import Part, System
from kiqa.io.weights import WeightsInfo, find_companion, load_model
from kiqa.io.weights.details import NONE_AT_BORDER
from kiqa.maps.dense import patch_size
from kiqa.maps.gaze import GazeForm, gaze_of
from kiqa.maps.lite import LEAST_SIDE as LITE_SIDE
from kiqa.maps.lite import WORKING_AREA, working_pixels
from kiqa.maps.paq2piq import LEAST_SIDE as PAQ2PIQ_SIDE
from kiqa.maps.rnn_biqa import LEAST_SIDE as RNN_SIDE
from kiqa.maps.rnn_biqa import GazeExtractor
from kiqa.maps.stack import StackMaker
from kiqa.models.aggregator import LEAST_CELLS
from kiqa.models.roi_pool import roi_pool
from kiqa.scoring.engines.paq2piq import MODES
from kiqa.scoring.scorer import SCORE_STRIDE

_WHOLE = [0.0, 0.0, 1.0, 1.0]  # left, top, right, bottom, in shares of the image's sides


def patch_system(info: WeightsInfo) -> System:
    """A patch network: the score is the mean over the windows of an image."""
    network = load_model(info.path)
    side = patch_size(network)
    return System(
        parts=(Part(info.name, network, info, lambda pixels: [_windows(pixels, side, side // 2)]),),
        least_side=side,
        before=(_cut(side, SCORE_STRIDE),),
        after=(_run(info.name), {"step": "mean", "of": f"{info.name} over all windows"}),
    )


def aggregator_system(info: WeightsInfo) -> System:
    """The aggregator: a network on a stack of maps, one of which is Patchnet's."""
    patch_info = find_companion(info, "patchnet")
    patch_network, network = load_model(patch_info.path), load_model(info.path)
    side, stride = patch_size(patch_network), info.details.stride or AGGREGATOR.stride
    fish = info.details.fish or "sliding"
    stacks = StackMaker(patch_network, stride=stride, fish=fish, info=patch_info)
    on_grid = {"window": side, "stride": stride}
    return System(
        parts=(
            Part(patch_info.name, patch_network, patch_info, lambda pixels: [
                _windows(pixels, side, side // 2)
            ]),
            Part(info.name, network, info, lambda pixels: [stacks.stack(pixels)[None]]),
        ),
        least_side=side + (LEAST_CELLS - 1) * stride,
        before=(_cut(side, stride),),
        after=(
            _run(patch_info.name, gives="the map patchnet, a cell for each window"),
            {"step": "map", "is": "fish", "form": fish, "divided_by": AGGREGATOR.fish_scale,
             "computed_by": "kiqa.maps.sliding_fish" if fish == "sliding" else "kiqa.maps.fish",
             **on_grid},
            {"step": "map", "is": "gray", "scale": "0..1", "computed_by": "kiqa.maps.gray",
             **on_grid},
            {"step": "stack", "maps": ["fish", "gray", "patchnet"], "axis": -1},
            _run(info.name, gives="the score"),
        ),
    )  # fmt: skip


def cnniqa_system(info: WeightsInfo) -> System:
    """CNNIQA: the mean over patches of contrast-normalised gray values."""
    network = load_model(info.path)
    side = CNNIQA_SIDE
    return System(
        parts=(
            Part(info.name, network, info, lambda pixels: [
                all_patches(pixels).reshape(-1, side, side, 1)
            ]),
        ),
        least_side=side,
        before=(
            {"step": "normalise", "computed_by": "kiqa.comparators.learned.cnniqa"},
            _cut(side, side),
        ),
        after=(_run(info.name), {"step": "mean", "of": f"{info.name} over all windows"}),
    )  # fmt: skip


def cornia_system(info: WeightsInfo) -> System:
    """CORNIA: codewords and a regression on normalised patches of an image."""
    network = load_model(info.path)
    count = (info.details.form or {})["patches"]
    return System(
        parts=(
            Part(
                info.name, network, info, lambda pixels: [normalised_patches(pixels, count)[None]]
            ),
        ),
        least_side=CORNIA_SIDE,
        before=(
            {"step": "patches", "count": count, "computed_by": "kiqa.comparators.learned.cornia"},
        ),
        after=(_run(info.name, gives="the score"),),
    )


def head_system(info: WeightsInfo) -> System:
    """NIMA, KonCept512 and DeepBIQ: a body on views of an image, and a head on their mean."""
    found = find_companion(info, "body")
    views = VIEWS[info.details.mode]
    body, head = PooledBody(found, views), load_model(info.path)
    name = f"{info.name}_body"
    return System(
        parts=(
            Part(name, body.network, found, lambda pixels: [views(pixels).astype(np.float32)]),
            Part(info.name, head, info, lambda pixels: [
                body.features(pixels)[None].astype(np.float32)
            ]),
        ),
        least_side=VIEW_SIDE,
        before=({"step": "views", "of": info.details.mode,
                 "computed_by": "kiqa.comparators.learned.views"},),
        after=(
            _run(name, gives="the features of each view"),
            {"step": "mean", "of": f"{name} over all views"},
            _run(info.name, gives="the score"),
        ),
    )  # fmt: skip


def lite_system(info: WeightsInfo) -> System:
    """lite: an image at the working resolution to its score."""
    network = load_model(info.path)
    resize = {
        "step": "resize",
        "area": WORKING_AREA,
        "height": "max(1, round(H * sqrt(area / (H * W))))",
        "width": "max(1, round(W * sqrt(area / (H * W))))",
        "shrinking": "area relation, OpenCV's INTER_AREA",
        "growing": "bicubic, OpenCV's INTER_CUBIC",
    }
    return System(
        parts=(Part(info.name, network, info, lambda pixels: [_batch(working_pixels(pixels))]),),
        least_side=LITE_SIDE,
        before=(resize,),
        after=(_run(info.name, gives="the score"),),
    )


def paq2piq_system(info: WeightsInfo) -> System:
    """PaQ-2-PiQ: a body on the image, RoIPool but for P2P-BM, and a head."""
    head_info = find_companion(info, "head")
    body, head = load_model(info.path), load_model(head_info.path)
    kind = MODES[info.details.mode]
    shares = [_WHOLE, *(list(roi) for roi in PAQ2PIQ.default_patches)] if kind == "fm" else [_WHOLE]

    def pooled(pixels):
        features = np.asarray(body(_batch(pixels), training=False))
        if kind == "bm":
            return [features]
        height, width = pixels.shape[:2]
        rois = np.array(shares, np.float64) * [width, height, width, height]
        values = np.asarray(roi_pool(features, rois.astype(np.float32)[None]))
        return [values if kind == "fm" else values[0]]

    pool: dict[str, Any] = {
        "step": "roi_pool", "rectangles": shares, "bins": PAQ2PIQ.bins, "stride": PAQ2PIQ.stride,
        "computed_by": "kiqa.models.roi_pool",
    }  # fmt: skip
    return System(
        parts=(
            Part(info.name, body, info, lambda pixels: [_batch(pixels)]),
            Part(head_info.name, head, head_info, pooled),
        ),
        least_side=PAQ2PIQ_SIDE,
        before=(),
        after=(
            _run(info.name, gives="features"),
            *([] if kind == "bm" else [pool]),
            _run(head_info.name, gives="the score, the first output of its row"),
        ),
    )


def rnn_system(info: WeightsInfo) -> System:
    """RNN-BIQA: an extractor on the patches of the gaze, and a network over their sequence."""
    found = find_companion(info, "extractor")
    extractor, network = load_model(found.path), load_model(info.path)
    form = GazeForm.from_json(dict(info.details.form or {}))
    both = bool(info.details.multi_resolution)
    sequences = GazeExtractor(extractor, form=form, info=found)
    return System(
        parts=(
            Part(found.name, extractor, found, lambda pixels: [
                gaze_of(pixels, form).patches().astype(np.float32)
            ]),
            Part(info.name, network, info, lambda pixels: [
                sequences.sequence(pixels).chosen(multi_resolution=both)[None]
            ]),
        ),
        least_side=RNN_SIDE,
        before=(
            {"step": "gaze", "side": RNN_BIQA.patch, "form": form.to_json(),
             "versions": ["half", "whole"] if both else ["whole"],
             "computed_by": "kiqa.maps.gaze"},
        ),
        after=(
            _run(found.name, gives="the features of each patch, in the order of the gaze"),
            _run(info.name, gives="the score of the sequence (1, patches, features)"),
        ),
    )  # fmt: skip


def wadiqam_system(info: WeightsInfo) -> System:
    """DIQaM and WaDIQaM: the patches of an image, their mean, weighted if there are weights."""
    network = load_model(info.path)
    side = network.inputs[0].shape[1]
    unseen = int(info.details.patch_grid == NONE_AT_BORDER)

    def feed(*images):
        return [
            _windows(image[: -unseen or None, : -unseen or None], side, side) for image in images
        ]

    weighted = isinstance(network.output, dict) and "weight" in network.output
    mean = {"step": "weighted mean" if weighted else "mean", "of": "quality over all windows"}
    return System(
        parts=(Part(info.name, network, info, feed),),
        least_side=side + unseen,
        before=(
            *([{"step": "crop", "right": unseen, "bottom": unseen}] if unseen else []),
            _cut(side, side),
        ),
        after=(_run(info.name), mean | ({"weights": "weight"} if weighted else {})),
        needs_reference=len(network.inputs) == 2,
    )


def _cut(side, stride):
    return {"step": "cut", "side": side, "stride": stride, "from": "upper left corner, row by row"}


def _run(part, gives=None):
    return {"step": "run", "part": part} | ({} if gives is None else {"gives": gives})


def _batch(pixels):
    return pixels[None].astype(np.float32)


def _windows(pixels, side, stride):
    """Windows of an image, ``float32`` (n, side, side, 3)."""
    grid = patch_grid(pixels, patch=side, stride=stride)
    return grid.reshape(-1, *grid.shape[2:]).astype(np.float32)
