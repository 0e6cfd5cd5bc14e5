"""Images that show the same: near-duplicates, and the frames of a burst.

Two images are alike if the perceptual hashes of both differ in few of their 64
bits, or in some more if the camera took them within seconds. What is alike to
something alike is in the same group.

The best of a group is the one with the best score, less `A_STOP` of the score's
range for each stop that it is brighter or darker than the group's median: a
network does not mind a frame that is exposed otherwise than its neighbours, but
in a burst that frame is seldom the one meant.

Public names: `look_of`, `light_of`, `group_of_each`, `best_of_each`.

References:
    ``imagehash.phash``: the signs of the 8x8 lowest frequencies of an image
    shrunk to 32x32, against their median.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image

ALIKE = 10  # bits of 64
ALIKE_IN_TIME = 18
SECONDS = 5.0
# The 24 bursts of CID22's train part that it was chosen on allow 0.02 to 0.3.
A_STOP = 0.08
_GAMMA = 2.2
_DARK = 1e-4  # of full light; darker than that is as dark
_PLAIN = 4.0  # levels; the hash of an image with a smaller standard deviation says nothing
_PAIRS = 1 << 20  # compared at once; each takes 70 bytes
_ONES = np.array([bin(number).count("1") for number in range(1 << 16)], np.uint8)


def look_of(image: Image.Image) -> int | None:
    """Return the perceptual hash of an image.

    Args:
        image: Pillow image; a thumbnail is enough.

    Returns:
        64 bits as a number; ``None`` for a plain image.
    """
    from imagehash import phash

    gray = image.convert("L")
    if np.asarray(gray).std() < _PLAIN:
        return None
    return int.from_bytes(np.packbits(phash(gray).hash).tobytes(), "big")


def light_of(image: Image.Image) -> float:
    """Return how bright an image is, in stops.

    Args:
        image: Pillow image; a thumbnail is enough.

    Returns:
        Binary logarithm of the mean light, at most 0, white.
    """
    light = (np.asarray(image.convert("L")) / 255) ** _GAMMA
    return float(np.log2(light.mean() + _DARK))


def group_of_each(looks: Sequence[int | None], times: Sequence[float | None]) -> list[int | None]:
    """Find the images that belong together.

    Args:
        looks: Of `look_of`.
        times: When each was taken, in seconds from any moment; ``None`` where
            that is not known.

    Returns:
        For each image the number of its group, 0, 1, ... in the order of the
        first members; ``None`` for one that is alone.
    """
    parent = list(range(len(looks)))

    def top(index):
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    known = [index for index, look in enumerate(looks) if look is not None]
    codes = np.array([looks[index] for index in known], np.uint64)
    taken = np.array([np.nan if times[i] is None else times[i] for i in known], np.float64)
    count = max(1, _PAIRS // max(1, len(known)))
    for first in range(0, len(known), count):
        rows = slice(first, first + count)
        differing = _differing(codes[rows, None] ^ codes[None, first:])
        near = np.abs(taken[rows, None] - taken[None, first:]) <= SECONDS  # false for nan
        alike = (differing <= ALIKE) | (near & (differing <= ALIKE_IN_TIME))
        for row, column in zip(*np.nonzero(np.triu(alike, 1)), strict=True):
            parent[top(known[first + column])] = top(known[first + row])
    tops = [top(index) for index in range(len(looks))]
    members: dict[int, int] = {}
    for each in tops:
        members[each] = members.get(each, 0) + 1
    numbers: dict[int, int] = {}
    return [numbers.setdefault(each, len(numbers)) if members[each] > 1 else None for each in tops]


def best_of_each(
    groups: Sequence[int | None],
    scores: Sequence[float],
    lights: Sequence[float],
    *,
    higher_is_better: bool,
    scale: tuple[float, float],
) -> set[int]:
    """Return the places of the images that are the best of their groups.

    Args:
        groups: Of `group_of_each`.
        scores: Of the images.
        lights: Of `light_of`.
        higher_is_better: Direction of the scores.
        scale: Ends of the scores' range.

    Returns:
        One place for each group, the first of equal ones.
    """
    members: dict[int, list[int]] = {}
    for index, group in enumerate(groups):
        if group is not None:
            members.setdefault(group, []).append(index)
    sign = 1 if higher_is_better else -1
    a_stop = A_STOP * (scale[1] - scale[0])
    best = set()
    for own in members.values():
        usual = float(np.median([lights[at] for at in own]))
        value = [sign * scores[at] - a_stop * abs(lights[at] - usual) for at in own]
        best.add(own[int(np.argmax(value))])
    return best


def _differing(codes):
    """How many bits are set."""
    parts = codes[..., None] >> np.array([0, 16, 32, 48], np.uint64) & np.uint64(0xFFFF)
    return _ONES[parts].sum(axis=-1, dtype=np.int64)
