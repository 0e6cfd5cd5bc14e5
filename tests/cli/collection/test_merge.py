"""``kiqa merge``: shards that `kiqa score` wrote, in any form, and what is refused."""

import json
from pathlib import Path

import pytest

from kiqa.cli.main import main
from kiqa.scoring.row_files import read_row_file


def _score(*options):
    main(["score", "photos", *options])


def _paths(file):
    return sorted(row["path"] for row in read_row_file(file)[1])


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_shards_and_a_rerun_give_the_rows_of_one_run(stand_in, photos, capsys, form):
    """As many as of the whole folder; the command says what it did."""
    for part in (1, 2):
        _score("--shard", f"{part}/2", "--output", f"{part}.{form}")
    _score("--output", "whole.jsonl")
    capsys.readouterr()
    shards = [f"1.{form}", f"2.{form}"]
    assert main(["merge", *shards, *shards[:1], "--output", "all.jsonl"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("all.jsonl: 7 rows, 4 of them errors, of 3 inputs; ") and err == ""
    assert _paths("all.jsonl") == _paths("whole.jsonl")
    assert main(["score", "photos", "--output", "all.jsonl", "--resume"]) == 1
    assert len(_paths("all.jsonl")) == 7


def test_parquet_is_written_resumed_and_read(stand_in, photos, capsys):
    """By score, merge and report."""
    pytest.importorskip("pyarrow", reason="needs kiqa[parquet]")
    _score("--shard", "1/2", "--output", "rows.parquet")
    _score("--output", "rows.parquet", "--resume")
    assert len(_paths("rows.parquet")) == 7 and len(list(Path("rows.parquet").iterdir())) == 2
    assert stand_in[-1].calls < 5 + 1
    assert main(["merge", "rows.parquet", "--output", "all.csv"]) == 0
    assert main(["merge", "all.csv", "--output", "all.parquet"]) == 0
    assert _paths("all.parquet") == _paths("rows.parquet")
    assert main(["report", "all.parquet", "--output", "page.html", "--no-maps"]) == 1
    assert Path("page.html").stat().st_size > 1000


def test_different_scores_are_status_1(stand_in, photos, capsys):
    """The first are named, all are counted, the later are kept."""
    _score("--output", "a.jsonl")
    rows = [json.loads(line) for line in Path("a.jsonl").read_text().splitlines()]
    changed = [row | {"score": 0.9, "kiqa": "9"} for row in rows if row["score"] is not None]
    Path("b.jsonl").write_text("".join(json.dumps(row) + "\n" for row in changed))
    capsys.readouterr()
    assert main(["merge", "a.jsonl", "b.jsonl", "--output", "c.jsonl"]) == 1
    err = capsys.readouterr().err.splitlines()
    assert "photos/a.png: score 0.9 kept, 0.2 of a.jsonl left out" in err[0]
    assert "rows of several versions of kiqa: 0.2.0, 9" in err[3]
    assert err[-1].startswith("kiqa: 3 images have different scores")
    kept = [row["score"] for row in read_row_file("c.jsonl")[1] if row["score"] is not None]
    assert kept == [0.9] * 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a.jsonl", "--output", "a.jsonl"], "replaces no input"),
        (["gone.jsonl", "--output", "c.jsonl"], "gone.jsonl"),
        (["empty.jsonl", "--output", "c.jsonl"], "without any"),
        (["a.jsonl", "photos/notes.jpg", "--output", "c.jsonl"], "Expected rows that kiqa score"),
        (["a.jsonl", "--output", "photos"], "a folder"),
        (["a.jsonl", "--output", "old.csv"], "old.csv, which has content. Remove it, or choose"),
    ],
)
def test_errors_are_one_line_and_status_2(stand_in, photos, capsys, arguments, said):
    """And nothing is written."""
    _score("--output", "a.jsonl")
    Path("empty.jsonl").touch()
    Path("old.csv").write_text("kept")
    before = Path("a.jsonl").read_bytes()
    capsys.readouterr()
    assert main(["merge", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert Path("a.jsonl").read_bytes() == before and not Path("c.jsonl").exists()
    assert Path("old.csv").read_text() == "kept"
