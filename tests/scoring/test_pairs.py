"""Images and their references: pairing, refusals, rows and resuming."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kiqa.cli.main import main
from kiqa.io.map_files import QualityMap
from kiqa.io.weights import Details, WeightsInfo
from kiqa.scoring import ROW_KEYS, Scorer, score_paths
from kiqa.scoring.pairs import REFERENCE_KEYS, reference_for


class _Comparison:
    """Stands for a full-reference engine."""

    least_side, stride, map_stride, needs_reference, beside = 64, 8, 8, True, None
    map_sha256 = ""
    calls = 0

    def score(self, pixels, reference):
        type(self).calls += 1
        return 1 - float(np.mean(np.abs(pixels - reference.astype(float)))) / 255

    def map(self, pixels, reference):
        values = np.full((2, 2), self.score(pixels, reference), np.float32)
        return QualityMap(values, 8, 31.5, pixels.shape[:2])


@pytest.fixture
def comparing(monkeypatch):
    """Give every Scorer an engine that compares; returns its class."""
    details = Details("fr", "1", "0..1", higher_is_better=True, trained_on=())
    info = WeightsInfo(Path("-"), "1" * 64, details)
    monkeypatch.setattr(Scorer, "_load", lambda self: (info, _Comparison()))
    monkeypatch.setattr(_Comparison, "calls", 0)
    return _Comparison


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """``bad`` and ``good`` with the same relative paths; brightness differs by 51."""
    monkeypatch.chdir(tmp_path)
    for folder, add in (("bad", 51), ("good", 0)):
        for number, name in enumerate(("a.png", "sub/a.png", "sub/b.bmp")):
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            level = 40 * number + (0 if name == "sub/b.bmp" else add)
            Image.new("RGB", (80, 72), (level,) * 3).save(path)
    return tmp_path


def _rows(text):
    return [json.loads(line) for line in text.splitlines()]


def test_folders_are_paired_by_relative_path(comparing, folders, capsys):
    """Each row names its reference; an identical pair gets what the engine says of it."""
    assert main(["score", "bad", "--reference", "good", "--format", "jsonl"]) == 0
    rows = _rows(capsys.readouterr().out)
    assert tuple(rows[0]) == (*ROW_KEYS, *REFERENCE_KEYS)
    assert [row["reference"] for row in rows] == ["good/a.png", "good/sub/a.png", "good/sub/b.bmp"]
    assert [row["score"] for row in rows] == pytest.approx([0.8, 0.8, 1.0])
    assert rows[2]["sha256"] == rows[2]["reference_sha256"]
    assert main(["score", "bad", "--reference", "good", "--format", "csv"]) == 0
    lines = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [line["reference"] for line in lines] == [row["reference"] for row in rows]


def test_the_table_names_the_reference(comparing, folders, capsys):
    """For reading; errors name it themselves."""
    assert main(["score", "bad/a.png", "--reference", "good"]) == 0
    line = capsys.readouterr().out.splitlines()[1]
    note = "(flat image: out of the domain of fr)"
    assert line.split(maxsplit=2)[2] == f"bad/a.png  (reference good/a.png)  {note}"


def test_map_compares_with_references_too(comparing, folders, capsys):
    """Maps and page of each pair; a missing reference and a smaller one are reported."""
    Path("good/sub/a.png").unlink()
    Image.new("RGB", (79, 72)).save("good/sub/b.bmp")
    arguments = ["map", "bad", "--npz", "out", "--html", "page.html", "--reference"]
    assert main([*arguments, "good"]) == 1
    out, err = capsys.readouterr()
    note = "(flat image: out of the domain of fr)".split()
    assert out.split() == ["0.8000", "bad/a.png", *note]
    _, missing, size, last = err.splitlines()
    assert missing.startswith("kiqa: bad/sub/a.png: reference: ")
    assert "good/sub/a.png" in missing
    assert "good/sub/b.bmp for bad/sub/b.bmp, 79x72" in size
    assert last == "kiqa: 2 of 3 images could not be mapped"
    assert [path.name for path in Path("out").rglob("*.npz")] == ["a.png.npz"]
    assert "Reference good/a.png" in Path("page.html").read_text()
    assert main(["map", "bad", "--npz", "out"]) == 2
    assert "Add --reference" in capsys.readouterr().err


def test_one_reference_serves_all_images(comparing, folders, capsys):
    """A file as reference is that of every image."""
    assert main(["score", "bad/a.png", "good", "--reference", "good/a.png"]) == 0
    scores = [float(line.split()[0]) for line in capsys.readouterr().out.splitlines()[1:]]
    assert scores == pytest.approx([0.8, 1, 1 - 40 / 255, 1 - 80 / 255], abs=1e-4)


def test_a_missing_reference_is_a_row_with_error(comparing, folders, capsys):
    """The others are scored; image and reference are both named."""
    Path("good/sub/a.png").unlink()
    assert main(["score", "bad", "--reference", "good", "--format", "jsonl"]) == 1
    rows = _rows(capsys.readouterr().out)
    assert [row["error"] is None for row in rows] == [True, False, True]
    assert "bad/sub/a.png: reference: good/sub/a.png" in rows[1]["error"]
    assert rows[1]["sha256"] is None  # so that --resume tries it again


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (Image.new("RGB", (81, 72)), "size, 80x72.*good/a.png for bad/a.png, 81x72"),
        (Image.new("RGB", (72, 80)), "size, 80x72"),
        (Image.new("L", (80, 72)), "mode, RGB.*good/a.png for bad/a.png, L"),
        (Image.new("RGBA", (80, 72)), "mode, RGB"),
        (None, "bad/a.png: reference:.*good/a.png"),
    ],
    ids=["wider", "turned", "gray", "alpha", "damaged"],
)
def test_pairs_that_cannot_be_compared_are_errors(comparing, folders, image, message):
    """Other sizes and modes are refused, never resized or converted in silence."""
    if image is None:
        Path("good/a.png").write_bytes(b"no image")
    else:
        image.save("good/a.png")
    (row,) = score_paths(["bad/a.png"], Scorer(), references=["good/a.png"])
    assert row["score"] is None
    assert row["sha256"]
    assert re.search(message, row["error"])
    with pytest.raises(ValueError):
        Scorer().score("bad/a.png", reference="good/a.png")


def test_resume_knows_pairs(comparing, folders):
    """A finished pair is not compared again; with another reference it is another pair."""
    arguments = ["score", "bad", "--output", "o.jsonl", "--resume", "--reference"]
    assert main([*arguments, "good"]) == 0
    before = comparing.calls
    assert main([*arguments, "good"]) == 0
    assert comparing.calls == before + 1  # to warm up
    assert len(_rows(Path("o.jsonl").read_text())) == 3
    Image.new("RGB", (80, 72), (7, 7, 7)).save("good/a.png")
    assert main([*arguments, "good"]) == 0
    rows = _rows(Path("o.jsonl").read_text())
    assert len(rows) == 4
    assert rows[3]["path"] == "bad/a.png"
    assert rows[3]["score"] != rows[0]["score"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bad"], "Add --reference"),
        (["bad", "--reference", "gone"], "gone, not there"),
        (["bad", "--reference", "s3://bucket/good"], "s3://bucket/good, a URL"),
    ],
)
def test_a_full_reference_model_needs_references(comparing, folders, capsys, arguments, message):
    """Without any, one line says what to add; the status is 2."""
    assert main(["score", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_no_reference_model_takes_none(stand_in, photos, capsys):
    """A reference is never ignored."""
    assert main(["score", "photos/a.png", "--reference", "photos/b.png"]) == 2
    assert "Leave out --reference" in capsys.readouterr().err


def test_numbers_of_references_must_fit(comparing, folders):
    """One for each path."""
    with pytest.raises(ValueError, match="each of 1 images. Received: 2"):
        score_paths(["bad/a.png"], Scorer(), references=["good/a.png"] * 2)


def test_reference_with_another_suffix(folders):
    """The same path as another format is found where it is the only one."""
    Path("good/a.png").rename("good/a.bmp")
    assert reference_for("a.png", "good") == "good/a.bmp"
    assert reference_for("a.jpg", "good") == "good/a.bmp"
    Path("good/a.tif").touch()
    Path("good/a.txt").touch()
    assert reference_for("a.png", "good") == "good/a.png"
    assert reference_for("none/a.png", "good") == "good/none/a.png"


def test_evaluate_compares_with_the_references(comparing, tmp_path, monkeypatch, capsys):
    """A data set with references serves a full-reference model, one without is refused."""
    monkeypatch.chdir(tmp_path)
    images = tmp_path / "kadid10k" / "images"
    images.mkdir(parents=True)
    Image.new("RGB", (80, 72), (100,) * 3).save(images / "I01.png")
    lines = ["dist_img,ref_img,dmos,var"]
    for level, mos in enumerate((4, 3, 2.5, 2), 1):
        name = f"I01_01_0{level}.png"
        Image.new("RGB", (80, 72), (100 + 20 * level,) * 3).save(images / name)
        lines.append(f"{name},I01.png,{mos},0.1")
    (tmp_path / "kadid10k" / "dmos.csv").write_text("\n".join(lines))
    command = ["evaluate", "--set", "all", "--data", ".", "--dataset"]
    assert main([*command, "kadid10k", "--output", "out"]) == 0
    result = json.loads(Path("out/evaluation.json").read_text())
    assert result["metrics"]["srocc"]["value"] == pytest.approx(1)
    (tmp_path / "Images").mkdir()
    rows = {"a.jpg": 0.5, "b.jpg": 0.6, "c.jpg": 0.7}
    for name in rows:
        Image.new("RGB", (80, 72)).save(tmp_path / "Images" / name)
    lines = ["Image Name,MOS", *(f"{name},{mos}" for name, mos in rows.items())]
    (tmp_path / "Train (Images and MOS).csv").write_text("\n".join(lines))
    capsys.readouterr()
    assert main([*command, "biq2021"]) == 2
    assert "reference images" in capsys.readouterr().err
