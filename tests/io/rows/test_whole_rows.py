"""Rows in any form come back, however the file was torn."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiqa.io.rows import whole_rows
from kiqa.io.rows.forms import format_header, format_row
from kiqa.io.rows.whole_rows import WholeRows

COLUMNS = ("path", "width", "score", "icc", "error", "converted")
NAMES = st.text(st.characters(codec=None) | st.sampled_from('\r\n",\udce9\\='), min_size=1)
ROWS = st.lists(
    st.fixed_dictionaries({
        "path": NAMES, "width": st.none() | st.integers(1, 10**6),
        "score": st.none() | st.floats(allow_nan=False, allow_infinity=False), "icc": st.booleans(),
        "error": st.none() | NAMES, "converted": st.lists(st.sampled_from(["a", "b c"]))}),
    max_size=4,
)  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def few_records():
    """Two of CSV are read at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whole_rows, "_RECORDS", 2)
        yield


def _read(content, *given, **options):
    found = WholeRows(io.BytesIO(content), *given, **options)
    rows = []
    for place, row in found:
        assert WholeRows(io.BytesIO(content), *given, **options).at(place) == row
        rows.append(row)
    return rows, found.end


def _file(rows, form, **options):
    text = format_header(form, COLUMNS)
    text += "".join(format_row(row, form, COLUMNS, **options) for row in rows)
    return text.encode("utf-8")


@given(rows=ROWS, form=st.sampled_from(["jsonl", "csv"]), spreadsheet=st.booleans())
def test_any_rows_come_back(rows, form, spreadsheet):
    """Texts such as "true" and "1.5" stay texts."""
    content = _file(rows, form, spreadsheet=spreadsheet)
    found, end = _read(content, "rows", form, COLUMNS, spreadsheet=spreadsheet)
    assert (found, end) == (rows, len(content))


@given(rows=ROWS)
def test_strict_readers_of_json_take_any_rows(rows):
    """No half of a surrogate pair, which UTF-8 cannot hold, is in a text."""
    for line in _file(rows, "jsonl").splitlines():
        for value in json.loads(line).values():
            if isinstance(value, str):
                value.encode("utf-8")


@given(rows=ROWS, form=st.sampled_from(["jsonl", "csv"]), data=st.data())
def test_a_file_torn_anywhere_keeps_its_whole_rows(rows, form, data):
    """A prefix of the rows, ending where the next one begins."""
    content = _file(rows, form)
    cut = data.draw(st.integers(0, len(content)))
    found, end = _read(content[:cut], "rows", form, COLUMNS)
    assert found == rows[: len(found)]
    assert content[:end] == _file(rows[: len(found)], form)[:end]
    assert len(_file(rows[: len(found) + 1], form)) > cut or len(found) == len(rows)


@given(rows=ROWS, form=st.sampled_from(["jsonl", "csv"]), wanted=st.sets(st.sampled_from(COLUMNS)))
def test_columns_that_are_not_wanted_may_be_missing(rows, form, wanted):
    """Those that are wanted are the same, at the same places; no two rows share a list."""
    content = _file(rows, form)
    whole = [*WholeRows(io.BytesIO(content), "rows", form, COLUMNS)]
    found = [*WholeRows(io.BytesIO(content), "rows", form, COLUMNS, wanted=wanted)]
    assert [(place, {name: row[name] for name in wanted}) for place, row in found] == [
        (place, {name: row[name] for name in wanted}) for place, row in whole
    ]
    lists = [id(row["converted"]) for _, row in whole]
    assert len({*lists}) == len(lists)


@pytest.mark.parametrize("wanted", [None, (), ("path",)])
@pytest.mark.parametrize("bad", range(1, 6))
def test_a_cell_that_is_no_number_is_found_wherever_it_is(bad, wanted):
    """With its line, after the rows before it; also where its column is not wanted."""
    rows = [{"path": f"{n}.png", "width": n, "score": 0.5, "icc": True, "error": None,
             "converted": []} for n in range(1, 6)]  # fmt: skip
    content = _file(rows, "csv").replace(f",{bad},".encode(), b",wide,")
    found = iter(WholeRows(io.BytesIO(content), "rows.csv", "csv", COLUMNS, wanted=wanted))
    for _ in range(bad - 1):
        next(found)
    with pytest.raises(ValueError, match=rf"rows\.csv, whose line {bad + 1} is something else"):
        next(found)


def test_an_open_quote_is_no_torn_row_if_rows_follow():
    """A damaged file is refused, not cut where the damage begins."""
    rows = [{"path": f"{n}.png", "width": n, "score": 0.5, "icc": True, "error": None,
             "converted": []} for n in range(1, 5)]  # fmt: skip
    content = _file(rows, "csv").replace(b"\n2.png", b'\n"2.png')
    with pytest.raises(ValueError, match="line 3 is something else"):
        _read(content, "rows.csv", "csv", COLUMNS)
    content = _file(rows, "csv") + b"x" * csv.field_size_limit() + b"y,z"
    with pytest.raises(ValueError, match="something else"):
        _read(content, "rows.csv", "csv", COLUMNS)


@pytest.mark.parametrize("kept", [1, 2, 8])
def test_a_name_of_two_lines_is_torn_near_its_rows_end(kept):
    """Its second line alone has as many cells as a row."""
    row = {"path": "one\ntwo.png", "width": 9, "score": 0.5, "icc": True, "error": None,
           "converted": ["a"]}  # fmt: skip
    content = _file([row, row], "csv")
    found, end = _read(content[:-kept], "rows.csv", "csv", COLUMNS)
    assert found == [row] and content[:end] == _file([row], "csv")


@pytest.mark.parametrize("change", ["more", "fewer"])
@pytest.mark.parametrize("line", [1, 2])
def test_a_row_of_other_columns_is_refused(change, line):
    """Of JSON lines too, which a run with other options would mix; the order does not matter."""
    row = {"path": "a.png", "width": 9, "score": 0.5, "icc": True, "error": None,
           "converted": []}  # fmt: skip
    other = row | {"contrast": 1.0} if change == "more" else {**row} | {"score": 1.0}
    if change == "fewer":
        del other["score"]
    rows = [other] if line == 1 else [dict(reversed(row.items())), other]
    content = "".join(json.dumps(each) + "\n" for each in rows).encode()
    named = "with contrast besides" if change == "more" else "without score"
    with pytest.raises(ValueError, match=f"whose line {line} has them {named}") as refused:
        _read(content, "rows.jsonl", "jsonl", COLUMNS)
    assert isinstance(refused.value, whole_rows.OtherColumnsError) == (line == 1)


def test_bytes_that_are_no_utf_8_are_read():
    """As the names they mean, where another program has written the file again."""
    content = _file([], "csv") + b"caf\xe9.png,1,0.5,true,,\n"
    (row,), _ = _read(content, "rows.csv", "csv", COLUMNS)
    assert row["path"] == "caf\udce9.png"
