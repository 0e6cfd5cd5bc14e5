"""The patches of an image in the order in which a gaze might visit them.

An image and its half are covered by overlapping patches of 224x224 pixels at
regular strides; the patches of the half come first, and within each version
those of low spatial activity. `gaze_of` returns them for one image.

Public names: `GazeForm`, `Gaze`, `axis_stride`, `covering_positions`,
`activity_map`, `spatial_activity`, `gaze_of`.

References:
    J. Korhonen, Y. Su, J. You, Consumer image quality prediction using
    recurrent neural networks for spatial pooling, 2021, section 3; what the
    paper leaves open as in the authors' code, rnnbiqa.
"""

from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np

from kiqa.constants import RNN_BIQA, RnnBiqa
from kiqa.data.patches import cut_patches
from kiqa.data.resizing import (
    DOWNSCALINGS,
    SMALL_IMAGES,
    at_least,
    for_display,
    halved,
    limited_side,
)
from kiqa.maps.fish import luminance_of

SHORT_AXES = ("single", "both")
_SOBEL = 8.0  # the authors' code divides Sobel's kernel by it
_BORDER = 2  # pixels of the filtered image that are set to zero
_BAND = 512  # rows whose edges are held at once; they take 64 bytes a pixel
LARGEST_SEQUENCE = 10_000  # patches of one version; ours


@dataclass(frozen=True, kw_only=True)
class GazeForm:
    """How an image becomes a sequence of patches; part of what features are.

    Attributes:
        downscaling: Of the half, see `kiqa.data.resizing.halved`.
        short_axis: ``"single"``: one patch along an axis of 224 pixels, the
            stride of equation (1) along the other; ``"both"``: the authors'
            code, whose step is then one pixel along both axes.
        small_images: Of images, and halves, below 224 pixels, see
            `kiqa.data.resizing.at_least`.
        display: Width and height that the image is shrunk to first, or
            ``None``.
        smaller_side: Pixels that the smaller side is shrunk to first, or
            ``None``.

    Raises:
        ValueError: If a value is unknown.
    """

    downscaling: str = RNN_BIQA.downscaling
    short_axis: str = RNN_BIQA.short_axis
    small_images: str = RNN_BIQA.small_images
    display: tuple[int, int] | None = None
    smaller_side: int | None = None

    def __post_init__(self):
        for name, choices in (
            ("downscaling", DOWNSCALINGS),
            ("short_axis", SHORT_AXES),
            ("small_images", SMALL_IMAGES),
        ):
            if getattr(self, name) not in choices:
                raise ValueError(
                    f"Expected {name} to be one of {', '.join(choices)}. "
                    f"Received: {getattr(self, name)!r}."
                )
        sides = (*(self.display or ()), *([self.smaller_side] if self.smaller_side else ()))
        if self.display is not None and len(self.display) != 2:
            raise ValueError(f"Expected display as (width, height). Received: {self.display!r}.")
        if self.smaller_side == 0 or any(type(side) is not int or side < 1 for side in sides):
            raise ValueError(
                "Expected display and smaller_side in whole pixels, at least 1. Received: "
                f"{self.display!r}, {self.smaller_side!r}."
            )

    @classmethod
    def of(cls, numbers: RnnBiqa) -> "GazeForm":
        """Return the form of one of the presets of `kiqa.constants`."""
        names = ("downscaling", "short_axis", "small_images")
        return cls(**{name: getattr(numbers, name) for name in names})

    def to_json(self) -> dict:
        """Return the form as JSON types."""
        values = asdict(self)
        return values | {"display": list(self.display) if self.display else None}

    @classmethod
    def from_json(cls, values: dict) -> "GazeForm":
        """Return the form that `to_json` gave.

        Raises:
            ValueError: If a name or value is unknown.
        """
        try:
            display = values.get("display")
            return cls(**values | {"display": tuple(display) if display else None})
        except (TypeError, AttributeError) as error:
            raise ValueError(
                f"Expected the gaze to have {sorted(cls.__dataclass_fields__)}. "
                f"Received: {values!r} ({error})."
            ) from error


