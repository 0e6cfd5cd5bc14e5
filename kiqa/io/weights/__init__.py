"""Trained networks as ``.h5`` files that open everywhere, and where they are found."""

from kiqa.io.weights.companions import find_companion
from kiqa.io.weights.details import Companion, Details, Origin
from kiqa.io.weights.h5 import (
    check_h5_name,
    export_h5,
    load_model,
    read_info,
    rewrite_details,
    write_manifest_entry,
)
from kiqa.io.weights.info import WeightsInfo
from kiqa.io.weights.manifest import WeightsError, absent_models, find_weights, list_models
from kiqa.io.weights.trained_on import TrainingPart
from kiqa.io.weights.weights_only import holds_weights_only, load_weights

__all__ = [
    "Companion",
    "Details",
    "Origin",
    "TrainingPart",
    "WeightsError",
    "WeightsInfo",
    "absent_models",
    "check_h5_name",
    "export_h5",
    "find_companion",
    "find_weights",
    "holds_weights_only",
    "list_models",
    "load_model",
    "load_weights",
    "read_info",
    "rewrite_details",
    "write_manifest_entry",
]
