"""What the GPU tests run in processes of their own, on the devices that each may see.

``python devices_run.py TASK FILE`` writes arrays and the names of the devices to an ``.npz`` file.
"""

import sys

import numpy as np


def _batches(count=3, batch_size=16):
    """Patches and labels, the same in every process."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (count * batch_size, 64, 64, 3)).astype(np.float32)
    return x, (np.arange(len(x)) % 3 == 0).astype(np.float32)[:, None], batch_size


def _dataset():
    import tensorflow as tf

    x, y, batch_size = _batches()
    return tf.data.Dataset.from_tensor_slices((x, y)).batch(batch_size, drop_remainder=True)


def _network():
    """Patchnet in narrow form, compiled; plain gradient steps magnify no rounding."""
    import keras

    from kiqa.models.patchnet import build_patchnet

    model = build_patchnet(conv_widths=((4, 4), (8, 8), (8, 8, 8)), dense_widths=(16, 8), seed=1)
    model.compile(keras.optimizers.SGD(0.1), loss="mse", jit_compile=False)
    return model


def _trained(model):
    history = model.fit(_dataset(), epochs=1, shuffle=False, verbose=0)
    weights = {f"weight {index}": value for index, value in enumerate(model.get_weights())}
    return {"loss": np.array(history.history["loss"]), **weights}


def step():
    """Three training steps."""
    model = _network()
    before = np.concatenate([value.ravel() for value in model.get_weights()])
    trained = _trained(model)
    after = np.concatenate([value.ravel() for value in model.get_weights()])
    return {
        **trained,
        "moved": np.abs(after - before).max(),
        "device": model.trainable_variables[0].value.device,
    }


def mixed():
    """The same in mixed precision, and the types."""
    import keras

    keras.config.set_dtype_policy("mixed_float16")
    model = _network()
    trained = _trained(model)
    kinds = [model.layers[-2].compute_dtype, model.trainable_variables[0].dtype]
    return {**trained, "kinds": kinds, "device": model.trainable_variables[0].value.device}


def two():
    """Training steps on two devices, and how large a part of a batch each gets."""
    import tensorflow as tf

    kind = "GPU" if len(tf.config.list_logical_devices("GPU")) > 1 else "CPU"
    strategy = tf.distribute.MirroredStrategy([f"{kind}:0", f"{kind}:1"])
    with strategy.scope():
        model = _network()
    x, _ = next(iter(strategy.experimental_distribute_dataset(_dataset())))
    parts = [len(part) for part in strategy.experimental_local_results(x)]
    return {**_trained(model), "parts": parts}


def use():
    """A map and scores of shipped networks."""
    from skimage import data

    import kiqa

    image = data.chelsea()[:192, :256]
    found = {"map": kiqa.quality_map(image, stride=8).values}
    for name in ("patchnet", "wadiqam_nr", "paq2piq_rm"):
        found[name] = np.array(kiqa.score(image, model=name))
    return found


if __name__ == "__main__":
    task, file = sys.argv[1:]
    result = {"step": step, "mixed": mixed, "two": two, "use": use}[task]()
    import tensorflow as tf

    seen = [device.name for device in tf.config.list_logical_devices()]
    np.savez(file, seen=seen, **result)
