"""Signals that end a process become one interrupt, and its exit status says which it was."""

import os
import signal
import threading
import time
from importlib import import_module
from pathlib import Path

import pytest

import kiqa
from kiqa import interrupts
from kiqa.interrupts import ending_signals, entry, interrupt_status, interrupted

PACKAGE = Path(kiqa.__file__).parent
posix = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_signal_interrupts_and_is_told_by_the_status(number):
    """128 and its number; the handlers of before are back, and a later Ctrl-C is 130."""
    former = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), ending_signals():
        os.kill(os.getpid(), number)
        time.sleep(1)
    assert signal.getsignal(number) is former
    assert interrupted()
    assert interrupt_status() == 128 + number
    assert interrupt_status() == 130 and not interrupted()


@posix
def test_what_a_library_makes_of_an_interrupt_is_one():
    """An import that is interrupted in C code says ImportError; other errors stay."""
    with pytest.raises(KeyboardInterrupt), ending_signals():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(1)
        except KeyboardInterrupt:
            raise ImportError("could not import datetime") from None
    assert interrupt_status() == 143
    with pytest.raises(ImportError, match="really"), ending_signals():
        raise ImportError("really")


@posix
def test_what_was_ignored_stays_ignored():
    """As by nohup; and in another thread nothing is set."""
    former = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending_signals():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, former)
    seen = []

    def run():
        with ending_signals():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGTERM)]


def test_entry_turns_an_interrupt_into_a_line(capsys):
    """While it is loading too; the command gets its arguments."""

    def load():
        raise KeyboardInterrupt

    assert entry("tool", load) == 130
    assert capsys.readouterr().err == "tool: interrupted\n"
    assert entry("tool", lambda: len, ["a", "b"]) == 2


@pytest.mark.parametrize(
    ("words", "argv", "expected"),
    [
        (["python", "-m", "kiqa.train_lite", "--help"], ["-m", "--help"], True),
        (["python", "-X", "dev", "-m", "kiqa"], ["-m"], True),
        (["python", "/bin/kiqa", "score"], ["/bin/kiqa", "score"], True),
        (["python", "-m", "pytest", "kiqa"], ["-m", "kiqa"], False),
        (["python", "-m"], ["-m"], False),
        (["python", "mine.py"], ["mine.py"], False),
        (["python", "mine.py", "-m", "kiqa"], ["mine.py", "-m", "kiqa"], False),
    ],
)
def test_only_commands_are_watched_while_they_load(monkeypatch, words, argv, expected):
    """A program of the user's that imports kiqa keeps its Ctrl-C."""
    monkeypatch.setattr("sys.orig_argv", words)
    monkeypatch.setattr("sys.argv", argv)
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        interrupts.watch_start()
        watched = signal.getsignal(signal.SIGINT) is not signal.default_int_handler
        assert watched == expected
        entry("tool", lambda: lambda argv: 0)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, former)


@posix
@pytest.mark.parametrize("name", sorted(path.stem for path in PACKAGE.glob("train_*.py")))
def test_every_training_ends_the_watch_of_its_start(name, monkeypatch, capsys):
    """Else Ctrl-C would end it at once for its whole run, with nothing cleaned up."""
    former = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr("sys.argv", [name])
    try:
        signal.signal(signal.SIGINT, interrupts._end_at_once)
        with pytest.raises(SystemExit) as stop:
            import_module(f"kiqa.{name}").main(["--help"])
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, former)
    assert stop.value.code == 0 and name in capsys.readouterr().out
