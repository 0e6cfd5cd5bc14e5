"""Copies beside what is there, and lists that can be read again."""

import os

from kiqa.reporting.picking import copy_apart, list_of


def test_files_of_one_name_are_kept_apart(tmp_path):
    """Another file keeps its name and content; the same file is not copied twice."""
    for name, content in (("x/a.jpg", b"1"), ("y/a.jpg", b"2"), ("z/a.jpg", b"3")):
        path = tmp_path / name
        path.parent.mkdir()
        path.write_bytes(content)
    to = tmp_path / "to" / "deep"
    copies = [copy_apart(tmp_path / f"{name}/a.jpg", to, "a.jpg") for name in "xyz"]
    assert [copy.name for copy in copies] == ["a.jpg", "a-2.jpg", "a-3.jpg"]
    assert [copy.read_bytes() for copy in copies] == [b"1", b"2", b"3"]
    assert [copy_apart(tmp_path / f"{name}/a.jpg", to, "a.jpg") for name in "xyz"] == [None] * 3
    assert sorted(os.listdir(to)) == ["a-2.jpg", "a-3.jpg", "a.jpg"]


def test_a_copy_has_the_time_of_the_file_and_no_link_is_followed(tmp_path):
    """What a broken link would lead to is not written."""
    source = tmp_path / "a.jpg"
    source.write_bytes(b"1")
    os.utime(source, (1e9, 1e9))
    to = tmp_path / "to"
    to.mkdir()
    (to / "a.jpg").symlink_to(tmp_path / "nowhere")
    copy = copy_apart(source, to, "a.jpg")
    assert copy.name == "a-2.jpg" and copy.stat().st_mtime == 1e9
    assert not (tmp_path / "nowhere").exists()


def test_a_list_has_a_path_a_line_or_a_nul():
    """A line break in a name would be two paths; bytes that are no UTF-8 stay."""
    assert list_of(["a", "b\udce9"]) == b"a\nb\xe9\n"
    assert list_of(["a", "b\nc"]) == b"a\0b\nc\0"
