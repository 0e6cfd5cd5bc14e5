"""ResNet-18 and the heads of PaQ-2-PiQ: parameters, names, sizes, what is joined how."""

import keras
import numpy as np
import pytest

from kiqa.models import builder
from kiqa.models.paq2piq import build_paq2piq_head
from kiqa.models.resnet18 import build_resnet18


def _trainable(*models):
    return sum(int(np.prod(w.shape)) for model in models for w in model.trainable_weights)


@pytest.fixture(scope="module")
def body():
    return build_resnet18(seed=2)


@pytest.fixture(scope="module")
def feedback():
    """P2P-FM's head with statistics of batch normalisation as after a training."""
    head = build_paq2piq_head(kind="fm", seed=3)
    rng = np.random.default_rng(0)
    for weight in head.weights:
        if weight.name != "seed_generator_state" and len(weight.shape) == 1:
            weight.assign(rng.uniform(0.5, 1.5, weight.shape))
    return head


@pytest.mark.slow
def test_parameter_counts(body):
    """By hand: body 11,176,512; P2P-RM and -BM 11,704,897; P2P-FM 12,235,338."""
    assert _trainable(body) == 11_176_512
    for kind, count in (("bm", 11_704_897), ("rm", 11_704_897), ("fm", 12_235_338)):
        assert _trainable(body, build_paq2piq_head(kind=kind)) == count


def test_names_of_the_heads(feedback):
    """Names and shapes are the file format."""
    head = build_paq2piq_head()
    shapes = {layer.name: tuple(layer.weights[0].shape) for layer in head.layers if layer.weights
              if not layer.name.startswith("score_dropout")}  # fmt: skip
    assert shapes == {
        "score_norm1": (1024,), "score_hidden": (1024, 512), "score_norm2": (512,),
        "score": (512, 1),
    }  # fmt: skip
    assert feedback.get_layer("picture_score_hidden").kernel.shape == (1028, 512)
    assert feedback.get_layer("patch_score_hidden").kernel.shape == (1024, 512)


@pytest.mark.slow
def test_head_joins_maximum_then_mean():
    """The first 512 inputs of the dense layer are maxima, the next 512 means."""
    head = build_paq2piq_head(seed=1)
    features = np.random.default_rng(3).normal(0, 1, (2, 3, 4, 512)).astype(np.float32)
    joined = keras.Model(head.inputs[0], head.get_layer("pooled").output)(features)
    expected = np.concatenate([features.max(axis=(1, 2)), features.mean(axis=(1, 2))], axis=1)
    np.testing.assert_allclose(np.asarray(joined), expected, atol=1e-6)


def _dense_layers(head, name, x):
    """Batch normalisation, dense, ReLU, batch normalisation, dense in NumPy."""

    def norm(x, layer):
        gamma, beta, mean, variance = layer.get_weights()
        return (x - mean) / np.sqrt(variance + 1e-5) * gamma + beta

    kernel, bias = head.get_layer(f"{name}_hidden").get_weights()
    x = norm(np.maximum(norm(x, head.get_layer(f"{name}_norm1")) @ kernel + bias, 0),
             head.get_layer(f"{name}_norm2"))  # fmt: skip
    kernel, bias = head.get_layer(name).get_weights()
    return (x @ kernel + bias)[..., 0]


def test_feedback_head_is_two_heads(feedback):
    """Each rectangle by the first head; the image by its features and all four scores."""
    features = np.random.default_rng(4).uniform(0, 2, (3, 4, 2, 2, 512)).astype(np.float32)
    pooled = np.concatenate([features.max(axis=(2, 3)), features.mean(axis=(2, 3))], axis=2)
    patches = _dense_layers(feedback, "patch_score", pooled)
    picture = _dense_layers(
        feedback, "picture_score", np.concatenate([pooled[:, 0], patches], axis=1)
    )
    expected = np.concatenate([picture[:, None], patches[:, 1:]], axis=1)
    assert expected.std() > 0.1
    np.testing.assert_allclose(np.asarray(feedback(features)), expected, rtol=1e-4, atol=1e-3)
    own = keras.Model(feedback.inputs[0], feedback.get_layer("patch_scores").output)(features)
    np.testing.assert_allclose(np.asarray(own), patches, rtol=1e-4, atol=1e-3)


def test_a_seed_makes_the_same_weights_again():
    """Equal seeds give equal weights, other seeds and layers others."""
    first, again, other = (build_paq2piq_head(seed=seed).get_weights() for seed in (1, 1, 2))
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert any(np.any(one != two) for one, two in zip(first, other, strict=True))


def test_registry_and_unknown_kind():
    """Both parts are found by name; a kind that is none is named."""
    assert builder("resnet18") is build_resnet18
    assert builder("paq2piq_head") is build_paq2piq_head
    with pytest.raises(ValueError, match="bm, rm, fm.*'am'"):
        build_paq2piq_head(kind="am")
