"""Rows as a folder of Parquet parts: they come back, also after a kill between any two steps."""

import json
import sys

import pytest

from kiqa.io.rows import parts as row_parts
from kiqa.io.rows.parts import PartFolder, is_parts, read_parts

pytest.importorskip("pyarrow", reason="needs kiqa[parquet]")

COLUMNS = ("path", "width", "score", "higher_is_better", "converted", "error")


def _row(number, **more):
    row = dict.fromkeys(COLUMNS) | {"path": f"{number}.png", "width": number, "score": number / 7}
    return row | {"higher_is_better": number % 2 == 0, "converted": ["a", "b"]} | more


ROWS = [_row(0, path='odd, "name"\udcff \\ud800.png'), _row(1, converted=None, score=None),
        *map(_row, range(2, 8))]  # fmt: skip


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Three rows a part."""
    monkeypatch.setattr(row_parts, "ROWS_OF_A_PART", 3)


def _damaged(part):
    """Change a byte of a column's page: where the third of them begins."""
    content = bytearray(part.read_bytes())
    place = 0
    for _ in range(3):
        place = content.index(b"\x28\xb5\x2f\xfd", place + 1)  # of zstd
    content[place] ^= 1
    part.write_bytes(content)


def _open(path, resume=False, columns=COLUMNS):
    return PartFolder(path, columns=columns, resume=resume)


def _write(path, rows=ROWS):
    parts = _open(path)
    for row in rows:
        parts.append(row)
    return parts


def test_rows_come_back_with_their_types(tmp_path):
    """Numbers, truth values, lists, None and bytes in names; other programs read them too."""
    _write(tmp_path / "rows").close()
    assert sorted(path.name for path in (tmp_path / "rows").iterdir()) == [
        f"part-{number:05d}.parquet" for number in range(3)
    ]
    assert read_parts(tmp_path / "rows", columns=COLUMNS) == ROWS
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(tmp_path / "rows")
    assert table.column("width").to_pylist() == [row["width"] for row in ROWS]
    assert str(table.schema.field("score").type) == "double"


def test_a_killed_run_loses_nothing(tmp_path):
    """Rows that are no part yet are there, and are continued."""
    folder = tmp_path / "rows"
    killed = _write(folder)  # never closed
    killed._open_rows.close()
    killed._held.__exit__(None, None, None)
    assert is_parts(folder) and read_parts(folder, columns=COLUMNS) == ROWS
    again = _open(folder, resume=True)
    assert again.finished == ROWS
    again.append(_row(8))
    again.close()
    assert read_parts(folder, columns=COLUMNS) == [*ROWS, _row(8)]
    assert len(list(folder.iterdir())) == 3


def test_rows_need_not_be_kept(tmp_path):
    """Their places are enough, of parts and of what is no part yet, also when it becomes one."""
    folder = tmp_path / "rows"
    killed = _write(folder)
    killed._open_rows.close()
    killed._held.__exit__(None, None, None)
    again = PartFolder(folder, columns=COLUMNS, resume=True, keep=lambda found: [*found])
    places, rows = zip(*again.finished, strict=True)
    assert [*rows] == ROWS
    assert [again.row_at(place) for place in reversed(places)] == ROWS[::-1]
    for number in range(8, 12):
        again.append(_row(number))
    assert [again.row_at(place) for place in places] == ROWS
    again.close()


def test_columns_that_are_not_wanted_may_be_missing(tmp_path):
    """Of parts; what is no part yet is read whole. A damaged part is refused all the same."""
    folder = tmp_path / "rows"
    killed = _write(folder)
    killed._open_rows.close()
    killed._held.__exit__(None, None, None)
    names = ("path", "converted", "error")
    options = {"columns": COLUMNS, "resume": True, "wanted": names}
    again = PartFolder(folder, **options)
    assert [{name: row[name] for name in names} for row in again.finished] == [
        {name: row[name] for name in names} for row in ROWS
    ]
    assert {*again.finished[0]} == {*names}
    assert again.row_at(1) == ROWS[1]
    again.close()
    _damaged(folder / "part-00001.parquet")
    with pytest.raises(ValueError, match=r"part-00001\.parquet, which is none"):
        PartFolder(folder, **options)


