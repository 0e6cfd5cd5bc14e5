"""What the command lines of the trainings share: options, some tasks, errors.

Loads no Keras, so that ``--help`` and wrong options answer at once. The parsers
have ``argument_default=argparse.SUPPRESS``: only what was given overrides a
recipe.

Public names: `add_data`, `add_run`, `add_settings`, `given_settings`,
`some_of`, `run_training`.
"""

import argparse
import dataclasses
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kiqa.data import DATASETS


def add_data(group: argparse._ActionsContainer, *, required: bool = True) -> None:
    """Add ``--data``, ``--dataset`` and ``--split``.

    Args:
        group: Parser or group of it.
        required: Whether the first two must be given; else they are ``None``.
    """
    default = {"required": True} if required else {"default": None}
    group.add_argument("--data", type=Path, **default, help="folder of the data set")
    group.add_argument("--dataset", choices=sorted(DATASETS), **default, help="which one")
    group.add_argument(
        "--split", metavar="FILE|NAME", default=None,
        help="split with train and val (default: the data set's own)",
    )  # fmt: skip


def add_run(group: argparse._ActionsContainer) -> None:
    """Add ``--workdir`` and ``--resume``."""
    group.add_argument("--workdir", type=Path, required=True, help="folder of the run")
    group.add_argument("--resume", action="store_true", default=False, help="continue the run")


def add_settings(
    group: argparse._ActionsContainer,
    defaults: Any,
    *,
    numbers: Mapping[str, tuple[Callable[[str], Any], str]],
    choices: Mapping[str, tuple[Sequence[str], str]] = {},  # noqa: B006 not changed
    flags: Mapping[str, str] = {},  # noqa: B006 not changed
) -> None:
    """Add an option for each of a run's settings, without a default.

    Args:
        group: Parser or group of it.
        defaults: The settings whose values are named in the help.
        numbers: By the setting's name, its type and meaning.
        choices: By the setting's name, its values and meaning.
        flags: By the setting's name, its meaning.
    """
    for name, (kind, meaning) in numbers.items():
        said = f"{meaning} (default: {getattr(defaults, name)})"
        group.add_argument(_option(name), type=kind, metavar="N", help=said)
    for name, (values, meaning) in choices.items():
        said = f"{meaning} (default: {getattr(defaults, name)})"
        group.add_argument(_option(name), choices=values, help=said)
    for name, meaning in flags.items():
        group.add_argument(_option(name), action=argparse.BooleanOptionalAction, help=meaning)


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


def some_of(tasks: Sequence, count: int, *, option: str, seed: int) -> list:
    """Return some of the tasks at random, in their order.

    Args:
        tasks: The tasks.
        count: How many.
        option: The option that said so, for the error.
        seed: Seed of the choice.

    Returns:
        So many of them.

    Raises:
        ValueError: If there are not so many.
    """
    import numpy as np

    if not 1 <= count <= len(tasks):
        raise ValueError(f"Expected {option} from 1 to {len(tasks)}. Received: {count}.")
    picked = np.random.default_rng(seed).permutation(len(tasks))[:count]
    return [tasks[index] for index in sorted(picked)]


def _option(name):
    return f"--{name.replace('_', '-')}"


def run_training(
    run: Callable[[argparse.Namespace], Mapping | None],
    arguments: argparse.Namespace,
    *,
    say: Callable[[str], None],
) -> int:
    """Run a training, print its result, and turn its errors into one line.

    Args:
        run: From the arguments to the training's result, or to ``None`` if
            nothing was trained.
        arguments: With ``workdir``, the folder of the run.
        say: Told of an error or an interruption.

    Returns:
        The exit status: 0 done, 2 wrong input, 130 interrupted.
    """
    try:
        result = run(arguments)
    except KeyboardInterrupt:
        again = f"Continue with the same options and --resume: --workdir {arguments.workdir}."
        say(f"interrupted. {again}")
        return 130
    except (ValueError, OSError, MemoryError, ModuleNotFoundError) as error:
        say(f"error: {str(error) or type(error).__name__}")
        return 2
    if result:
        sys.stdout.write(
            f"best epoch {result['best_epoch']} of {result['epochs']}: validation SROCC "
            f"{result['val_srocc']:.4f}, PLCC {result['val_plcc']:.4f}\n"
            f"Written to {arguments.workdir}\n"
        )
    return 0
