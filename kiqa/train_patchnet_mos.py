"""Train Patchnet on images' MOS: ``python -m kiqa.train_patchnet_mos``.

This is how ``weights/patchnet.h5`` was made; its card in ``docs/`` gives the
command, the time and the scores. Exit status: 0 done; 2 usage or input
error; 130 interrupted by Ctrl-C.
"""

from collections.abc import Sequence

from kiqa.interrupts import end, training_entry


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status; ``None`` takes `sys.argv`."""
    return training_entry("patchnet_mos", argv)


if __name__ == "__main__":
    end(main())
