"""Settings of the training from whole photographs' MOS.

The defaults are those of the shipped ``patchnet.h5``, but for its number
format. Loads no Keras, so a command line can read the defaults.
"""

import dataclasses
from dataclasses import dataclass, field

from kiqa.training.runs.options import PRECISIONS


@dataclass(frozen=True, kw_only=True)
class LossWeights:
    """Weights of the terms of `kiqa.training.patchnet_mos.losses`; zero leaves one out."""

    image: float = 1.0
    cell: float = 1.0
    correlation: float = 0.05
    distortion: float = 1.0


@dataclass(frozen=True, kw_only=True)
class MosSettings:
    """What decides the numbers of this experiment. All of it is ours.

    Attributes:
        seed: Seed of the initial weights, pieces and distortions.
        photographs: Photographs a step.
        pieces: Pieces a photograph.
        side: Side of a piece in pixels, 64 plus a multiple of 8.
        copies: Distorted copies a step.
        unrated_pieces: Pieces of unrated photographs a step.
        unrated_quality: Quality that unrated photographs are assumed to
            have: a pseudo-score, for the cell term.
        epochs: Epochs; the learning rate falls to zero over them.
        warmup_steps: Steps over which the learning rate rises.
        learning_rate: Highest learning rate of AdamW.
        weight_decay: AdamW's decoupled weight decay.
        losses: Weights of the loss's terms.
        precision: Keras dtype policy, one of `PRECISIONS`.

    Raises:
        ValueError: If a value is out of its range, or values do not fit each
            other.
    """

    seed: int = 0
    photographs: int = 8
    pieces: int = 6
    side: int = 64
    copies: int = 24
    unrated_pieces: int = 8
    unrated_quality: float = 0.8
    epochs: int = 26
    warmup_steps: int = 200
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    losses: LossWeights = field(default_factory=LossWeights)
    precision: str = "float32"

    def __post_init__(self):
        for name, least in (
            ("seed", 0),
            ("photographs", 1),
            ("pieces", 1),
            ("epochs", 1),
            ("warmup_steps", 0),
        ):
            value = getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise ValueError(f"Expected {name} to be an integer >= {least}. Received: {value}.")
        if not 0 < self.learning_rate < float("inf"):
            raise ValueError(f"Expected learning_rate > 0. Received: {self.learning_rate}.")
        numbers = {"weight_decay": self.weight_decay, **dataclasses.asdict(self.losses)}
        for name, value in numbers.items():
            if not 0 <= value < float("inf"):
                raise ValueError(f"Expected the weight {name} to be >= 0. Received: {value}.")
        if not 0 <= self.unrated_quality <= 1:
            raise ValueError(
                f"Expected unrated_quality from 0 to 1. Received: {self.unrated_quality}."
            )
        if self.precision not in PRECISIONS:
            raise ValueError(
                f"Expected precision to be one of {', '.join(PRECISIONS)}. "
                f"Received: {self.precision!r}."
            )
        if self.side < 64 or self.side % 8:
            raise ValueError(
                f"Expected side to be 64 plus a multiple of 8 pixels. Received: {self.side}."
            )
        clean = self.photographs * self.pieces + self.unrated_pieces
        if not 0 <= self.unrated_pieces <= self.copies <= clean:
            raise ValueError(
                "Expected 0 <= unrated_pieces <= copies <= photographs * pieces + unrated_pieces. "
                f"Received: {self.unrated_pieces} <= {self.copies} <= {clean}."
            )
        if bool(self.copies) != bool(self.losses.distortion):
            raise ValueError(
                "Expected distorted copies together with a weight of the distortion loss. "
                f"Received: copies={self.copies}, weight={self.losses.distortion}."
            )
