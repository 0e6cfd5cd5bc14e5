"""Settings of the Patchnet experiment; the defaults are the thesis's values.

What the thesis leaves open (learning rate, number of epochs) is named as
ours below. Loads no Keras, so a command line can read the defaults.
"""

from dataclasses import dataclass

from kiqa.constants import PATCHNET
from kiqa.training.runs.options import PRECISIONS

SPLITS = ("patch", "image")


@dataclass(frozen=True, kw_only=True)
class PatchnetSettings:
    """What decides the numbers of a training of Patchnet.

    Attributes:
        seed: Seed of the parts, the initial weights and the batches.
        test_fraction: Part of the patches (or images) held out for the
            test, thesis 5.1.
        folds: Parts of the rest, and training instances, thesis 5.1.
        split_by: ``"patch"`` as in the thesis, or ``"image"``: all patches
            of an image are in one part, which is stricter.
        batch_size: Patches a step, thesis 5.1.
        learning_rate: Adam's learning rate. Ours, Keras's default: the
            thesis gives none.
        epochs: Epochs of an instance. Ours: over-fitting starts after about
            30 in the thesis's Fig. 8.
        early_stopping: Stop after so many epochs without a better
            validation loss. ``None`` runs all epochs; the weights of the
            best epoch are kept either way, thesis 5.1.
        precision: Keras dtype policy, one of `PRECISIONS`.
        devices: Devices of a ``MirroredStrategy``, such as ``("GPU:0",
            "GPU:1")``; empty for one device. TensorFlow only.
        conv_widths: See `kiqa.models.patchnet.build_patchnet`.
        dense_widths: See `kiqa.models.patchnet.build_patchnet`.
        padding: See `kiqa.models.patchnet.build_patchnet`.
        max_restarts: How often an instance whose network is dead (constant)
            is started again with other initial weights.
        dead_below: Standard deviation of the predictions, on the scale
            0..1, below which a network counts as dead.

    Raises:
        ValueError: If a value is out of its range.

    References:
        Thesis, section 5.1.
    """

    seed: int = 0
    test_fraction: float = PATCHNET.test_fraction
    folds: int = PATCHNET.folds
    split_by: str = "patch"
    batch_size: int = PATCHNET.batch_size
    learning_rate: float = 1e-3
    epochs: int = 40
    early_stopping: int | None = None
    precision: str = "float32"
    devices: tuple[str, ...] = ()
    conv_widths: tuple[tuple[int, ...], ...] = PATCHNET.conv_widths
    dense_widths: tuple[int, ...] = PATCHNET.dense_widths
    padding: str = "valid"
    max_restarts: int = 4
    dead_below: float = 1e-5

    def __post_init__(self):
        for name, least in (
            ("seed", 0),
            ("folds", 2),
            ("batch_size", 1),
            ("epochs", 1),
            ("max_restarts", 0),
        ):
            value = getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise ValueError(f"Expected {name} to be an integer >= {least}. Received: {value}.")
        if self.early_stopping is not None and self.early_stopping < 1:
            raise ValueError(
                f"Expected early_stopping to be an integer >= 1. Received: {self.early_stopping}."
            )
        if not 0 < self.test_fraction < 1:
            raise ValueError(
                f"Expected test_fraction between 0 and 1. Received: {self.test_fraction}."
            )
        if not 0 < self.learning_rate < float("inf"):
            raise ValueError(f"Expected learning_rate > 0. Received: {self.learning_rate}.")
        for name, choices in (("split_by", SPLITS), ("precision", PRECISIONS)):
            if getattr(self, name) not in choices:
                raise ValueError(
                    f"Expected {name} to be one of {', '.join(choices)}. "
                    f"Received: {getattr(self, name)!r}."
                )


# What `python -m kiqa.train_patchnet` without data runs: the whole protocol
# on a few hundred patches that kiqa brings along, in about a minute on two
# cores.
EMBEDDED = PatchnetSettings(batch_size=32, learning_rate=3e-4, epochs=8)
EMBEDDED_PATCHES_PER_VERSION = 4
