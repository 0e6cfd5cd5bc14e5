"""Settings of the Patchnet experiment; the defaults are the thesis's values.

What the thesis leaves open (learning rate, number of epochs) is named as
ours below. `PRESETS` names sets of other values: ``"paper"`` changes nothing,
``"embedded"`` runs the whole protocol on a few hundred patches that kiqa
brings along, in some minutes on two cores. Loads no Keras.

Public names: `PatchnetSettings`, `PRESETS`, `EMBEDDED_PATCHES_PER_VERSION`.
"""

from dataclasses import dataclass

from kiqa.constants import PATCHNET
from kiqa.training.runs import options


@dataclass(frozen=True, kw_only=True)
class PatchnetSettings:
    """What decides the numbers of a training of Patchnet.

    Each field says what it means, its bounds and its choices. Ours, not the
    thesis's, are: ``learning_rate``, Keras's default, for the thesis gives
    none; ``epochs``, for over-fitting starts after about 30 in its Fig. 8;
    ``split_by="image"``, ``early_stopping``, ``max_restarts`` and
    ``dead_below``. With ``split_by="patch"``, the thesis's, other patches of
    the images that are tested on are trained on; ``"image"`` keeps all patches
    of an image in one part.

    Raises:
        ValueError: If a value is out of its range.

    References:
        Thesis, section 5.1.
    """

    seed: int = options.seed("seed of the parts, the initial weights and the batches")
    test_fraction: float = options.setting(
        PATCHNET.test_fraction,
        "part of the patches, or images, held out for the test",
        above=0,
        below=1,
    )
    folds: int = options.setting(
        PATCHNET.folds, "parts of the rest, and training instances, each validated on one", low=2
    )
    split_by: str = options.setting(
        "patch",
        "what the parts are drawn of; with image, all patches of an image are in one part, which "
        "is stricter",
        choices=("patch", "image"),
    )
    batch_size: int = options.batch_size(PATCHNET.batch_size, "patches in a batch")
    learning_rate: float = options.learning_rate(1e-3, "Adam's learning rate")
    epochs: int = options.epochs(40, "epochs of an instance; its best one's weights are kept")
    early_stopping: int | None = options.early_stopping()
    precision: str = options.precision()
    devices: tuple[str, ...] = options.devices()
    conv_widths: tuple[tuple[int, ...], ...] = options.setting(
        PATCHNET.conv_widths, "see `kiqa.models.patchnet.build_patchnet`", option=False
    )
    dense_widths: tuple[int, ...] = options.setting(
        PATCHNET.dense_widths, "see `kiqa.models.patchnet.build_patchnet`", option=False
    )
    padding: str = options.setting(
        "valid",
        "see `kiqa.models.patchnet.build_patchnet`",
        choices=("valid", "same"),
        option=False,
    )
    max_restarts: int = options.setting(
        4,
        "how often an instance whose network is dead (constant) starts again with other initial "
        "weights",
        low=0,
    )
    dead_below: float = options.setting(
        1e-5,
        "standard deviation of the predictions, on the scale 0 to 1, below which a network counts "
        "as dead",
        low=0,
    )

    def __post_init__(self):
        options.check_settings(self)


PRESETS: options.Presets = {
    "paper": {},
    "embedded": {"batch_size": 32, "learning_rate": 3e-4, "epochs": 8},
}
EMBEDDED_PATCHES_PER_VERSION = 4
