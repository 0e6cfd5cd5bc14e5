"""Settings of the training from whole images' MOS.

No paper describes this training: the defaults are those of the shipped
``patchnet.h5``, but for its number format. `PRESETS` names sets of other
values: ``"paper"`` changes nothing, as in every training; ``"rated"`` does
without images that have no score. Loads no Keras.

Public names: `MosSettings`, `PRESETS`.
"""

from dataclasses import dataclass

from kiqa.constants import PATCHNET
from kiqa.training.runs import options


@dataclass(frozen=True, kw_only=True)
class MosSettings:
    """What decides the numbers of this experiment. All of it is ours.

    Each field says what it means, its bounds and its choices; the four losses
    are weights of the terms of `kiqa.training.patchnet_mos.losses`, and zero
    leaves one out.

    Raises:
        ValueError: If a value is out of its range, or two do not fit.
    """

    seed: int = options.seed("seed of initial weights, pieces and distortions")
    batch_size: int = options.batch_size(8, "rated images in a batch")
    pieces: int = options.setting(6, "pieces of each rated image", low=1)
    side: int = options.setting(
        64, "side of a piece in pixels, 64 plus a multiple of 8", low=PATCHNET.patch
    )
    copies: int = options.setting(
        24, "distorted copies in a batch, of the last of its pieces", low=0
    )
    unrated_pieces: int = options.setting(
        8, "pieces of unrated images in a batch; 0 without --unrated", low=0
    )
    unrated_quality: float = options.setting(
        0.8,
        "quality that unrated images are assumed to have, a pseudo-score for the cell loss",
        low=0,
        high=1,
    )
    epochs: int = options.epochs(26, "epochs; the learning rate falls to zero over them")
    early_stopping: int | None = options.early_stopping()
    warmup_steps: int = options.setting(200, "batches over which the learning rate rises", low=0)
    learning_rate: float = options.learning_rate(2e-3)
    weight_decay: float = options.weight_decay(0.01)
    clip_norm: float = options.clip_norm(1.0)
    ema_momentum: float = options.ema_momentum()
    image_loss: float = options.setting(
        1.0, "weight of the squared error of the mean over an image's pieces", low=0
    )
    cell_loss: float = options.setting(1.0, "weight of the squared error of every cell", low=0)
    correlation_loss: float = options.correlation_loss(0.05, of="images' means")
    distortion_loss: float = options.setting(
        1.0, "weight of the squared error of the cells of distorted copies", low=0
    )
    precision: str = options.precision()
    devices: tuple[str, ...] = options.devices()

    def __post_init__(self):
        options.check_settings(self)
        if self.side % 8:
            raise ValueError(
                f"Expected side to be 64 plus a multiple of 8 pixels. Received: {self.side}."
            )
        clean = self.batch_size * self.pieces + self.unrated_pieces
        if not self.unrated_pieces <= self.copies <= clean:
            raise ValueError(
                "Expected unrated_pieces <= copies <= batch_size * pieces + unrated_pieces. "
                f"Received: {self.unrated_pieces} <= {self.copies} <= {clean}."
            )
        if bool(self.copies) != bool(self.distortion_loss):
            raise ValueError(
                "Expected distorted copies together with a weight of the distortion loss. "
                f"Received: copies={self.copies}, distortion_loss={self.distortion_loss}."
            )


PRESETS: options.Presets = {"paper": {}, "rated": {"unrated_pieces": 0}}
