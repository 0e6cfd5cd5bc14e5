"""What a path means in the end."""

import os
from pathlib import Path

import pytest

from kiqa.io.outputs.links import is_written_through, written_path

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links of POSIX")


def test_links_are_followed_to_the_end(tmp_path, monkeypatch):
    """Relative ones, chains, and those to what is not there yet."""
    monkeypatch.chdir(tmp_path)
    Path("d/e").mkdir(parents=True)
    Path("d/one").symlink_to("e/two")
    Path("d/e/two").symlink_to("../../new.txt")
    assert written_path("d/../d/one") == str(tmp_path.resolve() / "new.txt")
    assert not is_written_through(written_path("d/one"))


def test_circles_are_refused(tmp_path):
    """The path that was named is in the message."""
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match=r"/a, a circle"):
        written_path(tmp_path / "a")


def test_devices_pipes_and_open_files_are_written_as_they_are(tmp_path):
    """Also through a link of the user's."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "out").symlink_to("/dev/stdout")
    (tmp_path / "file").touch()
    for path in (tmp_path / "pipe", tmp_path / "out", "/dev/null", "/dev/stdout", "/dev/fd/1"):
        assert is_written_through(written_path(path))
    assert not is_written_through(written_path(tmp_path / "file"))
