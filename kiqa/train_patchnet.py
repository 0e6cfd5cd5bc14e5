"""Train Patchnet by the thesis's protocol: ``python -m kiqa.train_patchnet``.

Without ``--data`` and ``--patches`` the whole protocol runs small on patches
that kiqa brings along. Exit status: 0 done; 1 a network was dead at every
try; 2 usage or input error; 130 interrupted by Ctrl-C.
"""

from collections.abc import Sequence

from kiqa.interrupts import end, training_entry


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status; ``None`` takes `sys.argv`."""
    return training_entry("patchnet", argv)


if __name__ == "__main__":
    end(main())
