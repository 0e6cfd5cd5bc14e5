"""Settings of the aggregator's training; the defaults follow the thesis.

The thesis names the network, the data and the augmentation. Loss, optimiser,
learning rate, batch and epochs it leaves open; those are ours (MSE on the
MOS in 0..1, Adam at 1e-4). The options that depart from it (a correlation
loss, mean pooling, a learning rate that falls, flips and crops of the maps
instead of the photographs) are off by default. Loads no Keras.
"""

from dataclasses import dataclass

from kiqa.training.runs.options import PRECISIONS

POOLINGS = ("max", "mean")
SCHEDULES = ("constant", "cosine")
TARGETS = ("mos", "percentile", "distortion")
CORRELATIONS = ("mos", "ranks")


@dataclass(frozen=True, kw_only=True)
class AggregatorSettings:
    """What decides the numbers of a training of the aggregator.

    Attributes:
        seed: Seed of the initial weights and the batches.
        target: ``"mos"``, or what pretraining without human scores predicts;
            the run that follows starts from its file. ``"percentile"``: a
            high percentile of the Patchnet map
            (`kiqa.training.aggregator.batches`). ``"distortion"``: how much of its
            quality a synthetic distortion has left a photograph
            (`kiqa.data.augmentation.quality_left`); the items carry it.
        pooling: Global pooling of the spatial quality map: ``"max"`` as in
            the thesis, or ``"mean"``.
        batch_size: Stacks a step, all of one resolution.
        learning_rate: Highest learning rate of Adam.
        schedule: ``"constant"``, or ``"cosine"``: falls to zero over all
            epochs.
        warmup_steps: Steps over which the learning rate rises; only with
            ``"cosine"``.
        weight_decay: Decoupled weight decay; 0 is plain Adam.
        correlation_loss: Weight of one minus Pearson's correlation over a
            batch, added to the mean squared error.
        norm_momentum: Of the moving statistics of batch normalisation. Keras's
            0.99 lags behind where an epoch has a hundred steps.
        correlation_with: What the predictions correlate with: the ``"mos"``,
            or its ``"ranks"`` in the training part, which asks for order
            where most MOS are nearly equal.
        flip_maps: Mirror each stack at random, on both axes. Cheaper than
            mirrored photographs and nearly the same: only the Patchnet map
            of a mirrored photograph differs from the mirrored map.
        crop_maps: Least part of each side that a random crop of a batch
            keeps; 1 crops nothing.
        noise_maps: Half of the width of random factors, one for each channel
            of each stack; 0 leaves the values.
        epochs: Epochs at most.
        early_stopping: Stop after so many epochs without a better validation
            SROCC. ``None`` runs all; the best epoch's weights are kept
            either way.
        precision: Keras dtype policy, one of `PRECISIONS`.
        devices: As in `kiqa.training.patchnet.settings.PatchnetSettings`.

    Raises:
        ValueError: If a value is out of its range.

    References:
        Thesis, section 5.4.
    """

    seed: int = 0
    target: str = "mos"
    pooling: str = "max"
    batch_size: int = 16
    learning_rate: float = 1e-4
    schedule: str = "constant"
    warmup_steps: int = 0
    weight_decay: float = 0.0
    correlation_loss: float = 0.0
    correlation_with: str = "mos"
    norm_momentum: float = 0.99
    flip_maps: bool = False
    crop_maps: float = 1.0
    noise_maps: float = 0.0
    epochs: int = 40
    early_stopping: int | None = 10
    precision: str = "float32"
    devices: tuple[str, ...] = ()

    def __post_init__(self):
        for name, least in (("seed", 0), ("batch_size", 2), ("epochs", 1), ("warmup_steps", 0)):
            value = getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise ValueError(f"Expected {name} to be an integer >= {least}. Received: {value}.")
        if self.early_stopping is not None and self.early_stopping < 1:
            raise ValueError(
                f"Expected early_stopping to be an integer >= 1. Received: {self.early_stopping}."
            )
        if not 0 < self.learning_rate < float("inf"):
            raise ValueError(f"Expected learning_rate > 0. Received: {self.learning_rate}.")
        for name in ("weight_decay", "correlation_loss"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"Expected {name} >= 0. Received: {getattr(self, name)}.")
        if not 0 <= self.norm_momentum < 1:
            raise ValueError(
                f"Expected norm_momentum from 0 to below 1. Received: {self.norm_momentum}."
            )
        if not 0.5 <= self.crop_maps <= 1:
            raise ValueError(f"Expected crop_maps from 0.5 to 1. Received: {self.crop_maps}.")
        if not 0 <= self.noise_maps < 1:
            raise ValueError(f"Expected noise_maps from 0 to below 1. Received: {self.noise_maps}.")
        for name, choices in (
            ("target", TARGETS),
            ("correlation_with", CORRELATIONS),
            ("pooling", POOLINGS),
            ("schedule", SCHEDULES),
            ("precision", PRECISIONS),
        ):
            if getattr(self, name) not in choices:
                raise ValueError(
                    f"Expected {name} to be one of {', '.join(choices)}. "
                    f"Received: {getattr(self, name)!r}."
                )
        if self.warmup_steps and self.schedule != "cosine":
            raise ValueError("Expected warmup_steps together with the schedule 'cosine'.")
