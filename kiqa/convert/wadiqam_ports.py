"""PyTorch ports of DIQaM and WaDIQaM: lidq92/WaDIQaM and pyiqa (IQA-PyTorch).

Both feed pixels of 0..1 (folded into the first kernels here, so that our file
takes 0..255) and pool non-overlapping patches of a grid that stops before a
patch that would end exactly at the border: ``patch_grid`` in the file's
attribute says so, and `kiqa score` uses that grid. Neither program says in its
files what the scores are:

- lidq92 trains on the data set's scores divided by their maximum. They are
  higher for better images for the data set of its released file, KADID-10k;
  for a DMOS say so. Its test script leaves dropout on, so its own scores
  change from run to run; ours are those without.
- pyiqa trains for correlation: the scale is arbitrary, higher is better. It
  adds 1e-8 to the weights, and joins the features in the order reference,
  distorted, difference (its earliest versions: as deepIQA).

Public names: `convert_lidq92`, `convert_pyiqa`.

References:
    github.com/lidq92/WaDIQaM; github.com/chaofengc/IQA-PyTorch.
"""

import os
from pathlib import Path
from typing import Any

from kiqa.convert.wadiqam_tensors import TensorNames, network_from, pooling_in_name
from kiqa.convert.written import write_converted
from kiqa.io.state_dicts import read_state_dict, without_prefix
from kiqa.io.weights.details import NONE_AT_BORDER

_TORCH: dict[str, Any] = {"kernel": "{}.weight", "bias": "{}.bias", "input_scale": 1 / 255}
_LIDQ92 = {
    mode: TensorNames(
        **_TORCH,
        convolutions=tuple(f"conv{i}" for i in range(1, 11)),
        quality=(f"fc1{quality}", f"fc2{quality}"),
        weight=(f"fc1{weight}", f"fc2{weight}"),
    )
    for mode, quality, weight in (("fr", "_q", "_w"), ("nr", "q_nr", "w_nr"))
}
_PYIQA = TensorNames(
    **_TORCH,
    convolutions=tuple(f"features.{i}" for i in (0, 2, 5, 7, 10, 12, 15, 17, 20, 22)),
    quality=("fc_q.0", "fc_q.3"),
    weight=("fc_w.0", "fc_w.3"),
    order=("reference", "distorted", "difference"),
    least_weight=1e-8,
)


def convert_lidq92(
    source: str | os.PathLike,
    output: str | os.PathLike,
    *,
    pooling: str | None = None,
    lower_is_better: bool = False,
) -> Path:
    """Convert a state dict of lidq92/WaDIQaM.

    Args:
        source: PyTorch file, or the same arrays as ``.npz``.
        output: The ``.h5`` file to write.
        pooling: ``"average"`` or ``"weighted"``; its files hold both
            branches. ``None`` takes it from the file's name (``WaDIQaM-FR-...``
            or ``DIQaM-...``).
        lower_is_better: It was trained on a DMOS.

    Returns:
        The path written.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no state dict, holds code, tensors are missing,
            extra, of another shape or not finite, or the pooling is not
            known.
        OSError: If writing fails.
    """
    source = Path(source)
    names = [name for kind in _LIDQ92.values() for name in kind.beginnings()]
    tensors = without_prefix(read_state_dict(source), names)
    kind = "nr" if any(name.startswith("fc1q_nr.") for name in tensors) else "fr"
    model, form = network_from(
        tensors,
        _LIDQ92[kind],
        pooling=pooling or pooling_in_name(source),
        default_pooling={"nr": None, "fr": None},
        source=str(source),
    )
    return write_converted(
        model,
        output,
        project="lidq92/WaDIQaM",
        source=source,
        **form,
        scale="0..1",
        higher_is_better=not lower_is_better,
        patch_grid=NONE_AT_BORDER,
    )


def convert_pyiqa(
    source: str | os.PathLike, output: str | os.PathLike, *, pooling: str | None = None
) -> Path:
    """Convert a WaDIQaM state dict of pyiqa.

    Args:
        source: PyTorch file, or the same arrays as ``.npz``.
        output: The ``.h5`` file to write.
        pooling: ``"average"`` or ``"weighted"``; ``None``: weighted where
            the file has a weight branch.

    Returns:
        The path written.

    Raises:
        FileNotFoundError: As `convert_lidq92`.
        ValueError: Likewise.
        OSError: Likewise.
    """
    source = Path(source)
    model, form = network_from(
        without_prefix(read_state_dict(source), _PYIQA.beginnings()),
        _PYIQA,
        pooling=pooling,
        default_pooling={"nr": "weighted", "fr": "weighted"},
        source=str(source),
    )
    return write_converted(
        model,
        output,
        project="pyiqa",
        source=source,
        **form,
        scale="unknown",
        higher_is_better=True,
        patch_grid=NONE_AT_BORDER,
    )
