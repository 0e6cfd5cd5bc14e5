"""Settings of the training of PaQ-2-PiQ; the defaults are the paper's.

`RECIPES` names sets of other values: ``"paper"`` changes nothing,
``"two-cores"`` trains on smaller crops, from random weights, on two cores.
Loads no Keras.

Public names: `Paq2piqSettings`, `RECIPES`, `KINDS`, `SCHEDULES`.
"""

from dataclasses import dataclass

from kiqa.constants import PAQ2PIQ
from kiqa.training.runs.options import PRECISIONS

KINDS = ("bm", "rm", "fm")
SCHEDULES = ("constant", "cosine")


@dataclass(frozen=True, kw_only=True)
class Paq2piqSettings:
    """What decides the numbers of a training of PaQ-2-PiQ.

    Attributes:
        seed: Seed of the initial weights, the crops and dropout.
        model: ``"bm"``, ``"rm"`` or ``"fm"``.
        side: Pixels a side of what the network sees in training. A smaller
            picture is padded with white, centred; of a larger one (ours; the
            paper moves those to the test set) a random crop is taken.
        patches: Patches of each picture in a step; of more known ones other
            three each time. 0: picture scores only. P2P-BM knows no patches,
            P2P-FM needs three.
        batch_size: Pictures an update of the weights.
        accumulate: Ours: parts in which a batch is computed, where memory is
            short; the gradients are averaged. Batch normalisation sees one
            part at a time.
        epochs: Epochs; in one, each training picture occurs once.
        early_stopping: Ours: stop after so many epochs without a better one.
            ``None`` runs all; the best epoch's weights are kept either way.
        body_rate: Learning rate of the body.
        head_rate: Learning rate of the head.
        schedule: ``"constant"``, or ours ``"cosine"``: both rates fall to
            zero over all epochs.
        warmup_steps: Ours: updates over which the rates rise; only with
            ``"cosine"``.
        weight_decay: Decoupled from the gradient, on all weights.
        clip_norm: Ours: largest norm of the gradient; 0 clips nothing.
        patch_weight: Ours: weight of a patch's squared error beside that of
            a picture's; the paper weighs all four alike.
        correlation_loss: Ours: weight of one minus Pearson's correlation of
            the picture scores over the pictures of a step, in units of the
            squared error.
        start_at_mean: Ours: let the first outputs be near the mean of the
            training scores. The paper starts with the head's random weights.
        flip: Ours: mirror half of the pictures.
        pad_validation: Pad validation pictures as in training where they
            fit, as the paper does. ``False``: whole pictures, as they are
            scored later.
        precision: Keras dtype policy, one of `PRECISIONS`.
        devices: As in `kiqa.training.patchnet.settings.PatchnetSettings`.

    Raises:
        ValueError: If a value is out of its range, or values do not fit each
            other.

    References:
        Ying et al. 2020, section 4.1.
    """

    seed: int = 0
    model: str = "rm"
    side: int = PAQ2PIQ.side
    patches: int = PAQ2PIQ.patches
    batch_size: int = PAQ2PIQ.batch
    accumulate: int = 1
    epochs: int = PAQ2PIQ.epochs
    early_stopping: int | None = None
    body_rate: float = PAQ2PIQ.body_rate
    head_rate: float = PAQ2PIQ.head_rate
    schedule: str = "constant"
    warmup_steps: int = 0
    weight_decay: float = PAQ2PIQ.decay
    clip_norm: float = 0.0
    patch_weight: float = 1.0
    correlation_loss: float = 0.0
    start_at_mean: bool = False
    flip: bool = False
    pad_validation: bool = True
    precision: str = "float32"
    devices: tuple[str, ...] = ()

    def __post_init__(self):
        for name, choices in (
            ("model", KINDS), ("schedule", SCHEDULES), ("precision", PRECISIONS),
        ):  # fmt: skip
            if getattr(self, name) not in choices:
                raise ValueError(
                    f"Expected {name} to be one of {', '.join(choices)}. "
                    f"Received: {getattr(self, name)!r}."
                )
        for name, least in (
            ("seed", 0), ("side", PAQ2PIQ.stride), ("patches", 0), ("batch_size", 2),
            ("accumulate", 1), ("epochs", 1), ("warmup_steps", 0),
        ):  # fmt: skip
            value = getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise ValueError(f"Expected {name} to be an integer >= {least}. Received: {value}.")
        if self.early_stopping is not None and self.early_stopping < 1:
            raise ValueError(
                f"Expected early_stopping to be an integer >= 1. Received: {self.early_stopping}."
            )
        for name in ("body_rate", "head_rate"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"Expected {name} > 0. Received: {getattr(self, name)}.")
        for name in ("weight_decay", "clip_norm", "patch_weight", "correlation_loss"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"Expected {name} >= 0. Received: {getattr(self, name)}.")
        if self.warmup_steps and self.schedule != "cosine":
            raise ValueError("Expected warmup_steps together with the schedule 'cosine'.")
        if self.batch_size % self.accumulate or self.batch_size == self.accumulate:
            raise ValueError(
                "Expected accumulate to divide batch_size into parts of 2 pictures or more. "
                f"Received: {self.accumulate} and {self.batch_size}."
            )
        if self.model == "fm" and self.patches != PAQ2PIQ.patches:
            raise ValueError(
                f"Expected patches={PAQ2PIQ.patches} for P2P-FM. Received: {self.patches}."
            )

    @property
    def part(self) -> int:
        """Pictures computed together."""
        return self.batch_size // self.accumulate


# Ours: values that train from random weights on two cores.
RECIPES = {
    "paper": {},
    "two-cores": {
        "side": 256,
        "batch_size": 16,
        "epochs": 40,
        "body_rate": 1e-3,
        "head_rate": 3e-3,
        "schedule": "cosine",
        "warmup_steps": 160,
        "clip_norm": 100.0,
        "start_at_mean": True,
        "flip": True,
        "pad_validation": False,
        "precision": "mixed_bfloat16",
    },
}
