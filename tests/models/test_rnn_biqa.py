"""RNN-BIQA's pooling network: parameters, GRU chain, masks, files."""

import keras
import numpy as np
import pytest

from kiqa.io.weights import Details, export_h5, load_model
from kiqa.models import builder
from kiqa.models.rnn_biqa import PADDING, build_average_biqa, build_rnn_biqa

FEATURES = 12


@pytest.fixture(scope="module")
def sequences():
    return np.random.default_rng(0).gamma(1.0, 1.0, (4, 7, FEATURES)).astype(np.float32)


@pytest.fixture(scope="module")
def mean():
    return np.linspace(0.2, 1.5, FEATURES)


@pytest.fixture(scope="module")
def network(mean):
    return _with_biases(build_rnn_biqa(features=FEATURES, mean=mean, seed=5))


def _with_biases(model):
    """Biases start at zero; random ones show where each of them enters."""
    rng = np.random.default_rng(7)
    for variable in model.trainable_variables:
        if variable.name == "bias":
            variable.assign(rng.normal(0, 0.3, variable.shape))
    return model


def _padded(sequences, steps, value=PADDING):
    return np.pad(sequences, [(0, 0), (0, steps), (0, 0)], constant_values=value)


def _scores(model, sequences):
    """The outputs, shape (n, 1), without tracing a graph for each network and shape."""
    return np.asarray(model(sequences, training=False))


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _gru(steps, kernel, recurrent, bias):
    """Keras's order z, r, h; the reset gate after the recurrent product."""
    units = recurrent.shape[0]
    z, r, h = (slice(i * units, (i + 1) * units) for i in range(3))
    state, states = np.zeros(units), []
    for x in steps:
        inner, outer = x @ kernel + bias[0], state @ recurrent + bias[1]
        update = _sigmoid(inner[z] + outer[z])
        reset = _sigmoid(inner[r] + outer[r])
        candidate = np.tanh(inner[h] + reset * outer[h])
        state = (1 - update) * candidate + update * state
        states.append(state)
    return np.array(states)


def _forward(model, sequence, mean):
    """The whole network in float64, one sequence."""
    weights = {
        layer.name: [w.astype(np.float64) for w in layer.get_weights()] for layer in model.layers
    }
    kernel, bias = weights["hidden"]
    steps = np.maximum((np.float64(sequence) - mean) @ kernel + bias, 0)
    steps = _gru(steps, *weights["gru1"])
    steps = _gru(steps, *weights["gru2"])[-1:]
    steps = _gru(steps, *weights["gru3"])
    steps = _gru(steps, *weights["gru4"])
    kernel, bias = weights["score"]
    return float(steps[-1] @ kernel[:, 0] + bias[0])


def test_parameter_count_is_that_of_the_paper():
    """6,160,833 with one bias a gate, 6,162,273 with Keras's two."""
    model = build_rnn_biqa(seed=0)
    trained = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    second_biases = sum(3 * units for units in (256, 128, 64, 32))
    assert (trained, trained - second_biases) == (6_162_273, 6_160_833)
    assert model.count_params() - trained == 2 * 2048  # the mean, and a variance of 1


def test_names_and_shapes_are_the_file_format():
    """Changing a name or a shape needs a new weights file."""
    model = build_rnn_biqa(features=9)
    assert [
        (layer.name, [tuple(w.shape) for w in layer.weights])
        for layer in model.layers
        if layer.weights
    ] == [
        ("centre", [(9,), (9,)]),
        ("hidden", [(9, 9), (9,)]),
        ("gru1", [(9, 768), (256, 768), (2, 768)]),
        ("gru2", [(256, 384), (128, 384), (2, 384)]),
        ("gru3", [(128, 192), (64, 192), (2, 192)]),
        ("gru4", [(64, 96), (32, 96), (2, 96)]),
        ("score", [(32, 1), (1,)]),
    ]


@pytest.mark.parity
def test_equals_an_independent_implementation(network, sequences, mean):
    """Mean, dense layer and the chain of GRUs, to 1e-5."""
    expected = [_forward(network, sequence, mean) for sequence in sequences]
    found = _scores(network, sequences)[:, 0]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.ptp(expected) > 1e-2


@pytest.mark.slow
@pytest.mark.parametrize("build", [build_rnn_biqa, build_average_biqa])
def test_padding_does_not_matter(build, sequences, mean):
    """An image's score is the same alone and beside longer sequences."""
    model = _with_biases(build(features=FEATURES, mean=mean, seed=1))
    alone = _scores(model, sequences[:1, :3])
    batch = np.concatenate([_padded(sequences[:1, :3], 4), sequences[1:]])
    np.testing.assert_allclose(_scores(model, batch)[:1], alone, atol=1e-6)
    np.testing.assert_allclose(
        _scores(model, _padded(sequences, 9)),
        _scores(model, sequences),
        atol=1e-6,
    )


