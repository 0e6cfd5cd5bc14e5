"""Settings of the training of `lite`; the shipped file was made in steps near the defaults.

Loads no Keras, so a command line can read them.

Public names: `LiteSettings`.
"""

from dataclasses import dataclass

from kiqa.training.runs import options

_ORDER, _MAPS = "order of copies", "network of the maps"


@dataclass(frozen=True, kw_only=True)
class LiteSettings:
    """What decides the numbers of a training. All of it is ours; each field says what.

    Raises:
        ValueError: If a value is out of its range, or values do not fit each
            other.
    """

    seed: int = options.seed("seed of the initial weights, the versions and the batches")
    variant: str = options.setting("lite2", "body, EfficientNet-", choices=("lite0", "lite2"))
    versions: int = options.setting(
        1, "versions of each training image with another history, beside the plain one", low=0
    )
    copies: int = options.setting(800, "degraded copies of training images", low=0)
    unrated_copies: int = options.setting(
        8, "degraded copies of each unrated image; 0: none of itself either", low=0
    )
    awful: int = options.setting(60, "black, flat and noise images", low=0)
    copy_weight: float = options.setting(
        0.1, "weight of a degraded image, an image's being 1", low=0
    )
    units: int = options.setting(256, "units of the hidden layers", low=1)
    dropout: float = options.setting(0.5, "of features and hidden units", low=0, below=1)
    l2: float = options.setting(1e-4, "penalty of the hidden layers' weights", low=0)
    judge_epochs: int = options.setting(
        24,
        "epochs of the first judge, of the frozen body; 0 leaves it as it is",
        low=0,
    )
    judge_learning_rate: float = options.learning_rate(
        1e-3, "learning rate of the first judge, at first"
    )
    judge_batch_size: int = options.setting(128, "images in a batch of the first judge", low=2)
    epochs: int = options.epochs(
        4, "epochs of fine-tuning; 0 leaves the tuned stages of a trained lite as they are", low=0
    )
    early_stopping: int | None = options.early_stopping()
    learning_rate: float = options.learning_rate(
        1e-4, "of Adam at first; it falls to zero along a cosine"
    )
    batch_size: int = options.batch_size(16, "images in a batch, degraded ones included")
    degraded: int = options.setting(3, "degraded images among them", low=0)
    error_weight: float = options.setting(10.0, "weight of the squared error", low=0)
    correlation_loss: float = options.correlation_loss(0.3)
    clip_norm: float = options.setting(1.0, "largest norm of a gradient; 0 clips nothing", low=0)
    order_images: int = options.setting(
        300, f"{_ORDER}: better training images that are degraded, beside the unrated ones", low=1
    )
    order_epochs: int = options.epochs(18, f"{_ORDER}: epochs; 0 teaches none", low=0)
    order_batch_size: int = options.batch_size(
        256, f"{_ORDER}: images of a step that keep their scores"
    )
    order_series: int = options.setting(
        24, f"{_ORDER}: images of a step with copies of rising severity", low=1
    )
    order_weight: float = options.setting(
        0.02, f"{_ORDER}: weight of the copies, that of the squared error being 1", low=0
    )
    order_margin: float = options.setting(
        0.03, f"{_ORDER}: by how much a copy should score lower than a milder one", low=0
    )
    order_learning_rate: float = options.learning_rate(
        3e-4, f"{_ORDER}: learning rate of Adam at first; it falls to zero along a cosine"
    )
    local_versions: int = options.setting(
        4, f"{_MAPS}: versions of each image with a degraded rectangle", low=1
    )
    local_units: int = options.setting(64, f"{_MAPS}: units of the hidden layer", low=1)
    local_dropout: float = options.setting(
        0.2, f"{_MAPS}: dropout of features and hidden units", low=0, below=1
    )
    local_epochs: int = options.epochs(14, f"{_MAPS}: epochs")
    local_batch_size: int = options.batch_size(256, f"{_MAPS}: windows in a batch")
    local_learning_rate: float = options.learning_rate(
        2e-3, f"{_MAPS}: learning rate of AdamW at first; it falls to zero along a cosine"
    )
    local_weight_decay: float = options.weight_decay(1e-3, f"{_MAPS}: decoupled weight decay")
    precision: str = options.precision()
    devices: tuple[str, ...] = options.devices()

    def __post_init__(self):
        options.check_settings(self)
        if self.degraded >= self.batch_size:
            raise ValueError(
                "Expected degraded less than batch_size. Received: "
                f"{self.degraded} of {self.batch_size}."
            )
