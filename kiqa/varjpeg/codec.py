"""Encode and decode VarJPEG.

`prepare` does all that does not depend on the bitrate: the map, its centroids,
the DCT. `coded` makes a file of it at one quality; `kiqa.varjpeg.search` finds
the quality for a size. `encode` is both in one call.

Public names: :class:`Settings`, :class:`Prepared`, :class:`Encoded`,
:class:`StreamInfo`, :func:`prepare`, :func:`coded`, :func:`coded_jpeg`,
:func:`decode`, :func:`inspect_stream`.

References:
    Thesis, section 6.2.1.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from kiqa.constants import DEFAULT_MAPPER, VARJPEG
from kiqa.io.map_files import QualityMap
from kiqa.io.metadata import Metadata, exif_orientation
from kiqa.io.orientation import turned_back, turned_upright
from kiqa.varjpeg.centroids import (
    NORMALISATIONS,
    FixationPoints,
    block_means,
    block_qualities,
    clustered,
    importance_of,
    pruned,
    stored,
)
from kiqa.varjpeg.compatible import compatible_levels
from kiqa.varjpeg.entropy import HUFFMAN, Coefficients, as_levels, read_jpeg, write_jpeg
from kiqa.varjpeg.markers import join, parse
from kiqa.varjpeg.quantisation import TABLES, block_tables, quality_tables, round_half_up
from kiqa.varjpeg.segment import FORMS, Parameters, overhead, single, unwrap, wrap
from kiqa.varjpeg.source import Source, kept_metadata, metadata_segments, read_source
from kiqa.varjpeg.transform import (
    SUBSAMPLINGS,
    backward,
    forward,
    pixels_of,
    plane_sizes,
    planes_of,
)


@dataclass(frozen=True)
class Settings:
    """How to code; the defaults are the thesis's where it says.

    Attributes:
        form: ``"compatible"``, a baseline JPEG for every viewer; or
            ``"thesis"``, which only kiqa decodes.
        delta: Quality that the most important blocks have more, 0..98.
        percentile: Of the map; pixels above it are kept.
        clusters: k of k-means, 1..255.
        sigma: Of the blur, by the image's width; above 0, up to 1.
        normalisation: Of the blurred centroids: ``"max"`` or ``"min-max"``.
        subsampling: ``"4:4:4"`` or ``"4:2:0"``.
        huffman: ``"optimised"`` or ``"standard"`` tables.
        seed: Of k-means.
        model: Shipped model or ``.h5`` file that makes the map.
        stride: Of the map, in pixels.

    Raises:
        ValueError: If an option is none of these.
    """

    form: str = "compatible"
    delta: float = VARJPEG.delta
    percentile: float = VARJPEG.percentile
    clusters: int = VARJPEG.clusters
    sigma: float = VARJPEG.sigma
    normalisation: str = "max"
    subsampling: str = "4:4:4"
    huffman: str = "optimised"
    seed: int = 0
    model: str = DEFAULT_MAPPER
    stride: int = 1

    def __post_init__(self):
        """Check the named choices; numbers are checked where they are used."""
        for name, choices in (
            ("form", FORMS),
            ("normalisation", NORMALISATIONS),
            ("subsampling", SUBSAMPLINGS),
            ("huffman", HUFFMAN),
        ):
            value = getattr(self, name)
            if value not in choices:
                raise ValueError(
                    f"Expected {name} among {', '.join(choices)}, received {value!r}."
                )
        self.parameters(VARJPEG.qualities[1], np.zeros((0, 2), np.uint8))

    def parameters(self, quality: float, codes: np.ndarray) -> Parameters:
        """What a file of this quality and these centroids says of itself."""
        return Parameters(
            form=self.form,
            quality=single(quality),
            delta=single(self.delta),
            sigma=single(self.sigma),
            normalisation=self.normalisation,
            centroids=codes,
        )


@dataclass(frozen=True, eq=False)
class Prepared:
    """An image ready to be coded at any quality.

    Attributes:
        settings: How.
        source: The image.
        codes: Its stored centroids, ``uint8`` of shape ``(k, 2)``.
        means: Mean of M over the blocks of each component.
        coefficients: DCT coefficients of each component.
    """

    settings: Settings
    source: Source
    codes: np.ndarray
    means: list[np.ndarray]
    coefficients: list[np.ndarray]

    @property
    def size(self) -> tuple[int, int]:
        """``(H, W)`` as stored."""
        return self.source.stored.shape[:2]


@dataclass(frozen=True, eq=False)
class Encoded:
    """A coded image.

    Attributes:
        data: The bytes of the file.
        quality: q~ (or q of plain JPEG).
        overhead: Bytes of ``data`` that are VarJPEG's own, centroids and
            container; 0 for plain JPEG.
        size: ``(H, W)`` as stored.
        form: ``"thesis"``, ``"compatible"`` or ``"plain"``.
    """

    data: bytes
    quality: float
    overhead: int
    size: tuple[int, int]
    form: str

    @property
    def bpp(self) -> float:
        """Bits of the whole file by pixel."""
        return 8 * len(self.data) / (self.size[0] * self.size[1])


@dataclass(frozen=True, eq=False)
class StreamInfo:
    """What a stream says of itself.

    Attributes:
        form: ``"thesis"``, ``"compatible"`` or ``"plain"``.
        size: ``(H, W)`` as stored.
        components: 1 or 3.
        subsampling: ``"4:4:4"`` or ``"4:2:0"``.
        parameters: q~, Delta, centroids; ``None`` for plain JPEG.
        qualities: Quality of each block of each component; empty for plain
            JPEG.
        metadata: Colour profile and EXIF data.
        overhead: Bytes that are VarJPEG's own.
    """

    form: str
    size: tuple[int, int]
    components: int
    subsampling: str
    parameters: Parameters | None
    qualities: list[np.ndarray]
    metadata: Metadata
    overhead: int


def prepare(
    image,
    importance: QualityMap | FixationPoints | np.ndarray | None = None,
    *,
    settings: Settings,
) -> Prepared:
    """Do all that does not depend on the bitrate.

    Args:
        image: As for `kiqa.varjpeg.source.read_source`.
        importance: Where the image matters, on the upright image; see
            `kiqa.varjpeg.centroids.importance_of`. ``None`` makes the map of
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
    codes = np.zeros((0, 2), np.uint8)
    if settings.delta > 0:  # otherwise nothing depends on the map
        codes = _codes(source, importance, settings)
    components = 1 if pixels.ndim == 2 else 3
    return Prepared(
        settings=settings,
        source=source,
        codes=codes,
        means=block_means(
            codes,
            pixels.shape[:2],
            subsampling=settings.subsampling,
            components=components,
            sigma=single(settings.sigma),
            normalisation=settings.normalisation,
        ),
        coefficients=[forward(plane) for plane in planes_of(pixels, settings.subsampling)],
    )


