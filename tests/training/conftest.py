"""Two logical devices; a labelled set of patches and a network small enough for tests."""

import contextlib
import shutil

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from kiqa.data.konpatch import KonPatch
from kiqa.training.patchnet.settings import PatchnetSettings

# Before anything runs on TensorFlow: what several GPUs do is tested on two devices of one CPU.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)


@pytest.fixture
def two_devices():
    """The settings' ``devices`` for two devices.

    Their graphs run as they are traced, not rewritten first, which takes longer than a few steps.
    """
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    yield ("CPU:0", "CPU:1")
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})


@pytest.fixture
def shares(monkeypatch):
    """A list that gets the samples of each training step, of each device."""
    seen, real = [], keras.Model.train_step

    def train_step(model, data):
        samples = tf.shape(keras.tree.flatten(data)[0])[0]
        tf.py_function(lambda count: seen.append(int(count)), [samples], [])
        return real(model, data)

    monkeypatch.setattr(keras.Model, "train_step", train_step)
    return seen


@pytest.fixture(scope="session")
def check_history():
    """The function ``check_history(folder, **best)``: two epochs, of 12 images 4 to validate.

    ``best`` names a column, with `min` or `max`, and what the result says of it.
    """

    def check(folder, **best):
        history = pd.read_csv(folder / "history.csv")
        assert list(history["epoch"]) == [1, 2]
        for name, (choose, value) in best.items():
            assert value == pytest.approx(choose(history[name]))
        images = pd.read_csv(folder / "images.csv")
        assert (images["set"] == "val").sum() == 4 and len(images) == 12

    return check


@contextlib.contextmanager
def _only_fits():
    """Let ``fit`` alone trace its graph; what is predicted around it runs by operations."""
    real = keras.Model.fit

    def fit(*args, **options):
        tf.config.run_functions_eagerly(False)
        try:
            return real(*args, **options)
        finally:
            tf.config.run_functions_eagerly(True)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.Model, "fit", fit)
        yield


@pytest.fixture(scope="session")
def only_fitting(eagerly):
    """The context manager ``only_fitting()``: what `only_fits` does, for fixtures of any scope."""

    @contextlib.contextmanager
    def begin():
        with eagerly(), _only_fits():
            yield

    return begin


@pytest.fixture
def only_fits(only_fitting):
    """Trainings are graphs, through ``fit``; what is predicted runs operation by operation."""
    with only_fitting():
        yield


@pytest.fixture
def each_by_operations(two_devices, shares, eager):
    """The settings' ``devices`` for one device and then for two; `shares` begins anew for each."""

    def each():
        for devices in ((), two_devices):
            shares.clear()
            yield devices

    return each()


@pytest.fixture
def one_then_two(each_by_operations):
    """The same, but two devices train as a graph, through ``fit``.

    The graphs of one device are tested where the trainings learn and where they go on.
    """

    def each():
        for devices in each_by_operations:
            with _only_fits() if devices else contextlib.nullcontext():
                yield devices

    return each()


@pytest.fixture(scope="session")
def as_killed():
    """The function ``as_killed(folder, copy, *, at="epoch 1,") -> report``, for a run.

    At the line that begins so its folder is copied, as it would be left by a kill at that moment.
    """

    def reporting(folder, copy, *, at="epoch 1,"):
        def report(line):
            if line.startswith(at):
                shutil.copytree(folder, copy)

        return report

    return reporting


@pytest.fixture(scope="session")
def konpatch():
    """Sixty noise patches of twelve images; brighter ones are labelled better."""
    rng = np.random.default_rng(0)
    count = 60
    y = rng.random(count).astype(np.float32)
    x = rng.integers(0, 64, (count, 64, 64, 3)) + (150 * y).astype(int)[:, None, None, None]
    return KonPatch(
        x=x.astype(np.uint8),
        y=y,
        image=np.repeat([f"image-{i:02d}.png" for i in range(12)], 5),
        row=np.arange(count, dtype=np.int32),
        col=np.arange(count, dtype=np.int32),
        mos=y,
        votes_yes=np.ones(count, np.int32),
        votes_total=np.ones(count, np.int32),
        votes_source="pseudo-votes: test",
        label="lab",
    )


@pytest.fixture(scope="session")
def tiny():
    """The thesis's protocol with a narrow network, for a moment's training."""
    return PatchnetSettings(
        conv_widths=((4,), (4,), (4,)),
        dense_widths=(32, 16),
        batch_size=16,
        folds=2,
        epochs=3,
        learning_rate=0.003,
    )
