"""Settings of the heads. Loads no Keras.

Public names: `HeadSettings`, `PRESETS`.
"""

from dataclasses import dataclass

from kiqa.constants import KONCEPT512
from kiqa.training.runs import options


@dataclass(frozen=True, kw_only=True)
class HeadSettings:
    """What decides the numbers of a training.

    Batch, epochs and learning rate are those of KonCept512's authors; NIMA's have
    other ones for a body that is trained, too, and `PRESETS` has ours for its head alone.

    Raises:
        ValueError: If a value is out of its range, or two do not fit.
    """

    seed: int = options.seed()
    batch_size: int = options.batch_size(KONCEPT512.batch)
    epochs: int = options.epochs(KONCEPT512.epochs)
    early_stopping: int | None = options.early_stopping()
    learning_rate: float = options.learning_rate(KONCEPT512.learning_rate, "Adam's")
    schedule: str = options.schedule()
    warmup_steps: int = options.warmup_steps()
    weight_decay: float = options.weight_decay()
    clip_norm: float = options.clip_norm()
    assumed_sd: float = options.setting(
        15.0, "NIMA: deviation of an image's scores, 0..100, where a data set has none", above=0
    )
    precision: str = options.precision()
    devices: tuple[str, ...] = options.devices()

    def __post_init__(self):
        options.check_settings(self)
        options.check_schedule(self)


PRESETS: dict[str, options.Presets] = {
    "koncept512": {"paper": {}},
    "nima": {"head": {"learning_rate": 1e-3, "schedule": "cosine"}},
}
