"""TensorFlow's start-up log is held back, everything else comes through; how Keras is loaded."""

import gc
import os
import sys

import pytest

from kiqa import startup
from kiqa.startup import quiet_log

LINES = (
    b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
    b"I0000 00:00:1795226200.921709   11460 port.cc:153] oneDNN custom operations are on.\n"
    b"E0000 00:00:1795226202.668298   11460 cuda_platform.cc:52] failed call to cuInit\n"
    b"2026-01-01 00:00:00.000000: I tensorflow/core/util/port.cc:153] oneDNN\n"
    b"F0000 00:00:1795226202.668298   11460 kernel.cc:5] illegal instruction\n"
    b"In the year 2026 a message of another library\n"
)


@pytest.mark.parametrize("fails", [False, True])
def test_log_lines_vanish_and_messages_stay(capfd, monkeypatch, fails):
    """Fatal lines and what is no log line are written after the block, also after an error."""
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    try:
        with quiet_log():
            os.write(2, LINES)
            if fails:
                raise ValueError
    except ValueError:
        pass
    os.write(2, b"after\n")
    assert capfd.readouterr().err.encode() == b"".join(LINES.splitlines(True)[4:]) + b"after\n"


def test_user_may_ask_for_the_log(capfd, monkeypatch):
    """TF_CPP_MIN_LOG_LEVEL=0 shows every line."""
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    with quiet_log():
        os.write(2, LINES)
    assert capfd.readouterr().err.encode() == LINES


def test_full_temporary_folder_shows_the_log_instead(capfd, monkeypatch):
    """Without room for a temporary file the block runs all the same."""
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)

    def full():
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    with quiet_log():
        os.write(2, LINES)
    assert capfd.readouterr().err.encode() == LINES


@pytest.mark.parametrize("command", [True, False])
@pytest.mark.parametrize("fails", [True, False])
def test_keras_is_loaded_without_collecting_garbage(monkeypatch, command, fails):
    """What is there then stays to the end of a command, and is no affair of a user's program."""
    seen = []

    def load(name):
        seen.append((name, gc.isenabled()))
        if fails:
            raise ImportError(name)

    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.setattr("importlib.import_module", load)
    monkeypatch.setattr(startup, "is_command", lambda: command)
    monkeypatch.setattr(gc, "freeze", lambda: seen.append("frozen"))
    assert gc.isenabled()
    try:
        startup._loaded_keras()
    except ImportError:
        assert fails
    assert gc.isenabled()
    assert seen == [("keras", False), *(["frozen"] if command else [])]
