"""Patches of an image as in LIVE-FB: three sizes, the image's shape, little overlap.

Public names: :func:`place_patches`, :func:`cut`, :func:`write_patches`,
:func:`overlap_of`.

References:
    Ying et al. 2020, section 3.2.
"""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from kiqa.constants import LIVE_FB
from kiqa.io.csv_lines import write_csv_file
from kiqa.io.files import replacing
from kiqa.io.images import load_image

TABLE = "patches.csv"
_TRIES = 1000


def place_patches(
    image_size: tuple[int, int],
    *,
    rng: np.random.Generator,
    scales: Sequence[float] = LIVE_FB.scales,
    overlap: float = LIVE_FB.overlap,
    tries: int = _TRIES,
) -> np.ndarray:
    """Place patches at random in an image.

    The sides are the image's times a scale, rounded down. All positions
    inside are equally likely; places of which two overlap too much are drawn
    again, all together.

    Args:
        image_size: ``(height, width)`` in pixels.
        rng: Source of randomness.
        scales: Sides of the patches as parts of the image's.
        overlap: Largest part of a patch's area that another one may cover,
            whichever of the two is the smaller.
        tries: Draws before giving up.

    Returns:
        ``int64`` of shape (len(scales), 4): left, top, right, bottom in
        pixels, right and bottom exclusive, in the order of the scales.

    Raises:
        ValueError: If an argument is out of range, a patch would be empty,
            or none of the draws fits.
    """
    height, width = image_size
    if not scales or not all(0 < scale <= 1 for scale in scales) or not 0 <= overlap <= 1:
        raise ValueError(
            "Expected scales above 0, at most 1, and an overlap from 0 to 1. Received: scales "
            f"{tuple(scales)}, overlap {overlap}."
        )
    if tries < 1:
        raise ValueError(f"Expected at least one try. Received: {tries}.")
    # A tiny bit more, for 0.3 * 10 is 2.9999... in binary.
    sides = np.array([[int(n * scale + 1e-9) for n in (width, height)] for scale in scales])
    if sides.min() < 1:
        raise ValueError(
            f"Expected an image large enough for patches of {min(scales):.0%} of its sides. "
            f"Received: {width}x{height}. Leave it out, or use larger scales."
        )
    room = np.array([width, height]) - sides
    for _ in range(tries):
        corner = rng.integers(0, room + 1)
        rois = np.concatenate([corner, corner + sides], axis=1)
        if overlap_of(rois) <= overlap:
            return rois
    raise ValueError(
        f"Expected {len(scales)} patches of {', '.join(f'{scale:.0%}' for scale in scales)} of the "
        f"sides of a {width}x{height} image that overlap by at most {overlap:.0%} of an area. "
        f"Received: none such in {tries} tries. Use smaller or fewer patches, more overlap, or "
        "more tries."
    )


def overlap_of(rois: np.ndarray) -> float:
    """Return the largest part of a rectangle's area that another one covers.

    Args:
        rois: Of shape (m, 4): left, top, right, bottom, none of them empty.

    Returns:
        0..1; 0 for a single one.
    """
    rois = np.asarray(rois, np.float64)
    near = np.maximum(rois[:, None, :2], rois[None, :, :2])
    far = np.minimum(rois[:, None, 2:], rois[None, :, 2:])
    shared = np.prod(np.maximum(far - near, 0), axis=2)
    np.fill_diagonal(shared, 0)
    area = np.prod(rois[:, 2:] - rois[:, :2], axis=1)
    return float((shared / area[:, None]).max())


def cut(pixels: np.ndarray, roi: Sequence[int]) -> np.ndarray:
    """Return the part of an image in a rectangle.

    Args:
        pixels: Of shape (H, W, 3).
        roi: Left, top, right, bottom in whole pixels.

    Returns:
        A view of shape (bottom - top, right - left, 3).

    Raises:
        ValueError: If the rectangle is empty or not inside.
    """
    left, top, right, bottom = (int(value) for value in roi)
    if not (0 <= left < right <= pixels.shape[1] and 0 <= top < bottom <= pixels.shape[0]):
        raise ValueError(
            f"Expected a rectangle inside of the {pixels.shape[1]}x{pixels.shape[0]} image. "
            f"Received: left {left}, top {top}, right {right}, bottom {bottom}."
        )
    return pixels[top:bottom, left:right]


def write_patches(
    paths: Sequence[str | os.PathLike],
    folder: str | os.PathLike,
    *,
    seed: int,
    scales: Sequence[float] = LIVE_FB.scales,
    overlap: float = LIVE_FB.overlap,
    on_error: Callable[[Path, Exception], object] | None = None,
) -> Path:
    """Cut patches out of images, for a study of their quality.

    Args:
        paths: Images; the name of the file is the image's, and each
            occurs once.
        folder: For ``NAME_patch_1.png`` and so on, without loss, and for
            ``patches.csv`` with the columns ``image_name, patch_name, scale,
            left, top, right, bottom``. Made if missing.
        seed: Of the places, together with the image's name, so that an
            image has the same patches in any set.
        scales: As for `place_patches`.
        overlap: As for `place_patches`.
        on_error: Called for an image that cannot be cut, which is then left
            out; ``None`` raises.

    Returns:
        Path of ``patches.csv``, which is written last.

    Raises:
        FileNotFoundError: If an image is not there.
        ValueError: If a name occurs twice, no image can be cut, or, without
            ``on_error``, one cannot be read or patches cannot be placed; the
            image is named.
        OSError: If the folder cannot be written.
    """
    folder, files = Path(folder), [Path(path) for path in paths]
    names = Counter(path.name for path in files)
    twice = sorted(name for name, times in names.items() if times > 1)
    if twice or not names:
        raise ValueError(
            f"Expected images of different names. Received: {len(paths)} images, "
            f"{len(twice)} names more than once: {twice[:5]}."
        )
    rows = []
    for path in files:
        try:
            pixels, rois = _placed(path, seed=seed, scales=scales, overlap=overlap)
        except (ValueError, OSError) as error:
            if on_error is None:
                raise
            on_error(path, error)
            continue
        for number, (scale, roi) in enumerate(zip(scales, rois.tolist(), strict=True), 1):
            name = f"{path.name}_patch_{number}.png"
            with replacing(folder / name) as temporary:
                Image.fromarray(cut(pixels, roi)).save(temporary, format="PNG")
            edges = dict(zip(("left", "top", "right", "bottom"), roi, strict=True))
            rows.append({"image_name": path.name, "patch_name": name, "scale": scale, **edges})
    if not rows:
        raise ValueError(f"Expected images that can be cut. Received: none, of {len(files)}.")
    return write_csv_file(folder / TABLE, list(rows[0]), (row.values() for row in rows))


def _placed(path, *, seed, **options):
    """Pixels of an image and the rectangles of its patches; an error names it."""
    pixels = load_image(path).pixels
    rng = np.random.default_rng([seed, *path.name.encode("utf-8", "surrogateescape")])
    try:
        return pixels, place_patches(pixels.shape[:2], rng=rng, **options)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
