"""TensorFlow's start-up log is held back, everything else comes through."""

import os

import pytest

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
