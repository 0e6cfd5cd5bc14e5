"""A labelled set of patches and its file.

Public names: :class:`KonPatch`, :func:`save_konpatch`, :func:`load_konpatch`.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from kiqa.data.konpatch.votes import LABELS
from kiqa.io.arrays import read_npz
from kiqa.io.files import replacing

_TEXTS = ("votes_source", "label", "dataset")
_LARGEST = 64 << 30  # bytes; 80,000 patches have one
_OPTIONAL = ("dataset", "version", "seed")


@dataclass(frozen=True, eq=False)
class KonPatch:
    """Labelled patches with their provenance, all arrays in the same order.

    Attributes:
        x: Pixels, RGB ``uint8``, shape ``(N, 64, 64, 3)``.
        y: Labels, ``float32``, shape ``(N,)``, 0..1, higher is better.
        image: File name of each patch's image; text, shape ``(N,)``.
        row: Row of the top left pixel in the image, ``int32``, ``(N,)``.
        col: Column of the top left pixel, ``int32``, ``(N,)``.
        mos: Score of the image on 0..1, ``float32``, ``(N,)``.
        votes_yes: Votes for high quality, ``int32``, ``(N,)``.
        votes_total: All votes, ``int32``, ``(N,)``, at least 1.
        votes_source: Where the votes are from: ``"human: <file>"``,
            ``"pseudo-votes: <rule>"`` or ``"array: origin not stated"``.
        label: ``"lab"`` or ``"crowd"``: how ``y`` follows from the votes.
        dataset: Name of the data set of the images.
        seed: Seed that chose images and patches, or ``None``.
        version: Distortion of the image that the patch was cut from, text,
            ``(N,)``, empty for the image as it is; or ``None`` where
            nothing was distorted.
    """

    x: np.ndarray
    y: np.ndarray
    image: np.ndarray
    row: np.ndarray
    col: np.ndarray
    mos: np.ndarray
    votes_yes: np.ndarray
    votes_total: np.ndarray
    votes_source: str
    label: str
    dataset: str = ""
    seed: int | None = None
    version: np.ndarray | None = None

    def __post_init__(self):
        if self.x.ndim != 4 or self.x.dtype != np.uint8 or self.x.shape[3] != 3:
            raise ValueError(
                f"Expected x as uint8 of shape (N, 64, 64, 3), received {self.x.dtype} of shape "
                f"{self.x.shape}."
            )
        n = len(self.x)
        names = ["y", "image", "row", "col", "mos", "votes_yes", "votes_total"]
        names += ["version"] if self.version is not None else []
        shapes = {name: np.shape(getattr(self, name)) for name in names}
        wrong = {name: shape for name, shape in shapes.items() if shape != (n,)}
        if wrong:
            raise ValueError(f"Expected arrays of shape ({n},) beside x, received {wrong}.")
        for name in ("y", "mos"):
            values = getattr(self, name)
            if not np.all((values >= 0) & (values <= 1)):  # false for NaN, too
                raise ValueError(f"Expected {name} from 0 to 1, received values that are not.")
        if self.label not in LABELS:
            raise ValueError(f"Expected a label among {list(LABELS)}, received {self.label!r}.")

    def __len__(self) -> int:
        return len(self.x)


def save_konpatch(patches: KonPatch, path: str | Path) -> Path:
    """Write a set of patches as a compressed ``.npz``.

    The keys are the attributes of `KonPatch`; NumPy alone reads the file. It
    is written under a temporary name and renamed when complete.

    Args:
        patches: The set.
        path: File to write, with the suffix ``.npz``; an existing one is
            replaced. Its folder is made when missing.

    Returns:
        The path.

    Raises:
        ValueError: If the suffix is another.
    """
    path = Path(path)
    if path.suffix != ".npz":
        raise ValueError(f"Expected a file name that ends in .npz, received {path}.")
    values = {field.name: getattr(patches, field.name) for field in fields(patches)}
    with replacing(path) as temporary:
        np.savez_compressed(temporary, **{k: v for k, v in values.items() if v is not None})
    return path


def load_konpatch(path: str | Path) -> KonPatch:
    """Read a set of patches written by `save_konpatch`.

    Args:
        path: The ``.npz`` file.

    Returns:
        The set.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, lacks arrays (those found are
            listed) or they do not fit together.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"Expected a file of patches at {path}, found none. Write one with "
            "kiqa.data.konpatch.save_konpatch."
        )
    values = read_npz(path, max_bytes=_LARGEST)
    needed = [field.name for field in fields(KonPatch) if field.name not in _OPTIONAL]
    missing = [name for name in needed if name not in values]
    if missing:
        raise ValueError(
            f"Expected the arrays {needed} in {path}, received {sorted(values)}: {missing} missing."
        )
    known: dict[str, Any] = {
        field.name: values[field.name] for field in fields(KonPatch) if field.name in values
    }
    known |= {name: str(known[name]) for name in _TEXTS if name in known}
    if "seed" in known:
        known["seed"] = int(known["seed"])
    try:
        return KonPatch(**known)
    except ValueError as error:
        raise ValueError(f"{error} The file is {path}.") from error