def test_a_kill_after_a_part_was_written_doubles_nothing(tmp_path):
    """The JSONL that has become a part is no second copy, and goes."""
    folder = tmp_path / "rows"
    _write(folder, ROWS[:3]).close()
    old = folder / "_part-00000.jsonl"
    old.write_text("".join(json.dumps(row) + "\n" for row in ROWS[:3]))
    assert read_parts(folder, columns=COLUMNS) == ROWS[:3]
    again = _open(folder, resume=True)
    assert again.finished == ROWS[:3] and not old.exists()
    again.close()
    assert [path.name for path in folder.iterdir()] == ["part-00000.parquet"]


def test_what_is_there_is_not_overwritten(tmp_path):
    """Content without --resume, other columns, and a second writer are refused."""
    folder = tmp_path / "rows"
    _write(folder).close()
    with pytest.raises(ValueError, match="Expected a new or empty output folder"):
        _open(folder)
    with pytest.raises(ValueError, match="without note"):
        _open(folder, resume=True, columns=(*COLUMNS, "note"))
    first = _open(folder, resume=True)
    with pytest.raises(ValueError, match="another run is writing"):
        _open(folder, resume=True)
    first.close()
    (folder / "part-00001.parquet").write_bytes(b"PAR1")
    with pytest.raises(ValueError, match="part-00001.parquet, which is none"):
        read_parts(folder, columns=COLUMNS)


def test_other_folders_hold_no_rows(tmp_path):
    """An empty one, and one of images."""
    assert not is_parts(tmp_path) and not is_parts(tmp_path / "gone")
    (tmp_path / "a.png").touch()
    assert not is_parts(tmp_path)


def test_a_missing_extra_says_what_to_install(tmp_path, monkeypatch):
    """Before anything is made."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"pip install 'kiqa\[parquet\]'"):
        _open(tmp_path / "rows")
    assert list(tmp_path.iterdir()) == []


def test_a_part_that_cannot_be_written_is_the_error(tmp_path, monkeypatch):
    """Closing hides no cause, loses no row and writes none twice."""
    write, full = row_parts._write_part, [True]

    def refuse(path, rows, columns):
        if full[0]:
            raise OSError(28, "No space left on device")
        write(path, rows, columns)

    monkeypatch.setattr(row_parts, "_write_part", refuse)
    parts = _open(tmp_path / "rows")
    parts.append(ROWS[0])
    parts.append(ROWS[1])
    with pytest.raises(OSError, match="No space"):
        parts.append(ROWS[2])
    with pytest.raises(OSError, match="No space"):
        parts.close()
    full[0] = False
    again = _open(tmp_path / "rows", resume=True)
    assert again.finished == ROWS[:3]
    again.close()
    assert read_parts(tmp_path / "rows", columns=COLUMNS) == ROWS[:3]


def test_other_files_beside_the_parts_are_passed_over(tmp_path):
    """Such as a copy of one, or a checksum."""
    _write(tmp_path / "rows").close()
    for name in ("part-00000.parquet.bak", ".part-00000.parquet.crc", "part-00001.parquet.crc"):
        (tmp_path / "rows" / name).write_text("x")
    assert is_parts(tmp_path / "rows") and read_parts(tmp_path / "rows", columns=COLUMNS) == ROWS
    again = _open(tmp_path / "rows", resume=True)
    assert again.finished == ROWS
    again.close()


def test_a_last_row_without_its_line_end_is_made_again(tmp_path):
    """It may have been torn; readers take it, a continued run counts only what it keeps."""
    killed = _write(tmp_path / "rows")
    killed._open_rows.close()
    killed._held.__exit__(None, None, None)
    (rest,) = (tmp_path / "rows").glob("_part-*.jsonl")
    rest.write_bytes(rest.read_bytes()[:-1])
    assert read_parts(tmp_path / "rows", columns=COLUMNS) == ROWS
    again = _open(tmp_path / "rows", resume=True)
    assert again.finished == ROWS[:-1]
    again.append(ROWS[-1])
    again.close()
    assert read_parts(tmp_path / "rows", columns=COLUMNS) == ROWS
