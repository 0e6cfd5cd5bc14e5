"""``kiqa score``, ``kiqa map`` and ``kiqa convert`` with PaQ-2-PiQ."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kiqa.cli.main import main
from kiqa.evaluation.study.categories import normalise_scores
from kiqa.io.map_files import QualityMap
from kiqa.models.paq2piq import build_paq2piq_head
from kiqa.models.resnet18 import build_resnet18
from kiqa.scoring import Scorer
from kiqa.scoring.engines.paq2piq import export_pair


@pytest.fixture(scope="module")
def model(tmp_path_factory, small_body):
    """A P2P-RM whose scores are near 70."""
    head = build_paq2piq_head(seed=2)
    kernel, bias = head.get_layer("score").get_weights()
    head.get_layer("score").set_weights([kernel, bias + 70])
    path = tmp_path_factory.mktemp("p2p") / "p2p.h5"
    return str(export_pair(small_body(seed=1), head, path, kind="rm"))


@pytest.fixture
def picture(tmp_path, monkeypatch):
    """An image in the working folder, 90x70 pixels."""
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(0).integers(0, 256, (70, 90, 3), dtype=np.uint8)
    Image.fromarray(pixels).save("a.png")
    return pixels


@pytest.mark.slow
def test_map_of_a_grid_with_overlay_and_page(model, picture, capsys):
    """--grid ROWSxCOLUMNS; the overlay and the page take maps of blocks."""
    options = ["--grid", "20x10", "--npz", "n", "--overlay", "o", "--html", "page.html"]
    assert main(["map", "a.png", "--model", model, *options]) == 0
    read = QualityMap.load("n/a.png.npz")
    assert read.values.shape == (20, 10)
    np.testing.assert_array_equal(read.values, Scorer(model, grid=(20, 10)).map(picture).values)
    with Image.open("o/a.png.png") as drawn:
        assert min(drawn.size) > 300
    page = Path("page.html").read_text()
    assert "one value per block" in page
    assert "left:0.0000%;top:0.0000%;width:100.0000%;height:100.0000%" in page
    note = "(pure noise: out of the domain of p2p)"
    assert capsys.readouterr().out == f"{read.mean():8.4f}  a.png  {note}\n"


@pytest.mark.slow
def test_normalised_map(model, picture):
    """The authors' normalisation of each block."""
    assert main(["map", "a.png", "--model", model, "--npz", "n", "--normalise"]) == 0
    read = QualityMap.load("n/a.png.npz")
    plain = Scorer(model).map(picture).values
    np.testing.assert_allclose(read.values, normalise_scores(plain), atol=1e-4)
    assert read.values.shape == (32, 32) and np.abs(read.values - plain).max() > 1


def test_labels_of_scores(model, picture, capsys):
    """--categories adds two columns, and a word to the table."""
    assert main(["score", "a.png", "--model", model, "--categories"]) == 0
    table = capsys.readouterr().out.splitlines()[-1]
    assert main(["score", "a.png", "--model", model, "--categories", "--format", "jsonl"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["normalised"] == pytest.approx(normalise_scores(row["score"]))
    label = f"{row['category']} ({row['normalised']:.1f})"
    assert table.endswith(f"a.png  (pure noise: out of the domain of p2p)  {label}")
    assert row["category"] in ("Fair", "Good", "Excellent")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["map", "a.png", "--npz", "n", "--model", "MODEL", "--stride", "8"], "grid of blocks"),
        (["map", "a.png", "--npz", "n", "--model", "patchnet", "--grid", "4x4"], "with grid"),
        (["map", "a.png", "--npz", "n", "--model", "patchnet", "--normalise"], "scale 0..100"),
        (["score", "a.png", "--model", "patchnet", "--categories"], "scale 0..100"),
        (["score", "a.png", "--model", "MODEL", "--categories", "--output", "r.csv"], "--output"),
        (["convert", "paq2piq", "a.png", "--output", "o.h5"], "a.png"),
        (["convert", "resnet18", "gone.pth", "--output", "o.h5"], "gone.pth"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_input_error_is_one_line_and_status_2(model, picture, capsys, arguments, said):
    """And nothing is written."""
    assert main([model if word == "MODEL" else word for word in arguments]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert sorted(path.name for path in Path().iterdir()) == ["a.png"]


@pytest.mark.parametrize(
    "options", [["--grid", "4x4", "--stride", "8"], ["--grid", "4"], ["--grid", "0x4"]]
)
def test_usage_errors_are_status_2(options):
    """Both at once, or no ROWSxCOLUMNS."""
    with pytest.raises(SystemExit) as stop:
        main(["map", "a.png", "--npz", "n", *options])
    assert stop.value.code == 2


@pytest.mark.slow
def test_convert_writes_both_files(picture, tmp_path, capsys, monkeypatch, eager):
    """Body and head beside each other, and a line that says what they are."""
    monkeypatch.setattr("kiqa.models.resnet18._WIDTHS", (8, 16, 32, 64))
    body, head = build_resnet18(seed=4), build_paq2piq_head(features=64, seed=5)
    tensors = {}
    numbers = {"conv1": "0", "bn1": "1", "layer1": "4", "layer2": "5", "layer3": "6", "layer4": "7"}
    for layer in body.layers:
        first, _, rest = layer.name.partition(".")
        if layer.weights:
            _add(tensors, f"body.{numbers[first]}{'.' if rest else ''}{rest}", layer)
    for name, number in (("score_norm1", 2), ("score_hidden", 4), ("score_norm2", 6), ("score", 8)):
        _add(tensors, f"head.{number}", head.get_layer(name))
    np.savez("state.npz", **tensors)
    arguments = ["convert", "paq2piq", "state.npz", "--output", "net.h5", "--kind", "bm"]
    assert main(arguments) == 0
    line = "net.h5: paq2piq-bm, scale 0..100, higher is better\n"
    assert capsys.readouterr().out == line
    assert Path("net_head.h5").is_file()
    assert main(["convert", "paq2piq", "state.npz", "--output", "net.h5"]) == 0
    assert np.isfinite(Scorer("net.h5").score(picture))


def _add(tensors, name, layer):
    """A layer's weights under PyTorch's names."""
    values = layer.get_weights()
    parts = ("weight", "bias", "running_mean", "running_var")[: len(values)]
    values[0] = values[0].transpose(3, 2, 0, 1) if values[0].ndim == 4 else values[0].T
    tensors |= {f"{name}.{part}": value for part, value in zip(parts, values, strict=True)}
