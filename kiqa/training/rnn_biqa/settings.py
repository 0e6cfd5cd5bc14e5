"""Settings of RNN-BIQA's two trainings; the defaults are the paper's.

`fine_tuning_preset` and `pooling_preset` give the values of the paper or of
the authors' code (`kiqa.constants.RNN_BIQA`, ``RNN_BIQA_CODE``). Loads no
Keras.

Public names: `FineTuningSettings`, `PoolingSettings`, `fine_tuning_preset`,
`pooling_preset`, `PRESETS`, `METHODS`, `NORMALISATIONS`, `KEPT`.
"""

from dataclasses import dataclass

from kiqa.constants import RNN_BIQA, RNN_BIQA_CODE
from kiqa.training.runs.options import PRECISIONS

PRESETS = {"paper": RNN_BIQA, "code": RNN_BIQA_CODE}
BACKBONES = ("resnet50", "compact")  # as kiqa.models.rnn_features, which loads Keras
METHODS = ("rnn", "average", "svr")
REDUCTIONS = ("mean", "sum")
NORMALISATIONS = ("centre", "standardise")
KEPT = ("last", "best")


@dataclass(frozen=True, kw_only=True)
class FineTuningSettings:
    """What decides the numbers of a training of the feature extractor.

    Attributes:
        seed: Seed of the initial head, the order and the chosen patches.
        backbone: See `kiqa.models.rnn_features.build_extractor`.
        pooled_stages: Of the backbone ``"compact"``; there too.
        frozen_until: Layers up to the one of this name are not trained, their
            batch normalisations keep their statistics. ``None`` is
            ``"conv2_block3_out"``, the paper's two first blocks, or of
            ``"compact"`` ``"stage2_pool"``; empty trains all.
        rotations: Versions of each patch, turned by 90 degrees: 1, 2 or 4.
        patches: Ours: so many of an image's patches in each rotation, others
            each epoch; ``None`` is all of them.
        epochs: Epochs; 0 only builds the extractor.
        batch: Patches a step.
        learning_rate: Of gradient descent with momentum.
        momentum: Of it.
        l2: Weight of the kernels' penalty, added to the gradient.
        head_rate: The head learns so many times faster.
        keep: The weights of the ``"last"`` epoch, or ours of the ``"best"``
            one: highest SROCC on the validation images.
        assumed_sd: Standard deviation of the votes, on the scale 0..100, of
            images without one.
        precision: Keras dtype policy, one of `PRECISIONS`.

    Raises:
        ValueError: If a value is out of its range.

    References:
        Korhonen et al. 2021, section 4.2.
    """

    seed: int = 0
    backbone: str = "resnet50"
    pooled_stages: int = 2
    frozen_until: str | None = None
    rotations: int = RNN_BIQA.rotations
    patches: int | None = None
    epochs: int = RNN_BIQA.cnn_epochs
    batch: int = RNN_BIQA.cnn_batch
    learning_rate: float = RNN_BIQA.cnn_learning_rate
    momentum: float = RNN_BIQA.cnn_momentum
    l2: float = RNN_BIQA.cnn_l2
    head_rate: float = RNN_BIQA.head_rate
    keep: str = "last"
    assumed_sd: float | None = None
    precision: str = "float32"

    def __post_init__(self):
        _check_choices(self, backbone=BACKBONES, keep=KEPT, precision=PRECISIONS)
        if self.rotations not in (1, 2, 4):
            raise ValueError(f"Expected rotations 1, 2 or 4. Received: {self.rotations!r}.")
        _check_whole(self, seed=0, pooled_stages=1, epochs=0, batch=1)
        if self.patches is not None:
            _check_whole(self, patches=1)
        _check_positive(self, "learning_rate", "head_rate")
        if self.assumed_sd is not None:
            _check_positive(self, "assumed_sd")
        if not 0 <= self.l2 < float("inf"):
            raise ValueError(f"Expected l2 >= 0. Received: {self.l2}.")
        if not 0 <= self.momentum < 1:
            raise ValueError(f"Expected momentum from 0 to below 1. Received: {self.momentum}.")


