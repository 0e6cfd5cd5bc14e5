"""CSV tables with columns looked up by name."""

import pytest

from kiqa.data.tables import match_columns, read_table


def test_columns_are_found_whatever_their_case_and_order(tmp_path):
    """Names in another case, a byte order mark, extra and nameless columns do not matter."""
    path = tmp_path / "scores.csv"
    path.write_text("\ufeffmos,Other, IMAGE name ,,\n0.5,x, a.jpg ,,\n\n0.7,y,b.jpg,,\n", "utf-8")
    assert read_table(path, ("Image Name", "MOS"), ("SD",)) == [
        (2, {"Image Name": "a.jpg", "MOS": "0.5"}),
        (4, {"Image Name": "b.jpg", "MOS": "0.7"}),
    ]


def test_a_missing_column_lists_those_found(tmp_path):
    """The message names the file, what is missing and what is there."""
    path = tmp_path / "scores.csv"
    path.write_text("name,score\na.jpg,1\n")
    with pytest.raises(ValueError, match=r"scores\.csv.*\['name', 'score'\].*\['MOS'\] missing"):
        read_table(path, ("name", "MOS"))


def test_a_column_that_occurs_twice_is_refused():
    """Two columns of one name but for case leave open which is meant."""
    with pytest.raises(ValueError, match="more than once"):
        match_columns(["MOS", "mos"], ["MOS"], where="here")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "received"),
        (b"name,MOS\n", "none"),
        (b"name,MOS\na.jpg\n", "line 2"),
        (b"name,MOS\n\xff\xfe\x00,1\n", "UTF-8"),
    ],
    ids=["empty", "header only", "short row", "not text"],
)
def test_a_damaged_file_is_refused(tmp_path, content, message):
    """Every kind of damage is a ValueError that names the file."""
    path = tmp_path / "scores.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_table(path, ("name", "MOS"))
    assert "scores.csv" in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    """The message says which columns the file should have."""
    with pytest.raises(FileNotFoundError, match=r"absent\.csv"):
        read_table(tmp_path / "absent.csv", ("name",))
