"""One statement of each setting: its default, meaning and bounds.

The settings of a training are a frozen dataclass whose fields are made by
`setting`. The command line's options, the checks and the texts of errors come
from there. Loads no Keras, so that ``--help`` and wrong options answer at
once.

Public names: `Presets`, `setting`, `check_settings`, `check_schedule`, `check_frozen`,
`add_settings`, `given_settings`, `settings_to_json`, `check_continues`; the
settings that several trainings have: `seed`, `epochs`, `early_stopping`,
`batch_size`, `learning_rate`, `schedule`, `warmup_steps`, `weight_decay`,
`clip_norm`, `ema_momentum`, `correlation_loss`, `correlation_with`, `frozen_stages`,
`precision`, `devices`.
"""

import argparse
import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

Presets = Mapping[str, Mapping[str, Any]]  # values of settings, by the preset's name
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


def setting(
    default: Any,
    help: str,
    *,
    low: float | None = None,
    above: float | None = None,
    high: float | None = None,
    below: float | None = None,
    choices: Sequence[str | int] | None = None,
    option: bool = True,
) -> Any:
    """Make a field of a settings dataclass.

    Args:
        default: The paper's value, where it gives one.
        help: What it means, for ``--help``.
        low: Least value.
        above: Values are greater than this.
        high: Greatest value.
        below: Values are less than this.
        choices: The values it can have.
        option: Whether the command line has an option for it.

    Returns:
        The field. Fields of type ``X | None`` may be ``None``, which the
        command line spells 0, or an empty text.
    """
    metadata = {
        "help": help,
        "bounds": {">=": low, ">": above, "<=": high, "<": below},
        "choices": choices,
        "option": option,
    }
    return dataclasses.field(default=default, metadata=metadata)


def seed(help: str = "seed of the initial weights, the order and the batches") -> Any:
    """Return the field of the seed."""
    return setting(0, help, low=0)


def epochs(default: int, help: str = "epochs at most", *, low: int = 1) -> Any:
    """Return the field of the number of epochs."""
    return setting(default, help, low=low)


def early_stopping(default: int | None = None) -> Any:
    """Return the field of the epochs without progress after which a run stops."""
    return setting(default, "stop after so many epochs without a better one; 0: never", low=1)


def batch_size(default: int, help: str = "images in a batch") -> Any:
    """Return the field of the batch size; on several devices they share a batch."""
    return setting(default, help, low=1)


def learning_rate(default: float, help: str = "highest learning rate") -> Any:
    """Return the field of the learning rate."""
    return setting(default, help, above=0)


def schedule(of: str = "the learning rate") -> Any:
    """Return the field of the learning rate's course; `check_schedule` belongs to it."""
    help = f"of {of}; cosine falls to zero over all epochs"
    return setting("constant", help, choices=("constant", "cosine"))


def warmup_steps(steps: str = "batches") -> Any:
    """Return the field of the batches, or updates, over which the learning rate rises."""
    return setting(0, f"{steps} over which the learning rate rises, with --schedule cosine", low=0)


def weight_decay(
    default: float = 0.0, help: str = "decoupled weight decay; 0 is plain Adam"
) -> Any:
    """Return the field of the decoupled weight decay."""
    return setting(default, help, low=0)


def clip_norm(default: float = 0.0) -> Any:
    """Return the field of the norm to which gradients are clipped."""
    return setting(default, "largest norm of a gradient; 0 clips nothing", low=0)


def ema_momentum() -> Any:
    """Return the field of the momentum of the weights' moving average, which Keras calls so."""
    help = "of the exponential moving average of the weights, which takes their place; 0: none"
    return setting(0.0, help, low=0, below=1)


def correlation_loss(default: float = 0.0, *, of: str = "the scores", units: str = "") -> Any:
    """Return the field of the weight of a loss that asks for correlation within a batch."""
    help = f"weight of 1 - Pearson's correlation of {of} with the wanted ones over a batch{units}"
    return setting(default, help, low=0)


def correlation_with(scores: str, help: str) -> Any:
    """Return the field of what `correlation_loss` asks for: the wanted scores or their ranks."""
    help = f"what --correlation-loss correlates the scores with: {help}"
    return setting(scores, help, choices=(scores, "ranks"))


def frozen_stages() -> Any:
    """Return the field of the stages that are not trained; `check_frozen` belongs to it."""
    help = "first stages of the body that stay as --initial has them, which is faster; 0: none"
    return setting(0, help, low=0, high=3)


def precision() -> Any:
    """Return the field of Keras's dtype policy."""
    return setting("float32", "Keras dtype policy", choices=PRECISIONS)


def devices() -> Any:
    """Return the field of a ``MirroredStrategy``'s devices; empty for one device."""
    return setting((), "devices that share each batch, such as GPU:0 and GPU:1", option=False)