@dataclass(frozen=True, eq=False)
class Gaze:
    """The patches of one image, in order.

    Attributes:
        versions: The half and the image as they were cut, ``uint8``.
        version: Of each patch 0 (half) or 1 (image), shape ``(n,)``.
        positions: Row and column of each patch in its version, ``(n, 2)``.
        activity: Spatial activity index of each patch, shape ``(n,)``.
    """

    versions: tuple[np.ndarray, np.ndarray]
    version: np.ndarray
    positions: np.ndarray
    activity: np.ndarray

    def __len__(self):
        return len(self.version)

    @property
    def low(self) -> int:
        """Number of patches of the half; they come first."""
        return int(np.sum(self.version == 0))

    def patches(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Return patches, ``uint8`` of shape (n, 224, 224, 3)."""
        chosen = range(len(self))[start:stop]
        parts = []
        for which, pixels in enumerate(self.versions):
            places = [i for i in chosen if self.version[i] == which]
            if places:
                parts.append(cut_patches(pixels, self.positions[places], RNN_BIQA.patch))
        if not parts:
            return np.empty((0, RNN_BIQA.patch, RNN_BIQA.patch, 3), np.uint8)
        return np.concatenate(parts)


def axis_stride(size: int, *, patch: int = RNN_BIQA.patch) -> tuple[int, int]:
    """Return number and stride of the patches that cover an axis.

    Args:
        size: Pixels of the axis, at least ``patch``.
        patch: Side of a patch.

    Returns:
        Number, and stride ``floor((size - patch) / (ceil(size / patch) - 1))``,
        0 of a single patch. The number is ``ceil(size / patch)``, or more where
        more fit, as may be above 50,000 pixels. The last patch ends less than
        the stride, and at most ``number - 2`` pixels, before the border.

    References:
        Korhonen et al. 2021, equation (1); number as in the authors' loop.
    """
    stride = (size - patch) // max(1, -(-size // patch) - 1)
    return (size - patch) // stride + 1 if stride else 1, stride


def covering_positions(
    height: int, width: int, *, patch: int = RNN_BIQA.patch, short_axis: str = RNN_BIQA.short_axis
) -> np.ndarray:
    """Return the positions of the patches that cover an image.

    Args:
        height: Of the image, at least ``patch``.
        width: Of the image, at least ``patch``.
        patch: Side of a patch.
        short_axis: One of `SHORT_AXES`, see `GazeForm`.

    Returns:
        Integers of shape ``(n, 2)``, row and column, column by column from
        the left, each from top to bottom.

    Raises:
        ValueError: If the image is smaller than a patch, or would have more
            than `LARGEST_SEQUENCE` patches.
    """
    if min(height, width) < patch:
        raise ValueError(
            f"Expected an image of at least {patch}x{patch} pixels. Received: {width}x{height}. "
            "Enlarge it first, see kiqa.data.resizing.at_least."
        )
    (rows, down), (columns, right) = (axis_stride(size, patch=patch) for size in (height, width))
    if short_axis == "both" and 1 in (rows, columns):
        rows, columns, down, right = height - patch + 1, width - patch + 1, 1, 1
    _check_count(rows * columns, height, width)
    places = np.indices((columns, rows)).reshape(2, -1).T
    return places[:, ::-1] * (down, right)


def _check_count(patches, height, width):
    if patches > LARGEST_SEQUENCE:
        raise ValueError(
            f"Expected an image of at most {LARGEST_SEQUENCE} patches. Received: {width}x{height}, "
            f"{patches} patches. Crop or shrink it."
        )


def activity_map(gray: np.ndarray) -> np.ndarray:
    """Return the strength of the edges at each pixel.

    Args:
        gray: Values 0..255 of shape (H, W).

    Returns:
        ``float64`` of shape (H, W): magnitude of both Sobel filters, divided
        by 8, of the values in 0..1, zeros beyond the border; 0 in the outer
        two pixels.
    """
    gray = np.asarray(gray, np.float64) / 255
    options: dict[str, Any] = {"ksize": 3, "scale": 1 / _SOBEL, "borderType": cv2.BORDER_CONSTANT}
    magnitude = cv2.magnitude(
        cv2.Sobel(gray, cv2.CV_64F, 1, 0, **options), cv2.Sobel(gray, cv2.CV_64F, 0, 1, **options)
    )
    inner = np.zeros_like(magnitude)
    inside = (slice(_BORDER, -_BORDER),) * 2
    inner[inside] = magnitude[inside]
    return inner


def spatial_activity(
    pixels: np.ndarray, positions: np.ndarray, *, patch: int = RNN_BIQA.patch
) -> np.ndarray:
    """Return the spatial activity index (SI) of patches.

    The edges are those of the whole image, so a patch inside it has none at
    its own border.

    Args:
        pixels: RGB ``uint8`` (H, W, 3), or gray values 0..255 (H, W).
        positions: Row and column of each patch, shape ``(n, 2)``.
        patch: Side of a patch.

    Returns:
        ``float64`` of shape ``(n,)``, at least 0: standard deviation (n - 1)
        of `activity_map` of the luminance in each patch, which is not
        rounded. High means more detail.

    References:
        Korhonen et al. 2021, equation (2), after ITU-T P.910; scale and
        border as in the authors' code.
    """
    places = np.asarray(positions)
    found = np.empty(len(places))
    for top, bottom, chosen in _bands(places[:, 0], patch, len(pixels)):
        edges = activity_map(luminance_of(pixels[top:bottom]))
        for number in chosen.tolist():
            row, column = places[number] - (top, 0)
            found[number] = np.std(edges[row : row + patch, column : column + patch], ddof=1)
    return found


def _bands(rows, patch, height):
    """Bands of an image that hold patches with the rows that their edges depend on."""
    order = np.argsort(rows, kind="stable")
    while len(order):
        first = rows[order[0]]
        count = np.searchsorted(rows[order], max(first, first + _BAND - patch), side="right")
        last = rows[order[count - 1]]
        # The outer two rows of a band have no edges; those of the image have none either.
        yield max(0, first - _BORDER), min(height, last + patch + _BORDER), order[:count]
        order = order[count:]


def gaze_of(pixels: np.ndarray, form: GazeForm = GazeForm()) -> Gaze:  # noqa: B008 frozen
    """Return the patches of an image in the order of the gaze.

    Args:
        pixels: RGB ``uint8`` of shape (H, W, 3).
        form: How.

    Returns:
        The patches of the half in ascending order of their spatial activity,
        then those of the image likewise; of equal ones the left and upper
        first.

    Raises:
        ValueError: If there would be too many patches.

    References:
        Korhonen et al. 2021, sections 3.1 and 3.2.
    """
    full = limited_side(for_display(pixels, form.display), form.smaller_side)
    height, width = full.shape[:2]
    side = min(height, width, RNN_BIQA.patch)  # a thin image is enlarged: looked at before
    _check_count(-(-height // side) * -(-width // side), height, width)
    full = at_least(full, RNN_BIQA.patch, small_images=form.small_images)
    half = halved(full, downscaling=form.downscaling)
    half = at_least(half, RNN_BIQA.patch, small_images=form.small_images)
    versions, places, activities = [], [], []
    for which, image in enumerate((half, full)):
        positions = covering_positions(*image.shape[:2], short_axis=form.short_axis)
        activity = spatial_activity(image, positions)
        order = np.argsort(activity, kind="stable")
        versions.append(np.full(len(order), which))
        places.append(positions[order])
        activities.append(activity[order])
    return Gaze((half, full), *map(np.concatenate, (versions, places, activities)))
