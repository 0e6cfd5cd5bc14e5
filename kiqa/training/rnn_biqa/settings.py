"""Settings of RNN-BIQA's two trainings; the defaults are the paper's.

`FINE_TUNING_PRESETS` and `POOLING_PRESETS` name sets of other values:
``"paper"`` changes nothing, ``"code"`` is the authors' code
(`kiqa.constants.RNN_BIQA_CODE`). Loads no Keras.

Public names: `FineTuningSettings`, `PoolingSettings`, `FINE_TUNING_PRESETS`,
`POOLING_PRESETS`, `BACKBONES`, `NORMALISATIONS`.

References:
    Korhonen et al. 2021, sections 4.2 (fine-tuning), 4.3 and 4.4 (pooling).
"""

from dataclasses import dataclass

from kiqa.constants import RNN_BIQA, RNN_BIQA_CODE
from kiqa.training.runs import options

BACKBONES = (
    "resnet50",
    "compact",
    "efficientnet-lite2",
)  # as kiqa.models.rnn_features, which loads Keras
NORMALISATIONS = ("centre", "standardise")


def _keep_setting():
    return options.setting(
        "last",
        "which epoch's weights: the last one's, or ours, those of the highest SROCC on the "
        "validation images",
        choices=("last", "best"),
    )


@dataclass(frozen=True, kw_only=True)
class FineTuningSettings:
    """What decides the numbers of a training of the feature extractor.

    Each field says what it means, its bounds and its choices.

    Raises:
        ValueError: If a value is out of its range, or two do not fit.
    """

    seed: int = options.seed("seed of the initial head, the order and the chosen patches")
    backbone: str = options.setting("resnet50", "the paper's, or ours, smaller", choices=BACKBONES)
    pooled_stages: int = options.setting(
        2, "of the backbone compact: so many of the last stages give features", low=1
    )
    frozen_until: str = options.setting(
        "auto",
        "last layer that is not trained, batch normalisations up to it keep their statistics; "
        "auto: the paper's two first blocks, stage2_pool of compact, or stage 4 of "
        "efficientnet-lite2; '': all are trained",
    )
    rotations: int = options.setting(
        RNN_BIQA.rotations, "versions of each patch, turned by 90 degrees", choices=(1, 2, 4)
    )
    patches: int | None = options.setting(
        None, "ours: so many of an image's patches, others each epoch; 0: all of them", low=1
    )
    epochs: int = options.epochs(RNN_BIQA.cnn_epochs, "epochs; 0 only builds the extractor", low=0)
    batch_size: int = options.batch_size(RNN_BIQA.cnn_batch, "patches in a batch")
    learning_rate: float = options.learning_rate(
        RNN_BIQA.cnn_learning_rate, "of gradient descent with momentum"
    )
    momentum: float = options.setting(RNN_BIQA.cnn_momentum, "of gradient descent", low=0, below=1)
    l2: float = options.setting(
        RNN_BIQA.cnn_l2, "weight of the kernels' penalty, added to the gradient", low=0
    )
    head_rate: float = options.setting(
        RNN_BIQA.head_rate, "the head learns so many times faster", above=0
    )
    keep: str = _keep_setting()
    early_stopping: int | None = options.early_stopping()
    assumed_sd: float | None = options.setting(
        None,
        "deviation of the votes, on 0 to 100, of images without one; 0: such images are refused",
        above=0,
    )
    precision: str = options.precision()
    devices: tuple[str, ...] = options.devices()

    def __post_init__(self):
        options.check_settings(self)
        _check_stopping(self)


@dataclass(frozen=True, kw_only=True)
class PoolingSettings:
    """What decides the numbers of a training of the pooling network.

    Each field says what it means, its bounds and its choices.

    Raises:
        ValueError: If a value is out of its range, or two do not fit.
    """

    seed: int = options.seed("seed of initial weights, order and dropout")
    method: str = options.setting(
        "rnn",
        "recurrent; the baseline that averages; or support vectors on the average, as DeepBIQ is "
        "compared",
        choices=("rnn", "average", "svr"),
    )
    multi_resolution: bool = options.setting(True, "look at the half-size version too")
    normalisation: str = options.setting(
        "centre",
        "features less their training mean; or ours, also divided by their deviation, for "
        "extractors whose features differ in scale",
        choices=NORMALISATIONS,
    )
    masked: bool = options.setting(RNN_BIQA.masked, "leave padding out")
    epochs: int = options.epochs(RNN_BIQA.epochs, "epochs")
    batch_size: int = options.batch_size(RNN_BIQA.batch)
    learning_rate: float = options.learning_rate(
        RNN_BIQA.learning_rate, "of Adam in the first epoch"
    )
    rate_decay: float = options.setting(
        RNN_BIQA.rate_decay, "factor of the learning rate after each epoch", above=0
    )
    beta_1: float = options.setting(RNN_BIQA.beta_1, "of Adam", low=0, below=1)
    beta_2: float = options.setting(RNN_BIQA.beta_2, "of Adam", low=0, below=1)
    l2: float = options.setting(
        RNN_BIQA.l2, "weight of the kernels' penalty, added to the gradient", low=0
    )
    huber_delta: float = options.setting(
        RNN_BIQA.huber_delta, "error from which the loss is linear", above=0
    )
    loss_reduction: str = options.setting(
        RNN_BIQA.loss_reduction, "of a batch's losses", choices=("mean", "sum")
    )
    whole_batches: bool = options.setting(
        RNN_BIQA.whole_batches, "leave out what does not fill a last batch"
    )
    keep: str = _keep_setting()
    early_stopping: int | None = options.early_stopping()
    svr_c: float = options.setting(
        1.0, "ours, with --method svr: bound of a vector's weight", above=0
    )
    svr_epsilon: float = options.setting(
        0.02, "ours, with --method svr: errors below it cost nothing, on 0 to 1", above=0
    )
    precision: str = options.precision()
    devices: tuple[str, ...] = options.devices()

    def __post_init__(self):
        options.check_settings(self)
        _check_stopping(self)


FINE_TUNING_PRESETS: options.Presets = {
    "paper": {},
    "code": {
        "learning_rate": RNN_BIQA_CODE.cnn_learning_rate,
        "batch_size": RNN_BIQA_CODE.cnn_batch,
        "head_rate": RNN_BIQA_CODE.head_rate,
    },
}
POOLING_PRESETS: options.Presets = {
    "paper": {},
    "code": {
        "masked": RNN_BIQA_CODE.masked,
        "loss_reduction": RNN_BIQA_CODE.loss_reduction,
        "whole_batches": RNN_BIQA_CODE.whole_batches,
    },
}


def _check_stopping(settings):
    if settings.early_stopping is not None and settings.keep != "best":
        raise ValueError(
            "Expected early_stopping together with keep='best'. Received: "
            f"early_stopping={settings.early_stopping} and keep={settings.keep!r}."
        )