def check_settings(settings: Any) -> None:
    """Refuse settings out of their bounds; for ``__post_init__``.

    Args:
        settings: Dataclass whose fields `setting` made.

    Raises:
        ValueError: Naming the setting, what it can be and what it is.
    """
    for field in dataclasses.fields(settings):
        value, (kind, optional) = getattr(settings, field.name), _kind(type(settings), field)
        if (value is None and optional) or "choices" not in field.metadata:
            continue
        choices = field.metadata["choices"]
        if choices is not None:
            if value not in choices:
                known = ", ".join(map(str, choices))
                raise ValueError(
                    f"Expected {field.name} to be one of {known}. Received: {value!r}."
                )
        elif kind in (int, float):
            bounds = {
                sign: bound for sign, bound in field.metadata["bounds"].items() if bound is not None
            }
            if not (_is_number(value, kind) and _within(value, bounds)):
                wanted = " and ".join(f"{sign} {bound}" for sign, bound in bounds.items())
                name = "an integer" if kind is int else "a number"
                raise ValueError(
                    f"Expected {field.name} to be {' '.join([name, wanted]).rstrip()}. "
                    f"Received: {value!r}."
                )


def check_schedule(settings: Any) -> None:
    """Refuse a rise of a learning rate that is constant; for ``__post_init__``.

    Args:
        settings: With ``schedule`` and ``warmup_steps``.

    Raises:
        ValueError: If there are such steps.
    """
    if settings.warmup_steps and settings.schedule != "cosine":
        raise ValueError("Expected warmup_steps together with the schedule 'cosine'.")


def check_frozen(settings: Any, initial: object) -> None:
    """Refuse frozen stages of random weights.

    Args:
        settings: With ``frozen_stages``.
        initial: What the network starts from, or ``None``.

    Raises:
        ValueError: If stages are frozen without it.
    """
    if settings.frozen_stages and initial is None:
        raise ValueError(
            f"Expected initial together with frozen_stages. Received: {settings.frozen_stages} "
            "without it, whose random weights would stay. Use --initial, or --frozen-stages 0."
        )


def add_settings(
    group: argparse._ActionsContainer, kind: type, *, preset: Mapping[str, Any]
) -> None:
    """Add an option for each of a run's settings, without a default.

    Args:
        group: Parser or group of it, with ``argument_default=SUPPRESS``: only
            what was given overrides a preset.
        kind: Dataclass of the settings.
        preset: What the command takes without ``--preset``: values by name,
            which ``--help`` tells in the place of the dataclass's defaults.
    """
    for field in dataclasses.fields(kind):
        meta = field.metadata
        if not meta.get("option"):
            continue
        (type_, optional), name = _kind(kind, field), f"--{field.name.replace('_', '-')}"
        default = _spelt(preset.get(field.name, field.default))
        text = f"{meta['help']} (default: {default})".replace("%", "%%")
        if meta["choices"] is not None:
            group.add_argument(name, type=type_, choices=meta["choices"], help=text)
        elif type_ is bool:
            group.add_argument(name, action=argparse.BooleanOptionalAction, help=text)
        else:
            group.add_argument(
                name,
                type=_optional(type_) if optional else type_,
                metavar="NAME" if type_ is str else "N",
                help=text,
            )


def _spelt(default):
    """A default as the command line spells it."""
    if isinstance(default, bool):
        return "yes" if default else "no"
    return 0 if default is None else default


def given_settings(arguments: argparse.Namespace, kind: type) -> dict[str, Any]:
    """Return the settings that options were given for.

    Args:
        arguments: Parsed by a parser without defaults for settings.
        kind: Dataclass of the settings.

    Returns:
        Values by name.
    """
    names = {field.name for field in dataclasses.fields(kind)}
    return {name: value for name, value in vars(arguments).items() if name in names}


def settings_to_json(settings: Any) -> dict:
    """Return the settings as a dict of JSON types (tuples become lists)."""

    def plain(value):
        return [plain(item) for item in value] if isinstance(value, tuple) else value

    return {key: plain(value) for key, value in dataclasses.asdict(settings).items()}


def check_continues(
    earlier: Mapping, now: Mapping, *, extendable: tuple[str, ...] = ("epochs",)
) -> None:
    """Refuse to continue a run with other settings.

    Args:
        earlier: Settings of the run as JSON types, e.g. read from its
            ``settings.json``.
        now: Settings asked for, in the same form.
        extendable: Numbers that may grow.

    Raises:
        ValueError: Naming each setting that differs, with both values.
    """
    different = []
    for key in sorted({*earlier, *now}):
        before, after = earlier.get(key), now.get(key)
        grows = key in extendable and before is not None and after is not None and after > before
        if before != after and not grows:
            different.append(f"{key} was {before}, is {after}")
    if different:
        growing = f" (only {', '.join(extendable)} may grow)" if extendable else ""
        raise ValueError(
            "Expected the settings of the run to be continued. Received: "
            f"{'; '.join(different)}. Use the same settings{growing}, or another working folder."
        )


def _kind(owner, field):
    """A field's type, and whether it may be ``None``."""
    annotated = typing.get_type_hints(owner)[field.name]
    if isinstance(annotated, types.UnionType):
        (inner,) = (part for part in typing.get_args(annotated) if part is not type(None))
        return inner, True
    return annotated, False


def _is_number(value, kind):
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (kind is float and isinstance(value, float))


def _within(value, bounds):
    holds = {
        ">=": lambda bound: value >= bound,
        ">": lambda bound: value > bound,
        "<=": lambda bound: value <= bound,
        "<": lambda bound: value < bound,
    }
    finite = value - value == 0
    return finite and all(holds[sign](bound) for sign, bound in bounds.items())


def _optional(kind):
    """A parser of ``kind`` for which 0, or an empty text, is ``None``."""

    def parse(text):
        return kind(text) or None

    parse.__name__ = kind.__name__  # argparse names it in errors
    return parse
