"""Groups of images that are alike."""

import numpy as np
import pytest
from PIL import Image

from kiqa.reporting import groups
from kiqa.reporting.groups import (
    A_STOP,
    ALIKE,
    best_of_each,
    group_of_each,
    light_of,
    look_of,
)

NONE = [None] * 9


def _flipped(look, count):
    """The look with so many other bits."""
    return look ^ ((1 << count) - 1)


def test_few_bits_make_a_group_and_chains_are_one():
    """Numbers are in the order of the first members; single images have none."""
    far = (1 << 64) - 1
    chain = [0, _flipped(0, ALIKE), _flipped(0, ALIKE) ^ (0x3FF << 20)]
    assert group_of_each([far, *chain, far], NONE[:5]) == [0, 1, 1, 1, 0]
    assert group_of_each([0, _flipped(0, ALIKE + 1)], [None, None]) == [None, None]
    assert group_of_each([], []) == []


def test_time_brings_together_what_is_less_alike():
    """Within seconds; a time that is not known brings nothing together."""
    looks = [0, _flipped(0, 16)]
    assert group_of_each(looks, [10.0, 12.5]) == [0, 0]
    assert group_of_each(looks, [10.0, 60.0]) == [None, None]
    assert group_of_each(looks, [10.0, None]) == [None, None]
    assert group_of_each([0, _flipped(0, 40)], [10.0, 10.0]) == [None, None]


@pytest.mark.parametrize("pairs", [1, 5000, 1 << 22])
def test_groups_are_those_of_every_pair(monkeypatch, pairs):
    """The blockwise comparison equals one of all pairs, across the borders of blocks."""
    monkeypatch.setattr(groups, "_PAIRS", pairs)
    rng = np.random.default_rng(0)
    base = [int(rng.integers(1 << 63)) for _ in range(400)]
    looks = [look ^ (1 << int(rng.integers(63))) for look in base for _ in range(3)]
    order = rng.permutation(len(looks))
    found = group_of_each([looks[at] for at in order], [None] * len(looks))
    scene = [at // 3 for at in order]
    assert len(set(found)) == 400
    assert len({(group, of) for group, of in zip(found, scene, strict=True)}) == 400


def test_plain_images_are_like_nothing(photo):
    """Black and white have no look; a shift by some pixels changes little of another's."""
    assert look_of(Image.new("RGB", (64, 64), "white")) is None
    assert group_of_each([None, None], [1.0, 1.0]) == [None, None]
    first, second = (look_of(Image.fromarray(part)) for part in (photo[:-4, :-4], photo[4:, 4:]))
    assert (first ^ second).bit_count() <= ALIKE
    other = look_of(Image.fromarray(np.ascontiguousarray(photo[::-1])))
    assert (first ^ other).bit_count() > ALIKE


def _best(groups, scores, lights=None, higher_is_better=True, scale=(0, 1)):
    lights = [0.0] * len(groups) if lights is None else lights
    return best_of_each(groups, scores, lights, higher_is_better=higher_is_better, scale=scale)


def test_the_best_score_is_the_best():
    """The first of equal ones; an image that is alone is no best."""
    groups, scores = [0, 0, None, 1, 1], [0.2, 0.3, 0.9, 0.1, 0.1]
    assert _best(groups, scores) == {1, 3}
    assert _best(groups, scores, higher_is_better=False) == {0, 3}
    assert _best([None, None], [1, 2]) == set()


def test_a_frame_exposed_otherwise_has_to_be_clearly_better():
    """By `A_STOP` of the range for each stop; of two frames neither is the usual one."""
    groups, lights = [0, 0, 0], [-3.0, -2.0, -3.1]
    clear = 2 * A_STOP
    assert _best(groups, [0.5, 0.5 + A_STOP / 2, 0.4], lights) == {0}
    assert _best(groups, [0.5, 0.5 + clear, 0.4], lights) == {1}
    assert _best(groups, [50, 50 + 100 * A_STOP / 2, 40], lights, scale=(0, 100)) == {0}
    assert _best(groups, [0.5, 0.5 - A_STOP / 2, 0.6], lights, higher_is_better=False) == {0}
    assert _best([0, 0], [0.5, 0.51], [-3.0, -1.0]) == {1}


def test_light_is_in_stops():
    """White is 0, half the light one less; black is finite."""
    levels = [light_of(Image.new("L", (9, 9), round(255 * part ** (1 / 2.2)))) for part in (1, 0.5)]
    assert levels == pytest.approx([0, -1], abs=0.02)
    assert -14 < light_of(Image.new("RGB", (9, 9))) < -13
