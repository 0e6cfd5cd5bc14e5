"""Checkpoints of deepIQA, the authors' own code of DIQaM and WaDIQaM.

The files (``{nr,fr}_{live,tid}_{patchwise,weighted}.model``) are HDF5 as
chainer writes it: a group a link, in it the datasets ``W`` and ``b``. The same
tensors as ``.npz`` (chainer's other form) are read too. Scores are on the
scale of LIVE's DMOS: lower is better.

Public names: `convert_deepiqa`.

References:
    github.com/dmaniry/deepIQA; Bosse et al. 2018.
"""

import os
from pathlib import Path
from typing import Any

from kiqa.convert.wadiqam_tensors import TensorNames, network_from, pooling_in_name
from kiqa.convert.written import write_converted
from kiqa.io.arrays import read_npz
from kiqa.io.budget import check_file
from kiqa.io.weights.details import ALL_PATCHES
from kiqa.io.weights.tensors import datasets, open_h5

_NAMES = TensorNames(
    kernel="{}/W",
    bias="{}/b",
    convolutions=tuple(f"conv{i}" for i in range(1, 11)),
    quality=("fc1", "fc2"),
    weight=("fc1_a", "fc2_a"),
)
# Files without reference hold both branches, however they were trained; those with a
# reference have a weight branch only if it was trained.
_BOTH_BRANCHES = {"nr": None, "fr": "weighted"}


def convert_deepiqa(
    source: str | os.PathLike, output: str | os.PathLike, *, pooling: str | None = None
) -> Path:
    """Convert a checkpoint of deepIQA.

    The new file gives the patch outputs of the original code with dropout
    off, and its image scores on the original's grid: all non-overlapping
    32x32 patches.

    Args:
        source: The ``.model`` file.
        output: The ``.h5`` file to write.
        pooling: ``"average"`` (theirs: patchwise) or ``"weighted"``. ``None``
            takes it from the file's name, or from its tensors where they
            decide.

    Returns:
        The path written.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not HDF5, tensors are missing, extra, of another
            shape or not finite, or the pooling is not known.
        OSError: If writing fails.
    """
    source = Path(source)
    if not source.is_file():
        raise FileNotFoundError(f"Expected a checkpoint of deepIQA at {source}, found no file.")
    options: dict[str, Any] = {
        "pooling": pooling or pooling_in_name(source),
        "default_pooling": _BOTH_BRANCHES,
        "source": str(source),
    }
    if check_file(source).startswith(b"PK"):
        network = network_from(read_npz(source), _NAMES, **options)
    else:
        try:
            file = open_h5(source)
        except ValueError as error:
            raise ValueError(
                f"Expected a checkpoint of deepIQA, HDF5 as chainer writes it. Received: {source}, "
                f"{source.stat().st_size} bytes that HDF5 cannot open. Get the file again."
            ) from error
        with file:
            try:
                found = {name.removeprefix("/"): dataset for name, dataset in datasets(file)}
            except ValueError as error:
                raise ValueError(f"{source}: {error}") from error
            network = network_from(found, _NAMES, **options)
    model, form = network
    return write_converted(
        model, output, project="deepIQA", source=source, **form,
        scale="0..100 DMOS", higher_is_better=False, patch_grid=ALL_PATCHES,
    )  # fmt: skip
