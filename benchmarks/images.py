"""Memory and time of loading images, beside what `kiqa.io.images.cost` estimates.

    python benchmarks/images.py [--side 3000]

Prints JSON: for each kind of file the estimate, the memory that loading took
(growth of the peak resident size, Linux only) and the seconds, and the share
of time that the check of a JPEG's completeness takes.
"""

import argparse
import io
import json
import struct
import sys
import time
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from kiqa.io.images import load_image
from kiqa.io.images.completeness import check_jpeg
from kiqa.io.images.cost import decoding_cost
from kiqa.io.images.headers import is_deep, open_file


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=3000, help="width and height in pixels")
    side = parser.parse_args(argv).side
    load_image(_png16(np.zeros((64, 64, 4), np.uint16)))  # the libraries themselves
    results = {}
    for name, data in _files(side):
        image, parts = open_file(data, name, max_bytes=1 << 40)
        estimate = decoding_cost(image, parts, deep=is_deep(image))
        del image, parts
        _forget_peak()
        before, start = _status("VmRSS"), time.perf_counter()
        load_image(data, max_bytes=1 << 40)
        seconds, used = time.perf_counter() - start, _status("VmHWM") - before
        results[name] = {
            "estimate_mib": round(estimate / 2**20),
            "used_mib": round(used / 2**20),
            "seconds": round(seconds, 3),
        }
        if name.startswith("jpeg"):
            start = time.perf_counter()
            check_jpeg(data)
            results[name]["seconds_of_check"] = round(time.perf_counter() - start, 3)
    json.dump({"side": side, "files": results}, sys.stdout, indent=2)
    sys.stdout.write("\n")
    return 0


def _files(side):
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (-(-side // 16), -(-side // 16), 4), dtype=np.uint8)
    pixels = np.ascontiguousarray(np.kron(small, np.ones((16, 16, 1), np.uint8))[:side, :side])
    rgb = Image.fromarray(pixels[..., :3])
    for name, image, kind, options in (
        ("png rgb", rgb, "PNG", {"compress_level": 1}),
        ("png rgba", Image.fromarray(pixels), "PNG", {"compress_level": 1}),
        ("png gray", rgb.convert("L"), "PNG", {"compress_level": 1}),
        ("png palette", rgb.quantize(64), "PNG", {"compress_level": 1}),
        ("jpeg", rgb, "JPEG", {"quality": 90}),
        ("jpeg progressive 444", rgb, "JPEG", {"progressive": True, "subsampling": 0}),
        ("jpeg cmyk", rgb.convert("CMYK"), "JPEG", {}),
        ("webp", rgb, "WEBP", {"method": 0}),
        ("webp alpha", Image.fromarray(pixels), "WEBP", {"method": 0}),
        ("avif", rgb, "AVIF", {"speed": 10}),
        ("jpeg 2000", rgb, "JPEG2000", {}),
        ("tiff", rgb, "TIFF", {}),
        ("tiff deflate", rgb, "TIFF", {"compression": "tiff_adobe_deflate"}),
        ("gif", rgb.quantize(64), "GIF", {}),
        ("bmp", rgb, "BMP", {}),
        ("ppm", rgb, "PPM", {}),
    ):
        yield name, _encoded(image, kind, options)
    yield "png rgba 16 bit", _png16(pixels * np.uint16(257))


def _encoded(image, kind, options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def _png16(pixels):
    """An RGBA PNG of 16 bits, which Pillow does not write."""
    height, width = pixels.shape[:2]
    rows = pixels.astype(">u2").reshape(height, -1).view(np.uint8)
    packed = zlib.compress(np.insert(rows, 0, 0, axis=1).tobytes(), 1)
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 6, 0, 0, 0)),
        (b"IDAT", packed),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )  # fmt: skip


def _forget_peak():
    Path("/proc/self/clear_refs").write_text("5")


def _status(key):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return 1024 * int(line.split()[1])
    raise RuntimeError(f"Expected {key} in /proc/self/status: this measures on Linux only.")


if __name__ == "__main__":
    sys.exit(main())
