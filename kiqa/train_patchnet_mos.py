"""Train Patchnet on images' MOS: ``python -m kiqa.train_patchnet_mos``.

This is how ``weights/patchnet.h5`` was made; its card in ``docs/`` gives the
command, the time and the scores. Exit status: 0 done; 2 usage or input
error; 130 interrupted by Ctrl-C.
"""

import sys
from collections.abc import Sequence

from kiqa.training.patchnet_mos.command import COMMAND
from kiqa.training.runs import command


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status; ``None`` takes `sys.argv`."""
    return command.main(COMMAND, argv)


if __name__ == "__main__":
    sys.exit(main())
