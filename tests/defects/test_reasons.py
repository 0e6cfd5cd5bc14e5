"""Reasons: values, limits, places and rows."""

import json
from importlib import resources

import cv2
import numpy as np
import pytest

import kiqa
from kiqa.data.distortions import distort
from kiqa.data.distortions.viewing import enlarged, low_contrast
from kiqa.defects.reasons import MEASURES, REASON_KEYS, limits, measured, reasons


@pytest.mark.parametrize(
    ("kind", "level", "defect"),
    [
        ("gaussian_blur", 4, "blurred"),
        ("gaussian_noise", 25, "noisy"),
        ("colour_noise", 30, "noisy"),
        ("jpeg", 10, "compressed"),
        ("overexposure", 2.5, "overexposed"),
        ("underexposure", 4, "underexposed"),
    ],
)
def test_each_distortion_has_its_reason(photo, kind, level, defect):
    """And the photograph itself has none."""
    rng = np.random.default_rng(0)
    assert defect in reasons(distort(photo, kind, level, rng=rng)).defects
    assert defect not in reasons(photo).defects


def test_contrast_and_resolution(photo):
    """By the distortions that are there for them."""
    assert "low contrast" in reasons(low_contrast(photo, 4)).defects
    assert "low resolution" in reasons(enlarged(photo, 5)).defects


@pytest.mark.parametrize("noise", [0, 1, 3])
@pytest.mark.parametrize("slope", [0, 0.1])
def test_a_uniform_sky_is_not_blurred(noise, slope):
    """Nor noisy, compressed or of low resolution: there is nothing to judge these by."""
    rng = np.random.default_rng(0)
    rows = slope * np.arange(400)[:, None, None]
    sky = np.array([110, 150, 200]) + rows + rng.normal(0, noise, (400, 600, 3))
    found = reasons(sky.round().clip(0, 255).astype(np.uint8))
    assert {*found.defects} <= {"low contrast"}


@pytest.mark.slow
def test_large_images_are_looked_at_as_a_screen_shows_them(photo):
    """Fine noise of a large image is not seen; places are in its own pixels."""
    large = cv2.resize(photo, None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC)
    noisy = distort(large, "gaussian_noise", 12, rng=np.random.default_rng(0))
    found = reasons(noisy)
    assert found.values["noise"] < 8
    assert measured(noisy)[0] == found.values  # what limits are learnt from
    assert found.sharpest.width == pytest.approx(64 * large.shape[1] / 1024, rel=0.05)
    assert found.sharpest.x + found.sharpest.width <= large.shape[1]


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (8, 8), (20, 33), (3000, 2)])
def test_any_size_has_reasons(shape):
    """What cannot be measured is None, and no defect."""
    found = reasons(np.full((*shape, 3), 130, np.uint8))
    assert set(found.values) == {measure.name for measure in MEASURES}
    assert found.values["sharpness"] is None and "blurred" not in found.defects


def test_rows_and_the_public_name(photo):
    """JSON-able, in the order of the keys."""
    row = kiqa.reasons(photo).as_row()
    assert tuple(row) == REASON_KEYS
    assert json.loads(json.dumps(row)) == row
    assert len(row["sharpest"].split(",")) == 4


def test_a_missing_value_is_no_defect():
    """On either side of the limit."""
    for measure in MEASURES:
        assert not measure.is_defect(None, 1.0)
        assert measure.is_defect(2.0, 1.0) == measure.above


def test_limits_have_an_origin():
    """The file says how each was learnt, on images of the train part alone."""
    text = (resources.files("kiqa.defects") / "thresholds.json").read_text(encoding="utf-8")
    origin = json.loads(text)["origin"]
    assert (origin["images"], origin["part"]) == (88, "own split, train")
    assert set(origin["distortions"]) == set(limits()) == {m.name for m in MEASURES}
