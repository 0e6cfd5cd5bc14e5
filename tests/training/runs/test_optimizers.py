"""Optimisers: two learning rates and decoupled decay against the equations in NumPy."""

import keras
import numpy as np
import pytest

from kiqa.training.runs.devices import number_format
from kiqa.training.runs.optimizers import (
    NO_DECAY,
    adam,
    compile_model,
    learning_rate,
    momentum,
    swap_average,
)
from kiqa.training.runs.options import PRECISIONS

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
    optimizer = adam(
        RATE, factor=FACTOR, special=model.get_layer("head").trainable_variables,
        weight_decay=DECAY, beta_1=BETA_1, beta_2=BETA_2, epsilon=EPSILON, **options,
    )  # fmt: skip
    compile_model(model, optimizer=optimizer, loss="mse")
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
    model = _compiled(accumulate=2)
    pairs = list(zip(batches[::2], batches[1::2], strict=True))
    joined = [tuple(np.concatenate(part) for part in zip(*pair, strict=True)) for pair in pairs]
    expected = _twin(model.get_weights(), joined)
    for x, y in batches:
        model.train_on_batch(x.astype("f4"), y.astype("f4"))
    for found, wanted in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_the_private_names_that_adam_needs_are_there():
    """Keras 3.14 and 3.15 have them; a version without them needs another way."""
    optimizer = keras.optimizers.Adam()
    variables = [keras.Variable([1.0]), keras.Variable([2.0])]
    optimizer.build(variables)
    assert [optimizer._get_variable_index(variable) for variable in variables] == [0, 1], (
        keras.__version__
    )
    assert len(optimizer._momentums) == len(optimizer._velocities) == 2, keras.__version__


@pytest.mark.parametrize("decay", [0.0, 0.2])
def test_steps_are_those_of_keras(batches, decay):
    """Its Adam and its AdamW, with a schedule, but for rounding."""
    rate = learning_rate(0.1, schedule="cosine", steps=8, warmup_steps=2)
    theirs = keras.optimizers.AdamW(rate, decay) if decay else keras.optimizers.Adam(rate)
    models = []
    for optimizer in (adam(rate, weight_decay=decay), theirs):
        models.append(_model())
        compile_model(models[-1], optimizer=optimizer, loss="mse")
        for x, y in batches:
            models[-1].train_on_batch(x.astype("f4"), y.astype("f4"))
    for found, wanted in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_elsewhere_steps_are_keras_own(monkeypatch):
    """Other backends than TensorFlow do not have the operation."""
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    found, wanted = keras.Variable([1.0, 2.0]), keras.Variable([1.0, 2.0])
    for optimizer, variable in (
        (adam(0.1), found),
        (keras.optimizers.Adam(0.1), wanted),
    ):
        optimizer.build([variable])
        for gradient in ([3.0, -0.1], [1.0, 0.2]):
            optimizer.apply([keras.ops.convert_to_tensor(gradient)], [variable])
    np.testing.assert_array_equal(found.numpy(), wanted.numpy())
    assert (np.abs(wanted.numpy() - [1, 2]) > 0.05).all()


@pytest.mark.parametrize("options", [{}, {"weight_decay": 0.2}, {"accumulate": 2}])
@pytest.mark.parametrize("special", [0, 1])
def test_a_step_is_one_operation_for_each_variable(special, options):
    """All of it, with another rate for some and gradients that accumulate too."""
    import tensorflow as tf

    variables = _model().trainable_variables
    optimizer = adam(0.1, factor=2.0, special=variables[:special], **options)
    optimizer.build(variables)
    step = tf.function(lambda: optimizer.apply([v + 1 for v in variables], variables))
    graph = step.get_concrete_function().graph.as_graph_def()
    nodes = [*graph.node, *(node for each in graph.library.function for node in each.node_def)]
    kinds = [node.op for node in nodes]
    assert kinds.count("ResourceApplyAdam") == len(variables)
    assert "Sqrt" not in kinds


def test_a_step_is_traced_once():
    """Also the first one: the optimiser has its variables by then."""
    model, traced = _model(), []

    def loss(wanted, found):
        traced.append(found)
        return keras.ops.mean(keras.ops.square(wanted - found), axis=-1)

    compile_model(model, optimizer=adam(0.1), loss=loss)
    model.fit(np.ones((4, 3)), np.ones((4, 1)), batch_size=2, verbose=0)
    model.fit(np.ones((4, 3)), np.ones((4, 1)), batch_size=2, verbose=0)
    assert len(traced) == 1


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_compiling_makes_all_variables(batches, precision, momentum):
    """A step adds none, so that a checkpoint fits a fresh model; float16 scales its loss."""
    with number_format(precision):
        model = _model()
        compile_model(model, optimizer=adam(0.1, ema_momentum=momentum), loss="mse")
    before = [variable.path for variable in model.optimizer.variables]
    model.train_on_batch(*(part.astype("f4") for part in batches[0]))
    assert [variable.path for variable in model.optimizer.variables] == before
    scaled = isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert scaled == (precision == "mixed_float16")


def test_a_decaying_step_asks_for_its_rate_once(monkeypatch):
    """Not again for each variable; between the steps the rate is that of the next one."""
    asked, real = [], keras.optimizers.schedules.CosineDecay.__call__

    def call(schedule, step):
        asked.append(step)
        return real(schedule, step)

    monkeypatch.setattr(keras.optimizers.schedules.CosineDecay, "__call__", call)
    model = _model()
    rate = learning_rate(0.5, schedule="cosine", steps=4)
    compile_model(model, optimizer=adam(rate, weight_decay=0.2), loss="mse")
    asked.clear()
    model.fit(np.ones((4, 3)), np.ones((4, 1)), batch_size=2, verbose=0)
    assert len(asked) == 1
    assert float(model.optimizer.learning_rate) == pytest.approx(0.25)


