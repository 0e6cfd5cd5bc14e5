"""The working folder of an experiment: what it was told, and its files.

``settings.json`` is written first and read again when a run is continued, so
that no run is continued with other settings, data or another backend.
"""

import hashlib
import os
import platform
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kiqa import __version__
from kiqa.evaluation.report import write_json
from kiqa.io.json_files import read_json
from kiqa.training.runs.options import check_continues, settings_to_json

SETTINGS_FILE = "settings.json"


def open_workdir(
    workdir: str | os.PathLike,
    *,
    settings: Mapping,
    data: Mapping,
    resume: bool,
    extendable: tuple[str, ...] = ("epochs",),
) -> Path:
    """Begin or continue a run in a folder, and note what it was told.

    Args:
        workdir: Folder of the run; made if missing.
        settings: The run's settings, JSON types.
        data: What identifies the data, JSON types, with ``sha256``.
        resume: Continue the run in the folder. Without it the folder must
            not hold one; with it, it may be empty.
        extendable: Settings that may grow when the run is continued.

    Returns:
        The folder.

    Raises:
        ValueError: If there is a run and ``resume`` is ``False``, or if
            settings, data or backend differ from those of the run.
        OSError: If the folder cannot be written.
    """
    import keras

    workdir = Path(workdir)
    file = workdir / SETTINGS_FILE
    if not resume:
        refuse_begun(workdir)
    if file.is_file():
        earlier = read_json(file)
        check_continues(earlier.get("settings", {}), dict(settings), extendable=extendable)
        for key, before, now in (
            ("data", earlier.get("data", {}).get("sha256"), data["sha256"]),
            ("backend", earlier.get("backend"), keras.backend.backend()),
        ):
            if before != now:
                raise ValueError(
                    f"Expected the {key} of the run in {workdir} ({before}). Received: {now}. "
                    f"Use the same {key}, or another working folder."
                )
    versions = {
        "kiqa": __version__,
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
    write_json({"settings": dict(settings), "data": dict(data), **versions}, file)
    return workdir


def refuse_begun(workdir: str | os.PathLike) -> None:
    """Refuse a folder that holds a run.

    Args:
        workdir: Folder of a run that is not to be continued.

    Raises:
        ValueError: If there is a run.
    """
    if Path(workdir, SETTINGS_FILE).is_file():
        raise ValueError(
            f"Expected a working folder without a run. Received: {workdir}, which holds "
            f"{SETTINGS_FILE}. Continue that run with --resume, or name another folder."
        )


def refuse_other_settings(workdir: str | os.PathLike, settings: Any) -> None:
    """Refuse other settings than those of the run in a folder, before anything is prepared.

    `open_workdir` asks again: devices, data and the weights that are started
    from are known only then, and whether more epochs continue the run.

    Args:
        workdir: Folder of a run that is to be continued, or one without.
        settings: Dataclass of the settings.

    Raises:
        ValueError: Naming each setting that differs.
    """
    file = Path(workdir, SETTINGS_FILE)
    if file.is_file():
        earlier = read_json(file).get("settings", {})
        now = {key: value for key, value in settings_to_json(settings).items() if key != "devices"}
        check_continues({key: earlier.get(key) for key in now}, now)


def machine(devices: Sequence[str] = ()) -> dict:
    """Return what a run computed on, for its result and the model card.

    Args:
        devices: Devices that shared each batch; empty for one.

    Returns:
        ``cores``, ``devices``, and the time it ended.
    """
    return {
        "cores": os.cpu_count(),
        "devices": list(devices),
        "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }


def arrays_sha256(*arrays: np.ndarray) -> str:
    """Return one hash of the arrays' shapes, types and values."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def text_sha256(text: str) -> str:
    """Return the hash of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
