"""The form to train computes a patch network, before and after folding."""

import numpy as np
import pytest

from kiqa.models.patchnet import build_patchnet
from kiqa.training.runs.convolutional import fold, training_form

SMALL = {"conv_widths": ((4, 4), (4, 4), (6, 6, 6)), "dense_widths": (12, 6, 4)}

PIECES = np.random.default_rng(1).integers(0, 256, (4, 24, 24, 3), dtype=np.uint8)


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


def _at_stride_eight(patchnet, image):
    """What a patch network says of each patch of an image of 80 by 96 pixels."""
    patches = [image[0, y : y + 64, x : x + 64] for y in range(0, 17, 8) for x in range(0, 33, 8)]
    return patchnet.predict(np.stack(patches), verbose=0).reshape(3, 5)


@pytest.mark.slow
def test_folded_network_gives_the_same_at_stride_eight(photo):
    """Each value of the form is the folded network's for the patch that starts there."""
    patchnet = build_patchnet(**SMALL, seed=2)
    model = training_form(patchnet, pieces=PIECES)
    _randomise(model)
    fold(model, patchnet)
    image = photo[None, 60:140, 100:196]
    values = model.predict(image, verbose=0)[0, ..., 0]
    expected = _at_stride_eight(patchnet, image)
    np.testing.assert_allclose(values, expected, atol=5e-5)
    assert expected.std() > 1e-3


@pytest.mark.slow
def test_a_trained_network_starts_as_the_same_function(photo):
    """Without pieces nothing is normalised, and folding gives the weights back."""
    patchnet, again = build_patchnet(**SMALL, seed=2), build_patchnet(**SMALL, seed=3)
    rng = np.random.default_rng(5)
    patchnet.set_weights([w + rng.uniform(-0.1, 0.1, w.shape) for w in patchnet.get_weights()])
    model = training_form(patchnet, pieces=None)
    image = photo[None, 60:140, 100:196]
    expected = _at_stride_eight(patchnet, image)
    np.testing.assert_allclose(model.predict(image, verbose=0)[0, ..., 0], expected, atol=5e-5)
    assert expected.std() > 1e-3
    fold(model, again)
    for one, two in zip(patchnet.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(two, one, atol=1e-5)


def test_starts_from_the_patch_networks_kernels():
    """The seeded initial weights are those of the patch network."""
    patchnet = build_patchnet(**SMALL, seed=2)
    model = training_form(patchnet, pieces=PIECES)
    for name in ("group1_conv2", "group3_conv2", "dense1", "quality"):
        kernel = patchnet.get_layer(name).get_weights()[0]
        np.testing.assert_array_equal(
            model.get_layer(name).get_weights()[0].ravel(), kernel.ravel()
        )


def test_first_layer_starts_whitening(photo):
    """Its outputs on the pieces have equal variances where there is structure."""
    pieces = photo[None, :240, :240]
    patchnet = build_patchnet(**{**SMALL, "conv_widths": ((27, 4), (4, 4), (6, 6, 6))})
    kernel = training_form(patchnet, pieces=pieces).get_layer("group1_conv1").get_weights()[0]
    samples = np.lib.stride_tricks.sliding_window_view(pieces[0] / 64 - 2, (3, 3), axis=(0, 1))
    outputs = samples.transpose(0, 1, 3, 4, 2).reshape(-1, 27) @ kernel.reshape(27, 27)
    covariance = np.cov(outputs, rowvar=False)
    spread = covariance.diagonal()
    assert spread[:8].min() > 0.9 and spread.max() < 1.1
    np.testing.assert_allclose(covariance - np.diag(spread), 0, atol=0.05)


def test_same_padding_is_refused():
    """Its patches cannot be computed together."""
    with pytest.raises(ValueError, match="valid"):
        training_form(build_patchnet(**SMALL, padding="same"), pieces=PIECES)
