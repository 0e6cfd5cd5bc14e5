"""Settings of the training of DIQaM and WaDIQaM; the defaults are the paper's.

`PRESETS` names sets of other values: ``"paper"`` changes nothing,
``"two-cores"`` takes less than an hour on two cores instead of the paper's 3000
epochs. The shipped weights began with it and were trained further; their cards
say how. Loads no Keras.

Public names: `WadiqamSettings`, `PRESETS`.
"""

from dataclasses import dataclass

from kiqa.constants import WADIQAM
from kiqa.training.runs import options


@dataclass(frozen=True, kw_only=True)
class WadiqamSettings:
    """What decides the numbers of a training of DIQaM or WaDIQaM.

    Each field says what it means, its bounds and its choices. Ours, not the
    paper's, are: the targets ``"mos"``, ``flip``, the monitor ``"srocc"``,
    ``schedule``, ``warmup_steps``, ``weight_decay``, ``clip_norm``,
    ``ema_momentum``, ``patch_loss``, ``correlation_loss`` and the form ``"normalised"``
    (`kiqa.training.wadiqam.form`).

    Raises:
        ValueError: If a value is out of its range, or two do not fit.

    References:
        Bosse et al. 2018, sections III-C, III-E and IV-B.
    """

    seed: int = options.seed()
    mode: str = options.setting("nr", "without or with a reference", choices=("nr", "fr"))
    pooling: str = options.setting(
        "weighted",
        "WaDIQaM, loss (7), or DIQaM, loss (3)",
        choices=("average", "weighted"),
    )
    fusion: str = options.setting(
        "both",
        "of the features, with --mode fr",
        choices=("difference", "concatenation", "both"),
    )
    shallow: bool = options.setting(False, "the small network of section IV-H")
    targets: str = options.setting(
        "dmos",
        "scale of the scores: LIVE's DMOS, 0..100, lower is better, or MOS in 0..1",
        choices=("dmos", "mos"),
    )
    batch_size: int = options.batch_size(WADIQAM.images)
    patches: int = options.setting(
        WADIQAM.patches, "random patches of each image, others each epoch", low=1
    )
    validation_patches: int = options.setting(
        WADIQAM.patches, "random patches of each validation image, drawn once", low=1
    )
    flip: bool = options.setting(False, "mirror half of the training patches")
    epochs: int = options.epochs(WADIQAM.epochs)
    early_stopping: int | None = options.early_stopping()
    monitor: str = options.setting(
        "loss",
        "what the best epoch is best at on the validation images: least loss (3) or (7) without "
        "further terms, or highest SROCC",
        choices=("loss", "srocc"),
    )
    learning_rate: float = options.learning_rate(WADIQAM.learning_rate)
    schedule: str = options.schedule()
    warmup_steps: int = options.warmup_steps()
    weight_decay: float = options.weight_decay()
    clip_norm: float = options.clip_norm()
    ema_momentum: float = options.ema_momentum()
    dropout: float = options.setting(
        WADIQAM.dropout, "of the hidden layer of each branch", low=0, below=1
    )
    patch_loss: float = options.setting(
        0.0, "weight of loss (3), added to (7); only with weighted pooling", low=0
    )
    correlation_loss: float = options.correlation_loss()
    correlation_with: str = options.correlation_with(
        "scores", "the wanted scores, or their ranks in the training part"
    )
    form: str = options.setting(
        "plain",
        "train the plain network, or one that is folded into it afterwards",
        choices=("plain", "normalised"),
    )
    precision: str = options.precision()
    devices: tuple[str, ...] = options.devices()

    def __post_init__(self):
        options.check_settings(self)
        options.check_schedule(self)
        if self.patch_loss and self.pooling == "average":
            raise ValueError(
                "Expected patch_loss only with weighted pooling; with average pooling it is the "
                f"loss. Received: patch_loss={self.patch_loss}."
            )
        if self.correlation_loss and self.batch_size < 2:
            raise ValueError("Expected a batch_size of 2 or more together with correlation_loss.")


# Ours: values that reach a good network on two cores.
PRESETS: options.Presets = {
    "paper": {},
    "two-cores": {
        "targets": "mos",
        "batch_size": 32,
        "patches": 8,
        "flip": True,
        "epochs": 60,
        "monitor": "srocc",
        "learning_rate": 5e-4,
        "schedule": "cosine",
        "warmup_steps": 100,
        "weight_decay": 0.01,
        "clip_norm": 1.0,
        "patch_loss": 0.3,
        "correlation_loss": 0.2,
        "correlation_with": "ranks",
        "form": "normalised",
    },
}
