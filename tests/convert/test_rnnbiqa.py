"""The authors' RNN-BIQA from Matlab's arrays, against Matlab's formulas in NumPy."""

import keras
import numpy as np
import pytest

from kiqa.convert.rnnbiqa import _extractor_places, _recurrent_places, _values, convert_rnnbiqa

pytestmark = pytest.mark.usefixtures("eager")


def _gru(x, arrays, units):
    """MathWorks, gruLayer, reset after multiplication: gates reset, update, candidate."""
    bias = arrays["Bias"].reshape(-1, 3 * units)
    bias = np.concatenate([bias, np.zeros((2 - len(bias), 3 * units))])
    state = np.zeros(units)
    for step in x:
        inner = arrays["InputWeights"] @ step + bias[0]
        outer = arrays["RecurrentWeights"] @ state + bias[1]
        reset, update = (
            1 / (1 + np.exp(-(inner + outer)[part]))
            for part in (slice(units), slice(units, 2 * units))
        )
        candidate = np.tanh(inner[2 * units :] + reset * outer[2 * units :])
        state = (1 - update) * candidate + update * state
    return state


@pytest.mark.parametrize("biases", [1, 2])
def test_a_gru_computes_what_matlabs_does(biases):
    """With one bias and with a recurrent one."""
    rng, units = np.random.default_rng(biases), 3
    arrays = {
        "InputWeights": rng.normal(size=(9, 5)),
        "RecurrentWeights": rng.normal(size=(9, 3)),
        "Bias": rng.normal(size=9 * biases),
    }
    layer = keras.layers.GRU(units, reset_after=True)
    layer.build((None, None, 5))
    layer.set_weights(_values(layer, arrays))
    x = rng.normal(size=(6, 5)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(layer(x[None]))[0], _gru(x, arrays, units), atol=1e-5)


def test_dense_and_normalisation():
    """Matlab's matrices are (out, in); its epsilon goes into the variance."""
    rng = np.random.default_rng(4)
    dense, norm = keras.layers.Dense(2), keras.layers.BatchNormalization(epsilon=1e-5)
    dense.build((None, 3))
    norm.build((None, 2))
    arrays = {"Weights": rng.normal(size=(2, 3)), "Bias": rng.normal(size=2)}
    dense.set_weights(_values(dense, arrays))
    x = rng.normal(size=(4, 3)).astype(np.float32)
    found = x @ arrays["Weights"].T + arrays["Bias"]
    np.testing.assert_allclose(np.asarray(dense(x)), found, atol=1e-5)
    parts = {"Scale": 1.5, "Offset": -0.5, "TrainedMean": 0.2, "TrainedVariance": 0.01}
    norm.set_weights(_values(norm, {k: np.full(2, v) for k, v in parts.items()} | {
        "Epsilon": np.array([1e-3])
    }))  # fmt: skip
    expected = 1.5 * (found - 0.2) / np.sqrt(0.01 + 1e-3) - 0.5
    np.testing.assert_allclose(np.asarray(norm(found)), expected, rtol=1e-4, atol=1e-4)


@pytest.fixture(scope="module")
def extractor():
    """ResNet-50, for its shapes and to be filled."""
    from kiqa.models.rnn_features import build_extractor

    return build_extractor()


@pytest.fixture
def built_before(extractor, monkeypatch):
    """Conversions fill that one."""
    monkeypatch.setattr("kiqa.models.rnn_features.build_extractor", lambda *_: extractor)


