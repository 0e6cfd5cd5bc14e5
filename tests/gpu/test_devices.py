"""On a GPU: a training step, a map and a score as on a CPU, mixed precision, two GPUs."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

ROOT = Path(__file__).parents[2]
GPUS = len(tf.config.list_physical_devices("GPU"))
# Convolutions sum in another order; float32 in full, without TensorFloat-32.
RTOL, ATOL = 1e-4, 1e-5

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(GPUS < 1, reason="needs a GPU that TensorFlow can use"),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The function ``run(task, gpus)`` -> arrays of that task on so many GPUs, made once."""
    folder, made = tmp_path_factory.mktemp("devices"), {}

    def run(task, gpus):
        if (task, gpus) not in made:
            file = folder / f"{task}{gpus}.npz"
            visible = ",".join(map(str, range(gpus))) or "-1"
            environment = os.environ | {
                "CUDA_VISIBLE_DEVICES": visible,
                "NVIDIA_TF32_OVERRIDE": "0",
                "PYTHONPATH": str(ROOT),
            }
            script = Path(__file__).with_name("devices_run.py")
            done = subprocess.run(
                [sys.executable, str(script), task, str(file)],
                env=environment, capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            with np.load(file) as arrays:
                made[task, gpus] = dict(arrays)
        return made[task, gpus]

    return run


def _same_weights(found, expected, *, rtol=RTOL, atol=ATOL):
    names = [name for name in expected if name.startswith("weight")]
    assert len(names) > 10
    for name in names:
        np.testing.assert_allclose(found[name], expected[name], rtol=rtol, atol=atol)


def test_a_training_step(run):
    """Three steps of Patchnet's kind: loss and every weight."""
    cpu, gpu = run("step", 0), run("step", 1)
    assert "GPU" in str(gpu["device"]) and "CPU" in str(cpu["device"])
    assert cpu["moved"] > 100 * ATOL
    np.testing.assert_allclose(gpu["loss"], cpu["loss"], rtol=RTOL)
    _same_weights(gpu, cpu)


def test_a_map_and_scores(run):
    """Of shipped networks, each on its scale."""
    cpu, gpu = run("use", 0), run("use", 1)
    assert any("GPU" in name for name in gpu["seen"])
    assert not any("GPU" in name for name in cpu["seen"])
    np.testing.assert_allclose(gpu["map"], cpu["map"], atol=1e-4)
    for name in ("patchnet", "wadiqam_nr", "paq2piq_rm"):
        assert gpu[name] == pytest.approx(cpu[name], rel=1e-3)


def test_mixed_precision(run):
    """Half precision in between, weights and their updates in single precision."""
    cpu, gpu = run("step", 0), run("mixed", 1)
    assert gpu["kinds"].tolist() == ["float16", "float32"]
    np.testing.assert_allclose(gpu["loss"], cpu["loss"], rtol=1e-2)
    _same_weights(gpu, cpu, rtol=1e-2, atol=5e-3)


@pytest.mark.skipif(GPUS < 2, reason="needs two GPUs that TensorFlow can use")
def test_two_gpus_split_a_batch(run):
    """A batch of 16 is 8 and 8, and the weights are those of one GPU."""
    one, two = run("step", 1), run("two", 2)
    assert two["parts"].tolist() == [8, 8]
    _same_weights(two, one)
