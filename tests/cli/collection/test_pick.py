"""``kiqa pick``: copies, lists and stars; nothing is replaced."""

import json
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kiqa.cli.main import main
from kiqa.reporting.picking import copy_apart
from kiqa.reporting.xmp import rating_of
from kiqa.scoring import ROW_KEYS


@pytest.fixture
def collection(tmp_path, monkeypatch, stand_in, photo):
    """A folder ``d`` of four scenes, two of one name; the brighter the better."""
    monkeypatch.chdir(tmp_path)
    Path("d/sub").mkdir(parents=True)
    scenes = (photo, photo[::-1], photo[:, ::-1], photo.transpose(1, 0, 2))
    for factor, name, scene in zip((1, 0.8, 0.6, 0.4), ("a", "b", "sub/a", "c"), scenes,
                                   strict=True):  # fmt: skip
        Image.fromarray((scene * factor).astype(np.uint8)).save(f"d/{name}.png")
    return tmp_path


def _picked(out):
    return [line.split()[1] for line in out.splitlines()]


@pytest.mark.parametrize(
    "argv",
    [["d", "--best", "2"], ["--best", "2", "d"], ["--best", "50%", "d"], ["--best", "50", "%", "d"],
     ["d", "--best", "50", "%"], ["--best=50", "%", "d"]],
    ids=" ".join,
)  # fmt: skip
def test_the_best_are_named_the_best_first(collection, capsys, argv):
    """As a number or per cent, before the folder, as the usage line has it, or behind."""
    assert main(["pick", *argv]) == 0
    assert _picked(capsys.readouterr().out) == ["d/a.png", "d/b.png"]


def test_a_percent_sign_is_joined_to_the_number_of_best_alone(collection, capsys):
    """Elsewhere it is the name of a file."""
    Path("d/a.png").rename("%")
    assert main(["pick", "%", "d/b.png", "--best", "1"]) == 0
    assert main(["pick", "--best", "1", "d/b.png", "%"]) == 0
    assert _picked(capsys.readouterr().out) == ["%", "%"]


@pytest.mark.slow
def test_of_a_burst_only_the_best(collection, capsys, photo):
    """Unless all are to be taken."""
    Image.fromarray((photo * 0.9).astype(np.uint8)).save("d/z.png")
    assert main(["pick", "d", "--best", "2"]) == 0
    assert _picked(capsys.readouterr().out) == ["d/a.png", "d/b.png"]
    assert main(["pick", "d", "--best", "2", "--keep-alike"]) == 0
    assert _picked(capsys.readouterr().out) == ["d/a.png", "d/z.png"]


@pytest.mark.slow
def test_copies_are_kept_apart_and_are_no_inputs(collection, capsys):
    """Also in a folder inside the folder."""
    Path("d/best").mkdir()
    Path("d/best/a.png").write_bytes(b"somebody's")
    argv = ["pick", "d", "--best", "3", "--copy", "d/best"]
    assert main(argv) == 0
    files = sorted(str(p.relative_to("d/best")) for p in Path("d/best").rglob("*") if p.is_file())
    assert files == ["a-2.png", "a.png", "b.png", "sub/a.png"]
    assert Path("d/best/a.png").read_bytes() == b"somebody's"
    assert Path("d/best/a-2.png").read_bytes() == Path("d/a.png").read_bytes()
    capsys.readouterr()
    assert main(argv) == 0
    assert capsys.readouterr().out.count("there already") == 3


def test_a_list_is_read_by_score(collection, capsys, monkeypatch):
    """The best first."""
    assert main(["pick", "d", "--best", "3", "--list", "best.txt"]) == 0
    assert Path("best.txt").read_text() == "d/a.png\nd/b.png\nd/sub/a.png\n"


def test_a_list_stays_if_nothing_can_be_read(collection, capsys):
    """Status 2, as of a report."""
    Path("best.txt").write_text("d/a.png\n")
    Path("d/bad.jpg").write_bytes(b"no image")
    assert main(["pick", "d/bad.jpg", "--best", "1", "--list", "best.txt"]) == 2
    assert "Expected images that can be read. Received: 1 errors" in capsys.readouterr().err
    assert Path("best.txt").read_text() == "d/a.png\n"


