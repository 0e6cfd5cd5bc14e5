"""Coefficients to the bytes of a baseline JPEG and back, by libjpeg.

jpeglib (libjpeg 6b) does the entropy coding and nothing else. It ends the
process on some damaged files, so only streams that `kiqa.varjpeg.markers` has
gone through are read.

Public names: :data:`HUFFMAN`, :class:`Coefficients`, :func:`as_levels`,
:func:`write_jpeg`, :func:`read_jpeg`.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import jpeglib
import numpy as np

from kiqa.io.messages import shortened
from kiqa.varjpeg.markers import StreamError, parse, pixels_only
from kiqa.varjpeg.transform import SUBSAMPLINGS, block_counts

HUFFMAN = ("optimised", "standard")

_LIBRARY = "6b"  # of those in jpeglib; a fixed one keeps files the same byte by byte
_LARGEST_AC = 1023  # that baseline can code in 8-bit JPEG
_FACTORS = {"4:4:4": [[1, 1], [1, 1], [1, 1]], "4:2:0": [[2, 2], [1, 1], [1, 1]]}


@dataclass(frozen=True, eq=False)
class Coefficients:
    """Quantised coefficients of an image.

    Attributes:
        levels: One (gray) or three arrays, ``int16`` of shape ``(rows,
            columns, 8, 8)``, vertical frequency first.
        tables: Steps in the file, ``uint8`` of shape ``(1 or 2, 8, 8)``:
            luminance, chrominance.
        size: ``(H, W)`` of the image.
        subsampling: ``"4:4:4"`` or ``"4:2:0"``; gray is ``"4:4:4"``.
    """

    levels: list[np.ndarray]
    tables: np.ndarray
    size: tuple[int, int]
    subsampling: str

    def table(self, component: int) -> np.ndarray:
        """Steps of a component."""
        return self.tables[min(component, len(self.tables) - 1)]


def as_levels(values: np.ndarray) -> np.ndarray:
    """Round to levels, within what baseline JPEG can code.

    Args:
        values: Coefficients divided by their steps, shape ``(..., 8, 8)``.

    Returns:
        ``int16`` of the same shape; halves go to the even level.
    """
    levels = np.rint(values)
    constant = np.maximum(levels[..., 0, 0], -_LARGEST_AC - 1)
    levels = np.clip(levels, -_LARGEST_AC, _LARGEST_AC, out=levels)
    levels[..., 0, 0] = np.minimum(constant, _LARGEST_AC)
    return levels.astype(np.int16)


def write_jpeg(coefficients: Coefficients, *, huffman: str) -> bytes:
    """Entropy-code as baseline JPEG.

    Args:
        coefficients: What to code.
        huffman: ``"optimised"``: tables made for this image; ``"standard"``:
            those of T.81, Annex K.3.

    Returns:
        A whole JPEG file with a JFIF head and no other metadata.

    Raises:
        ValueError: If the kind of tables is unknown.
    """
    if huffman not in HUFFMAN:
        raise ValueError(f"Expected Huffman tables among {HUFFMAN}, received {huffman!r}.")
    levels = dict(zip(("Y", "Cb", "Cr"), coefficients.levels, strict=False))
    jpeg = jpeglib.from_dct(**levels, qt=coefficients.tables.astype(np.uint16))
    jpeg.height, jpeg.width = coefficients.size
    jpeg.samp_factor = np.array(_FACTORS[coefficients.subsampling][: len(levels)])
    flags = ["+OPTIMIZE_CODING"] if huffman == "optimised" else []
    with _file() as path, _library():
        jpeg.write_dct(str(path), flags=flags)
        return path.read_bytes()


def read_jpeg(data: bytes) -> Coefficients:
    """Entropy-decode a baseline JPEG that `kiqa.varjpeg.markers` accepts.

    Args:
        data: The file.

    Returns:
        Its coefficients.

    Raises:
        StreamError: If it is refused there, or libjpeg cannot read it.
    """
    content = pixels_only(parse(data))
    with _file() as path, _library():
        path.write_bytes(content)
        try:
            jpeg = jpeglib.read_dct(str(path))
            jpeg.load()
        except (OSError, ValueError, RuntimeError) as error:
            raise StreamError(
                f"Expected a JPEG stream that libjpeg can read, received {shortened(error)}. The "
                "stream is damaged; fetch it again."
            ) from error
    planes = [jpeg.Y, jpeg.Cb, jpeg.Cr] if jpeg.has_chrominance else [jpeg.Y]
    size = (jpeg.height, jpeg.width)
    factors = np.asarray(jpeg.samp_factor).tolist()
    subsampling = "4:2:0" if len(planes) == 3 and factors == _FACTORS["4:2:0"] else SUBSAMPLINGS[0]
    counts = block_counts(size, subsampling, len(planes))
    numbers = [int(jpeg.quant_tbl_no[i]) for i in range(len(planes))]
    return Coefficients(
        levels=[
            np.array(plane[:rows, :columns], np.int16)
            for plane, (rows, columns) in zip(planes, counts, strict=True)
        ],
        tables=np.array([jpeg.qt[number] for number in numbers[:2]]).astype(np.uint8),
        size=size,
        subsampling=subsampling,
    )


@contextmanager
def _file() -> Iterator[Path]:
    """A file for one call: in memory where the system has such, which disks take long to make."""
    if sys.platform == "linux":
        descriptor = os.memfd_create("kiqa")
        try:
            yield Path(f"/proc/self/fd/{descriptor}")
        finally:
            os.close(descriptor)
    else:
        with tempfile.TemporaryDirectory(prefix="kiqa-") as folder:
            yield Path(folder, "coded.jpg")


def _library():
    """The context in which jpeglib uses `_LIBRARY`; setting it loads it anew."""
    return nullcontext() if jpeglib.version.get() == _LIBRARY else jpeglib.version(_LIBRARY)
