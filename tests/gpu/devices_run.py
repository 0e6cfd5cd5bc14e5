"""What the GPU tests run in processes of their own, on the devices that each may see.

``python devices_run.py TASK FILE`` writes arrays and the names of the devices to an ``.npz`` file.
"""

import sys

import numpy as np


def _plan(count=3, batch_size=16):
    """Patches and labels, the same in every process; notes how many of a batch each device gets."""
    from kiqa.data.plans import ArraySpec, EpochPlan, in_batches

    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (count * batch_size, 64, 64, 3), np.uint8)
    y = (np.arange(len(x)) % 3 == 0).astype(np.float32)[:, None]
    return EpochPlan(
        order=in_batches(np.arange(len(x)), batch_size),
        read=lambda index: (x[index], y[index]),
        batch=lambda samples, chosen, rng: tuple(map(np.stack, zip(*samples, strict=True))),
        signature=(ArraySpec("uint8", (None, 64, 64, 3)), ArraySpec("float32", (None, 1))),
        generator=np.random.default_rng,
    )


def _network():
    """Patchnet in narrow form, compiled; plain gradient steps magnify no rounding."""
    import keras
    from keras import ops

    from kiqa.models.patchnet import build_patchnet
    from kiqa.training.runs.optimizers import compile_model
    from kiqa.training.runs.replicas import whole_batch

    def loss(target, predicted):
        return ops.mean(ops.square(target - predicted))

    model = build_patchnet(conv_widths=((4, 4), (8, 8), (8, 8, 8)), dense_widths=(16, 8), seed=1)
    compile_model(model, optimizer=keras.optimizers.SGD(0.1), loss=whole_batch(loss))
    return model


def _trained(model):
    from kiqa.training.runs.feeding import fit_epoch

    losses = fit_epoch(model, _plan(), epoch=0, title=None)
    weights = {f"weight {index}": value for index, value in enumerate(model.get_weights())}
    return {"loss": np.array(losses["loss"]), **weights}


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
    from kiqa.training.runs.devices import number_format

    with number_format("mixed_float16"):
        model = _network()
    trained = _trained(model)
    kinds = [model.layers[-2].compute_dtype, model.trainable_variables[0].dtype]
    return {**trained, "kinds": kinds, "device": model.trainable_variables[0].value.device}


def two():
    """Training steps as of ``--gpus 2``, and how large a part of a batch each device gets."""
    import tensorflow as tf

    from kiqa.data.pipeline import epoch_dataset
    from kiqa.training.runs.devices import gpu_devices, several_devices

    gpus = len(tf.config.list_logical_devices("GPU")) > 1
    devices = gpu_devices(2) if gpus else ("CPU:0", "CPU:1")
    with several_devices(devices):
        model = _network()
    batches = model.distribute_strategy.experimental_distribute_dataset(epoch_dataset(_plan()))
    x, _ = next(iter(batches))
    parts = [len(part) for part in model.distribute_strategy.experimental_local_results(x)]
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
