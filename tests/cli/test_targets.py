"""Where a command that makes one file of one file writes it."""

import sys
from pathlib import Path

import pytest

from kiqa.cli.inputs import Input
from kiqa.cli.targets import beside_bar, output_paths, report, row_form, shown, write_line


def listed(*names):
    """Inputs by name, from a folder ``in``."""
    return [Input(f"in/{name}", name) for name in names]


def test_names_stay_and_suffixes_change():
    """Folders too; dots inside a name are part of it."""
    inputs = listed("a.png", "sub/a.PNG", "b.c.tif", "none")
    paths = output_paths(inputs, Path("out"), suffix=".jpg")
    assert paths == [Path("out", name) for name in ("a.jpg", "sub/a.jpg", "b.c.jpg", "none.jpg")]


@pytest.mark.parametrize("output", ["x.jpg", "deep/x.JPG"])
def test_one_input_may_have_a_file(output):
    """With the suffix; a folder of that name stays a folder."""
    assert output_paths(listed("a.png"), Path(output), suffix=".jpg") == [Path(output)]


def test_a_folder_with_a_suffix_is_a_folder(tmp_path):
    """Where it is there already."""
    (tmp_path / "x.jpg").mkdir()
    paths = output_paths(listed("a.png"), tmp_path / "x.jpg", suffix=".jpg")
    assert paths == [tmp_path / "x.jpg" / "a.jpg"]


@pytest.mark.parametrize(
    ("names", "output", "count"),
    [(["a.png"], "x.png", "1 input."), (["a.png"], "x.jpeg", "1 input."),
     (["a.png"], "x.tiff", "1 input."), (["a.png"], "x.WEBP", "1 input."),
     (["a.png"], "x.vjpg", "1 input."), (["a.png", "b.png"], "x.bmp", "2 inputs."),
     (["a.png", "b.png"], "x.jpg", "2 inputs.")],
)  # fmt: skip
def test_other_file_names_are_refused(names, output, count):
    """No folder called x.jpg is made."""
    with pytest.raises(ValueError, match=f"file ending in .jpg. Received: {output} for {count}"):
        output_paths(listed(*names), Path(output), suffix=".jpg")


def test_names_that_become_one_keep_their_suffix():
    """The suffix was all that told them apart; others are not touched."""
    inputs = listed("sub/a.png", "sub/a.tif", "a.png", "sub/a.png.gif", "B.png", "b.gif")
    paths = output_paths(inputs, Path("out"), suffix=".jpg")
    names = ["sub/a.png.jpg", "sub/a.tif.jpg", "a.jpg", "sub/a.png.gif.jpg", "B.png.jpg",
             "b.gif.jpg"]  # fmt: skip
    assert paths == [Path("out", name) for name in names]


def test_targets_that_a_file_system_does_not_tell_apart_are_refused(monkeypatch):
    """A.png and a.png in one folder are one file where case does not count."""
    inputs = listed("A.png", "a.png")
    assert len(set(output_paths(inputs, Path("out"), suffix=".jpg"))) == 2
    monkeypatch.setattr("kiqa.io.outputs.guard.folds_case", lambda folder: True)
    monkeypatch.setattr("kiqa.io.outputs.guard._folding", {})
    with pytest.raises(ValueError, match=r"A\.png\.jpg and .*a\.png\.jpg, which are one"):
        output_paths(inputs, Path("out"), suffix=".jpg")


@pytest.mark.parametrize("output", ["in", "in/../in", "link"])
def test_inputs_are_not_replaced(tmp_path, monkeypatch, output):
    """By any name of the folder."""
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    Path("link").symlink_to("in")
    Path("in/a.jpg").touch()
    with pytest.raises(ValueError, match=r"replaces no input. Received: .*a\.jpg"):
        output_paths(listed("b.png", "a.jpg"), Path(output), suffix=".jpg")


def test_reports_are_one_line_that_names_the_file(capsys):
    """Whether the error does or not; without a text its kind is told."""
    item = Input("in/a.png", "a.png")
    count = report(item, ValueError("Expected\n  more.")) + report(item, OSError("in/a.png: gone"))
    assert count + report(item, MemoryError()) == 3
    assert capsys.readouterr().err.splitlines() == [
        "kiqa: in/a.png: Expected more.",
        "kiqa: in/a.png: gone",
        "kiqa: in/a.png: MemoryError",
    ]


@pytest.mark.parametrize(
    ("output", "form"),
    [("a.csv", "csv"), ("a.JSONL", "jsonl"), ("a.json", "jsonl"), ("a.parquet/", "parquet"),
     ("a.txt", "table"), (None, "table")],
)  # fmt: skip
def test_the_form_of_rows_follows_from_the_suffix(output, form):
    """What no suffix means is the default."""
    assert row_form(output, form=None, default="table") == form
    assert row_form(output, form=form, default="jsonl") == form


@pytest.mark.parametrize(
    ("output", "form", "said"),
    [("a.xlsx", None, "a.xlsx, a form of spreadsheet programs.*ends in .csv"),
     ("a.XLS", "csv", "a.XLS, a form of"), ("a.ods", "table", "a.ods, a form of"),
     ("a.csv", "jsonl", "a.csv for --format jsonl. Name another output, or take --format csv"),
     ("a.jsonl", "parquet", "or take --format jsonl"),
     ("a.parquet/", "table", "a.parquet/ for --format table")],
)  # fmt: skip
def test_rows_are_not_called_what_they_are_not(output, form, said):
    """Who opens such a file, or kiqa itself, would go by its name."""
    with pytest.raises(ValueError, match=said):
        row_form(output, form=form, default="table")


def test_a_terminal_shows_a_bar_and_whole_lines(capsys, monkeypatch):
    """It counts to the end; lines of either stream stand beside it."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    for item in shown("abc", total=3):
        write_line(f"done {item}")
        with beside_bar():
            sys.stderr.write(f"\nsaid {item}\n")
    out, err = capsys.readouterr()
    assert out == "done a\ndone b\ndone c\n"
    assert "3/3" in err and "image" in err
    assert [line for line in err.splitlines() if line.startswith("said ")] == [
        "said a",
        "said b",
        "said c",
    ]


def test_one_image_has_no_bar(capsys, monkeypatch):
    """There is nothing to count."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert list(shown("a", total=1)) == ["a"]
    assert capsys.readouterr().err == ""


def test_no_terminal_has_no_bar(capsys):
    """Files and pipes get lines only."""
    for item in shown(iter("ab"), total=2):
        write_line(item)
    assert capsys.readouterr() == ("a\nb\n", "")
