"""Encode at a quality, and decode.

`kiqa.varjpeg.preparation` does all that does not depend on the bitrate;
`kiqa.varjpeg.search` finds the quality for a size.

Public names: :class:`Encoded`, :class:`StreamInfo`, :func:`coded`,
:func:`coded_jpeg`, :func:`decode`, :func:`decode_with_info`,
:func:`inspect_stream`.

References:
    Thesis, section 6.2.1.
"""

from dataclasses import dataclass

import numpy as np

from kiqa.io.images.metadata import Metadata, exif_orientation
from kiqa.io.images.orientation import turned_upright
from kiqa.varjpeg.compatible import compatible_levels
from kiqa.varjpeg.entropy import Coefficients, as_levels, read_jpeg, write_jpeg
from kiqa.varjpeg.markers import StreamError, join, parse
from kiqa.varjpeg.preparation import Prepared
from kiqa.varjpeg.quantisation import TABLES, block_tables, quality_tables, round_half_up
from kiqa.varjpeg.segment import Parameters, overhead, unwrap, wrap
from kiqa.varjpeg.source import kept_metadata, metadata_segments
from kiqa.varjpeg.spread import block_means, block_qualities
from kiqa.varjpeg.transform import backward, pixels_of, plane_sizes

MAX_BYTES = 2 << 30  # memory of decoding: 60 megapixels at 4:4:4, 100 at 4:2:0
_BYTES_A_SAMPLE = 9  # coefficients three times (libjpeg's, its binding's, ours), and what they give
_BYTES_A_PIXEL = 8


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
    parameters = settings.parameters(quality, prepared.trace.codes)
    qualities = _qualities(parameters, prepared.means)
    if settings.form == "thesis":
        base = int(round_half_up(np.array(parameters.quality, np.float64)))
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
    return Encoded(data, parameters.quality, overhead(parameters), prepared.size, settings.form)


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


def _described(data, max_bytes=None):
    jpeg, markers, parameters = unwrap(bytes(data))
    if max_bytes is not None:
        _check_cost(markers, max_bytes)  # before anything of the image's size is computed
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


def decode(data: bytes, *, max_bytes: int | None = MAX_BYTES) -> np.ndarray:
    """Decode VarJPEG of either form, or plain baseline JPEG.

    Args:
        data: The bytes of the file.
        max_bytes: Most memory that it may take, estimated from its header;
            ``None`` for a stream that was made here.

    Returns:
        Upright pixels, ``uint8``: RGB ``(H, W, 3)``, or ``(H, W)`` of a gray
        image. For the compatible form and plain JPEG they are Pillow's.

    Raises:
        StreamError: If the stream is damaged, cut off, of another version,
            too large, or of a kind of JPEG that is not baseline 4:4:4, 4:2:0
            or gray. Nothing else, whatever the bytes.

    Examples:
        >>> from skimage import data
        >>> from kiqa.varjpeg import encode
        >>> image = data.chelsea()[:64, :64]
        >>> even = np.ones(image.shape[:2])
        >>> decode(encode(image, quality=50, importance=even).data).shape
        (64, 64, 3)
    """
    return decode_with_info(data, max_bytes=max_bytes)[0]


def decode_with_info(
    data: bytes, *, max_bytes: int | None = MAX_BYTES
) -> tuple[np.ndarray, StreamInfo]:
    """Decode a stream as `decode` does, and say what `inspect_stream` does."""
    jpeg, info = _described(data, max_bytes)
    read = read_jpeg(jpeg)
    planes = []
    sizes = plane_sizes(read.size, read.subsampling, len(read.levels))
    for component, (levels, size) in enumerate(zip(read.levels, sizes, strict=True)):
        steps = read.table(component)
        if info.form == "thesis":
            steps = block_tables(info.qualities[component], component)
        planes.append(backward(levels * steps.astype(np.int32), size))
    pixels = pixels_of(planes, read.size)
    return turned_upright(pixels, exif_orientation(info.metadata.exif)), info


def _check_cost(info, max_bytes):
    """Refuse a stream that takes too much memory, before any is taken."""
    sizes = plane_sizes(info.size, info.subsampling, info.components)
    samples = sum(height * width for height, width in sizes)
    cost = samples * _BYTES_A_SAMPLE + info.size[0] * info.size[1] * _BYTES_A_PIXEL
    if cost > max_bytes:
        raise StreamError(
            f"Expected a stream that takes at most {max_bytes >> 20} MiB to decode, received one "
            f"of {info.size[1]}x{info.size[0]} pixels, which take {cost >> 20} MiB. Raise "
            "--memory (max_bytes of kiqa.varjpeg.decode) if it can be trusted."
        )
