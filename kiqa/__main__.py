"""``python -m kiqa`` is the command `kiqa`."""

import sys

from kiqa.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
