"""Ctrl-C, SIGTERM and SIGHUP: a command ends by one line, with what is finished kept.

The signals become `KeyboardInterrupt`, so that every block that cleans up
after Ctrl-C does so after the others too. Loads nothing, since it has to be
there before anything else is.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

_ENDING = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
)
_last: list[int] = []


@contextmanager
def ending_signals() -> Iterator[None]:
    """Let the signals that end a process raise `KeyboardInterrupt` within the block.

    What ``nohup`` or a program of the user's has set stays. In another thread
    than the first this does nothing. Libraries that are interrupted while they
    are loading raise errors of their own; these too become the interrupt.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    usual = (signal.SIG_DFL, signal.default_int_handler)
    former = {
        number: signal.signal(number, _interrupt)
        for number in (signal.SIGINT, *_ENDING)
        if signal.getsignal(number) in usual
    }
    try:
        yield
    except Exception:
        if _last:
            raise KeyboardInterrupt from None
        raise
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _interrupt(number, frame):
    _last.append(number)
    raise KeyboardInterrupt


def interrupted() -> bool:
    """Say whether a signal has come that ends the command; threads ask, who get none."""
    return bool(_last)


def interrupt_status() -> int:
    """Return the exit status of an interrupted command: 130 of Ctrl-C, else 128 + the signal.

    Asked once: the next interrupt is one of Ctrl-C until a signal comes.
    """
    number = _last[-1] if _last else int(signal.SIGINT)
    _last.clear()
    return 128 + number


def watch_start() -> None:
    """Let Ctrl-C end a command at once while it is loading; called by ``import kiqa``.

    Only where `is_command`. `entry` ends the watch.
    """
    if is_command() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end_at_once)


def is_command() -> bool:
    """Say whether this process is a command of kiqa's: ``kiqa`` or ``python -m kiqa...``."""
    words = getattr(sys, "orig_argv", [])
    words = words[: len(words) - len(sys.argv) + 1]  # Python's own, without those of the program
    module = words[words.index("-m") + 1 :][:1] if "-m" in words else []
    script = os.path.basename(sys.argv[0]) if sys.argv else ""
    return os.path.splitext(script)[0] == "kiqa" or [m.split(".")[0] for m in module] == ["kiqa"]


def _end_at_once(number, frame):
    os.write(2, b"kiqa: interrupted\n")
    os._exit(128 + number)


def _end_watch():
    if signal.getsignal(signal.SIGINT) is _end_at_once:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def entry(
    name: str,
    load: Callable[[], Callable[[Sequence[str] | None], int]],
    argv: Sequence[str] | None = None,
) -> int:
    """Load a command and run it, both without a traceback of an interrupt.

    Args:
        name: What its messages begin with.
        load: Imports the command and returns its ``main``.
        argv: Its arguments; ``None`` takes `sys.argv`.

    Returns:
        The exit status.
    """
    try:
        run = load()
        _end_watch()
        with ending_signals():
            return run(argv)
    except KeyboardInterrupt:
        if sys.stderr is not None:
            sys.stderr.write(f"{name}: interrupted\n")
        return interrupt_status()


def training_entry(
    system: str, argv: Sequence[str] | None = None, *, name: str | None = None
) -> int:
    """Run the command line of a system's training, as `entry` does.

    Args:
        system: Of ``kiqa.training``; its module ``command`` holds ``COMMAND``.
        argv: Arguments; ``None`` takes `sys.argv`.
        name: What messages begin with; ``None`` is ``train_SYSTEM``.

    Returns:
        The exit status.
    """

    def load():
        from functools import partial
        from importlib import import_module

        command = import_module(f"kiqa.training.{system}.command").COMMAND
        return partial(import_module("kiqa.training.runs.command").main, command)

    return entry(name or f"train_{system}", load, argv)


def end(status: int) -> None:
    """End the process; a signal from now on changes neither its status nor its output."""
    for number in (signal.SIGINT, *_ENDING):
        signal.signal(number, signal.SIG_IGN)
    sys.exit(status)
