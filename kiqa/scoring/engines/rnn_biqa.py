"""Scoring with RNN-BIQA: a feature extractor and a network that pools its features.

The file of the pooling network names the extractor that it was trained with,
by name and sha256, and nothing else will do: it is looked for beside the file,
then by name. The hash of the pooling network's file therefore stands for both.

There is no map: features are pooled, not patches' scores.

References:
    Korhonen et al. 2021, section 3.
"""

import numpy as np

from kiqa.constants import RNN_BIQA
from kiqa.io.weights import WeightsError, WeightsInfo, load_model, read_info
from kiqa.maps.gaze import GazeForm
from kiqa.maps.rnn_biqa import LEAST_SIDE, GazeExtractor, network_function
from kiqa.scoring.engines import Engine


def rnn_engine(info: WeightsInfo, *, stride: int | None, default_stride: int) -> Engine:
    """Load a pooling network and the extractor that it was trained with.

    Args:
        info: Of the pooling network's file. Its details hold ``extractor``
            (name and sha256), ``form`` (of the gaze), ``masked`` and
            ``multi_resolution``.
        stride: ``None`` or the side of a patch; the stride follows from the
            image's size and is never larger.
        default_stride: Not used.

    Returns:
        The `Engine`, which has no map.

    Raises:
        ValueError: If a detail is missing or wrong, another stride is asked
            for, or the extractor is missing or not the one.
        FileNotFoundError: If ``$KIQA_WEIGHTS`` is no folder.
    """
    form, wanted, multi_resolution = _details(info)
    if stride not in (None, RNN_BIQA.patch):
        raise ValueError(
            f"Expected no stride: that of {info.name} follows from the image's size. "
            f"Received: {stride}. Leave the stride out."
        )
    found = _extractor(info, wanted)
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
    )


def _details(info):
    """Form of the gaze, extractor, and whether the half is looked at, checked."""
    details = info.details
    extractor, both = details.get("extractor"), details.get("multi_resolution")
    good = (
        isinstance(extractor, dict)
        and isinstance(extractor.get("name"), str)
        and isinstance(extractor.get("sha256"), str)
        and isinstance(details.get("form"), dict)
        and isinstance(both, bool)
    )
    if not good:
        raise ValueError(
            "Expected a pooling network's file to say form, multi_resolution, and extractor with "
            f"name and sha256. Received: {details} in {info.path}. Export it again with these "
            "details."
        )
    return GazeForm.from_json(details["form"]), extractor, both


def _extractor(info, wanted):
    """The description of the extractor that a pooling network was trained with."""
    beside = info.path.parent / f"{wanted['name']}.h5"
    if beside.is_file():
        found = read_info(beside)
    else:
        try:
            found = read_info(wanted["name"])
        except WeightsError as error:
            raise WeightsError(
                f"Expected {beside.name} beside {info.path}, the feature extractor that it was "
                f"trained with, sha256 {wanted['sha256']}. Received: no such file. Put it there. "
                f"(Nor is it known by name: {error})"
            ) from error
    if found.sha256 != wanted["sha256"]:
        raise ValueError(
            f"Expected the {wanted['name']} that {info.name} was trained with, sha256 "
            f"{wanted['sha256']}. Received: {found.path}, sha256 {found.sha256}. Put the right "
            f"{wanted['name']}.h5 beside {info.path}."
        )
    return found


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
