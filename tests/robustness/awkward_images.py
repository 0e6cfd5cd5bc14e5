"""Awkward images, made in code: those that are sound and those that are refused.

Public names: `PICTURE`, `LOSSLESS`, `JPEGS`, `REFUSED`. Whatever reads images
is tried with all of them by parametrisation, through the fixture
`awkward_images` where files are needed.
"""

import struct
import zlib
from io import BytesIO

import numpy as np
import tifffile  # comes with scikit-image
from PIL import Image

from .files import (
    chunk,
    closed_early,
    encoded,
    first_tile_only,
    iso_media,
    of_many_scans,
    png,
    png_header,
    segment,
    with_segments,
)


def _picture():
    rng = np.random.default_rng(15)
    coarse = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((96, 72), Image.Resampling.BICUBIC)).astype(int)
    return (smooth + rng.integers(-6, 7, smooth.shape)).clip(0, 255).astype(np.uint8)


PICTURE = _picture()  # (72, 96, 3), RGB
_JPEG = encoded(PICTURE, "JPEG", quality=90)
_PROGRESSIVE = encoded(PICTURE, "JPEG", quality=90, progressive=True)
_EXIF_TAG = 34665
_LONG = np.random.default_rng(0).bytes(100_000)  # of EXIF: more than a segment of JPEG holds
_BAD_EXIF = b"II*\0\x08\0\0\0\xff\xff" + bytes(range(256))
_TEXT = b"Comment\0\0" + zlib.compress(b"A comment. " * 300_000)
_J2K = encoded(PICTURE, "JPEG2000", tile_size=(48, 48), no_jp2=True)


def _tiff(code, kind, count, value):
    """With one more tag; tifffile does not write that of EXIF, so it is renamed."""
    stream = BytesIO()
    written = 34666 if code == _EXIF_TAG else code
    extra = [(written, kind, count, value, True)]
    tifffile.imwrite(stream, PICTURE, photometric="rgb", extratags=extra)
    return stream.getvalue().replace(struct.pack("<HHI", 34666, 4, 1),
                                     struct.pack("<HHI", _EXIF_TAG, 4, 1))  # fmt: skip


