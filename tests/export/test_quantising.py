"""Weights of eight bits, by a small network."""

import numpy as np
import pytest

from kiqa.export.formats import FORMATS
from kiqa.export.quantising import _whole


def test_weights_have_a_scale_for_each_channel():
    """The largest of a channel is 127; a channel of zeros stays zero."""
    values = np.array([[0.5, -0.25], [10.0, 20.0], [0.0, 0.0]], np.float32)
    scale, whole = _whole(values, 0)
    np.testing.assert_array_equal(whole, [[127, -64], [64, 127], [0, 0]])
    np.testing.assert_allclose(scale, [0.5 / 127, 20 / 127, 1])
    across, whole = _whole(values, 1)
    assert across.shape == (2,) and whole[1].tolist() == [127, 127]


@pytest.fixture(scope="module")
def network():
    """Of images, with two layers of more than a thousand weights, called once."""
    import keras
    from keras import layers

    starts = [keras.initializers.GlorotUniform(seed=number) for number in range(3)]
    image = keras.Input((None, None, 3), name="image")
    x = layers.Rescaling(1 / 255, name="scaled")(image)
    x = layers.Conv2D(64, 3, activation="relu", kernel_initializer=starts[0], name="seen")(x)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    x = layers.Dense(32, activation="relu", kernel_initializer=starts[1], name="hidden")(x)
    made = keras.Model(image, layers.Dense(1, kernel_initializer=starts[2], name="score")(x))
    made(np.zeros((1, 16, 16, 3), np.float32))
    return made


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, form in FORMATS.items() if form.quantiser])
def test_outputs_move_a_little_and_files_shrink(network, tmp_path, name, photo):
    """The same inputs and outputs, of any size, in nearly a quarter of the bytes."""
    form = FORMATS[name]
    for module in (*form.modules, *form.quantiser.modules):
        pytest.importorskip(module, reason=f"needs kiqa[{form.extra}]")
    path = tmp_path / f"network{form.ending}"
    form.write(network, path)
    size, plain = path.stat().st_size, form.open(path)
    form.quantiser.replace(path)
    small = form.open(path)
    assert (small.inputs, small.outputs) == (plain.inputs, plain.outputs)
    assert path.stat().st_size < size - 2 * 4 * 1024  # of 2 layers, 1,728 and 2,048 weights
    for side in (40, 64):
        given = {"image": photo[None, :side, :side].astype(np.float32)}
        (before,), (after,) = plain.run(given), small.run(given)
        assert 0 < abs(after - before).max() < 0.02 * abs(before).max()
    assert {each.name for each in tmp_path.iterdir()} == {path.name}
