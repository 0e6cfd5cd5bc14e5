"""tf.data pipelines of plans: content, order, structures, and errors of readers."""

import threading
import time

import numpy as np
import pytest
import tensorflow as tf

from kiqa.data.pipeline import epoch_dataset, reader_errors
from kiqa.data.plans import ArraySpec, EpochPlan, in_batches
from kiqa.io.images import ImageError, load_image


def _plan(read, *, count=20, batch_size=3):
    return EpochPlan(
        order=in_batches(np.random.default_rng(0).permutation(count), batch_size),
        read=read,
        batch=lambda samples, chosen, rng: (
            {"pixels": np.stack(samples), "noise": rng.random(len(chosen))},
            (chosen[:, None].astype(np.float32), np.zeros(len(chosen), np.int32)),
        ),
        signature=(
            {"pixels": ArraySpec("uint8", (None, 4)), "noise": ArraySpec("float64", (None,))},
            (ArraySpec("float32", (None, 1)), ArraySpec("int32", (None,))),
        ),
        generator=lambda number: np.random.default_rng((7, number)),
    )


def _pixels(index):
    return np.full(4, index, np.uint8)


def test_batches_are_those_of_the_plan():
    """All of them, in the plan's order and structure, with its types and shapes."""
    plan = _plan(_pixels)
    batches = list(epoch_dataset(plan))
    assert len(batches) == len(plan) == 7 == int(epoch_dataset(plan).cardinality())
    for number, (inputs, targets) in enumerate(batches):
        wanted_inputs, wanted_targets = plan.make(number)
        assert list(inputs) == list(wanted_inputs)
        for name, wanted in wanted_inputs.items():
            np.testing.assert_array_equal(inputs[name], wanted)
        for found, wanted in zip(targets, wanted_targets, strict=True):
            np.testing.assert_array_equal(found, wanted)
    spec = epoch_dataset(plan).element_spec
    assert spec[0]["pixels"] == tf.TensorSpec((None, 4), tf.uint8)
    assert spec[1][0] == tf.TensorSpec((None, 1), tf.float32)


def test_slow_readers_do_not_change_the_order():
    """The first batch waits until the second has been read by another thread, and comes first."""
    threads, second, waited = set(), threading.Event(), []

    def read(index):
        threads.add(threading.get_ident())
        if index in plan.order[1]:
            second.set()
        elif index in plan.order[0]:
            waited.append(second.wait(10))
        return _pixels(index)

    plan = _plan(read)
    seen = [int(value) for _, (labels, _) in epoch_dataset(plan) for value in labels[:, 0]]
    assert seen == np.concatenate(plan.order).tolist()
    assert all(waited) and len(threads) > 1


def test_batches_are_read_ahead():
    """While one batch is used, later ones are made, but not the whole epoch."""
    made = []

    def read(index):
        made.append(index)
        return _pixels(index % 256)

    iterator = iter(epoch_dataset(_plan(read, count=300)))
    next(iterator)
    deadline = time.monotonic() + 60
    while len(made) < 9 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert 9 <= len(made) < 150


def test_nothing_is_tuned():
    """TensorFlow's tuner would hold up the end of every epoch, up to twice its time (2.21)."""
    assert epoch_dataset(_plan(_pixels)).options().autotune.enabled is False


def test_a_shape_that_the_plan_does_not_have_is_refused():
    """The signature is a promise to the network."""
    plan = _plan(lambda index: np.zeros(5, np.uint8))
    with pytest.raises(tf.errors.InvalidArgumentError, match="5"):
        next(iter(epoch_dataset(plan)))


def test_readers_errors_arrive_as_they_are(tmp_path):
    """A damaged image is an ImageError that names it, without TensorFlow's text."""
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes(b"\x89PNG\r\n\x1a\n")
    failures = {}
    plan = _plan(lambda index: load_image(damaged).pixels)
    with pytest.raises(ImageError, match=r"damaged\.png") as caught, reader_errors(failures):
        list(epoch_dataset(plan, failures=failures))
    assert caught.value is failures[0] and "tensorflow" not in str(caught.value).lower()


def test_other_errors_of_tensorflow_pass():
    """Where no reader failed, TensorFlow's own error is told."""
    with pytest.raises(tf.errors.InvalidArgumentError), reader_errors({}):
        tf.ensure_shape(tf.zeros(3), (2,))
