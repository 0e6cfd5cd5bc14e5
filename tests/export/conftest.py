"""Small networks in files of ours, for the formats to hold."""

from functools import cache

import pytest

from kiqa.io.weights import Details, export_h5


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """The function ``small(mode) -> path``: a small network of a mode in a ``.h5`` file.

    ``patch`` takes 16x16 pixels, ``lite`` images of any size, ``wadiqam-fr`` two patches and
    gives quality and weight.
    """
    import keras
    from keras import layers

    folder = tmp_path_factory.mktemp("small")

    def convolved(x, name, units=4):
        x = layers.Rescaling(1 / 255, name=f"{name}_scaled")(x)
        start = keras.initializers.GlorotUniform(seed=1)
        x = layers.Conv2D(
            units, 3, activation="relu", kernel_initializer=start, name=f"{name}_convolution"
        )(x)
        return layers.GlobalAveragePooling2D(name=f"{name}_mean")(x)

    def dense(x, name):
        start = keras.initializers.GlorotUniform(seed=2)
        return layers.Dense(1, "sigmoid", kernel_initializer=start, name=name)(x)

    def network(mode):
        if mode == "wadiqam-fr":
            pair = [keras.Input((16, 16, 3), name=name) for name in ("image", "a_reference")]
            means = [convolved(x, name) for x, name in zip(pair, "ab", strict=True)]
            both = layers.Concatenate(name="both")(means)
            return keras.Model(pair, {name: dense(both, name) for name in ("quality", "weight")})
        image = keras.Input((16, 16, 3) if mode == "patch" else (None, None, 3), name="image")
        return keras.Model(image, dense(convolved(image, "a"), "score"))

    @cache
    def make(mode):
        about = Details(f"small-{mode}", "1", "0..1", True, mode=mode, trained_on=())
        return export_h5(network(mode), folder / f"small-{mode}.h5", about)

    return make
