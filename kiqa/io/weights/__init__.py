"""Trained networks as ``.h5`` files that open everywhere, and where they are found."""

from kiqa.io.weights.h5 import (
    WeightsInfo,
    export_h5,
    load_model,
    read_info,
    write_manifest_entry,
)
from kiqa.io.weights.manifest import WeightsError, find_weights, list_models

__all__ = [
    "WeightsError",
    "WeightsInfo",
    "export_h5",
    "find_weights",
    "list_models",
    "load_model",
    "read_info",
    "write_manifest_entry",
]
