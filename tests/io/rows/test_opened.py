"""Files and folders of rows: which is opened, and what is refused."""

import pytest

from kiqa.io.rows import RowFile, read_rows
from kiqa.io.rows.opened import ROW_FORMS, open_rows, write_rows

ROW = {"path": "a.png", "score": 0.5}


@pytest.mark.parametrize("form", [form for form in ROW_FORMS if form != "parquet"])
def test_files_are_files(tmp_path, form):
    """All forms but Parquet."""
    rows = open_rows(tmp_path / "rows", form=form, columns=tuple(ROW), resume=False)
    assert isinstance(rows, RowFile)
    rows.close()


def test_a_folder_for_a_file_and_the_other_way_round(tmp_path):
    """The remedy is the other format."""
    with pytest.raises(ValueError, match="a folder. Name a file in it, or take --format parquet"):
        open_rows(tmp_path, form="jsonl", columns=tuple(ROW), resume=True)
    (tmp_path / "file").write_text("x")
    with pytest.raises(ValueError, match="a file. Name a folder, or take --format jsonl"):
        open_rows(tmp_path / "file", form="parquet", columns=tuple(ROW), resume=True)


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_rows_are_written_whole_or_not_at_all(tmp_path, form):
    """There is no file if a row cannot be written; one with content is refused."""
    path = tmp_path / "rows"
    with pytest.raises(KeyError):
        write_rows(path, [ROW, {}], form=form, columns=tuple(ROW))
    assert list(tmp_path.iterdir()) == []
    path.touch()
    write_rows(path, [ROW], form=form, columns=tuple(ROW))
    with pytest.raises(ValueError, match="rows, which has content. Remove it"):
        write_rows(path, [ROW, ROW], form=form, columns=tuple(ROW))
    assert read_rows(path, form=form, columns=tuple(ROW)) == [ROW]
    assert [each.name for each in tmp_path.iterdir()] == ["rows"]


def test_parquet_is_a_new_folder(tmp_path):
    """One that is there is refused."""
    pytest.importorskip("pyarrow", reason="needs kiqa[parquet]")
    write_rows(tmp_path / "rows", [ROW], form="parquet", columns=tuple(ROW))
    assert [path.name for path in (tmp_path / "rows").iterdir()] == ["part-00000.parquet"]
    with pytest.raises(ValueError, match="a folder that is not there yet"):
        write_rows(tmp_path / "rows", [ROW], form="parquet", columns=tuple(ROW))
    assert [path.name for path in tmp_path.iterdir()] == ["rows"]
