"""Weights without an architecture, in the layout of the older Keras (``.h5``).

ImageNet's weights of ``keras.applications`` come as such files. Both Kerases
set them by order, and read all of a file before they compare anything. Here
the file is looked at as every other one: no links, no data elsewhere, sizes
and shapes before values, finite numbers.

Public names: `holds_weights_only`, `load_weights`.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from kiqa.io.budget import MAX_BYTES
from kiqa.io.weights import model_tensors, tensors
from kiqa.io.weights.h5 import about
from kiqa.io.weights.manifest import find_weights

if TYPE_CHECKING:
    import keras


def holds_weights_only(path: str | os.PathLike) -> bool:
    """Say whether a ``.h5`` file describes no network.

    Args:
        path: The file.

    Raises:
        FileNotFoundError: If there is no such file.
        kiqa.io.weights.WeightsError: If it is no ``.h5`` file.
    """
    path = Path(path)
    with about(path), tensors.open_h5(path) as file:
        return "model_config" not in file.attrs and "layer_names" in file.attrs


def load_weights(
    model: "keras.Model", path: str | os.PathLike, *, max_bytes: int = MAX_BYTES
) -> None:
    """Set all weights of a model from a file, which need not be trusted, by order.

    Args:
        model: Built; changed in place, if the file fits.
        path: A ``.h5`` file of weights only or of a whole model, of the same
            layers under any names.
        max_bytes: Most bytes that the file, and its tensors, may have.

    Raises:
        FileNotFoundError: If there is no such file.
        kiqa.io.weights.WeightsError: If it is damaged, or holds other
            tensors; the message names the file and the first that differs.
    """
    path = find_weights(Path(path))
    with about(path), tensors.open_h5(path, max_bytes=max_bytes) as file:
        found, _ = tensors.read_tensors(file, alone=True)
        pairs = model_tensors.in_order(model, found)
        values = tensors.read_values(found, max_bytes=max_bytes)
    arrays = [array for named in values.values() for _, array in named]
    with about(path):
        for (name, _, _), array in zip(pairs, arrays, strict=True):
            model_tensors.check_finite(name, array)
    for (_, variable, _), array in zip(pairs, arrays, strict=True):
        variable.assign(array.astype(variable.dtype))
