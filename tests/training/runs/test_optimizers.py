"""Adam with two learning rates and decoupled decay, against the equations in NumPy."""

import keras
import numpy as np
import pytest

from kiqa.training.runs.optimizers import TwoRateAdam

RATE, FACTOR, DECAY, BETA_1, BETA_2, EPSILON = 0.01, 10.0, 0.1, 0.9, 0.99, 1e-8


def _model():
    inputs = keras.Input((3,))
    x = keras.layers.Dense(2, name="body", kernel_initializer=keras.initializers.GlorotUniform(1))(
        inputs
    )
    x = keras.layers.Dense(1, name="head", kernel_initializer=keras.initializers.GlorotUniform(2))(
        x
    )
    return keras.Model(inputs, x)


def _compiled(**options):
    model = _model()
    adam = TwoRateAdam(
        RATE, factor=FACTOR, special=model.get_layer("head").trainable_variables, decay=DECAY,
        beta_1=BETA_1, beta_2=BETA_2, epsilon=EPSILON, **options,
    )  # fmt: skip
    model.compile(adam, loss="mse")
    return model


def _gradients(weights, x, y):
    """Of the mean squared error of two dense layers."""
    w1, b1, w2, b2 = weights
    hidden = x @ w1 + b1
    error = 2 * (hidden @ w2 + b2 - y) / len(x)
    back = error @ w2.T
    return [x.T @ back, back.sum(0), hidden.T @ error, error.sum(0)]


def _twin(weights, batches):
    """Decay by each rate, then Adam's step at that rate."""
    weights = [np.asarray(w, np.float64) for w in weights]
    rates = [RATE, RATE, RATE * FACTOR, RATE * FACTOR]
    moments = [[np.zeros_like(w) for w in weights] for _ in range(2)]
    for step, (x, y) in enumerate(batches, start=1):
        gradients = _gradients(weights, x, y)
        for i, gradient in enumerate(gradients):
            moments[0][i] = BETA_1 * moments[0][i] + (1 - BETA_1) * gradient
            moments[1][i] = BETA_2 * moments[1][i] + (1 - BETA_2) * gradient**2
            first, second = moments[0][i] / (1 - BETA_1**step), moments[1][i] / (1 - BETA_2**step)
            weights[i] = weights[i] * (1 - rates[i] * DECAY)
            weights[i] -= rates[i] * first / (np.sqrt(second) + EPSILON)
    return weights


@pytest.fixture
def batches():
    rng = np.random.default_rng(0)
    return [(rng.normal(0, 1, (4, 3)), rng.normal(0, 1, (4, 1))) for _ in range(6)]


def test_steps_are_those_of_the_equations(batches):
    """Six steps; the head moves ten times as fast, both decay, biases too."""
    model = _compiled()
    expected = _twin(model.get_weights(), batches)
    for x, y in batches:
        model.train_on_batch(x.astype("f4"), y.astype("f4"))
    for found, wanted in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_accumulated_gradients_are_one_step(batches):
    """Two parts of a batch give the step of the whole batch; decay happens once."""
    model = _compiled(gradient_accumulation_steps=2)
    pairs = list(zip(batches[::2], batches[1::2], strict=True))
    joined = [tuple(np.concatenate(part) for part in zip(*pair, strict=True)) for pair in pairs]
    expected = _twin(model.get_weights(), joined)
    for x, y in batches:
        model.train_on_batch(x.astype("f4"), y.astype("f4"))
    for found, wanted in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
