"""Settings of the training of PaQ-2-PiQ; the defaults are the paper's.

`PRESETS` names sets of other values: ``"paper"`` changes nothing,
``"two-cores"`` trains on smaller crops, from random weights, on two cores.
Loads no Keras.

Public names: `Paq2piqSettings`, `PRESETS`, `BODIES`.
"""

from dataclasses import dataclass

from kiqa.constants import PAQ2PIQ
from kiqa.training.runs import options

BODIES = ("resnet18", "efficientnet-lite2")  # as kiqa.models.paq2piq, which loads Keras


@dataclass(frozen=True, kw_only=True)
class Paq2piqSettings:
    """What decides the numbers of a training of PaQ-2-PiQ.

    Each field says what it means, its bounds and its choices. Ours, not the
    paper's, are: another ``body``, crops of images larger than ``side`` (the paper moves those
    to the test set), ``accumulate``, ``early_stopping``, the schedule
    ``"cosine"`` with ``warmup_steps``, ``clip_norm``, ``ema_momentum``,
    ``frozen_stages``, ``patch_weight``, ``correlation_loss``, ``start_at_mean``, ``flip`` and
    validation without padding.

    Raises:
        ValueError: If a value is out of its range, or two do not fit.

    References:
        Ying et al. 2020, section 4.1.
    """

    seed: int = options.seed("seed of the initial weights, the order, the crops and dropout")
    model: str = options.setting("rm", "P2P-BM, P2P-RM or P2P-FM", choices=("bm", "rm", "fm"))
    body: str = options.setting("resnet18", "the paper's, or ours", choices=BODIES)
    side: int = options.setting(
        PAQ2PIQ.side,
        "pixels a side in training: smaller images are padded with white, centred; of larger "
        "ones a random crop is taken",
        low=PAQ2PIQ.stride,
    )
    patches: int = options.setting(
        PAQ2PIQ.patches,
        "patches of each image in a batch, of more known ones others each time; 0: image scores "
        "only. P2P-BM knows no patches, P2P-FM needs three",
        low=0,
    )
    batch_size: int = options.setting(PAQ2PIQ.batch, "images in an update of the weights", low=2)
    accumulate: int = options.setting(
        1,
        "parts in which a batch is computed, where memory is short; gradients are averaged, "
        "batch normalisation sees one part at a time",
        low=1,
    )
    epochs: int = options.epochs(PAQ2PIQ.epochs)
    early_stopping: int | None = options.early_stopping()
    learning_rate: float = options.learning_rate(
        PAQ2PIQ.body_rate, "highest learning rate of the body"
    )
    head_rate: float = options.setting(
        PAQ2PIQ.head_rate, "highest learning rate of the head", above=0
    )
    schedule: str = options.schedule("both learning rates")
    warmup_steps: int = options.warmup_steps("updates")
    weight_decay: float = options.weight_decay(
        PAQ2PIQ.decay, "decoupled weight decay, on all weights"
    )
    clip_norm: float = options.clip_norm()
    ema_momentum: float = options.ema_momentum()
    frozen_stages: int = options.frozen_stages()
    patch_weight: float = options.setting(
        1.0, "weight of a patch's squared error beside an image's", low=0
    )
    correlation_loss: float = options.correlation_loss(
        of="the image scores", units=", in units of the squared error"
    )
    start_at_mean: bool = options.setting(
        False, "let the first outputs be near the mean training score"
    )
    flip: bool = options.setting(False, "mirror half of the training images")
    pad_validation: bool = options.setting(
        True, "pad validation images as in training, where they fit; else whole, as scored later"
    )
    precision: str = options.precision()
    devices: tuple[str, ...] = options.devices()

    def __post_init__(self):
        options.check_settings(self)
        options.check_schedule(self)
        if self.batch_size % self.accumulate or self.batch_size == self.accumulate:
            raise ValueError(
                "Expected accumulate to divide batch_size into parts of 2 images or more. "
                f"Received: {self.accumulate} and {self.batch_size}."
            )
        # Keras does not accumulate gradients under a MirroredStrategy of several devices.
        if self.accumulate > 1 and len(self.devices) > 1:
            raise ValueError(
                "Expected accumulate=1 with several devices, which compute a share of each batch. "
                f"Received: {self.accumulate} on {len(self.devices)} devices. Leave --accumulate "
                "out, or use one device."
            )
        if self.model == "fm" and self.patches != PAQ2PIQ.patches:
            raise ValueError(
                f"Expected patches={PAQ2PIQ.patches} for P2P-FM. Received: {self.patches}."
            )


# Ours: values that train from random weights on two cores.
PRESETS: options.Presets = {
    "paper": {},
    "two-cores": {
        "side": 256,
        "batch_size": 16,
        "epochs": 40,
        "learning_rate": 1e-3,
        "head_rate": 3e-3,
        "schedule": "cosine",
        "warmup_steps": 160,
        "clip_norm": 100.0,
        "start_at_mean": True,
        "flip": True,
        "pad_validation": False,
    },
}
