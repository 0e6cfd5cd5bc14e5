"""Settings of `kiqa.training.resnet18.train`. Loads no Keras.

Public names: `DistillationSettings`.
"""

from dataclasses import dataclass

from kiqa.constants import PAQ2PIQ


@dataclass(frozen=True, kw_only=True)
class DistillationSettings:
    """What decides the numbers of a distillation.

    Attributes:
        seed: Seed of the initial weights and the crops.
        side: Pixels a side of the random crops, a multiple of 32.
        batch_size: Crops a step.
        epochs: Epochs; in one, each picture gives one crop.
        learning_rate: Adam's, at first; it falls to zero along a cosine.
        quality_weight: Weight of the error of the quality.
        precision: Keras dtype policy.
    """

    seed: int = 0
    side: int = 256
    batch_size: int = 16
    epochs: int = 12
    learning_rate: float = 1e-3
    quality_weight: float = 1.0
    precision: str = "mixed_bfloat16"

    def __post_init__(self):
        if self.side < PAQ2PIQ.stride or self.side % PAQ2PIQ.stride:
            raise ValueError(
                f"Expected side to be a multiple of {PAQ2PIQ.stride}. Received: {self.side}."
            )
        for name in ("batch_size", "epochs"):
            if getattr(self, name) < 1:
                raise ValueError(f"Expected {name} >= 1. Received: {getattr(self, name)}.")
        if not 0 < self.learning_rate < float("inf"):
            raise ValueError(f"Expected learning_rate > 0. Received: {self.learning_rate}.")
