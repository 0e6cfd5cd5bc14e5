"""Names that fit, and folders however deep."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiqa.io.outputs import make_folder, named
from kiqa.io.outputs.names import check_folder


@given(names=st.sets(st.text(st.characters(blacklist_characters="/\0"), min_size=1, max_size=300),
                     min_size=1, max_size=6))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_any_names_fit_and_stay_different(names):
    """Of whole characters, with their suffix; short ones are as they are."""
    made = set()
    for name in names:
        try:
            size = len(os.fsencode(name)) + 4
        except UnicodeEncodeError:  # no name of a file
            continue
        path = named("out", f"sub/{name}", ".npz")
        assert path.parent == Path("out/sub") and path.suffix == ".npz"
        assert len(os.fsencode(path.name)) <= 255
        assert size > 255 or path.name == f"{name}.npz"
        made.add((name, path))
    assert len({path for _, path in made}) == len({name for name, _ in made})


def test_folders_are_made_however_deep(tmp_path, monkeypatch):
    """What was made is said, outermost first; a file is no folder."""
    monkeypatch.chdir(tmp_path)
    assert make_folder("a/b") == [str(tmp_path / "a"), str(tmp_path / "a/b")]
    assert make_folder("a/b") == []
    (tmp_path / "a/file").touch()
    for path in ("a/file", "a/file/b"):
        with pytest.raises(NotADirectoryError, match="a/file, which is none"):
            make_folder(path)
        with pytest.raises(NotADirectoryError):
            check_folder(path)
    check_folder("a/new/folder")
