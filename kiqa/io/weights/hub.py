"""Networks of the Hugging Face Hub, as far as Keras reads them.

Keras downloads what ``model.save("hf://USER/NAME")`` has uploaded, and reads it in
its safe mode; only then is the network built again of the layers and settings of
`kiqa.io.weights.allowed`, as one from an ``.h5`` file is. So an address is for
networks of people whom one trusts. It has no description of ours: a file, whose
hash rows could name, is what ``Scorer`` needs.

Public names: `is_address`, `load_hub_model`.
"""

import json
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

_SCHEME = "hf://"


def is_address(name_or_file: str | os.PathLike) -> bool:
    """Say whether a model is named by its address on the Hub."""
    return isinstance(name_or_file, str) and name_or_file.startswith(_SCHEME)


def load_hub_model(address: str) -> "keras.Model":
    """Download a network and build it of what a file may hold.

    Args:
        address: Such as ``"hf://USER/NAME"``.

    Returns:
        ``keras.Model``, uncompiled.

    Raises:
        ImportError: If ``huggingface_hub`` is not installed.
        ValueError: If the network has other layers or settings, or is not
            finite.
        OSError: If it cannot be downloaded.
    """
    import keras

    from kiqa.io.weights.dialect import keras2_config
    from kiqa.io.weights.model_configs import build_model
    from kiqa.io.weights.model_tensors import assign_values, export_values

    found = keras.saving.load_model(address, compile=False)
    network = build_model(json.loads(json.dumps(keras2_config(found))))
    assign_values(network, export_values(found, network, halve=False))
    return network
