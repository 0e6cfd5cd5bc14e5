"""Settings of the learned comparators. Loads no Keras.

Public names: `RegressionSettings`.
"""

from dataclasses import dataclass

from kiqa.training.runs import options


@dataclass(frozen=True, kw_only=True)
class RegressionSettings:
    """What decides the numbers of a training.

    The loss is the mean absolute error of single pieces, as in CNNIQA's paper. The
    optimiser and the number of pieces are ours: the paper takes gradient descent
    with momentum on all patches of all images for 40 epochs.

    Raises:
        ValueError: If a value is out of its range, or two do not fit.
    """

    seed: int = options.seed()
    batch_size: int = options.batch_size(8)
    pieces: int = options.setting(32, "random pieces of each image, others each epoch", low=1)
    epochs: int = options.epochs(40)
    early_stopping: int | None = options.early_stopping()
    learning_rate: float = options.learning_rate(1e-3, "Adam's")
    schedule: str = options.schedule()
    warmup_steps: int = options.warmup_steps()
    weight_decay: float = options.weight_decay()
    clip_norm: float = options.clip_norm()
    precision: str = options.precision()
    devices: tuple[str, ...] = options.devices()

    def __post_init__(self):
        options.check_settings(self)
        options.check_schedule(self)
