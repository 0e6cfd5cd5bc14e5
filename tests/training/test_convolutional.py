"""The form to train computes a patch network, before and after folding."""

import numpy as np
import pytest

from kiqa.models.patchnet import build_patchnet
from kiqa.training.convolutional import fold, training_form

SMALL = {"conv_widths": ((4, 4), (4, 4), (6, 6, 6)), "dense_widths": (12, 6, 4)}


def _randomise(model):
    """Give every weight, the normalisations' too, some value."""
    rng = np.random.default_rng(4)
    for variable in model.variables:
        spread = 0.1 if "norm" in variable.path and "variance" in variable.path else 0.3
        centre = 1.0 if variable.path.endswith(("variance", "gamma")) else 0.0
        shape = variable.shape
        if "kernel" in variable.path:
            spread = 3 / np.sqrt(np.prod(shape[:-1]))
        variable.assign(centre + spread * rng.uniform(-1, 1, shape))


def test_folded_network_gives_the_same_at_stride_eight(photo):
    """Each value of the form is the folded network's for the patch that starts there."""
    patchnet = build_patchnet(**SMALL, seed=2)
    model = training_form(patchnet)
    _randomise(model)
    fold(model, patchnet)
    image = photo[None, 60:140, 100:196]
    values = model.predict(image, verbose=0)[0, ..., 0]
    patches = [image[0, y : y + 64, x : x + 64] for y in range(0, 17, 8) for x in range(0, 33, 8)]
    expected = patchnet.predict(np.stack(patches), verbose=0).reshape(3, 5)
    np.testing.assert_allclose(values, expected, atol=5e-5)
    assert expected.std() > 1e-3


def test_starts_from_the_patch_networks_kernels():
    """The seeded initial weights are those of the patch network."""
    patchnet = build_patchnet(**SMALL, seed=2)
    model = training_form(patchnet)
    for name in ("group1_conv1", "group3_conv2", "dense1", "quality"):
        kernel = patchnet.get_layer(name).get_weights()[0]
        np.testing.assert_array_equal(
            model.get_layer(name).get_weights()[0].ravel(), kernel.ravel()
        )


def test_same_padding_is_refused():
    """Its patches cannot be computed together."""
    with pytest.raises(ValueError, match="valid"):
        training_form(build_patchnet(**SMALL, padding="same"))
