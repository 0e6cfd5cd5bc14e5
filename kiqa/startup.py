"""Keeps TensorFlow's start-up log from the user of a command.

TensorFlow and XLA write some lines ("oneDNN custom operations are on",
"failed call to cuInit") to file descriptor 2 before any log level applies.
"""

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

_LOG_LINE = re.compile(
    rb"^([IWE]\d{4} \d\d|WARNING: All log messages before absl|\d{4}-\d\d-\d\d .*: [IWE] )"
)


@contextlib.contextmanager
def quiet_log() -> Iterator[None]:
    """Hold back what the block writes to stderr, then let all but log lines through.

    An environment variable TF_CPP_MIN_LOG_LEVEL of 0 or 1 shows everything.
    """
    if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3") in ("0", "1"):
        yield
        return
    try:
        sys.stderr.flush()
        held = tempfile.TemporaryFile()
        saved = os.dup(2)
    except (OSError, AttributeError):  # no standard error, or no room for a temporary file
        yield
        return
    with held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)
            held.seek(0)
            os.write(2, b"".join(line for line in held if not _LOG_LINE.match(line)))


def start_keras() -> None:
    """Load Keras and its backend and run one operation, for trainings."""
    with quiet_log():
        import keras

        keras.ops.convert_to_numpy(keras.ops.zeros(1))


def load_quietly(scorer: Any) -> None:
    """Load a scorer's network and run it once.

    Args:
        scorer: A `kiqa.scoring.Scorer`.

    Raises:
        ValueError: If the weights cannot be found or loaded.
        FileNotFoundError: If the weights file is not there.
    """
    with quiet_log():
        import numpy as np

        side = scorer.least_side  # loads the network; its errors are the user's
        # A GPU writes its log lines at the first run, so that happens here.
        with contextlib.suppress(ValueError):
            picture = np.zeros((side, side, 3), np.uint8)
            scorer.score(picture, reference=picture if scorer.needs_reference else None)