@pytest.fixture(scope="module")
def exported(tmp_path_factory, extractor):
    """A file of small random numbers with all arrays, as Matlab shapes some of them."""
    from kiqa.models.rnn_biqa import build_rnn_biqa

    rng, arrays = np.random.default_rng(0), {}
    places = [*_extractor_places(extractor), *_recurrent_places(build_rnn_biqa())]
    for _, named in places:
        for name, shape in named.items():
            value = np.float32(0.02) * rng.standard_normal(shape, np.float32)
            arrays[name] = np.abs(value) + 1e-3 if name.endswith(("Variance", "Epsilon")) else value
    arrays["conv1__Bias"] = arrays["conv1__Bias"].reshape(1, 1, -1)
    arrays["fc_1__Bias"] = arrays["fc_1__Bias"].reshape(-1, 1)
    arrays["input_1__Mean"] = np.broadcast_to([123.68, 116.779, 103.939], (224, 224, 3)).astype(
        "f4"
    )
    arrays["sequenceinput__Mean"] = rng.uniform(0, 1, 2048).astype(np.float32)
    arrays["fc1000__Weights"] = np.zeros((5, 2048), np.float32)  # a head, passed over
    path = tmp_path_factory.mktemp("exported") / "rnnbiqa.npz"
    np.savez(path, **arrays)
    return path, arrays


@pytest.mark.slow  # ResNet-50, twice
@pytest.mark.usefixtures("built_before")
def test_both_networks_become_one_model(exported, tmp_path, photo):
    """The recurrent part as in NumPy on a short sequence; the pair scores an image."""
    from kiqa.io.weights import load_model
    from kiqa.scoring import Scorer

    path, arrays = exported
    network = load_model(convert_rnnbiqa(path, tmp_path / "theirs.h5"))
    x = np.random.default_rng(1).uniform(0, 2, (3, 2048)).astype(np.float32)
    y = np.maximum(
        (x - arrays["sequenceinput__Mean"]) @ arrays["fc_1__Weights"].T
        + arrays["fc_1__Bias"].ravel(), 0,
    )  # fmt: skip
    states, parts = [], ("InputWeights", "RecurrentWeights", "Bias")
    first = {part: arrays[f"gru_1__{part}"] for part in parts}
    states = [_gru(y[: count + 1], first, 256) for count in range(3)]
    for number, units in ((2, 128), (3, 64), (4, 32)):
        one = {part: arrays[f"gru_{number}__{part}"] for part in parts}
        states = [_gru(states, one, units)]
    expected = arrays["fc_2__Weights"] @ states[0] + arrays["fc_2__Bias"]
    np.testing.assert_allclose(np.asarray(network(x[None]))[0], expected, atol=1e-5)
    assert np.isfinite(Scorer(tmp_path / "theirs.h5").score(photo[:224, :224]))


@pytest.mark.slow
@pytest.mark.usefixtures("built_before")
def test_what_does_not_fit_is_named(exported, tmp_path):
    """A missing array, and the mean of another network."""
    path, arrays = exported
    without = {name: value for name, value in arrays.items() if name != "gru_3__Bias"}
    np.savez(tmp_path / "part.npz", **without)
    with pytest.raises(ValueError, match="gru_3__Bias"):
        convert_rnnbiqa(tmp_path / "part.npz", tmp_path / "x.h5")
    np.savez(tmp_path / "mean.npz", **arrays | {"input_1__Mean": np.zeros(3, np.float32)})
    with pytest.raises(ValueError, match="input_1__Mean near"):
        convert_rnnbiqa(tmp_path / "mean.npz", tmp_path / "x.h5")
    np.savez(tmp_path / "text.npz", **arrays | {"sequenceinput__Mean": np.array(["a", "b"])})
    with pytest.raises(ValueError, match=r"numbers as sequenceinput__Mean in .*Received: <U1"):
        convert_rnnbiqa(tmp_path / "text.npz", tmp_path / "x.h5")
    for name, turn in (
        ("gru_1__InputWeights", np.transpose),  # as (in, out)
        ("res2a_branch2b__Weights", lambda value: value.transpose(3, 2, 0, 1)),  # PyTorch's order
        ("conv1__Weights", np.transpose),  # HDF5's
    ):
        np.savez(tmp_path / "turned.npz", **arrays | {name: turn(arrays[name])})
        with pytest.raises(ValueError, match=name):
            convert_rnnbiqa(tmp_path / "turned.npz", tmp_path / "x.h5")
    assert not list(tmp_path.glob("*.h5"))
