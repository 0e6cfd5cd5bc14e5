"""Sizes: the finest file within a target, and targets that cannot be reached."""

import numpy as np
import pytest

from kiqa.varjpeg import (
    FixationPoints,
    SizeSearch,
    coded,
    encode,
    inspect_stream,
    preparation,
    search,
)

FORMS = ("thesis", "compatible")


@pytest.fixture(scope="module", params=FORMS)
def made(request, prepared):
    """A prepared image of either form."""
    return prepared(160, 240, form=request.param)


@pytest.mark.parametrize("share", [0.0, 0.02, 0.1, 0.3, 0.6, 0.9, 1.0])
def test_the_file_is_the_largest_within_the_target(made, share):
    """Not larger, at least 98 % of it, and hardly any finer one fits."""
    sizes = SizeSearch(made)
    floor, ceiling = len(sizes.floor.data), len(sizes.ceiling.data)
    target = floor + share * (ceiling - floor)
    found = sizes.largest_within(target)
    assert 0.98 * target <= len(found.data) <= target
    if 0 < share < 1:
        assert len(coded(made, min(found.quality + 0.5, 99)).data) > target


def test_the_file_is_that_of_its_quality(made):
    """Coding at the quality found gives the same bytes."""
    found = SizeSearch(made).largest_within(6000)
    assert coded(made, found.quality).data == found.data
    assert inspect_stream(found.data).parameters.quality == found.quality


def test_floor_and_ceiling_are_the_ends(made):
    """All blocks of quality 1, and of 99."""
    sizes = SizeSearch(made)
    assert (sizes.floor.quality, sizes.ceiling.quality) == (-14, 99)
    assert sizes.largest_within(len(sizes.floor.data)).data == sizes.floor.data
    assert sizes.largest_within(len(sizes.ceiling.data)).data == sizes.ceiling.data


@pytest.mark.parametrize("beyond", [1, 1e12])
def test_a_bound_above_the_ceiling_is_no_target(made, beyond):
    """The finest file is within it."""
    sizes = SizeSearch(made)
    assert sizes.largest_within(len(sizes.ceiling.data) + beyond) is sizes.ceiling


def test_targets_below_are_refused_with_both_ends(made):
    """In bytes and bits by pixel."""
    sizes = SizeSearch(made)
    floor, ceiling = len(sizes.floor.data), len(sizes.ceiling.data)
    bpp = [f"{8 * size / (160 * 240):.4g}" for size in (floor, ceiling)]
    for target in (floor - 1, 0, -5):
        with pytest.raises(ValueError) as caught:
            sizes.largest_within(target)
        text = str(caught.value)
        assert f"floor of {floor} bytes ({bpp[0]} bpp)" in text
        assert f"ceiling of {ceiling} bytes ({bpp[1]} bpp)" in text
        assert f"received {target:.0f} bytes" in text


def test_what_was_coded_is_not_coded_again(made, monkeypatch):
    """A second target near the first takes few encodings, the same one none."""
    calls = []
    real = search.coded
    monkeypatch.setattr(search, "coded", lambda *given: calls.append(given) or real(*given))
    sizes = SizeSearch(made)
    assert len(calls) == 2
    sizes.largest_within(6000)
    assert len(calls) <= 20
    before = len(calls)
    sizes.largest_within(6000)
    assert len(calls) == before
    sizes.largest_within(6100)
    assert len(calls) <= before + 16


def test_delta_of_many_digits_has_a_floor(prepared):
    """q~ = 1 - Delta in 32 bits, as the file keeps them."""
    for delta in (0.1, 33.3, 14.999):
        floor = SizeSearch(prepared(24, 32, delta=delta)).floor
        assert np.max(inspect_stream(floor.data).qualities[0]) == 1


@pytest.mark.parametrize("form", FORMS)
def test_bits_by_pixel_and_bytes_are_the_same_target(picture, disc, form):
    """`encode` in one call: 0.8 bpp of 160x240 pixels are 3840 bytes."""
    options = {"importance": disc(160, 240), "form": form}
    by_bpp = encode(picture(160, 240), target_bpp=0.8, **options)
    by_bytes = encode(picture(160, 240), target_bytes=3840, **options)
    assert by_bpp.data == by_bytes.data and 3700 < len(by_bpp.data) <= 3840
    assert by_bpp.bpp <= 0.8 and by_bpp.form == form


def test_options_reach_the_file(picture):
    """Fields of Settings, and all kinds of importance."""
    points = FixationPoints(np.array([10, 90]), np.array([20, 30]))
    encoded = encode(picture(96, 96), quality=30, importance=points, delta=40, subsampling="4:2:0")
    info = inspect_stream(encoded.data)
    assert info.parameters.delta == 40 and info.subsampling == "4:2:0"
    assert len(info.parameters.centroids) == 2


@pytest.mark.parametrize(
    "targets",
    [
        {},
        {"quality": 50, "target_bpp": 1},
        {"target_bpp": 1, "target_bytes": 1000},
        {"quality": "50"},
        {"quality": True},
        {"target_bpp": float("nan")},
        {"target_bytes": float("inf")},
    ],
    ids=str,
)
def test_exactly_one_target_is_a_number(picture, targets):
    """Neither none nor two."""
    with pytest.raises(ValueError, match="exactly one of quality, target_bpp, target_bytes as a n"):
        encode(picture(16, 16), importance=np.ones((16, 16)), **targets)


def test_bad_qualities_are_refused_before_the_map_is_made(picture, monkeypatch):
    """A map takes seconds."""
    monkeypatch.setattr(preparation, "quality_map_of", lambda *a, **k: pytest.fail("a map"))
    with pytest.raises(ValueError, match="quality from 1 - Delta to 99, received quality 100"):
        encode(picture(96, 96), quality=100)


def test_unknown_options_are_named(picture):
    """As by any function."""
    with pytest.raises(TypeError, match=r"received \['qualty'\]"):
        encode(picture(16, 16), quality=50, qualty=3)


def test_impossible_targets_of_encode_say_the_floor(picture, disc):
    """0.01 bits by pixel."""
    with pytest.raises(ValueError, match=r"floor of \d+ bytes .* received 48 bytes \(0.01 bpp\)"):
        encode(picture(160, 240), target_bpp=0.01, importance=disc(160, 240))
