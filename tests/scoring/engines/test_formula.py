"""Comparators without weights in the scorer, the rows and the commands."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import kiqa
from kiqa.cli.main import main
from kiqa.comparators import FORMULAS
from kiqa.comparators.ssim import ssim
from kiqa.maps.fish import fish
from kiqa.scoring import Scorer, score_paths
from kiqa.scoring.engines import describe


@pytest.fixture
def folder(tmp_path, photo, monkeypatch):
    """``good`` and ``bad`` with an image each, and one too small."""
    monkeypatch.chdir(tmp_path)
    crop = photo[:80, :90]
    for name, pixels in (("good", crop), ("bad", (crop // 32) * 32)):
        (tmp_path / name).mkdir()
        Image.fromarray(pixels).save(tmp_path / name / "a.png")
        Image.fromarray(pixels[:10]).save(tmp_path / name / "small.png")
    return crop


def test_full_reference_from_the_command_line(folder, capsys):
    """A score; what is too small is a row with an error that names the least size."""
    command = ["score", "bad", "--model", "ssim", "--format", "jsonl"]
    assert main([*command, "--reference", "good"]) == 1
    rows = {row["path"][4:]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    expected = ssim((folder // 32) * 32, folder)
    assert rows["a.png"]["score"] == pytest.approx(expected)
    assert rows["a.png"]["stride"] == 1 and rows["a.png"]["scale"] == "-1..1"
    assert "at least 11x11 pixels for ssim. Received: 90x10" in rows["small.png"]["error"]
    assert main(command) == 2
    assert "ssim is a full-reference model" in capsys.readouterr().err


def test_python_interface(folder):
    """`kiqa.score` and `kiqa.quality_map` take their names; no TensorFlow is needed to load one."""
    assert kiqa.score(folder, model="fish") == fish(folder)
    assert kiqa.score(folder, reference=folder, model="psnr") == 100
    found = kiqa.quality_map(folder, model="fish", stride=8)
    assert (found.model, found.stride, found.values.shape) == ("fish", 8, (3, 4))
    assert found.weights_sha256 == describe("fish").sha256
    with pytest.raises(ValueError, match="psnr, which rates whole images only"):
        Scorer("psnr").check_maps()
    with pytest.raises(ValueError, match="Leave the stride out"):
        kiqa.Scorer("psnr", stride=4).score(folder, reference=folder)


def test_rows_of_comparators_are_told_apart(folder, tmp_path):
    """One file for two of them: a resumed run takes only its own rows."""
    output = tmp_path / "rows.jsonl"
    for name in ("fish", "fish_bb", "fish"):
        rows = list(score_paths(["good/a.png"], Scorer(name), output=output, resume=True))
        assert rows[0]["model"] == name
    assert len(output.read_text().splitlines()) == 2


def test_what_is_known_of_them():
    """Hashes differ, versions change them, and nothing counts as trained on."""
    infos = [describe(name) for name in FORMULAS]
    assert len({info.sha256 for info in infos}) == len(FORMULAS)
    assert all(info.path.suffix == ".py" and info.path.is_file() for info in infos)
    assert all(info.details.trained_on == () for info in infos)


def test_a_flat_image_has_scores(photo):
    """Of every comparator without reference: no division by zero."""
    flat = np.full((64, 64, 3), 77, np.uint8)
    scores = {n: kiqa.score(flat, model=n) for n, f in FORMULAS.items() if not f.needs_reference}
    assert scores == {"blur_effect": 1, "fish": 0, "fish_bb": 0}


@pytest.mark.slow
def test_no_keras_is_loaded(folder):
    """A formula is scored in a process that never imports Keras or TensorFlow."""
    code = (
        "import sys\n"
        "from kiqa.cli.main import main\n"
        "status = main(['score', 'good/a.png', '--model', 'fish'])\n"
        "sys.exit(status or bool({'keras', 'tensorflow'} & set(sys.modules)))"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(kiqa.__file__).parents[1])}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("name", [name for name, each in FORMULAS.items() if each.map])
def test_the_stride_of_a_map_is_told(photo, name):
    """What is said beforehand is that of the map."""
    pixels = photo[:96, :128]
    pair = {"reference": pixels} if FORMULAS[name].needs_reference else {}
    scorer = Scorer(name)
    assert scorer.map_stride == scorer.map(pixels, **pair).stride
    if not pair:
        other = Scorer(name, stride=8)
        assert other.map_stride == other.map(pixels).stride == 8
