"""Train the scorer lite: ``python -m kiqa.train_lite``; see `kiqa.training.lite`."""

import sys

from kiqa.training.lite.command import main

if __name__ == "__main__":
    sys.exit(main())