@pytest.mark.parametrize(("no_decay", "bias"), [((), 0.9), (NO_DECAY, 1.0)])
def test_decay_leaves_out_what_it_is_told(no_decay, bias):
    """Without a gradient, kernels shrink by rate times decay; biases only if they decay."""
    model = _model()
    model.set_weights([np.ones_like(w) for w in model.get_weights()])
    optimizer = adam(0.5, weight_decay=0.2, no_decay=no_decay)
    optimizer.build(model.trainable_variables)
    optimizer.apply([w * 0 for w in model.get_weights()], model.trainable_variables)
    kernel_1, bias_1, kernel_2, bias_2 = model.get_weights()
    np.testing.assert_allclose(np.concatenate([kernel_1.ravel(), kernel_2.ravel()]), 0.9, 1e-6)
    np.testing.assert_allclose(np.concatenate([bias_1, bias_2]), bias, 1e-6)


def test_gradients_are_clipped_to_the_norm_of_all_together():
    """Of plain descent's step only its direction is left."""
    variable, other = keras.Variable([0.0, 0.0]), keras.Variable([0.0])
    optimizer = adam(1.0, clip_norm=0.1, beta_1=0.0, beta_2=0.0, epsilon=1.0)
    optimizer.build([variable, other])
    optimizer.apply([np.float32([3.0, 0.0]), np.float32([4.0])], [variable, other])
    clipped = np.array([0.06, 0.0, 0.08])
    found = -np.concatenate([variable.numpy(), other.numpy()])
    np.testing.assert_allclose(found, clipped / (clipped + 1), rtol=1e-5)


def test_momentum_has_a_second_rate_too(batches):
    """The head's steps are those of a rate ten times as high, with momentum."""
    model = _model()
    head = model.get_layer("head").trainable_variables
    optimizer = momentum(0.01, momentum=0.9, factor=10.0, special=head)
    compile_model(model, optimizer=optimizer, loss="mse")
    weights = [np.asarray(w, np.float64) for w in model.get_weights()]
    speeds = [np.zeros_like(w) for w in weights]
    for x, y in batches:
        model.train_on_batch(x.astype("f4"), y.astype("f4"))
        for i, gradient in enumerate(_gradients(weights, x, y)):
            speeds[i] = 0.9 * speeds[i] - 0.01 * (10 if i > 1 else 1) * gradient
        weights = [w + speed for w, speed in zip(weights, speeds, strict=True)]
    for found, wanted in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4)


def test_cosine_rises_and_falls_to_zero():
    """From zero to the peak over the warm-up, to zero at the end; constant is a number."""
    rate = learning_rate(0.1, schedule="cosine", steps=100, warmup_steps=10)
    values = [float(rate(step)) for step in (0, 5, 10, 55, 100)]
    np.testing.assert_allclose(values, [0, 0.05, 0.1, 0.05, 0], atol=1e-6)
    straight = learning_rate(0.1, schedule="cosine", steps=100)
    assert float(straight(0)) == pytest.approx(0.1) and learning_rate(0.1) == 0.1


def test_two_swaps_bring_the_weights_back(batches):
    """Also with the scaled loss of float16; a model without an average stays as it is."""
    for optimizer in (
        adam(RATE, ema_momentum=0.8),
        keras.optimizers.LossScaleOptimizer(adam(RATE, ema_momentum=0.8)),
        adam(RATE),
    ):
        model = _model()
        compile_model(model, optimizer=optimizer, loss="mse")
        for x, y in batches:
            model.train_on_batch(x.astype("f4"), y.astype("f4"))
        before = np.concatenate([w.ravel() for w in model.get_weights()])
        swap_average(model)
        swapped = np.concatenate([w.ravel() for w in model.get_weights()])
        average = getattr(optimizer, "inner_optimizer", optimizer).use_ema
        assert (swapped != before).any() == average
        swap_average(model)
        np.testing.assert_array_equal(
            np.concatenate([w.ravel() for w in model.get_weights()]), before
        )


@pytest.mark.parametrize("special", [0, 1])
@pytest.mark.parametrize("parts", [1, 2, 4])
def test_the_average_is_that_of_updates(batches, parts, special):
    """However many parts a batch is computed in: the same weights have the same average."""
    model = _model()
    optimizer = adam(
        RATE, accumulate=parts, ema_momentum=0.8, special=model.trainable_variables[:special]
    )
    compile_model(model, optimizer=optimizer, loss="mse")
    average = None
    for x, y in batches:
        for _ in range(parts):
            model.train_on_batch(x.astype("f4"), y.astype("f4"))
        weights = np.concatenate([w.ravel() for w in model.get_weights()])
        average = weights if average is None else 0.8 * average + 0.2 * weights
    swap_average(model)
    found = np.concatenate([w.ravel() for w in model.get_weights()])
    np.testing.assert_allclose(found, average, rtol=1e-5, atol=1e-6)
    assert np.abs(average - weights).max() > 1e-3


def test_before_the_first_update_the_average_is_the_weights(batches):
    """An epoch shorter than the parts of an update is validated with what the run began with."""
    model = _model()
    compile_model(model, optimizer=adam(RATE, accumulate=4, ema_momentum=0.8), loss="mse")
    before = model.get_weights()
    model.train_on_batch(*(part.astype("f4") for part in batches[0]))
    swap_average(model)
    for found, wanted in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(found, wanted)
