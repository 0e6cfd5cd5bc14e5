"""What decoding an image costs, estimated from its header and bounded.

Used through `kiqa.io.images`. A few bytes can state an image of gigabytes, so
the estimate is made before anything is allocated. It covers all that is alive
at once: the file, the decoder's own buffers, Pillow's image and the pixels
that are returned. `benchmarks/images.py` compares it with what is used.
"""

from PIL import ImageFile

from kiqa.io.images.containers import Parts
from kiqa.io.memory import MemoryLimitError, memory_limit

MAX_BYTES = 1 << 30
MAX_SCANS = 500
MAX_PASSES = 2_000_000_000  # pixels times scans

# Bytes of one pixel in Pillow's memory.
_STORED = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2}
_OTHERS = 4
_RESULT = 3
_DEEP = 14  # of which OpenCV takes 6 for itself
_OVERHEAD = 16 << 20  # strips, and the decoders' fixed buffers
_TAKEN_APART = ("PNG", "JPEG")  # the file is there twice
# Bytes of one pixel in the decoders' own memory, beside Pillow's.
_DECODER = {"WEBP": 12, "AVIF": 12, "HEIF": 12, "JPEG2000": 12, "TIFF": 4, "GIF": 4}
_PROGRESSIVE = 8  # coefficients of all components


def loading_limit(most: int | None) -> int:
    """Return the bytes that loading an image may take.

    Args:
        most: What was asked for; ``None`` takes `MAX_BYTES`, or half of what is
            free if that is less.
    """
    return min(MAX_BYTES, memory_limit()) if most is None else most


class CostError(ValueError):
    """An image that costs more than is allowed."""


class MemoryCostError(CostError, MemoryLimitError):
    """An image that takes more memory than is allowed; elsewhere it may be allowed."""


def decoding_cost(image: ImageFile.ImageFile, parts: Parts, *, deep: bool) -> int:
    """Estimate the most memory that loading takes, in bytes.

    Args:
        image: The opened file, not yet decoded.
        parts: The same file, taken apart.
        deep: Whether it is decoded a second time, with 16 bits a channel.
    """
    stored = _STORED.get(image.mode, _OTHERS)
    decoder = _DECODER.get(image.format or "", 0)
    if parts.scans > 1:
        decoder = _PROGRESSIVE
    plain = image.mode in ("L", "RGB", "RGBA") or image.mode.startswith("I;16")
    converted = 0 if plain and "transparency" not in image.info else _OTHERS
    at_once = stored + max(decoder, converted + _RESULT, _RESULT + (_DEEP if deep else 0))
    files = 2 if image.format in _TAKEN_APART else 1
    return image.width * image.height * at_once + files * len(parts.pixels) + _OVERHEAD


def check_cost(
    image: ImageFile.ImageFile, parts: Parts, *, deep: bool, name: str, max_bytes: int
) -> None:
    """Refuse an image that would take too much memory or time.

    Args:
        image: As in `decoding_cost`.
        parts: As in `decoding_cost`.
        deep: As in `decoding_cost`.
        name: What to call it.
        max_bytes: Most bytes.

    Raises:
        MemoryCostError: More bytes.
        CostError: More than `MAX_SCANS` scans, or more than
            `MAX_PASSES` pixels in all scans together.
    """
    size = f"{image.width}x{image.height}"
    cost = decoding_cost(image, parts, deep=deep)
    check_memory(cost, f"{size} pixels of {image.format} and mode {image.mode}", name, max_bytes)
    passes = image.width * image.height * parts.scans
    if parts.scans > MAX_SCANS or passes > MAX_PASSES and parts.scans > 1:
        raise CostError(
            f"{name}: expected a JPEG of at most {MAX_SCANS} scans and {MAX_PASSES} pixels in all "
            f"of them, received {parts.scans} scans of {size} pixels; save it again"
        )


def check_memory(cost: int, what: str, name: str, max_bytes: int) -> None:
    """Refuse what takes more memory than it may.

    Args:
        cost: Bytes.
        what: Size and kind.
        name: What to call the image.
        max_bytes: Most bytes.

    Raises:
        MemoryCostError: More bytes.
    """
    if cost > max_bytes:
        raise MemoryCostError(
            f"{name}: expected an image that takes at most {max_bytes / 2**20:.0f} MiB to load, "
            f"received {what}, which take {cost / 2**20:.0f} MiB; make it smaller, or raise "
            "max_bytes of kiqa.load_image (--memory of a command) if the file can be trusted"
        )


def check_pixels(width: int, height: int, name: str, max_pixels: int) -> None:
    """Refuse an image of too many pixels.

    Args:
        width: As its header states it.
        height: As its header states it.
        name: What to call the image.
        max_pixels: Most pixels.

    Raises:
        CostError: More pixels.
    """
    if width * height > max_pixels:
        raise CostError(
            f"{name}: expected at most {max_pixels} pixels, received {width}x{height} = "
            f"{width * height}; raise max_pixels if the file can be trusted"
        )
