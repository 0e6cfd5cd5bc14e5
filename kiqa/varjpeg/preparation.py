"""All of the encoding that does not depend on the bitrate: map, centroids, DCT.

Public names: :class:`Trace`, :class:`Prepared`, :func:`prepare`,
:func:`quality_map_of`.

References:
    Thesis, section 6.2.1.
"""

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from kiqa.io.images.orientation import turned_back
from kiqa.io.map_files import QualityMap
from kiqa.varjpeg.centroids import clustered, stored
from kiqa.varjpeg.importance import FixationPoints, importance_of, pruned
from kiqa.varjpeg.segment import single
from kiqa.varjpeg.settings import Settings
from kiqa.varjpeg.source import Source, read_source
from kiqa.varjpeg.spread import block_means
from kiqa.varjpeg.transform import forward, planes_of


class Trace(NamedTuple):
    """How the centroids came about; all arrays lie as the pixels are stored.

    Attributes:
        importance: ``float32`` or ``bool``, shape ``(H, W)``.
        kept: ``bool``, shape ``(H, W)``: pixels that were clustered.
        centroids: ``float64``, shape ``(k, 2)``, rows and columns in pixels.
        codes: The same as stored, ``uint8``, shape ``(k, 2)``.
    """

    importance: np.ndarray
    kept: np.ndarray
    centroids: np.ndarray
    codes: np.ndarray


@dataclass(frozen=True, eq=False)
class Prepared:
    """An image ready to be coded at any quality.

    Attributes:
        settings: How.
        source: The image.
        trace: From its map to its centroids.
        means: Mean of M over the blocks of each component.
        coefficients: DCT coefficients of each component.
    """

    settings: Settings
    source: Source
    trace: Trace
    means: list[np.ndarray]
    coefficients: list[np.ndarray]

    @property
    def size(self) -> tuple[int, int]:
        """``(H, W)`` as stored."""
        return self.source.stored.shape[:2]


def prepare(
    image: str | os.PathLike | bytes | np.ndarray | Source,
    importance: QualityMap | FixationPoints | np.ndarray | None = None,
    *,
    settings: Settings,
) -> Prepared:
    """Do all that does not depend on the bitrate.

    Args:
        image: As for `kiqa.varjpeg.source.read_source`.
        importance: Where the image matters, on the upright image; see
            `kiqa.varjpeg.importance.importance_of`. ``None`` makes the map of
            the settings' model.
        settings: How to code.

    Returns:
        The prepared image.

    Raises:
        FileNotFoundError: If there is no such image or model.
        ValueError: If image, importance or settings cannot be used.
    """
    source = image if isinstance(image, Source) else read_source(image)
    pixels = source.stored
    trace = _traced(source, importance, settings)
    components = 1 if pixels.ndim == 2 else 3
    return Prepared(
        settings=settings,
        source=source,
        trace=trace,
        means=block_means(
            trace.codes,
            pixels.shape[:2],
            subsampling=settings.subsampling,
            components=components,
            sigma=single(settings.sigma),
            normalisation=settings.normalisation,
        ),
        coefficients=[forward(plane) for plane in planes_of(pixels, settings.subsampling)],
    )


def _traced(source, importance, settings):
    size = source.upright.shape[:2]
    if settings.delta == 0 and importance is None:  # nothing depends on the map
        importance = np.zeros(size, np.float32)
    elif importance is None:
        importance = quality_map_of(source.rgb(), model=settings.model, stride=settings.stride)
    importance = turned_back(importance_of(importance, size), source.orientation)
    kept = pruned(importance, percentile=settings.percentile)
    centroids = clustered(kept, clusters=settings.clusters, seed=settings.seed)
    return Trace(importance, kept, centroids, stored(centroids, kept.shape))


def quality_map_of(pixels: np.ndarray, *, model: str, stride: int) -> QualityMap:
    """Map an image with a patch model, which is loaded once.

    Args:
        pixels: RGB ``uint8``, shape ``(H, W, 3)``.
        model: Shipped model or ``.h5`` file.
        stride: Pixels between cells.

    Returns:
        The map.

    Raises:
        ValueError: If the image is smaller than a patch.
    """
    return _mapper(model, stride).map(pixels)


@lru_cache(maxsize=2)
def _mapper(model, stride):
    from kiqa.io.weights import load_model, read_info
    from kiqa.maps.quality import QualityMapper

    return QualityMapper(load_model(model), stride=stride, info=read_info(model))
