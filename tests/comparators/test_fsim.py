"""FSIM beyond the recorded values of tests/parity."""

import numpy as np
import pytest

from kiqa.comparators.fsim import fsim, fsim_map, fsimc


def test_colour_matters_to_fsimc_only(photo):
    """Gray images have one value; a change of colour alone is seen by FSIMc."""
    image = photo[:64, :70]
    gray = np.repeat(image[..., 1:2], 3, axis=2)
    darker = (gray * 0.8).astype(np.uint8)
    assert fsim(darker, gray) == pytest.approx(fsimc(darker, gray), abs=1e-12)
    coloured = image.astype(int)
    coloured[..., 0] += 20
    coloured[..., 2] -= np.round(20 * 0.299 / 0.114).astype(int)
    coloured = np.clip(coloured, 0, 255).astype(np.uint8)
    assert fsimc(coloured, image) < fsim(coloured, image)


def test_flat_images_are_alike():
    """No place has phase congruency; no division by zero."""
    flat = np.full((32, 32, 3), 90, np.uint8)
    assert fsim(flat, flat) == fsimc(flat, flat) == 1


def test_the_map_of_a_large_image_has_a_step(photo):
    """At 512 pixels a side means of 2x2 are compared."""
    image = np.tile(photo[:256, :256], (2, 2, 1))
    values, step = fsim_map(image, image, colour=False)
    assert (values.shape, step) == ((256, 256), 2)
