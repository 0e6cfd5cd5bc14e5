"""How to code: the thesis's numbers by default, and refusal of what cannot be."""

import numpy as np
import pytest

from kiqa.varjpeg import Settings


def test_defaults_are_the_thesiss():
    """Section 6.2.1: Delta 15, k 8, the 90th percentile, sigma a tenth of the width."""
    settings = Settings()
    assert (settings.delta, settings.clusters) == (15, 8)
    assert (settings.percentile, settings.sigma) == (90, 0.1)
    assert (settings.model, settings.stride) == ("patchnet", 1)


@pytest.mark.parametrize("name", ["form", "normalisation", "subsampling", "huffman"])
def test_unknown_choices_are_named(name):
    """With those that there are."""
    with pytest.raises(ValueError, match=f"Expected {name} among .*, received 'other'"):
        Settings(**{name: "other"})


@pytest.mark.parametrize(
    ("name", "value"),
    [("Delta", -1), ("Delta", 98.5), ("Delta", float("nan")), ("sigma", 0), ("sigma", 1.1),
     ("clusters", 0), ("clusters", 256), ("percentile", -1), ("percentile", 100.5)],
)  # fmt: skip
def test_numbers_out_of_range_are_refused(name, value):
    """At once, not when a map has been made."""
    with pytest.raises(ValueError, match=rf"Expected .*{name}.* received .*{value}"):
        Settings(**{name.lower(): value})


@pytest.mark.parametrize("delta", [0, 15, 0.1, 33.3, 98])
def test_qualities_from_one_less_delta_to_99(delta):
    """The ends are in the range, the next numbers are not."""
    settings = Settings(delta=delta)
    for quality in (1 - delta, 99, 1, 50.123):
        settings.check_quality(quality)
    for quality in (1 - delta - 0.01, 99.01, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="a quality from 1 - Delta to 99, received quality"):
            settings.check_quality(quality)


def test_a_file_says_what_the_settings_say():
    """Numbers in the 32 bits that it keeps."""
    codes = np.array([[1, 2]], np.uint8)
    settings = Settings(form="thesis", delta=12.3, sigma=0.2, normalisation="min-max")
    told = settings.parameters(45.6, codes)
    assert (told.form, told.normalisation) == ("thesis", "min-max")
    assert (told.quality, told.delta, told.sigma) == tuple(
        float(np.float32(value)) for value in (45.6, 12.3, 0.2)
    )
    assert told.centroids is codes
