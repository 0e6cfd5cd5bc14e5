"""JSON in files: an object, or one error that names the file."""

import pytest

from kiqa.io.json_files import parse_json, read_json, read_json_list


def test_an_object_is_read(tmp_path):
    """In UTF-8, with whatever is in it."""
    (tmp_path / "a.json").write_text('{"größe": [1, null]}', encoding="utf-8")
    assert read_json(tmp_path / "a.json") == {"größe": [1, None]}


def test_a_list_is_read_by_another_function(tmp_path):
    """And an object is not one."""
    (tmp_path / "a.json").write_text("[1, {}]")
    assert read_json_list(tmp_path / "a.json") == [1, {}]
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(ValueError, match=r"JSON file with a list. Received: .*a\.json"):
        read_json_list(tmp_path / "a.json")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1]", b"\xff\xfe{", b'{"a":' * 100_000, b"[" * 100_000, b"NULL"]
)
def test_everything_else_is_one_error(tmp_path, content):
    """Also what is nested deeper than Python's reader goes."""
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"JSON file with an object. Received: .*a\.json"):
        read_json(tmp_path / "a.json")


def test_no_gigabytes_and_no_missing_file(tmp_path):
    """A sparse file is refused by its size, before it is read."""
    with pytest.raises(FileNotFoundError, match=r"a\.json"):
        read_json(tmp_path / "a.json")
    with (tmp_path / "a.json").open("wb") as file:
        file.truncate(5 << 30)
    with pytest.raises(ValueError, match="at most 67108864 bytes"):
        read_json(tmp_path / "a.json")


def test_pairs_are_seen_by_a_function():
    """So that keys that come twice can be refused."""
    assert parse_json('{"a": 1, "a": 2}', pairs=list) == [("a", 1), ("a", 2)]
