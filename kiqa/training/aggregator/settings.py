"""Settings of the aggregator's training; the defaults follow the thesis.

The thesis names the network, the data and the augmentation. Loss, optimiser,
learning rate, batch size and epochs it leaves open; those are ours (MSE on
the MOS in 0..1, Adam at 1e-4). The options that depart from it (a correlation
loss, mean pooling, a learning rate that falls, flips and crops of the maps
instead of the images) are off by default. Loads no Keras.

Public names: `AggregatorSettings`.

References:
    Thesis, section 5.4.
"""

from dataclasses import dataclass

from kiqa.training.runs import options


@dataclass(frozen=True, kw_only=True)
class AggregatorSettings:
    """What decides the numbers of a training of the aggregator.

    Each field says what it means, its bounds and its choices.

    Raises:
        ValueError: If a value is out of its range, or two do not fit.
    """

    seed: int = options.seed()
    target: str = options.setting(
        "mos",
        "what is predicted: the MOS, or for pretraining without human scores a high percentile of "
        "the Patchnet map, or how much of its quality a synthetic distortion has left an image; "
        "the run that follows starts from the file",
        choices=("mos", "percentile", "distortion"),
    )
    pooling: str = options.setting(
        "max",
        "global pooling of the spatial quality map; the thesis's is the maximum",
        choices=("max", "mean"),
    )
    batch_size: int = options.setting(16, "stacks in a batch, all of one resolution", low=2)
    learning_rate: float = options.learning_rate(1e-4)
    schedule: str = options.schedule()
    warmup_steps: int = options.warmup_steps()
    weight_decay: float = options.weight_decay()
    ema_momentum: float = options.ema_momentum()
    correlation_loss: float = options.correlation_loss()
    correlation_with: str = options.correlation_with(
        "mos",
        "the MOS, or its ranks in the training part, which ask for order where most MOS are "
        "nearly equal",
    )
    norm_momentum: float = options.setting(
        0.99,
        "of the moving statistics of batch normalisation; Keras's 0.99 lags behind where an "
        "epoch has a hundred batches",
        low=0,
        below=1,
    )
    flip_maps: bool = options.setting(
        False,
        "mirror each stack at random, on both axes; cheaper than mirrored images and nearly the "
        "same",
    )
    crop_maps: float = options.setting(
        1.0,
        "least part of each side that a random crop of a batch keeps; 1 crops nothing",
        low=0.5,
        high=1,
    )
    noise_maps: float = options.setting(
        0.0,
        "half of the width of random factors, one for each channel of each stack",
        low=0,
        below=1,
    )
    epochs: int = options.epochs(40)
    early_stopping: int | None = options.early_stopping(10)
    precision: str = options.precision()
    devices: tuple[str, ...] = options.devices()

    def __post_init__(self):
        options.check_settings(self)
        options.check_schedule(self)
