"""The command line that trains a ResNet-18 to start from, with the real networks."""

import numpy as np
import pytest

from kiqa import __version__
from kiqa.io.weights import Details, export_h5, load_model
from kiqa.models.wadiqam import build_wadiqam
from kiqa.train_resnet18 import main
from kiqa.training.paq2piq.network import body_and_head, compile_paq2piq
from kiqa.training.paq2piq.settings import Paq2piqSettings


@pytest.fixture(scope="module")
def biq(tmp_path_factory, photo, biq2021_tree):
    """A BIQ2021 tree of eight images."""
    images = [photo[8 * index : 8 * index + 70, 30:100] for index in range(8)]
    return biq2021_tree(tmp_path_factory.mktemp("data") / "biq", images, ["val", "train"] * 4)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    path = tmp_path_factory.mktemp("teacher") / "teacher.h5"
    return export_h5(
        build_wadiqam(seed=1), path, Details(name="teacher", version=__version__, scale="0..1",
        higher_is_better=True, mode="wadiqam-nr", trained_on=()),
    )  # fmt: skip


def _arguments(biq, teacher, folder, *options):
    return [
        "--data", str(biq), "--dataset", "biq2021", "--teacher", str(teacher),
        "--workdir", str(folder), "--side", "32", "--batch-size", "4", "--epochs", "1", *options,
    ]  # fmt: skip


@pytest.mark.slow
def test_paq2piq_starts_from_its_result(biq, teacher, tmp_path, capsys, eager):
    """Distillation, then PaQ-2-PiQ from its file: the body's weights are those written."""
    folder = tmp_path / "start"
    assert main(_arguments(biq, teacher, folder)) == 0
    assert "validation SROCC" in capsys.readouterr().out
    settings = Paq2piqSettings(model="bm", batch_size=2)
    model = compile_paq2piq(np.zeros(4), settings, initial=folder / "resnet18.h5")
    body, _ = body_and_head(model)
    start = load_model(folder / "resnet18.h5")
    for name in ("conv1", "layer4.1.conv2"):
        wanted = np.asarray(start.get_layer(name).kernel)
        found = np.asarray(body.get_layer(name).kernel)
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-6)  # float16 storage


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--side", "33"], "multiple of 32"),
        (["--side", "64"], "at least 96 pixels"),
        (["--teacher", "gone.h5"], "gone.h5"),
        (["--teacher", "patchnet"], "without reference"),
        (["--split", "gone.csv"], "gone.csv"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_input_is_one_line(biq, teacher, tmp_path, capsys, options, said):
    """Exit status 2, no traceback."""
    assert main(_arguments(biq, teacher, tmp_path / "run", *options)) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and said in lines[0]


def test_help_loads_no_tensorflow(loaded_by_help):
    """--help answers without Keras or TensorFlow."""
    loaded, _ = loaded_by_help("kiqa.train_resnet18")
    assert not {"tensorflow", "keras"} & loaded
