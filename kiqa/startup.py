"""The state of the process: quiet start, one load at a time, fork, Keras's backend.

TensorFlow and XLA write some lines ("oneDNN custom operations are on",
"failed call to cuInit") to file descriptor 2 before any log level applies;
`quiet_log` keeps them from the user of a command.

A process that was forked from one in which TensorFlow had run waits for ever
at its first operation, because threads are not forked. `prepare_process`
notices such forks and `check_process` refuses them by name.

Keras and TensorFlow are hundreds of thousands of objects that stay. Python's
collector of cyclic garbage looks at them while they are loaded and again while
a network is built, which took a seventh of the processor time of a first score.
"""

import contextlib
import gc
import importlib
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any, TypeVar

from kiqa.interrupts import is_command

Scorer = TypeVar("Scorer")  # a `kiqa.scoring.Scorer`, which nothing here imports

_LOG_LINE = re.compile(
    rb"^([IWE]\d{4} \d\d|WARNING: All log messages before absl|\d{4}-\d\d-\d\d .*: [IWE] "
    rb"|INFO: Created TensorFlow Lite )"
)

_load_lock = threading.RLock()
_forked_too_late = False


class ProcessError(RuntimeError):
    """This process cannot run a network; the message says why and the remedy."""


def prepare_process() -> None:
    """Watch forks, and quiet OpenCV's log; called once, by ``import kiqa``.

    OpenCV reports every unknown tag of a TIFF file on stderr. An environment
    variable OPENCV_LOG_LEVEL of the user's stands.
    """
    os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_after_fork)


def _after_fork():
    global _load_lock, _forked_too_late
    _load_lock = threading.RLock()  # a thread that is not here may have held the old one
    _forked_too_late = _forked_too_late or _tensorflow_has_run()


def _tensorflow_has_run():
    """Whether TensorFlow has started its threads, not only been imported."""
    context = getattr(sys.modules.get("tensorflow.python.eager.context"), "_context", None)
    return getattr(context, "_context_handle", None) is not None


def check_process() -> None:
    """Refuse to go on in a process in which TensorFlow would hang.

    Raises:
        ProcessError: If it was forked from one in which TensorFlow had run.
    """
    if _forked_too_late:
        raise ProcessError(
            "Expected a process in which TensorFlow can run. Received: a fork of one in which it "
            "had run already; it would wait for ever. Start the workers by "
            "multiprocessing.get_context('spawn'), or before the first network is loaded."
        )


def check_backend(*, others: bool = False) -> None:
    """Refuse to score on a backend of Keras that cannot do it; imports Keras.

    Args:
        others: Whether any backend that can be loaded will do.

    Raises:
        ProcessError: If the environment variable KERAS_BACKEND or Keras's
            settings file name another one than TensorFlow, or with
            ``others`` one that cannot be loaded.
    """
    variable = os.environ.get("KERAS_BACKEND") or "tensorflow"
    found = variable
    if others or variable == "tensorflow" or "keras" in sys.modules:
        try:
            keras = _loaded_keras()
        except (ImportError, ValueError) as error:  # not installed, or unknown to Keras
            if variable == "tensorflow" and isinstance(error, ImportError):
                raise
            found = f"{variable}, {error}"
        else:
            found = keras.backend.backend()
            if others or found == "tensorflow":
                return
    source = f"KERAS_BACKEND={variable}"
    if variable == "tensorflow":
        source = "from ~/.keras/keras.json or the program"
    raise ProcessError(
        f"Expected Keras on the backend tensorflow, on which kiqa scores. Received: {found} "
        f"({source}). Unset KERAS_BACKEND or set it to tensorflow; other backends are for "
        "trainings, and for scores by RNN-BIQA."
    )


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let one thread at a time load or trace a network, in a process that can run it.

    Raises:
        ProcessError: As `check_process`.
    """
    check_process()
    with _load_lock:
        yield


@contextlib.contextmanager
def quiet_log(*, whole: bool = False) -> Iterator[None]:
    """Hold back what the block writes to stderr, then let all but log lines through.

    An environment variable TF_CPP_MIN_LOG_LEVEL of 0 or 1 shows everything.

    Args:
        whole: Let nothing through.
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
            if not whole:
                os.write(2, b"".join(line for line in held if not _LOG_LINE.match(line)))


def start_keras() -> None:
    """Load Keras and its backend and run one operation, for trainings.

    Raises:
        ProcessError: As `check_process`.
    """
    check_process()
    with quiet_log():
        keras = _loaded_keras()
        run_in_order()
        keras.ops.convert_to_numpy(keras.ops.zeros(1))


def _loaded_keras() -> ModuleType:
    """Import Keras and its backend, and in a command leave what is there to the end of it.

    In a program of the user's what is garbage there stays garbage that is collected.
    """
    if "keras" in sys.modules or not gc.isenabled():
        return importlib.import_module("keras")
    gc.disable()
    try:
        return importlib.import_module("keras")
    finally:
        if is_command():
            gc.freeze()
        gc.enable()


def run_in_order() -> None:
    """Let TensorFlow run one operation after the other on a CPU, so that trainings repeat.

    Each operation still uses all cores. Where several run at once, a sum of
    three gradients (batch normalisation has them) is written over the one
    whose memory happens to be free, which then comes first: other bits in
    each run. Does nothing on a GPU, on other backends, and in a process in
    which TensorFlow has run already: it cannot be changed then.
    """
    import keras

    if keras.backend.backend() != "tensorflow" or _tensorflow_has_run():
        return
    import tensorflow as tf

    if not tf.config.list_physical_devices("GPU"):
        tf.config.threading.set_inter_op_parallelism_threads(1)


def load_quietly(scorer: Scorer) -> Scorer:
    """Load a scorer's network and run it once.

    Args:
        scorer: The scorer.

    Returns:
        The same scorer.

    Raises:
        ValueError: If the weights cannot be found or loaded.
        FileNotFoundError: If the weights file is not there.
    """
    with quiet_log():
        import numpy as np

        loading: Any = scorer
        side = loading.least_side  # loads the network; its errors are the user's
        # A GPU writes its log lines at the first run, so that happens here.
        with contextlib.suppress(ValueError):
            picture = np.zeros((side, side, 3), np.uint8)
            loading.score(picture, reference=picture if loading.needs_reference else None)
    return scorer
