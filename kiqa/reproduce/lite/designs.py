"""The designs that ``lite-ablation`` compares.

Public names: `Design`, `designs`, `REFERENCE`, `SPREADS`, `MEANS`, `DEVIATIONS`.
"""

from collections.abc import Sequence
from typing import NamedTuple

from kiqa.models.lite import JUDGES, PARTS, TUNED

REFERENCE = "reference"
SPREADS, MEANS, DEVIATIONS = "mean and spread", "mean", "mean and deviation"
_FIRST = 3  # maps of the student: those before the stored stage of the training of lite


class Design(NamedTuple):
    """One row of the table.

    Attributes:
        part: The choice that it is about.
        name: The row's, once in the table.
        base: Name of the row that it differs from in that choice.
        maps: Of the network (`kiqa.models.lite.PARTS`).
        sides: Resolutions, of so many pixels squared; features of several stand
            beside each other.
        pooling: What of a map is taken: `SPREADS` (as `lite` does), `MEANS` or
            `DEVIATIONS`.
        images: Training images with a MOS; ``None`` is all.
        teacher: Name of the row whose scores the other training images have.
    """

    part: str
    name: str
    base: str
    maps: tuple[str, ...]
    sides: tuple[int, ...]
    pooling: str = SPREADS
    images: int | None = None
    teacher: str | None = None


def designs(
    *, working: int, sides: Sequence[int], images: Sequence[int], count: int
) -> list[Design]:
    """Return the rows; each stands behind those that it is compared with or learns from.

    Args:
        working: Side of the working resolution.
        sides: Other resolutions, each alone and beside the working one. Their
            rows have the first of ``images``.
        images: Smaller numbers of training images. The teacher learns from the
            first one.
        count: Number of all of them.

    Returns:
        The designs, the reference first: six frozen maps, at the working
        resolution, all images.
    """
    own, six, early = (working,), JUDGES[""], JUDGES[""][:_FIRST]
    few, fewer = images[0], f"{images[0]:,} images"
    student = f"three maps, {fewer}"
    taught = f"three maps, {fewer}, {count - few:,} rated by the teacher"
    looks = [(side,) for side in sides] + [(working, side) for side in sides]
    return [
        Design("reference", REFERENCE, REFERENCE, six, own),
        *(Design("maps", f"{name} alone", REFERENCE, (name,), own) for name in six),
        *(Design("pooling", kind, REFERENCE, six, own, kind) for kind in (MEANS, DEVIATIONS)),
        *(Design("images", f"{n:,} images", REFERENCE, six, own, images=n) for n in images),
        *(
            Design(
                "resolution",
                f"{' and '.join(map(str, look))} pixels, {fewer}",
                fewer,
                six,
                look,
                images=few,
            )
            for look in looks
        ),
        Design("tuning", "tuned", REFERENCE, JUDGES[TUNED], own),
        Design("tuning", "frozen and tuned", REFERENCE, tuple(PARTS), own),
        Design("teacher", student, fewer, early, own, images=few),
        Design("teacher", taught, student, early, own, images=few, teacher=fewer),
        Design("teacher", f"three maps, {count:,} images", student, early, own),
    ]