@dataclass(frozen=True, kw_only=True)
class PoolingSettings:
    """What decides the numbers of a training of the pooling network.

    Attributes:
        seed: Seed of the initial weights, the order and dropout.
        method: ``"rnn"``; the baseline ``"average"``; or ``"svr"``, support
            vector regression on the average as DeepBIQ is compared.
        multi_resolution: Whether the half-size version is looked at too.
        normalisation: ``"centre"``: features less their training mean; or
            ours ``"standardise"``: and divided by their deviation, for
            extractors whose features differ in scale.
        masked: Whether padding is left out, see `kiqa.models.rnn_biqa`.
        epochs: Epochs.
        batch: Images a step.
        learning_rate: Of Adam in the first epoch.
        rate_decay: Factor of it after each epoch.
        beta_1: Of Adam.
        beta_2: Of Adam.
        l2: Weight of the kernels' penalty, added to the gradient.
        huber_delta: Where the loss becomes linear.
        loss_reduction: ``"mean"`` or ``"sum"`` of a step's losses.
        whole_batches: Leave out what does not fill a last batch.
        keep: The weights of the ``"last"`` epoch, or ours of the ``"best"``
            one: highest SROCC on the validation images.
        svr_c: Ours: bound of a support vector's weight.
        svr_epsilon: Ours: errors below it cost nothing, on the scale 0..1.
        precision: Keras dtype policy, one of `PRECISIONS`.

    Raises:
        ValueError: If a value is out of its range.

    References:
        Korhonen et al. 2021, sections 4.3 and 4.4.
    """

    seed: int = 0
    method: str = "rnn"
    multi_resolution: bool = True
    normalisation: str = "centre"
    masked: bool = RNN_BIQA.masked
    epochs: int = RNN_BIQA.epochs
    batch: int = RNN_BIQA.batch
    learning_rate: float = RNN_BIQA.learning_rate
    rate_decay: float = RNN_BIQA.rate_decay
    beta_1: float = RNN_BIQA.beta_1
    beta_2: float = RNN_BIQA.beta_2
    l2: float = RNN_BIQA.l2
    huber_delta: float = RNN_BIQA.huber_delta
    loss_reduction: str = RNN_BIQA.loss_reduction
    whole_batches: bool = RNN_BIQA.whole_batches
    keep: str = "last"
    svr_c: float = 1.0
    svr_epsilon: float = 0.02
    precision: str = "float32"

    def __post_init__(self):
        _check_choices(
            self,
            method=METHODS,
            normalisation=NORMALISATIONS,
            loss_reduction=REDUCTIONS,
            keep=KEPT,
            precision=PRECISIONS,
        )
        _check_whole(self, seed=0, epochs=1, batch=1)
        _check_positive(self, "learning_rate", "rate_decay", "huber_delta", "svr_c", "svr_epsilon")
        if not 0 <= self.l2 < float("inf"):
            raise ValueError(f"Expected l2 >= 0. Received: {self.l2}.")
        for name in ("beta_1", "beta_2"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(
                    f"Expected {name} from 0 to below 1. Received: {getattr(self, name)}."
                )


def fine_tuning_preset(name: str) -> dict:
    """Return the values that a preset gives `FineTuningSettings`.

    Args:
        name: A key of `PRESETS`: ``"paper"`` or ``"code"``.

    Returns:
        Keyword arguments.

    Raises:
        ValueError: If there is no such preset.
    """
    numbers = _preset(name)
    return {"learning_rate": numbers.cnn_learning_rate, "batch": numbers.cnn_batch}


def pooling_preset(name: str) -> dict:
    """Return the values that a preset gives `PoolingSettings`, see `fine_tuning_preset`."""
    numbers = _preset(name)
    return {
        field: getattr(numbers, field) for field in ("masked", "loss_reduction", "whole_batches")
    }


def _preset(name):
    if name not in PRESETS:
        raise ValueError(f"Expected a preset, one of {', '.join(PRESETS)}. Received: {name!r}.")
    return PRESETS[name]


def _check_choices(settings, **choices):
    for name, known in choices.items():
        if getattr(settings, name) not in known:
            raise ValueError(
                f"Expected {name} to be one of {', '.join(known)}. "
                f"Received: {getattr(settings, name)!r}."
            )


def _check_whole(settings, **least):
    for name, low in least.items():
        value = getattr(settings, name)
        if not isinstance(value, int) or value < low:
            raise ValueError(f"Expected {name} to be an integer >= {low}. Received: {value!r}.")


def _check_positive(settings, *names):
    for name in names:
        if not 0 < getattr(settings, name) < float("inf"):
            raise ValueError(f"Expected {name} > 0. Received: {getattr(settings, name)}.")