def _codes(source, importance, settings):
    if importance is None:
        importance = quality_map_of(source.rgb(), model=settings.model, stride=settings.stride)
    shown = importance_of(importance, source.upright.shape[:2])
    kept = turned_back(pruned(shown, percentile=settings.percentile), source.orientation)
    centroids = clustered(kept, clusters=settings.clusters, seed=settings.seed)
    return stored(centroids, kept.shape)


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


def coded(prepared: Prepared, quality: float) -> Encoded:
    """Code a prepared image at one quality.

    Args:
        prepared: Of `prepare`.
        quality: q~, real, from 1 - Delta to 99; kept in 32 bits.

    Returns:
        The file.

    Raises:
        ValueError: If the quality is out of range.
    """
    settings = prepared.settings
    parameters = settings.parameters(quality, prepared.codes)
    qualities = _qualities(parameters, prepared.means)
    if settings.form == "thesis":
        base = int(round_half_up(np.float64(parameters.quality)))
        levels = [
            as_levels(values / block_tables(chosen, component))
            for component, (values, chosen) in enumerate(
                zip(prepared.coefficients, qualities, strict=True)
            )
        ]
    else:
        base = max(int(np.max(chosen)) for chosen in qualities)
        levels = [
            compatible_levels(values, chosen, component, finest=base)
            for component, (values, chosen) in enumerate(
                zip(prepared.coefficients, qualities, strict=True)
            )
        ]
    jpeg = _entropy_coded(prepared, levels, TABLES[base])
    data = wrap(jpeg, parameters, metadata_segments(prepared.source.metadata))
    return Encoded(
        data, parameters.quality, overhead(parameters), prepared.size, settings.form
    )


