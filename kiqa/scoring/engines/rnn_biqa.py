"""Scoring with RNN-BIQA: a feature extractor and a network that pools its features.

The file of the pooling network names the extractor that it was trained with,
its companion, and nothing else will do. The hash of the pooling network's file
therefore stands for both.

There is no map: features are pooled, not patches' scores.

References:
    Korhonen et al. 2021, section 3.
"""

import numpy as np

from kiqa.constants import RNN_BIQA
from kiqa.io.weights import WeightsInfo, find_companion, load_model
from kiqa.maps.gaze import GazeForm
from kiqa.maps.network_function import network_function
from kiqa.maps.rnn_biqa import LEAST_SIDE, GazeExtractor
from kiqa.scoring.engines import Engine


def rnn_engine(info: WeightsInfo, *, stride: int | None, default_stride: int) -> Engine:
    """Load a pooling network and the extractor that it was trained with.

    Args:
        info: Of the pooling network's file. Its details hold ``form`` (of
            the gaze), ``masked``, ``multi_resolution`` and the companion
            ``extractor``.
        stride: ``None`` or the side of a patch; the stride follows from the
            image's size and is never larger.
        default_stride: Not used.

    Returns:
        The `Engine`, which has no map.

    Raises:
        ValueError: If a detail is missing or wrong, another stride is asked
            for, or the extractor is not found (`find_companion`).
        FileNotFoundError: If ``$KIQA_WEIGHTS`` is no folder.
    """
    form, multi_resolution = _details(info)
    if stride not in (None, RNN_BIQA.patch):
        raise ValueError(
            f"Expected no stride: that of {info.name} follows from the image's size. "
            f"Received: {stride}. Leave the stride out."
        )
    found = find_companion(info, "extractor")
    extractor = GazeExtractor(load_model(found.path), form=form, info=found)
    run = network_function(_pooling(info, extractor.features))

    def score(pixels: np.ndarray) -> float:
        sequence = extractor.sequence(pixels)
        return float(run(sequence.chosen(multi_resolution=multi_resolution)[None])[0, 0])

    return Engine(
        stride=RNN_BIQA.patch,
        map_stride=RNN_BIQA.patch,
        least_side=LEAST_SIDE,
        map=None,
        score=score,
        memory=extractor.memory,
    )


def _details(info):
    """Form of the gaze, and whether the half is looked at, checked."""
    details = info.details
    if details.form is None or details.multi_resolution is None:
        raise ValueError(
            "Expected a pooling network's file to say form and multi_resolution. Received: form "
            f"{details.form}, multi_resolution {details.multi_resolution} in {info.path}. Export "
            "it again with these details."
        )
    return GazeForm.from_json(details.form), details.multi_resolution


def _pooling(info: WeightsInfo, features: int):
    """The pooling network, of features (n, patches, features)."""
    model = load_model(info.path)
    shapes = [tuple(tensor.shape) for tensor in (*model.inputs, *model.outputs)]
    if shapes != [(None, None, features), (None, 1)]:
        raise ValueError(
            f"Expected a pooling network, (n, patches, {features}) -> (n, 1). Received: inputs "
            f"and outputs {shapes} in {info.path}. Use one trained on this extractor's features."
        )
    return model
