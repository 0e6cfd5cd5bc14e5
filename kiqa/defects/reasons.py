"""Why an image is bad: measures, each with a limit beyond which it is a defect.

The limits were learnt on distorted copies of photographs (`thresholds.json`,
which says how); ``docs/report.md`` has the table of what each detector finds.

Large images are looked at as a screen shows them, at most 1024 pixels a side,
but for JPEG's blocks, which have a size of their own.

Public names: `reasons`, `Reasons`, `Measure`, `MEASURES`, `REASON_KEYS`, `limits`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import cv2
import numpy as np

from kiqa.data.resizing import for_display
from kiqa.defects.compression import blockiness
from kiqa.defects.exposure import brightest, clipped_area, contrast
from kiqa.defects.noise import noise_level
from kiqa.defects.resolution import effective_side
from kiqa.defects.sharpness import Place, edge_width, places
from kiqa.io.images import LoadedImage, Source, load_image

WORKING_SIDE = 1024  # pixels, of the longer side


@dataclass(frozen=True)
class Measure:
    """What is measured of an image.

    Attributes:
        name: Key of rows.
        title: What it is, for people.
        defect: What an image is beyond the limit.
        unit: Of the values as people read them.
        above: Whether values above the limit are bad, and not those below.
        times: What a value is multiplied by, to be in that unit.
        zero: What a value of 0 means, where it is the floor of what can be measured.
    """

    name: str
    title: str
    defect: str
    unit: str
    above: bool
    times: float = 1.0
    zero: str = ""

    def is_defect(self, value: float | None, limit: float) -> bool:
        """Say whether a value lies beyond the limit; one that is not known does not."""
        return value is not None and (value > limit if self.above else value < limit)


MEASURES = (
    Measure("sharpness", "Blur of the sharpest edges", "blurred", "pixels", above=True,
            zero="below what is measured"),
    Measure("noise", "Noise", "noisy", "levels", above=True),
    Measure("overexposure", "Area clipped at white", "overexposed", "% of the area", above=True,
            times=100.0),
    Measure("underexposure", "Brightest areas", "underexposed", "levels", above=False),
    Measure("contrast", "Contrast", "low contrast", "levels", above=False),
    Measure("compression", "Block borders of JPEG", "compressed", "", above=True),
    Measure("resolution", "Pixels of the short side with detail", "low resolution", "pixels",
            above=False),
)  # fmt: skip
REASON_KEYS = (*(measure.name for measure in MEASURES), "defects", "sharpest", "softest")


@dataclass(frozen=True)
class Reasons:
    """What is wrong with an image, and where.

    Attributes:
        values: For each name of `MEASURES` the value, in the unit of the
            measure; ``None`` where the image has nothing to measure it by.
        defects: Of `MEASURES`, those beyond their limits.
        sharpest: The sharpest place, in pixels of the image; ``None`` for an
            image of less than 16 pixels a side.
        softest: The least sharp place.
    """

    values: Mapping[str, float | None]
    defects: tuple[str, ...]
    sharpest: Place | None
    softest: Place | None

    def as_row(self) -> dict[str, Any]:
        """Return the columns `REASON_KEYS` of a row; places as ``x,y,width,height``."""
        return {
            **self.values,
            "defects": list(self.defects),
            "sharpest": self.sharpest and self.sharpest.as_text(),
            "softest": self.softest and self.softest.as_text(),
        }


def reasons(image: Source | LoadedImage) -> Reasons:
    """Say why an image may be bad: sharpness, noise, light, contrast, compression, resolution.

    Args:
        image: Anything that `kiqa.load_image` takes, or a `LoadedImage`.

    Returns:
        The `Reasons`: seven values, the names of the defects, and the
        sharpest and the softest place.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the image cannot be read.

    Examples:
        >>> import cv2
        >>> from skimage import data
        >>> import kiqa
        >>> kiqa.reasons(data.chelsea()).defects
        ()
        >>> kiqa.reasons(cv2.GaussianBlur(data.chelsea(), (0, 0), 4)).defects[0]
        'blurred'

    References:
        `kiqa.defects.sharpness`, `kiqa.defects.noise`, `kiqa.defects.exposure`,
        `kiqa.defects.compression` and `kiqa.defects.resolution` name theirs.
    """
    if not isinstance(image, LoadedImage):
        image = load_image(image)
    pixels = image.pixels
    values, gray = measured(pixels)
    bounds = limits()
    found = places(gray)
    factor = pixels.shape[1] / gray.shape[1], pixels.shape[0] / gray.shape[0]
    sharpest, softest = (None, None) if found is None else (each.scaled(*factor) for each in found)
    return Reasons(
        values=values,
        defects=tuple(
            measure.defect
            for measure in MEASURES
            if measure.is_defect(values[measure.name], bounds[measure.name])
        ),
        sharpest=sharpest,
        softest=softest,
    )


def measured(pixels: np.ndarray) -> tuple[dict[str, float | None], np.ndarray]:
    """Return the values of `MEASURES`, and the gray image.

    Args:
        pixels: RGB ``uint8``. All but its blocks is measured at `WORKING_SIDE`
            pixels a side at most.

    Returns:
        Values by name, rounded to six digits, and ``float32`` gray values
        at that size.
    """
    working = np.ascontiguousarray(for_display(pixels, (WORKING_SIDE, WORKING_SIDE)))
    gray = cv2.cvtColor(working, cv2.COLOR_RGB2GRAY).astype(np.float32)
    noise = noise_level(working)
    width = edge_width(gray, noise=0.0 if noise is None else noise[0])
    values = {
        "sharpness": width,
        "noise": None if noise is None else max(noise),
        "overexposure": clipped_area(working),
        "underexposure": brightest(gray),
        "contrast": contrast(gray),
        "compression": blockiness(pixels),
        # Where there are no edges there is no detail to judge by.
        "resolution": None if width is None else effective_side(gray),
    }
    return {name: None if v is None else float(f"{v:.6g}") for name, v in values.items()}, gray


@cache
def limits() -> dict[str, float]:
    """Return the limit of each of `MEASURES`, as it was learnt."""
    text = (resources.files("kiqa.defects") / "thresholds.json").read_text(encoding="utf-8")
    return {measure.name: json.loads(text)["limits"][measure.name] for measure in MEASURES}