@pytest.mark.slow
def test_stars_are_merged_and_bad_sidecars_refused_one_by_one(collection, capsys):
    """Status 1; the others are rated."""
    Path("d/a.xmp").write_bytes(b"<html/>")
    assert main(["pick", "d", "--best", "3", "--xmp", "--stars", "4"]) == 1
    out, err = capsys.readouterr()
    assert _picked(out) == ["d/b.png", "d/sub/a.png"]
    assert "d/a.xmp: Expected XMP" in err and err.count("\n") == 3
    assert Path("d/a.xmp").read_bytes() == b"<html/>"
    assert sorted(p.name for p in Path("d").rglob("*.xmp")) == ["a.png.xmp", "a.xmp", "b.png.xmp"]
    assert rating_of(Path("d/b.png.xmp").read_bytes()) == 4
    before = Path("d/b.png.xmp").read_bytes()
    assert main(["pick", "d", "--best", "3", "--xmp", "--short-names"]) == 1
    assert "d/b.png  (has a rating)" in capsys.readouterr().out
    assert Path("d/b.png.xmp").read_bytes() == before and not os.path.exists("d/b.xmp")


def test_images_are_not_copied_to_where_they_are(collection, capsys):
    """Refused before the work."""
    assert main(["pick", "d", "--best", "1", "--copy", "d"]) == 2
    assert "replaces no input" in capsys.readouterr().err
    assert main(["pick", "d/a.png", "--best", "1", "--copy", "d"]) == 2


@pytest.mark.slow
def test_bad_files_are_said_and_rows_are_taken(collection, capsys):
    """One bad file never ends the run."""
    Path("d/bad.jpg").write_bytes(b"no image")
    assert main(["score", "d", "--output", "rows.jsonl"]) == 1
    capsys.readouterr()
    for source in ("d", "rows.jsonl"):
        assert main(["pick", source, "--best", "1"]) == 1
        out, err = capsys.readouterr()
        assert _picked(out) == ["d/a.png"] and "d/bad.jpg" in err


@pytest.mark.slow
def test_copies_of_rows_stay_in_the_folder(collection, capsys, monkeypatch):
    """Paths of rows may lead out of a folder; copies have names below what is common to them."""
    Path("here").mkdir()
    monkeypatch.chdir("here")
    assert main(["score", "../d", "--output", "rows.jsonl"]) == 0
    assert main(["pick", "rows.jsonl", "--best", "3", "--copy", "best"]) == 0
    files = [str(p.relative_to("best")) for p in Path("best").rglob("*") if p.is_file()]
    assert sorted(files) == ["a.png", "b.png", "sub/a.png"]
    assert sorted(os.listdir()) == ["best", "rows.jsonl"]


@pytest.mark.parametrize("option", [["--copy", "best"], ["--xmp"]])
def test_images_of_the_network_are_not_copied_or_rated(collection, capsys, option):
    """Said before they are scored; no folder ``s3:`` comes into being."""
    rows = [json.dumps(dict.fromkeys(ROW_KEYS) | {"path": "s3://b/a.jpg", "score": 0.5})]
    Path("rows.jsonl").write_text("".join(f"{row}\n" for row in rows))
    assert main(["pick", "rows.jsonl", "--best", "1", *option]) == 2
    assert "Received: s3://b/a.jpg. Use --list" in capsys.readouterr().err
    assert sorted(os.listdir()) == ["d", "rows.jsonl"]


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs users")
def test_protected_images_are_copied():
    """As an ordinary user, who may not write the copy either."""
    before = os.geteuid()
    with tempfile.TemporaryDirectory() as place:
        source = Path(place, "a.png")
        source.write_bytes(b"protected")
        source.chmod(0o444)
        Path(place).chmod(0o777)
        os.seteuid(before or 65534)
        try:
            copy = copy_apart(source, Path(place, "best"), "a.png")
        finally:
            os.seteuid(before)
        assert copy.read_bytes() == b"protected"
