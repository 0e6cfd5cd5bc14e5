"""The network as it is trained: a step gives the same bits whenever it is taken."""

import subprocess
import sys

import pytest

# In a process of its own: in this one TensorFlow has run, and can no longer be told.
REPEATED = """
import numpy as np
import tensorflow as tf
from kiqa.startup import start_keras
from kiqa.training.patchnet_mos.network import compile_patchnet_mos
from kiqa.training.patchnet_mos.settings import MosSettings

start_keras()
print(tf.config.threading.get_inter_op_parallelism_threads())
rng, settings = np.random.default_rng(0), MosSettings(batch_size=2, copies=4, unrated_pieces=2)
count = settings.batch_size * settings.pieces + settings.unrated_pieces + settings.copies
pieces = rng.integers(0, 256, (count, 64, 64, 3), dtype=np.uint8)
model = compile_patchnet_mos(pieces, settings, steps=10)
targets = rng.random((count, 1, 1, 1), np.float32)
variables = [*model.variables, *model.optimizer.variables]
first, found = [variable.numpy() for variable in variables], set()
for _ in range(2):
    for variable, value in zip(variables, first, strict=True):
        variable.assign(value)
    model.train_on_batch(pieces, targets)
    found.add(b"".join(variable.numpy().tobytes() for variable in model.optimizer.variables))
print(len(found))
"""


@pytest.mark.slow
def test_a_step_repeats_bit_by_bit():
    """One operation runs after the other; several at once add in another order each time."""
    run = subprocess.run([sys.executable, "-c", REPEATED], capture_output=True, text=True)
    assert run.stdout.split() == ["1", "1"], run.stderr
