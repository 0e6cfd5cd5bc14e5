"""One writer at a time."""

import os
import threading
import time
from pathlib import Path

import pytest

from kiqa.io.outputs import OutputError, lock_output


def test_the_second_is_refused_whatever_it_calls_the_output(tmp_path, monkeypatch):
    """A file that is not there yet, a folder, a link; afterwards nothing is left."""
    monkeypatch.chdir(tmp_path)
    Path("d").mkdir()
    for one, other in (("new.csv", "d/../new.csv"), ("d", "./d/"), ("d/deep/x", "d/deep/x")):
        with lock_output(one):
            with pytest.raises(OutputError, match="another run is writing"), lock_output(other):
                raise AssertionError("both write")
            with lock_output("another"):
                pass
        with lock_output(other):
            pass
    assert os.listdir() == ["d"] and os.listdir("d") == []


def test_a_lock_file_that_a_kill_left_is_no_lock(tmp_path):
    """The system's lock went with its process."""
    with lock_output(tmp_path / "x"):
        (name,) = os.listdir(tmp_path)
    (tmp_path / name).touch()
    with lock_output(tmp_path / "x"):
        pass
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="devices of POSIX")
def test_devices_have_no_lock():
    """Everybody may write to them."""
    for path in ("/dev/null", "/dev/stdout"):
        with lock_output(path), lock_output(path):
            pass


def test_a_folder_that_takes_no_new_file_has_no_locks(tmp_path, monkeypatch):
    """The file in it can be written all the same."""
    from filelock import FileLock

    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(FileLock, "acquire", refuse)
    with lock_output(tmp_path / "x"), lock_output(tmp_path / "x"):
        pass


def test_what_runs_share_is_waited_for(tmp_path, capsys):
    """The one that comes later says so, and goes on when the other has ended."""
    begun, ended = threading.Event(), []

    def other():
        with lock_output(tmp_path / "x"):
            begun.set()
            time.sleep(0.3)
            ended.append(True)

    thread = threading.Thread(target=other)
    thread.start()
    assert begun.wait(10)
    with lock_output(tmp_path / "x", wait=True):
        assert ended
    thread.join()
    assert "waiting for another run that is writing" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
