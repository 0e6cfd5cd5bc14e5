"""Settings of the training of `lite`; the defaults are those of the shipped file.

Loads no Keras, so a command line can read them.
"""

from dataclasses import dataclass, field, fields

VARIANTS = ("lite0", "lite2")
INITIALS = ("imagenet", "random")


def _setting(default, meaning, *, least=None, choices=None):
    metadata = {"help": meaning, "least": least, "choices": choices}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class LiteSettings:
    """What decides the numbers of a training. All of it is ours; ``help`` says what.

    Raises:
        ValueError: If a value is out of its range.
    """

    seed: int = _setting(0, "seed of initial weights, versions and batches", least=0)
    variant: str = _setting("lite2", "body, EfficientNet-", choices=VARIANTS)
    initial: str = _setting("imagenet", "weights of the body at first", choices=INITIALS)
    versions: int = _setting(
        1, "versions of each training image with another history, beside the plain one", least=0
    )
    copies: int = _setting(800, "degraded copies of training images", least=0)
    unrated_copies: int = _setting(8, "degraded copies of each unrated image", least=0)
    awful: int = _setting(60, "black, flat and noise images", least=0)
    copy_weight: float = _setting(0.1, "weight of a degraded image, an image's being 1", least=0)
    units: int = _setting(256, "units of the hidden layers", least=1)
    dropout: float = _setting(0.5, "of features and hidden units", least=0)
    l2: float = _setting(1e-4, "penalty of the hidden layers' weights", least=0)
    judge_epochs: int = _setting(24, "epochs of the first judge, of the frozen body", least=1)
    judge_rate: float = _setting(1e-3, "learning rate of the first judge, at first", least=0)
    judge_batch: int = _setting(128, "images a step of the first judge", least=2)
    epochs: int = _setting(4, "epochs of fine-tuning", least=1)
    learning_rate: float = _setting(1e-4, "of Adam at first; it falls along a cosine", least=0)
    batch: int = _setting(16, "images a step, degraded ones included", least=2)
    degraded: int = _setting(3, "degraded images among them", least=0)
    error_weight: float = _setting(10.0, "weight of the squared error", least=0)
    correlation_weight: float = _setting(0.3, "weight of 1 - PLCC within a batch", least=0)
    clip: float = _setting(1.0, "largest norm of a step's gradient", least=0)

    def __post_init__(self):
        for each in fields(self):
            value, least = getattr(self, each.name), each.metadata["least"]
            choices = each.metadata["choices"]
            if choices is not None and value not in choices:
                raise ValueError(
                    f"Expected {each.name} to be one of {', '.join(choices)}. Received: {value!r}."
                )
            if least is None:
                continue
            whole = isinstance(each.default, int)
            kinds = int if whole else int | float
            wrong = isinstance(value, bool) or not isinstance(value, kinds)
            if wrong or not least <= value < float("inf"):
                kind = "an integer" if whole else "a number"
                raise ValueError(
                    f"Expected {each.name} to be {kind} >= {least}. Received: {value!r}."
                )
        if self.degraded >= self.batch or self.dropout >= 1:
            raise ValueError(
                "Expected degraded less than batch, and dropout less than 1. Received: "
                f"{self.degraded} of {self.batch}, {self.dropout}."
            )
