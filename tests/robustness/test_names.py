"""Names of files in what every command writes and says."""

import csv
import json
import unicodedata
from html import escape
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kiqa.cli.main import main
from kiqa.io.map_files import QualityMap
from kiqa.io.text import unescaped

from .names import furnish_names


@pytest.fixture
def place(tmp_path, monkeypatch, stand_in, draw_coarsely):
    """A working folder with ``d``: an image under each awkward name, and a plain one."""
    monkeypatch.chdir(tmp_path)
    draw_coarsely(monkeypatch)
    stream = BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (72, 80, 3), np.uint8)).save(
        stream, "PNG"
    )
    names = furnish_names(tmp_path / "d", stream.getvalue())
    (tmp_path / "d/good.png").write_bytes(stream.getvalue())
    return sorted([*names, "good.png"])


def _is_harmless(text):
    return all(c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") for c in text)


@pytest.mark.slow
def test_map_writes_all(place, capsys):
    """Every image is mapped and on the page; names are drawn as they are, long ones shortened."""
    arguments = ["--overlay", "o", "--npz", "n", "--html", "p.html", "--stride", "16"]
    assert main(["map", "d", *arguments]) == 0
    out, err = capsys.readouterr()
    assert err.count("\n") == 1 and len(out.splitlines()) == len(place) and _is_harmless(out)
    for folder, suffix in (("o", ".png"), ("n", ".npz")):
        written = [path.name for path in Path(folder).iterdir()]
        assert len(written) == len(place)
        short = [f"{name}{suffix}" for name in place if len(name.encode(errors="replace")) < 200]
        assert {*short} <= {*written}
    assert all(QualityMap.load(path).stride == 16 for path in Path("n").iterdir())
    page = Path("p.html").read_text(encoding="utf-8")
    assert page.count("<article") == len(place) and page.endswith("</html>\n")
    assert escape("Ba$$in.png") in page and "<script>alert" not in page
    assert _is_harmless(page)


def test_maps_of_long_names_are_found_again(place):
    """By the commands that read maps."""
    assert main(["map", "d", "--npz", "n", "--stride", "16"]) == 0
    assert main(["compress", "d", "--quality", "50", "--maps", "n", "--output", "o"]) == 0
    assert len(list(Path("o").iterdir())) == len(place)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_rows_come_back_and_others_read_them(place, capsys, form):
    """One row per image, by pandas and by resuming, which adds none."""
    path = f"rows.{form}"
    assert main(["score", "d", "--output", path]) == 0
    before = Path(path).read_bytes()
    before.decode("utf-8")
    if form == "csv":
        table = pd.read_csv(path)
        with open(path, encoding="utf-8", newline="") as file:
            found = [unescaped(row["path"]) for row in csv.DictReader(file)]
        assert table["score"].notna().all()
    else:
        found = [unescaped(json.loads(line)["path"]) for line in before.decode().splitlines()]
        table = pd.read_json(path, lines=True)
    assert found == [f"d/{name}" for name in place]
    assert len(table) == len(place)
    assert main(["score", "d", "--output", path, "--resume"]) == 0
    assert Path(path).read_bytes() == before


@pytest.mark.parametrize("at", range(1, 60, 7))
def test_a_row_torn_within_a_name_is_cut(place, at):
    """Also where the name holds a line break, so that the last line looks whole."""
    assert main(["score", "d", "--output", "rows.csv"]) == 0
    whole = Path("rows.csv").read_bytes()
    for name in (b'"d/two\nlines.png"', b'"d/carriage\rreturn.png"'):
        start = whole.index(name)
        Path("torn.csv").write_bytes(whole[: start + at])
        assert main(["score", "d", "--output", "torn.csv", "--resume"]) == 0
        rows = pd.read_csv("torn.csv", keep_default_na=False)["path"]
        expected = pd.read_csv("rows.csv", keep_default_na=False)["path"]
        assert rows.tolist() == expected.tolist()


def test_tables_and_messages_show_no_control_characters(place, capsys):
    """One line a file, errors too."""
    Path("d/bad\n\x1b[2Jname.png").write_bytes(b"no image")
    assert main(["score", "d"]) == 1
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == len(place) + 2 and _is_harmless(out) and _is_harmless(err)
    assert "two\\nlines.png" in out and "red \\x1b[31m.png" in out
    assert main(["score", "gone\x1b[2J.png"]) == 2
    assert "\x1b" not in capsys.readouterr().err


def test_a_spreadsheet_runs_nothing(place, monkeypatch):
    """Under --spreadsheet, and resuming reads the names as they are."""
    monkeypatch.chdir("d")
    more = ["--output", "../rows.csv", "--spreadsheet"]
    names = ["=1+1.png", "@sum.png", "good.png"]
    assert main(["score", *more, "--", *names]) == 0
    before = Path("../rows.csv").read_bytes()
    cells = [line.split(b",")[0] for line in before.splitlines()[1:]]
    assert cells == [b"'=1+1.png", b"'@sum.png", b"good.png"]
    assert main(["score", *more, "--resume", "--", *names]) == 0
    assert Path("../rows.csv").read_bytes() == before
    assert main(["score", "--output", "../plain.csv", "--", *names]) == 0
    assert "\n=1+1.png," in Path("../plain.csv").read_text()


def test_compress_and_decompress_write_all(place, capsys):
    """No name ends the run."""
    assert main(["compress", "d", "--quality", "50", "--stride", "16", "--output", "o"]) == 0
    assert main(["decompress", "o", "--output", "back"]) == 0
    assert len(list(Path("o").iterdir())) == len(list(Path("back").iterdir())) == len(place)
    out, err = capsys.readouterr()
    assert err == "" and _is_harmless(out)


@pytest.mark.slow
def test_evaluate_maps_draws_all(place, capsys):
    """Figures of every name, and a table that pandas reads."""
    Path("d").joinpath("tab\tand  blanks .png").unlink(missing_ok=True)
    arguments = ["--synthetic", "--map", "gray", "--stride", "16", "--output", "o", "--no-blur"]
    assert main(["evaluate-maps", "--images", "d", *arguments]) == 0
    assert len(pd.read_csv("o/auc.csv")) >= len(place) - 2
    assert json.loads(Path("o/evaluation.json").read_text())["errors"] == 0


@pytest.mark.parametrize("folder", ["d", "e"])
def test_a_file_system_without_room_for_a_name_ends_nothing(place, capsys, monkeypatch, folder):
    """One line for what cannot be written; the others are there, and the page."""
    from kiqa.cli import map as map_command

    real = map_command._targets

    def targets(item, arguments):
        found = real(item, arguments)
        if item.name == "good.png":
            found = {end: path.with_name("x" * 300 + end) for end, path in found.items()}
        return found

    monkeypatch.setattr(map_command, "_targets", targets)
    if folder == "e":
        Path("d").rename("e")
    assert main(["map", folder, "--npz", "n", "--html", "p.html", "--stride", "16"]) == 1
    _, line, last = capsys.readouterr().err.splitlines()
    assert f"{folder}/good.png: " in line
    assert last == f"kiqa: 1 of {len(place)} images could not be mapped"
    assert len(list(Path("n").iterdir())) == len(place) - 1
    assert Path("p.html").read_text().count("<article") == len(place) - 1
