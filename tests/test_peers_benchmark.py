"""``benchmarks/peers.py`` where there is no PyTorch, and the weights that it hands over."""

import importlib.util
import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from kiqa.io.weights import read_info

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "peers.py"


@pytest.fixture(scope="module")
def peers():
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("peers", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_without_pytorch_it_says_so(peers, monkeypatch, capsys):
    """Nothing is measured, and nothing has failed."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert peers.main([]) == 0
    assert json.loads(capsys.readouterr().out)["skipped"] == "pip install torch==2.13.0"


@pytest.mark.slow
def test_weights_have_the_order_of_pytorch(peers, tmp_path):
    """Outputs first; of the patch's last features channels first."""
    with h5py.File(read_info("patchnet").path) as file:
        layers = file["model_weights"]
        kernel, dense = (
            np.asarray(layers[f"{layer}/{layer}/kernel"]) for layer in ("group1_conv2", "dense1")
        )
    with np.load(peers.exchanged("patchnet", tmp_path)) as found:
        np.testing.assert_array_equal(found["group1_conv2.weight"][5, 7], kernel[:, :, 7, 5])
        row, column, channel = 2, 1, 9
        at = (row * 3 + column) * 128 + channel
        ours = found["dense1.weight"][:, channel * 9 + row * 3 + column]
        np.testing.assert_array_equal(ours, dense[at])
        assert {name.split(".")[-1] for name in found} == {"weight", "bias"}
    with np.load(peers.exchanged("paq2piq_rm", tmp_path)) as found:
        assert found["layer1.0.conv1.weight"].shape == (64, 64, 3, 3)
        assert found["score_norm1.running_var"].shape == (1024,)
    with np.load(peers.exchanged("niqe", tmp_path)) as found:
        assert found["mean"].shape == (36,) and found["covariance"].shape == (36, 36)
        np.testing.assert_allclose(found["covariance"], found["covariance"].T, rtol=1e-5)
