"""The start from the Patchnet map, on small stacks.

In DenseNet-121, which has DenseNet-169's blocks and transitions with fewer layers in the last two.
"""

import h5py
import keras
import numpy as np
import pytest
from scipy.stats import spearmanr

from kiqa.io.weights import Details, export_h5
from kiqa.models.aggregator import build_aggregator
from kiqa.training.aggregator.start import start_from_file, start_from_patchnet_map


def _stacks(count, *, seed):
    """Stacks whose lower right corner has a quality of its own, in a poor surrounding."""
    rng = np.random.default_rng(seed)
    stacks = rng.random((count, 48, 48, 3)).astype(np.float32)
    best = rng.uniform(0.4, 0.9, count).astype(np.float32)
    stacks[..., 2] = 0.2 + 0.02 * stacks[..., 2]
    stacks[:, 8:, 8:, 2] += (best - 0.2)[:, None, None]
    return stacks, best


@pytest.mark.slow
def test_scores_are_those_of_the_best_region(eager, monkeypatch):
    """On stacks that it never saw, with FISH and gray of noise, the ranks are the region's."""
    monkeypatch.setattr(keras.applications, "DenseNet169", keras.applications.DenseNet121)
    model = build_aggregator(seed=0)
    stacks, best = _stacks(12, seed=1)
    start_from_patchnet_map(model, stacks, best, batch_size=8)
    unseen, wanted = _stacks(16, seed=2)
    scores = np.asarray(model.predict_on_batch(unseen))[:, 0]
    assert spearmanr(scores, wanted)[0] > 0.95
    assert np.abs(scores - wanted).max() < 0.05
    momenta = {layer.momentum for layer in model.layers if hasattr(layer, "momentum")}
    assert momenta == {0.99}
    head = model.get_layer("quality_map").get_weights()[0].ravel()
    assert head[0] > 0 and not head[1:].any()


@pytest.fixture
def small():
    """A function that builds a network of a body and the aggregator's head."""

    def build(seed, width=5):
        keras.utils.set_random_seed(seed)
        inputs = keras.Input((None, None, 3))
        x = keras.layers.Conv2D(width, 3, name="conv")(inputs)
        x = keras.layers.BatchNormalization(name="norm")(x)
        x = keras.layers.Conv2D(1, 1, name="quality_map")(x)
        return keras.Model(inputs, keras.layers.GlobalMaxPooling2D(name="quality")(x))

    return build


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("part", ["body", "aggregator"])
def test_a_file_is_started_from(small, tmp_path, part, alone):
    """Whole or of weights only, of an aggregator or of its body, whose head stays random."""
    source = small(1)
    told = source
    if part == "body":
        told = keras.Model(source.inputs, source.get_layer("quality_map").input)
    path = export_h5(told, tmp_path / "w.h5", Details("net", "1", "0..1", True))
    if alone:
        with h5py.File(path) as whole, h5py.File(tmp_path / "alone.h5", "w") as file:
            for name, group in whole["model_weights"].items():
                whole.copy(group, file, name)
            file.attrs.update(whole["model_weights"].attrs)
        path = tmp_path / "alone.h5"
    model = small(2)
    assert start_from_file(model, path) == (part == "aggregator")
    equal = [np.array_equal(a, b)
             for a, b in zip(model.get_weights(), source.get_weights(), strict=True)]  # fmt: skip
    assert equal[:6] == [True] * 6 and equal[6] == (part == "aggregator")
    other = small(3, width=6)
    with pytest.raises(ValueError, match=path.name):
        start_from_file(other, path)


def test_weights_alone_are_not_read_unchecked(small, tmp_path):
    """A link to another file, and numbers that are none, are refused by name."""
    path = tmp_path / "w.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = np.array([b"conv"])
        file.create_group("conv").attrs["weight_names"] = np.array([b"kernel:0"])
        file["conv/kernel:0"] = h5py.ExternalLink("other.h5", "/secret")
    with pytest.raises(ValueError, match=r"w\.h5.*link"):
        start_from_file(small(1), path)
