"""The two functions of the public interface: the score, or the map, of one image.

The last models used stay loaded.
"""

import os
from functools import lru_cache

from kiqa.constants import DEFAULT_MAPPER, DEFAULT_SCORER
from kiqa.io.images import LoadedImage, Source
from kiqa.io.map_files import QualityMap
from kiqa.scoring.scorer import MAP_STRIDE, SCORE_STRIDE, Scorer, checked_grid
from kiqa.startup import one_at_a_time


@lru_cache(maxsize=4)
def _cached_scorer(model: str, stride: int | None, default_stride: int) -> Scorer:
    return Scorer(model, stride=stride, default_stride=default_stride)


def _scorer(model, stride, default_stride):
    with one_at_a_time():  # threads that come at once share one scorer
        return _cached_scorer(os.fspath(model), stride, default_stride)


def score(
    image: Source | LoadedImage,
    *,
    reference: Source | LoadedImage | None = None,
    model: str | os.PathLike = DEFAULT_SCORER,
    max_memory: int | None = None,
) -> float:
    """Predict the quality of an image.

    Args:
        image: Path, encoded bytes, open binary file, Pillow image, ``uint8``
            array (H, W, 3) RGB or (H, W) gray, or what `kiqa.load_image`
            returned.
        reference: The undistorted image, of the same size, for
            full-reference models.
        model: Name of a shipped model or path of a published ``.h5`` file.
        max_memory: Bytes that the image may take, loading it and in the
            network. ``None`` is half of what is free.

    Returns:
        Score on the model's scale, which `kiqa.model_table` names. lite, the
        default: an estimate of the MOS, within 0..1, higher is better.
        Patchnet: mean of the quality map at `SCORE_STRIDE`, 0..1. Aggregator
        and WaDIQaM (the weighted mean over all non-overlapping patches): an
        estimate of the MOS in 0..1, not confined to it; PaQ-2-PiQ and
        RNN-BIQA likewise, PaQ-2-PiQ in 0..100. Comparators: as their papers
        define it.

    Raises:
        FileNotFoundError: If the image or the model is not there.
        ValueError: If the image cannot be read or is too small for the
            model, would take more memory, or a reference is missing or
            superfluous.

    Examples:
        >>> import cv2
        >>> from skimage import data
        >>> import kiqa
        >>> image = data.chelsea()[:128, :160]
        >>> blurred = cv2.blur(image, (7, 7))
        >>> sharp = kiqa.score(image, model="patchnet")
        >>> 0 < kiqa.score(blurred, model="patchnet") < sharp < 1
        True
    """
    scorer = _scorer(model, None, SCORE_STRIDE)
    if max_memory is not None:
        scorer = scorer.having(max_memory=max_memory)
    return scorer.score(image, reference=reference)


def quality_map(
    image: Source | LoadedImage,
    *,
    stride: int | None = None,
    grid: tuple[int, int] | None = None,
    model: str | os.PathLike = DEFAULT_MAPPER,
    max_memory: int | None = None,
) -> QualityMap:
    """Predict the local quality of an image.

    Args:
        image: As for `score`.
        stride: Pixels between neighbouring cells, `MAP_STRIDE` where it is
            ``None``; the time goes with ``1 / stride**2``. The aggregator
            takes its own only.
        grid: ``(rows, columns)`` of blocks, for PaQ-2-PiQ, 32x32 where it is
            ``None``. Not together with a stride.
        model: Name of a shipped model or path of a published ``.h5`` file.
        max_memory: As for `score`.

    Returns:
        The `QualityMap`; its ``values`` are ``float32`` (rows, columns).

    Raises:
        FileNotFoundError: If the image or the model is not there.
        ValueError: If the image cannot be read or is too small for the
            model, would take more memory, or both stride and grid are given.

    Examples:
        >>> from skimage import data
        >>> import kiqa
        >>> found = kiqa.quality_map(data.chelsea()[:128, :160], stride=16)
        >>> found.values.shape, found.stride, found.offset, found.scale
        ((5, 7), 16, 31.5, '0..1')
    """
    grid = checked_grid(grid, stride)
    scorer = _scorer(model, stride, MAP_STRIDE)
    if grid is not None or max_memory is not None:
        scorer = scorer.having(grid=grid, max_memory=max_memory)
    return scorer.map(image)
