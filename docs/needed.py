"""Packages for building the site: the extra ``docs``, and kiqa's own but for TensorFlow and Keras.

The site reads docstrings without importing them and runs parsers, which load
neither. ``make docs`` installs what this prints.
"""

import configparser
import sys
from pathlib import Path

HEAVY = ("tensorflow", "keras")


def needed(setup: configparser.ConfigParser) -> list[str]:
    """Requirements of the site, as setup.cfg states them."""
    own = setup["options"]["install_requires"].split()
    extra = setup["options.extras_require"]["docs"].split()
    return [line for line in own if not line.startswith(HEAVY)] + extra


if __name__ == "__main__":
    setup = configparser.ConfigParser()
    setup.read(Path(__file__).parents[1] / "setup.cfg", encoding="utf-8")
    sys.stdout.write("\n".join(needed(setup)) + "\n")