def test_without_masks_padding_counts(sequences, mean):
    """The authors' code runs on over the padding, as its twin here does."""
    model = _with_biases(build_rnn_biqa(features=FEATURES, masked=False, mean=mean, seed=1))
    padded = _padded(sequences, 3, 0)
    found = _scores(model, padded)[:, 0]
    np.testing.assert_allclose(found, [_forward(model, s, mean) for s in padded], atol=1e-5)
    assert np.abs(found - _scores(model, sequences)[:, 0]).max() > 1e-3


def test_average_is_over_the_patches(sequences, mean):
    """Order does not matter to the baseline, and does to the recurrent network."""
    average = _with_biases(build_average_biqa(features=FEATURES, mean=mean, seed=2))
    recurrent = _with_biases(build_rnn_biqa(features=FEATURES, mean=mean, seed=2))
    turned = sequences[:, ::-1]
    np.testing.assert_allclose(_scores(average, turned), _scores(average, sequences), atol=1e-5)
    difference = _scores(recurrent, turned) - _scores(recurrent, sequences)
    assert np.abs(difference).max() > 1e-3
    (kernel, bias), (out, last) = (
        average.get_layer(name).get_weights() for name in ("average_hidden", "score")
    )
    hidden = np.maximum((sequences.mean(axis=1) - mean) @ kernel + bias, 0)
    np.testing.assert_allclose(_scores(average, sequences), hidden @ out + last, atol=1e-5)


def test_one_patch_is_a_sequence(network, sequences, mean):
    """Length one, masked or not."""
    one = sequences[:1, :1]
    expected = _forward(network, one[0], mean)
    np.testing.assert_allclose(_scores(network, one)[0, 0], expected, atol=1e-5)


def test_training_leaves_the_mean(sequences, mean):
    """A step changes all but the mean, and what meets the zero state of a single step."""
    model = build_rnn_biqa(features=FEATURES, mean=mean, seed=3)
    before = model.get_weights()
    model.compile(keras.optimizers.Adam(0.01), "mse", run_eagerly=True)
    model.train_on_batch(sequences, np.ones((4, 1), np.float32))
    changed = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    names = [weight.path for weight in model.weights]
    still = {name for name, moved in zip(names, changed, strict=True) if not moved}
    assert still == {
        "centre/moving_mean",
        "centre/moving_variance",
        "gru3/gru_cell/recurrent_kernel",
        "gru4/gru_cell/recurrent_kernel",
    }


def test_file_round_trip_keeps_mask_and_mean(network, sequences, tmp_path):
    """The .h5 scores padded sequences as the network does."""
    path = tmp_path / "rnn.h5"
    export_h5(network, path, Details(name="rnn", version="1", scale="0..1", higher_is_better=True))
    again = load_model(path)
    np.testing.assert_allclose(
        _scores(again, _padded(sequences, 4)),
        _scores(network, sequences),
        atol=1e-6,
    )


def test_a_seed_makes_the_same_weights_again():
    """Equal seeds give equal weights, other seeds others."""
    one, again, other = (build_rnn_biqa(features=6, seed=s).get_weights() for s in (1, 1, 2))
    for first, second in zip(one, again, strict=True):
        np.testing.assert_array_equal(first, second)
    assert np.abs(one[2] - other[2]).max() > 0


def test_standardised_features_are_divided_by_their_deviation(sequences, mean):
    """Ours, beside the paper's mean alone."""
    variance = np.linspace(0.5, 9, FEATURES)
    options = {"features": FEATURES, "seed": 4}
    one = _scores(build_rnn_biqa(mean=mean, variance=variance, **options), sequences)
    scaled = ((sequences - mean) / np.sqrt(variance)).astype(np.float32)
    two = _scores(build_rnn_biqa(masked=False, **options), scaled)
    np.testing.assert_allclose(one, two, atol=1e-5)


def test_refuses_statistics_of_other_features():
    """Both numbers are named; a variance is above 0."""
    with pytest.raises(ValueError, match="variances above 0.*least 0.0"):
        build_rnn_biqa(features=2, variance=[1, 0])
    with pytest.raises(ValueError, match="mean of 5 numbers.*Received: 4"):
        build_rnn_biqa(features=5, mean=[0, 1, 2, 3])


def test_registry_knows_both():
    """The models are found by name."""
    assert builder("rnn_biqa") is build_rnn_biqa
    assert builder("average_biqa") is build_average_biqa