def coded_jpeg(prepared: Prepared, quality: int) -> Encoded:
    """Code a prepared image as plain JPEG with the same entropy settings.

    Args:
        prepared: Of `prepare`; its centroids do not matter.
        quality: Whole, 1..100.

    Returns:
        The file.

    Raises:
        ValueError: If the quality is out of range.
    """
    tables = quality_tables(quality)
    levels = [
        as_levels(values / tables[min(component, 1)])
        for component, values in enumerate(prepared.coefficients)
    ]
    jpeg = parse(_entropy_coded(prepared, levels, tables))
    head, *tail = jpeg.segments
    metadata = metadata_segments(prepared.source.metadata)
    data = join([head, *metadata, *tail], jpeg.scan)
    return Encoded(data, float(quality), 0, prepared.size, "plain")


def _entropy_coded(prepared, levels, tables):
    return write_jpeg(
        Coefficients(levels, tables[: len(levels)], prepared.size, prepared.settings.subsampling),
        huffman=prepared.settings.huffman,
    )


def _qualities(parameters, means):
    return [block_qualities(mean, parameters.quality, delta=parameters.delta) for mean in means]


def _described(data):
    jpeg, markers, parameters = unwrap(bytes(data))
    qualities = []
    if parameters is not None:
        means = block_means(
            parameters.centroids,
            markers.size,
            subsampling=markers.subsampling,
            components=markers.components,
            sigma=parameters.sigma,
            normalisation=parameters.normalisation,
        )
        qualities = _qualities(parameters, means)
    return jpeg, StreamInfo(
        form="plain" if parameters is None else parameters.form,
        size=markers.size,
        components=markers.components,
        subsampling=markers.subsampling,
        parameters=parameters,
        qualities=qualities,
        metadata=kept_metadata(markers.segments),
        overhead=0 if parameters is None else overhead(parameters),
    )


def inspect_stream(data: bytes) -> StreamInfo:
    """Read what a stream says of itself, without decoding its pixels.

    Args:
        data: VarJPEG of either form, or plain baseline JPEG.

    Returns:
        Form, size, parameters, qualities of the blocks, metadata.

    Raises:
        StreamError: As for `decode`.
    """
    return _described(data)[1]


def decode(data: bytes) -> np.ndarray:
    """Decode VarJPEG of either form, or plain baseline JPEG.

    Args:
        data: The bytes of the file.

    Returns:
        Upright pixels, ``uint8``: RGB ``(H, W, 3)``, or ``(H, W)`` of a gray
        image. For the compatible form and plain JPEG they are Pillow's.

    Raises:
        StreamError: If the stream is damaged, cut off, of another version,
            or of a kind of JPEG that is not baseline 4:4:4, 4:2:0 or gray.
    """
    jpeg, info = _described(data)
    read = read_jpeg(jpeg)
    planes = []
    sizes = plane_sizes(read.size, read.subsampling, len(read.levels))
    for component, (levels, size) in enumerate(zip(read.levels, sizes, strict=True)):
        steps = read.table(component)
        if info.form == "thesis":
            steps = block_tables(info.qualities[component], component)
        planes.append(backward(levels * steps.astype(np.int32), size))
    return turned_upright(pixels_of(planes, read.size), exif_orientation(info.metadata.exif))
