"""Train Patchnet on images' MOS: ``python -m kiqa.train_patchnet_mos``.

This is how ``weights/patchnet.h5`` was made; its card in ``docs/`` gives the
command, the time and the scores. Exit status: 0 done; 2 usage or input
error; 130 interrupted by Ctrl-C.
"""

from collections.abc import Sequence

from kiqa.interrupts import end, entry


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status; ``None`` takes `sys.argv`."""
    return entry("train_patchnet_mos", _load, argv)


def _load():
    from functools import partial

    from kiqa.training.patchnet_mos.command import COMMAND
    from kiqa.training.runs import command

    return partial(command.main, COMMAND)


if __name__ == "__main__":
    end(main())
