"""Rows of several files as one: what is kept, and what is reported."""

import json

import pytest

from kiqa.io.rows.forms import format_header, format_row
from kiqa.scoring.paths import row_columns
from kiqa.scoring.row_files import holds_rows, merge_rows, read_row_file


def _row(path="a.png", sha256="a", score=0.5, error=None, columns=None, **more):
    row = dict.fromkeys(columns or row_columns()) | {"path": path, "sha256": sha256}
    row |= {"score": score if error is None else None, "error": error}
    return row | {"weights_sha256": "w", "stride": 8, "kiqa": "0.2.0"} | more


@pytest.fixture
def write(tmp_path, monkeypatch):
    """The function ``write(name, *rows) -> name``, in the working folder."""
    monkeypatch.chdir(tmp_path)

    def make(name, *rows):
        form, columns = name.rpartition(".")[2], tuple(rows[0]) if rows else row_columns()
        text = format_header(form, columns)
        text += "".join(format_row(row, form, columns) for row in rows)
        (tmp_path / name).write_text(text)
        return name

    return make


def test_shards_are_joined(write):
    """Of any form; rows stay in their order."""
    one = write("1.jsonl", _row("a.png"), _row("b.png", "b"))
    two = write("2.csv", _row("c.png", "c"), _row("d.png", "d", error="d.png: no image"))
    merged = merge_rows([one, two])
    assert [row["path"] for row in merged.rows] == ["a.png", "b.png", "c.png", "d.png"]
    assert (merged.columns, merged.repeated, merged.conflicts) == (row_columns(), 0, [])
    assert merged.versions == ("0.2.0",)


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ([_row(), _row()], [1]),
        ([_row(), _row(error="no memory", sha256=None)], [0]),
        ([_row(error="no memory", sha256=None), _row()], [1]),
        ([_row(), _row(error="too large")], [0]),
        ([_row(error="too large"), _row()], [1]),
        ([_row(error="one", sha256=None), _row(error="two", sha256=None)], [1]),
        ([_row(error="gone", sha256=None), _row(error="no image")], [1]),
        ([_row(), _row(sha256="new"), _row()], [1, 2]),
        ([_row(), _row(stride=4)], [0, 1]),
        ([_row(), _row(weights_sha256="v")], [0, 1]),
        ([_row(), _row("copy.png")], [0, 1]),
        ([_row(score=0.5), _row(score=0.500001)], [1]),
    ],
)
def test_what_is_kept(write, rows, kept):
    """A score before an error, a verdict before circumstances, the later; keys stay apart."""
    rows = [row | {"seconds": float(number)} for number, row in enumerate(rows)]
    files = [write(f"{number}.jsonl", row) for number, row in enumerate(rows)]
    merged = merge_rows(files)
    assert merged.rows == [rows[number] for number in kept]
    assert (merged.repeated, merged.conflicts) == (len(rows) - len(kept), [])


def test_different_scores_of_one_content_are_reported(write):
    """The later is kept, the file of the other is named."""
    files = [write("old.jsonl", _row(score=0.5)), write("new.jsonl", _row(score=0.6))]
    merged = merge_rows(files)
    assert merged.conflicts == [("a.png", 0.6, 0.5, "old.jsonl")]
    assert [row["score"] for row in merged.rows] == [0.6]


def test_references_are_part_of_what_a_row_is_about(write):
    """One image with two references has two rows."""
    columns = row_columns(references=True)
    rows = [_row(columns=columns, reference=r, reference_sha256=r) for r in ("x.png", "y.png")]
    assert merge_rows([write("r.jsonl", *rows), write("s.jsonl", *rows)]).rows == rows


def test_other_columns_and_versions(write):
    """Rows with reasons beside rows without are refused; versions are told."""
    plain = write("plain.jsonl", _row())
    more = write("more.jsonl", _row(columns=row_columns(reasons=True)))
    with pytest.raises(ValueError, match="columns of plain.jsonl. Received: more.jsonl, with sha"):
        merge_rows([plain, more])
    with pytest.raises(ValueError, match="Received: plain.jsonl, without sharpness"):
        merge_rows([more, plain])
    assert merge_rows([plain, write("o.jsonl", _row("b.png", kiqa="0.3"))]).versions == (
        "0.2.0",
        "0.3",
    )


@pytest.mark.parametrize("first", [False, True])
def test_a_file_of_rows_with_and_without_reasons_is_refused(write, tmp_path, first):
    """As an interrupted run left it that went on with other options; no reason is dropped."""
    rows = [_row(f"{n}.png", columns=row_columns(reasons=first != n)) for n in (False, True)]
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    (tmp_path / "mixed.jsonl").write_text(lines)
    with pytest.raises(ValueError, match=r"mixed.jsonl, whose line 2 has them with(out)? sharp"):
        read_row_file("mixed.jsonl")


def test_what_holds_no_rows_is_named(write, tmp_path):
    """Other JSON, and nothing; an empty file is one of no rows."""
    (tmp_path / "other.jsonl").write_text(json.dumps({"a": 1}) + "\n")
    with pytest.raises(ValueError, match="Expected rows that kiqa score.*other.jsonl"):
        read_row_file("other.jsonl")
    with pytest.raises(FileNotFoundError):
        read_row_file("gone.csv")
    assert merge_rows([write("empty.jsonl"), write("full.jsonl", _row())]).rows == [_row()]


@pytest.mark.parametrize("reasons", [False, True])
def test_a_damaged_row_is_named_whatever_the_columns_are(write, tmp_path, reasons):
    """Not as one of other columns."""
    columns = row_columns(reasons=reasons)
    name = write("rows.csv", *(_row(f"{each}.png", columns=columns) for each in "abc"))
    lines = (tmp_path / name).read_text().splitlines(keepends=True)
    (tmp_path / name).write_text("".join([*lines[:2], "torn\n", *lines[3:]]))
    with pytest.raises(ValueError, match="whose line 3 is something else"):
        read_row_file(name)


def test_rows_by_suffix_or_content(write, tmp_path):
    """A folder without parts is one of images, whatever its name."""
    assert holds_rows("a.jsonl") and holds_rows("a.CSV") and not holds_rows("a.jpg")
    (tmp_path / "x.csv").mkdir()
    assert not holds_rows("x.csv")
    (tmp_path / "x.csv" / "_part-00000.jsonl").write_text("")
    assert holds_rows("x.csv")
