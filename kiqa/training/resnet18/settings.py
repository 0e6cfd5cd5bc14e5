"""Settings of `kiqa.training.resnet18.train`. Loads no Keras.

Public names: `DistillationSettings`.
"""

from dataclasses import dataclass

from kiqa.constants import PAQ2PIQ
from kiqa.training.runs.options import (
    batch_size_setting,
    check_settings,
    devices_setting,
    early_stopping_setting,
    epochs_setting,
    learning_rate_setting,
    precision_setting,
    seed_setting,
    setting,
)


@dataclass(frozen=True, kw_only=True)
class DistillationSettings:
    """What decides the numbers of a distillation; all values are ours.

    Each field says what it means, its bounds and its choices.

    Raises:
        ValueError: If a value is out of its range.
    """

    seed: int = seed_setting("seed of the initial weights and the crops")
    side: int = setting(256, "pixels a side of the random crops, a multiple of 32", low=1)
    batch_size: int = batch_size_setting(16, "crops in a batch")
    epochs: int = epochs_setting(12, "epochs; in one, each image gives one crop")
    early_stopping: int | None = early_stopping_setting()
    learning_rate: float = learning_rate_setting(
        1e-3, "Adam's at first; it falls to zero along a cosine"
    )
    quality_weight: float = setting(
        1.0, "weight of the quality's error beside the features'", low=0
    )
    precision: str = precision_setting("mixed_bfloat16")
    devices: tuple[str, ...] = devices_setting()

    def __post_init__(self):
        check_settings(self)
        if self.side % PAQ2PIQ.stride:
            raise ValueError(
                f"Expected side to be a multiple of {PAQ2PIQ.stride}. Received: {self.side}."
            )
