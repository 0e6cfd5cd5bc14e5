"""Settings of `kiqa.training.resnet18.train`. Loads no Keras.

Public names: `DistillationSettings`.
"""

from dataclasses import dataclass

from kiqa.constants import PAQ2PIQ
from kiqa.training.runs import options


@dataclass(frozen=True, kw_only=True)
class DistillationSettings:
    """What decides the numbers of a distillation; all values are ours.

    Each field says what it means, its bounds and its choices.

    Raises:
        ValueError: If a value is out of its range.
    """

    seed: int = options.seed("seed of the initial weights and the crops")
    side: int = options.setting(256, "pixels a side of the random crops, a multiple of 32", low=1)
    batch_size: int = options.batch_size(16, "crops in a batch")
    epochs: int = options.epochs(12, "epochs; in one, each image gives one crop")
    early_stopping: int | None = options.early_stopping()
    learning_rate: float = options.learning_rate(
        1e-3, "Adam's at first; it falls to zero along a cosine"
    )
    ema_momentum: float = options.ema_momentum()
    frozen_stages: int = options.frozen_stages()
    quality_weight: float = options.setting(
        1.0, "weight of the quality's error beside the features'", low=0
    )
    precision: str = options.precision()
    devices: tuple[str, ...] = options.devices()

    def __post_init__(self):
        options.check_settings(self)
        if self.side % PAQ2PIQ.stride:
            raise ValueError(
                f"Expected side to be a multiple of {PAQ2PIQ.stride}. Received: {self.side}."
            )
