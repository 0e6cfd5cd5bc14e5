"""What the aggregator can start from, looked for before anything is computed.

Loads no Keras.

Public names: `check_initial`, `PATCHNET_MAP`.
"""

import os

from kiqa.models.keras_cache import keras_imagenet_file
from kiqa.training.runs.origin import file_of

PATCHNET_MAP = "patchnet-map"  # how ``initial`` names this start


def check_initial(initial: str | os.PathLike | None) -> None:
    """Refuse a start that is not there.

    Args:
        initial: As for `kiqa.training.aggregator.train.train_aggregator`.

    Raises:
        FileNotFoundError: If there is no such file.
        kiqa.io.weights.WeightsError: If there is no such name.
    """
    if initial is None or str(initial) == PATCHNET_MAP:
        return
    if str(initial) == "imagenet":
        keras_imagenet_file("densenet169")
    else:
        file_of(initial)
