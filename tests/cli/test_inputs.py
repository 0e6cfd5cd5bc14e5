"""Which files the PATH arguments mean, and how results are named."""

import io
import os

import pytest

from kiqa import data
from kiqa.cli.inputs import DATASETS, collect, distinguish


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A working folder with some files; their content does not matter here."""
    monkeypatch.chdir(tmp_path)
    for name in ("in/a.jpg", "in/b.PNG", "in/sub/a.jpg", "in/.DS_Store", "other/a.jpg", "x[1].jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def _pairs(*paths, **options):
    return [(item.path, item.name) for item in distinguish(collect(paths, **options))]


def test_folder_gives_every_image_below_it_sorted(tree, capsys):
    """Those in sub-folders count, others are skipped and said; names are relative to the folder."""
    (tree / "in" / "a.xmp").write_text("<x:xmpmeta>")
    assert _pairs("in") == [
        ("in/a.jpg", "a.jpg"),
        ("in/b.PNG", "b.PNG"),
        ("in/sub/a.jpg", "sub/a.jpg"),
    ]
    assert capsys.readouterr().err == "kiqa: 2 files skipped: 1 .xmp, 1 hidden\n"


def test_what_is_named_is_tried(tree, capsys):
    """By its path, by a glob or on a list."""
    assert _pairs("in/.DS_Store") == [("in/.DS_Store", ".DS_Store")]
    (tree / "in" / "a.xmp").write_text("<x:xmpmeta>")
    assert _pairs("in/*.xmp") == [("in/a.xmp", "a.xmp")]
    assert capsys.readouterr().err == ""


def test_a_folder_without_images_is_an_error(tree):
    """The message says what is in it."""
    (tree / "notes").mkdir()
    (tree / "notes" / "a.txt").write_text("x")
    with pytest.raises(FileNotFoundError, match=r"notes, with none \(1 file skipped: 1 \.txt\)"):
        collect(["notes"])


def test_file_gives_itself_once(tree):
    """The same path twice is one input, named by its file name."""
    assert _pairs("in/sub/a.jpg", "in/sub/a.jpg") == [("in/sub/a.jpg", "a.jpg")]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("in/*.jpg", [("in/a.jpg", "a.jpg")]),
        ("in/**/*.jpg", [("in/a.jpg", "a.jpg"), ("in/sub/a.jpg", "sub/a.jpg")]),
        ("*/a.jpg", [("in/a.jpg", "in/a.jpg"), ("other/a.jpg", "other/a.jpg")]),
        ("in/s*", [("in/sub/a.jpg", "sub/a.jpg")]),
        ("x[1].jpg", [("x[1].jpg", "x[1].jpg")]),
    ],
)
def test_glob_that_the_shell_left_alone_is_expanded(tree, pattern, expected):
    """Names keep the folders below the pattern's fixed part; a file's own name comes first."""
    assert _pairs(pattern) == expected


def test_equal_names_of_different_files_stay_apart(tree):
    """Files that would share a name are named from their common folder."""
    assert _pairs("in/a.jpg", "other/a.jpg", "in/b.PNG") == [
        ("in/a.jpg", "in/a.jpg"),
        ("other/a.jpg", "other/a.jpg"),
        ("in/b.PNG", "b.PNG"),
    ]


def test_shard_name_does_not_depend_on_other_inputs(tree):
    """Before `distinguish` a name follows from its argument alone."""
    assert [item.name for item in collect(["in/a.jpg", "other/a.jpg"])] == ["a.jpg", "a.jpg"]


def test_names_never_leave_the_output_folder(tree):
    """No name is absolute or has a way up."""
    for paths in ([str(tree / "in" / "a.jpg")], ["in/../other/a.jpg", "in/a.jpg"], ["in/sub/.."]):
        for _, name in _pairs(*paths):
            assert not os.path.isabs(name)
            assert ".." not in name.split("/")


@pytest.mark.parametrize("separator", [b"\n", b"\r\n", b"\0"])
def test_dash_reads_a_list(tree, monkeypatch, separator):
    """Paths on stdin by line or NUL; empty lines do not count, missing files do."""
    data = separator.join([b"in/a.jpg", b"", b"gone.jpg", b"in/sub", b""])
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert [path for path, _ in _pairs("-")] == ["in/a.jpg", "gone.jpg", "in/sub/a.jpg"]


@pytest.mark.parametrize("path", ["gone.jpg", "empty", "*.gif", "-"])
def test_argument_without_files_is_an_error(tree, monkeypatch, path):
    """A wrong path, an empty folder, a glob without matches and an empty list are refused."""
    (tree / "empty").mkdir()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\n")))
    with pytest.raises(FileNotFoundError, match="Expected"):
        collect(["in", path])


def test_dash_without_standard_input_is_an_error(monkeypatch):
    """Started with standard input closed, `-` is an empty list."""
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(FileNotFoundError, match="standard input"):
        collect(["-"])


def test_output_file_is_no_input(tree):
    """The file that the command writes is left out, under whatever spelling."""
    assert ("in/a.jpg", "a.jpg") not in _pairs("in", leave_out=["in/../in/a.jpg", None])
    with pytest.raises(FileNotFoundError, match="output"):
        collect(["in/a.jpg"], leave_out=["in/a.jpg"])


def test_linked_folder_is_walked_once(tree):
    """Links to folders are followed, a circle ends."""
    (tree / "in" / "circle").symlink_to(tree / "in", target_is_directory=True)
    (tree / "in" / "link").symlink_to(tree / "other", target_is_directory=True)
    names = [name for _, name in _pairs("in")]
    assert "link/a.jpg" in names
    assert not any(name.startswith("circle") for name in names)


def test_folder_that_cannot_be_listed_stands_in(tree, monkeypatch):
    """Nothing is skipped silently: such a folder becomes an input, hence an error row."""
    scandir = os.scandir

    def refuse(path):
        if os.path.basename(path) == "sub":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert _pairs("in")[-1] == ("in/sub", "sub")


def test_choices_are_the_readers():
    """The command line offers every data set that can be read."""
    assert sorted(DATASETS) == sorted(data.DATASETS)


def test_a_list_without_end_is_refused(tree, monkeypatch):
    """Before memory is full; the remedy is named."""
    monkeypatch.setattr("kiqa.cli.inputs._LARGEST_LIST", 1000)
    with open(os.devnull if os.name != "posix" else "/dev/zero") as endless:
        monkeypatch.setattr("sys.stdin", endless)
        with pytest.raises((ValueError, FileNotFoundError), match="at most 1000 bytes|none"):
            collect(["-"])
