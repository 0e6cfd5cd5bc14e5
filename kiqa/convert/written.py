"""The weights file that a converter makes.

Public names: `write_converted`.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiqa import __version__
from kiqa.io.files import sha256_of
from kiqa.io.weights import Details, Origin, export_h5

if TYPE_CHECKING:
    import keras


def write_converted(
    model: "keras.Model",
    output: str | os.PathLike,
    *,
    source: Path,
    project: str,
    **details: Any,
) -> Path:
    """Write a converted network, its weights in full precision.

    Args:
        model: The network.
        output: The file; its name without ``.h5`` is the model's.
        source: What was converted; its name and hash are told.
        project: Whose it is.
        **details: Further fields of `kiqa.io.weights.Details`, among them
            ``scale`` and ``higher_is_better``.

    Returns:
        The path of the file.

    Raises:
        kiqa.io.weights.WeightsError: As `kiqa.io.weights.export_h5`, and if
            the file's name can be no model's.
        OSError: If it cannot be written.
    """
    about = Details(
        name=Path(output).name.removesuffix(".h5"),
        version=__version__,
        origin=Origin(source.name, sha256_of(source), project),
        **details,
    )
    return export_h5(model, output, about, full_precision=True)
