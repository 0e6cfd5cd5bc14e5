"""Settings of the training of DIQaM and WaDIQaM; the defaults are the paper's.

`RECIPES` names sets of other values: ``"paper"`` changes nothing,
``"two-cores"`` is how the shipped weights were made, in less than an hour on
two cores instead of the paper's 3000 epochs. Loads no Keras.

Public names: `WadiqamSettings`, `RECIPES`, `MODES`, `POOLINGS`, `FUSIONS`,
`FORMS`, `SCHEDULES`, `CORRELATIONS`, `MONITORS`, `TARGETS`.
"""

from dataclasses import dataclass

from kiqa.constants import WADIQAM
from kiqa.training.runs.settings import PRECISIONS

MODES = ("nr", "fr")
POOLINGS = ("average", "weighted")
FUSIONS = ("difference", "concatenation", "both")
FORMS = ("plain", "normalised")
SCHEDULES = ("constant", "cosine")
CORRELATIONS = ("scores", "ranks")
MONITORS = ("loss", "srocc")
TARGETS = ("dmos", "mos")


@dataclass(frozen=True, kw_only=True)
class WadiqamSettings:
    """What decides the numbers of a training of DIQaM or WaDIQaM.

    Attributes:
        seed: Seed of the initial weights, the patches and dropout.
        mode: ``"nr"`` or ``"fr"``, with a reference.
        pooling: ``"weighted"`` (WaDIQaM, loss (7)) or ``"average"`` (DIQaM,
            loss (3)).
        fusion: See `kiqa.models.wadiqam.build_wadiqam`; only for ``"fr"``.
        shallow: The small network of section IV-H.
        targets: ``"dmos"``: scores mapped linearly to the range of LIVE's
            DMOS, 0..100, lower is better; or ours, ``"mos"``: 0..1, higher
            is better. The network speaks this scale.
        images: Images a step.
        patches: Random patches of each image of a step, others each epoch.
        validation_patches: Random patches of each validation image, drawn
            once.
        flip: Ours: mirror half of the training patches.
        epochs: Epochs at most; in one, each training image occurs once.
        early_stopping: Stop after so many epochs without a better one.
            ``None`` runs all; the best epoch's weights are kept either way.
        monitor: What is best on the validation images: the least ``"loss"``
            ((3) or (7), without the terms below), or ours, the highest
            ``"srocc"``.
        learning_rate: Highest learning rate of Adam.
        schedule: ``"constant"``, or ours ``"cosine"``: falls to zero over all
            epochs.
        warmup_steps: Ours: steps over which the learning rate rises; only
            with ``"cosine"``.
        weight_decay: Ours: decoupled weight decay; 0 is plain Adam.
        clip_norm: Ours: largest norm of a gradient; 0 clips nothing.
        dropout: Of the hidden layer of each branch.
        patch_loss: Ours, only with weighted pooling: weight of loss (3),
            added to loss (7).
        correlation_loss: Ours: weight of one minus Pearson's correlation of
            the scores over the images of a step.
        correlation_with: What the scores correlate with: the wanted
            ``"scores"``, or their ``"ranks"`` in the training part.
        form: ``"plain"``: the network itself, or ours, ``"normalised"``:
            a form with centred input, batch normalisation and whitening
            first kernels, which is folded into the plain network when it is
            done (`kiqa.training.wadiqam.form`).
        precision: Keras dtype policy, one of `PRECISIONS`.
        devices: As in `kiqa.training.patchnet.settings.PatchnetSettings`.

    Raises:
        ValueError: If a value is out of its range, or values do not fit each
            other.

    References:
        Bosse et al. 2018, sections III-C, III-E and IV-B.
    """

    seed: int = 0
    mode: str = "nr"
    pooling: str = "weighted"
    fusion: str = "both"
    shallow: bool = False
    targets: str = "dmos"
    images: int = WADIQAM.images
    patches: int = WADIQAM.patches
    validation_patches: int = WADIQAM.patches
    flip: bool = False
    epochs: int = WADIQAM.epochs
    early_stopping: int | None = None
    monitor: str = "loss"
    learning_rate: float = WADIQAM.learning_rate
    schedule: str = "constant"
    warmup_steps: int = 0
    weight_decay: float = 0.0
    clip_norm: float = 0.0
    dropout: float = WADIQAM.dropout
    patch_loss: float = 0.0
    correlation_loss: float = 0.0
    correlation_with: str = "scores"
    form: str = "plain"
    precision: str = "float32"
    devices: tuple[str, ...] = ()

    def __post_init__(self):
        for name, choices in (
            ("mode", MODES),
            ("pooling", POOLINGS),
            ("fusion", FUSIONS),
            ("monitor", MONITORS),
            ("targets", TARGETS),
            ("schedule", SCHEDULES),
            ("correlation_with", CORRELATIONS),
            ("form", FORMS),
            ("precision", PRECISIONS),
        ):
            if getattr(self, name) not in choices:
                raise ValueError(
                    f"Expected {name} to be one of {', '.join(choices)}. "
                    f"Received: {getattr(self, name)!r}."
                )
        for name, least in (
            ("seed", 0),
            ("images", 1),
            ("patches", 1),
            ("validation_patches", 1),
            ("epochs", 1),
            ("warmup_steps", 0),
        ):
            value = getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise ValueError(f"Expected {name} to be an integer >= {least}. Received: {value}.")
        if self.early_stopping is not None and self.early_stopping < 1:
            raise ValueError(
                f"Expected early_stopping to be an integer >= 1. Received: {self.early_stopping}."
            )
        if not 0 < self.learning_rate < float("inf"):
            raise ValueError(f"Expected learning_rate > 0. Received: {self.learning_rate}.")
        for name in ("weight_decay", "clip_norm", "patch_loss", "correlation_loss"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"Expected {name} >= 0. Received: {getattr(self, name)}.")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"Expected dropout from 0 to below 1. Received: {self.dropout}.")
        if self.warmup_steps and self.schedule != "cosine":
            raise ValueError("Expected warmup_steps together with the schedule 'cosine'.")
        if self.patch_loss and self.pooling == "average":
            raise ValueError(
                "Expected patch_loss only with weighted pooling; with average pooling it is the "
                f"loss. Received: patch_loss={self.patch_loss}."
            )
        if self.correlation_loss and self.images < 2:
            raise ValueError("Expected at least 2 images a step together with correlation_loss.")


# Ours: values that reach a good network on two cores.
RECIPES = {
    "paper": {},
    "two-cores": {
        "targets": "mos",
        "images": 32,
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
        "precision": "mixed_bfloat16",
    },
}