# Sound files whose pixels are PICTURE.
LOSSLESS = {
    "plain.png": png(PICTURE),
    "interlaced.png": png(PICTURE, interlaced=True),
    "text_of_3_mb.png": png(PICTURE, extra=chunk(b"zTXt", _TEXT)),
    "text_behind.png": png(PICTURE, behind=chunk(b"zTXt", _TEXT)),
    "many_texts.png": png(PICTURE, extra=2000 * chunk(b"tEXt", b"Comment\0" + bytes(500))),
    "text_with_wrong_checksum.png": png(PICTURE, extra=chunk(b"tEXt", b"a\0b")[:-4] + bytes(4)),
    "long_exif.png": png(PICTURE, extra=chunk(b"eXIf", b"II*\0" + _LONG)),
    "bad_exif.png": png(PICTURE, behind=chunk(b"eXIf", _BAD_EXIF)),
    "bad_xmp.png": png(PICTURE, extra=chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0garbage")),
    "bad_hex_exif.png": png(PICTURE, extra=chunk(b"tEXt", b"Raw profile type exif\0\nx\n1\nzz")),
    "bad_animation.png": png(PICTURE, extra=chunk(b"acTL", bytes(8)) + chunk(b"acTL", bytes(8))),
    "junk_behind.png": png(PICTURE) + bytes(1000),
    "long_exif.webp": encoded(PICTURE, "WEBP", lossless=True, exif=b"Exif\0\0II*\0" + _LONG),
    "bad_exif.webp": encoded(PICTURE, "WEBP", lossless=True, exif=_BAD_EXIF),
    "unknown_tag.tif": _tiff(50000, "s", 1, "unknown"),
    "bad_exif.tif": _tiff(_EXIF_TAG, "I", 1, 0xFFFFFFF0),
    "suffix_of_another.jpg": encoded(PICTURE, "BMP"),
}

# Sound files that show what the plain JPEG of PICTURE shows.
JPEGS = {
    "plain.jpg": _JPEG,
    "long_exif.jpg": with_segments(
        _JPEG,
        segment(0xE1, b"Exif\0\0II*\0" + _LONG[:60_000]),
        segment(0xE1, b"Exif\0\0" + _LONG[60_000:]),
    ),
    "bad_exif.jpg": with_segments(_JPEG, segment(0xE1, b"Exif\0\0" + _BAD_EXIF)),
    "bad_multi_picture.jpg": with_segments(_JPEG, segment(0xE2, b"MPF\0II*\0\xff\xff\xff\xff")),
    "bad_photoshop.jpg": with_segments(_JPEG, segment(0xED, b"Photoshop 3.0\x008BIM\xff\xff")),
    "long_comments.jpg": with_segments(_JPEG, *20 * [segment(0xFE, bytes(65_000))]),
    "junk_behind.jpg": _JPEG + b"\xff\xd8\xff" + bytes(5000),
    "bytes_before_the_end.jpg": _JPEG[:-2] + b"abc" + _JPEG[-2:],
}


def _stated(width, height, **options):
    """A PNG of a few bytes that states a size."""
    content = chunk(b"IDAT", zlib.compress(bytes(200_000)))
    return png_header(width, height, **options) + content + chunk(b"IEND", b"")


# Files that are refused, and a word of the reason.
REFUSED = {
    "no_bytes.jpg": (b"", "0 bytes"),
    "ten_of_seventy_rows.png": (png(PICTURE[:70], rows=1 / 7), "of its rows"),
    "all_rows_but_one.png": (png(PICTURE, rows=71 / 72), "of its rows"),
    "short_interlaced.png": (png(PICTURE, rows=0.9, interlaced=True), "decoded"),
    "no_rows.png": (png(PICTURE, rows=0), "cannot hold all rows"),
    "closed_early.jpg": (closed_early(_JPEG), "premature end"),
    "closed_late.jpg": (closed_early(_JPEG, 0.98), "premature end"),
    "closed_early_progressive.jpg": (closed_early(_PROGRESSIVE), "premature end"),
    "cut.jpg": (_JPEG[:-40], "decoded"),
    "one_tile_of_four.j2k": (first_tile_only(_J2K), "3 of 4 tiles are missing"),
    "two_thousand_scans.jpg": (of_many_scans(_PROGRESSIVE, 2000), "scans"),
    "gigapixels.png": (_stated(60_000, 60_000), "at most 200000000 pixels"),
    "gigabytes.png": (_stated(14_000, 14_000), "MiB"),
    "gigabytes_deep.png": (_stated(9_000, 9_000, color_type=6, depth=16), "MiB"),
    "thin.png": (_stated(1, 190_000_000), "MiB"),
    "few_bytes_for_many_rows.png": (_stated(9_000, 9_000), "cannot hold all rows"),
    "phone.heic": (iso_media(b"heic", b"mif1"), "HEIC"),
    "mif1.heif": (iso_media(b"mif1", b"heic"), "HEIC"),
    "film.mp4": (iso_media(b"isom", b"avc1"), "a video"),
    "camera.cr3": (iso_media(b"crx "), "camera raw"),
    "camera.cr2": (b"II*\0\x10\0\0\0CR\x02\0" + bytes(100), "camera raw"),
    "camera.dng": (_tiff(50706, "B", 4, (1, 4, 0, 0)), "camera raw"),
    "new.jxl": (b"\xff\x0a" + bytes(100), "JPEG XL"),
    "layers.psd": (b"8BPS\0\1" + bytes(100), "Photoshop"),
    "print.pdf": (b"%PDF-1.7\n", "PDF"),
    "drawing.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
    "not_found.jpg": (b"<!DOCTYPE html>\n<title>404</title>", "an HTML page"),
    "pointer.png": (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
    "packed.jpg": (b"PK\x03\x04" + bytes(100), "ZIP"),
    "model.jpg": (b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5"),
}
