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
    units: int = _setting(256, "units of the hidden layer", least=1)
    dropout: float = _setting(0.5, "of features and hidden units", least=0)
    l2: float = _setting(1e-3, "penalty of the hidden layer's weights", least=0)
    head_epochs: int = _setting(12, "epochs of the head on the frozen body", least=1)
    head_rate: float = _setting(1e-3, "learning rate of the head at first", least=0)
    head_batch: int = _setting(128, "images a step of the head", least=2)
    trained_from: int = _setting(
        6, "first stage of the body that is fine-tuned, 5 to 7; 8: its head only", least=5
    )
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
        if self.trained_from > 8 or self.degraded >= self.batch or self.dropout >= 1:
            raise ValueError(
                "Expected trained_from at most 8, degraded less than batch and dropout less than "
                f"1. Received: {self.trained_from}, {self.degraded} of {self.batch}, "
                f"{self.dropout}."
            )
