"""The convolutional form computes the patch network, with the same weights."""

import numpy as np
import pytest

from kiqa.models.patchnet import build_patchnet
from kiqa.training.convolutional import convolutional_form, copy_weights

SMALL = {"conv_widths": ((4, 4), (4, 4), (6, 6, 6)), "dense_widths": (12, 6, 4)}


def test_equals_the_patch_network_at_stride_eight():
    """Each value is the quality of the patch that starts there."""
    patchnet = build_patchnet(**SMALL, seed=2)
    image = np.random.default_rng(0).integers(0, 256, (1, 80, 96, 3), dtype=np.uint8)
    values = convolutional_form(patchnet).predict(image, verbose=0)[0, ..., 0]
    patches = [image[0, y : y + 64, x : x + 64] for y in range(0, 17, 8) for x in range(0, 33, 8)]
    expected = patchnet.predict(np.stack(patches), verbose=0).reshape(3, 5)
    np.testing.assert_allclose(values, expected, atol=1e-5)
    assert expected.std() > 1e-3


def test_weights_travel_both_ways():
    """Copied there and back, the weights are the same arrays."""
    patchnet, other = build_patchnet(**SMALL, seed=2), build_patchnet(**SMALL, seed=3)
    copy_weights(convolutional_form(patchnet), other)
    for one, two in zip(patchnet.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_same_padding_is_refused():
    """Its patches cannot be computed together."""
    with pytest.raises(ValueError, match="valid"):
        convolutional_form(build_patchnet(**SMALL, padding="same"))
