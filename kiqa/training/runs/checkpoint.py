"""The state of a training in one file, written whole or not at all.

A checkpoint holds the model's variables (weights and the states of its
random generators), the optimiser's, the weights of the best epoch, and a
JSON text with everything else. It is an uncompressed ``.npz`` without
pickles: NumPy can read it, and every Keras backend can continue from it.
"""

import json
import os
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

import keras
import numpy as np

from kiqa.io.files import replacing
from kiqa.io.json_files import parse_json

_STATE = "state"


@dataclass
class RunState:
    """Where a training stands, apart from its variables.

    Attributes:
        epoch: Epochs finished.
        best_epoch: Epoch of the best score, counted from 1; 0 before any.
        best_score: Score of that epoch.
        history: One dict of numbers per epoch.
        notes: The experiment's own remarks, JSON types only.
    """

    epoch: int = 0
    best_epoch: int = 0
    best_score: float | None = None
    history: list[dict[str, float]] = field(default_factory=list)
    notes: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Checkpoint:
    """Content of a checkpoint file.

    Attributes:
        state: Where the training stood.
        model: Values of ``model.variables``.
        optimizer: Values of ``model.optimizer.variables``.
        best: Values of ``model.weights`` after the best epoch.
        path: The file, for messages.
    """

    state: RunState
    model: list[np.ndarray]
    optimizer: list[np.ndarray]
    best: list[np.ndarray]
    path: Path


def save_checkpoint(
    path: str | os.PathLike, model: keras.Model, *, state: RunState, best: list[np.ndarray]
) -> None:
    """Write a checkpoint.

    Args:
        path: Target ``.npz``, replaced only by a complete file.
        model: Compiled model.
        state: Where the training stands.
        best: ``model.get_weights()`` of the best epoch.

    Raises:
        OSError: If the file cannot be written; the old one stays.
    """
    groups = {
        "model": [v.numpy() for v in model.variables],
        "optimizer": [v.numpy() for v in model.optimizer.variables],
        "best": best,
    }
    arrays = {
        f"{name}/{index:04d}": value
        for name, group in groups.items()
        for index, value in enumerate(group)
    }
    arrays[_STATE] = np.array(json.dumps(asdict(state)))
    with replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **arrays)
        file.flush()
        os.fsync(file.fileno())


def read_checkpoint(path: str | os.PathLike) -> Checkpoint:
    """Read a checkpoint.

    Args:
        path: A file of `save_checkpoint`.

    Returns:
        Its content; `restore_variables` puts it into a model.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged or no checkpoint.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"Expected a checkpoint. Received: {path}, which is not there.")
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
            state = RunState(**parse_json(str(file[_STATE])))
            names = sorted(file.files)
            groups = {
                group: [file[name] for name in names if name.startswith(f"{group}/")]
                for group in ("model", "optimizer", "best")
            }
    except (zipfile.BadZipFile, EOFError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"Expected a checkpoint (.npz). Received: {path} ({error}). The file is damaged or of "
            "another kind; delete it to start this instance again."
        ) from error
    return Checkpoint(state=state, path=path, **groups)


def restore_variables(model: keras.Model, checkpoint: Checkpoint) -> None:
    """Set a model's and its optimiser's variables to a checkpoint's values.

    Args:
        model: Model of the same graph, compiled by `compile_model` with the same optimiser.
        checkpoint: What `read_checkpoint` returned.

    Raises:
        ValueError: If number or shapes of the variables differ.
    """
    for name, variables, values in (
        ("model", model.variables, checkpoint.model),
        ("optimizer", model.optimizer.variables, checkpoint.optimizer),
    ):
        expected = [tuple(variable.shape) for variable in variables]
        received = [value.shape for value in values]
        if expected != received:
            raise ValueError(
                f"Expected the {name} of the checkpoint to have {len(expected)} variables of the "
                f"same shapes as now. Received: {checkpoint.path} with {len(received)} variables, "
                "saved from another network or optimiser."
            )
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
