"""The command line of a training: the same options everywhere, spelt the same.

A system states what is its own in a `TrainingCommand`; `main` parses, checks,
reads the data, starts Keras, trains, and turns errors into one line. Where one
module has several commands, `SeveralCommands` lists them. Loads no Keras, so
that ``--help`` and wrong options answer at once.

Public names: `TrainingCommand`, `OtherCommand`, `SeveralCommands`, `main`,
`training_parser`.
"""

import argparse
import dataclasses
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kiqa.arguments import Output, add_exclude, add_number, add_output, add_text
from kiqa.data import DATASETS
from kiqa.interrupts import interrupt_status
from kiqa.io.messages import tell
from kiqa.running import claimed, failure
from kiqa.startup import ProcessError, start_keras
from kiqa.training.runs.options import Presets, add_settings, given_settings

if TYPE_CHECKING:
    from kiqa.training.runs.run import RunOptions

Item = TypeVar("Item")

_SLOW = 2  # times float32's seconds: what noise does not measure
_STATUS = "Exit status: 0 done, {failed}2 usage or input error, 130 interrupted."


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingCommand:
    """What the command line of one training says and does.

    Attributes:
        name: Of the module, such as ``"train_wadiqam"``.
        summary: What it trains, for ``--help``.
        settings: Dataclass of its settings.
        prepare: From the parsed arguments and the settings to what is trained
            on. Reads data, loads no Keras.
        train: From that, the settings, the run's options and the arguments to
            the result, or to ``None`` if nothing was trained. Keras runs.
        presets: Values of the settings by name.
        preset: The preset without ``--preset``.
        preset_without: Another one where none of some arguments is given, and their names, such
            as ``("embedded", ("data", "patches"))``.
        add_options: Adds the options that only this training has.
        data: Whether ``--data`` and ``--dataset`` must be given; ``None`` has
            neither them nor ``--exclude``.
        workdir: From the parsed arguments to the folder without
            ``--workdir``; ``None`` lets the option be required.
        initial: What ``--initial`` may name, for ``--help``.
        show: From the result to the text that is printed; ``None`` prints the
            best epoch.
        failures: Errors of a training whose input was right: one line, and
            exit status 1.
    """

    name: str
    summary: str
    settings: type
    prepare: Callable[[argparse.Namespace, Any], Any]
    train: Callable[[Any, Any, "RunOptions", argparse.Namespace], Any]
    presets: Presets = dataclasses.field(default_factory=lambda: {"paper": {}})
    preset: str = "paper"
    preset_without: tuple[str, Sequence[str]] | None = None
    add_options: Callable[[argparse.ArgumentParser], None] = lambda parser: None
    data: bool | None = True
    workdir: Callable[[argparse.Namespace], Path] | None = None
    initial: str = "weights to start from (default: random weights)"
    show: Callable[[Any], str] | None = None
    failures: tuple[type[Exception], ...] = ()


@dataclasses.dataclass(frozen=True)
class OtherCommand:
    """A command of `SeveralCommands` that has no epochs.

    Attributes:
        summary: What it does, for ``--help``.
        add_options: Adds its options, and sets ``run``, from the parsed
            arguments to the exit status.
    """

    summary: str
    add_options: Callable[[argparse.ArgumentParser], None]


@dataclasses.dataclass(frozen=True, kw_only=True)
class SeveralCommands:
    """A command line whose first word names one of several commands.

    Attributes:
        name: Of the module, such as ``"train_rnn_biqa"``.
        summary: What they do together, for ``--help``.
        commands: By their names what the list of all says of each, and itself.
        metavar: What such a name is called, for ``--help``.
        failed: When the exit status is 1, such as ``"images could not be used"``.
    """

    name: str
    summary: str
    commands: Mapping[str, tuple[str, TrainingCommand | OtherCommand]]
    metavar: str = "COMMAND"
    failed: str = ""


def main(command: TrainingCommand | SeveralCommands, argv: Sequence[str] | None = None) -> int:
    """Run the command line of a training, or of several commands.

    Args:
        command: The training, or what is listed.
        argv: Arguments without the program's name; ``None`` takes
            `sys.argv`.

    Returns:
        The exit status: 0 done, 1 one of the command's ``failures``, 2 wrong
        input, 130 interrupted.
    """
    arguments = training_parser(command).parse_args(argv)
    return arguments.run(arguments)


def training_parser(command: TrainingCommand | SeveralCommands) -> argparse.ArgumentParser:
    """Return the parser of a command line; ``run`` of what it parses is the command.

    Args:
        command: As for `main`.
    """
    if isinstance(command, SeveralCommands):
        failed = command.failed
    else:
        failed = "the training failed" if command.failures else ""
    parser = argparse.ArgumentParser(
        prog=f"python -m kiqa.{command.name}",
        description=command.summary,
        epilog=_STATUS.format(failed=f"1 {failed}, " if failed else ""),
    )
    if isinstance(command, TrainingCommand):
        _add_training(parser, command)
        return parser
    names = parser.add_subparsers(required=True, metavar=command.metavar)
    for name, (about, one) in command.commands.items():
        inner = names.add_parser(name, help=about, description=one.summary)
        if isinstance(one, TrainingCommand):
            _add_training(inner, one)
        else:
            one.add_options(inner)
    return parser


def _add_training(parser, command):
    """All options of a training, and what it does."""
    parser.argument_default = argparse.SUPPRESS  # only what was given overrides a preset
    parser.set_defaults(run=partial(_run, command))
    data = parser.add_argument_group("data")
    if command.data is not None:
        default = {"required": True} if command.data else {"default": None}
        data.add_argument("--data", type=Path, **default, help="folder of the data set")
        data.add_argument("--dataset", choices=sorted(DATASETS), **default, help="which one")
        add_exclude(data)
    add_text(data, "--split", "FILE|NAME", "split with train and val (default: the data set's own)")
    add_number(data, "--limit", "only so many training images, at random by --seed")
    run = parser.add_argument_group("run")
    if command.workdir is None:
        add_output(
            run, "--workdir", Output.RUN, "DIR", "folder of the run", type=Path, required=True
        )
    else:
        folder = "folder of the run (default: a new one below runs/; with --resume the latest)"
        add_output(run, "--workdir", Output.RUN, "DIR", folder, type=Path, default=None)
    run.add_argument("--resume", action="store_true", default=False, help="continue the run")
    run.add_argument(
        "--gpus", type=_gpus, metavar="all|N", default=1,
        help="share each batch among so many GPUs (default: one, or the CPU)",
    )  # fmt: skip
    run.add_argument(
        "--tensorboard", action="store_true", default=False, help="write event files as well"
    )
    settings = parser.add_argument_group("settings (defaults: the paper's, where it gives one)")
    settings.add_argument(
        "--preset", choices=sorted(command.presets), default=None,
        help="values of the settings below; single options override them "
        f"(default: {_preset_in_words(command)})",
    )  # fmt: skip
    settings.add_argument("--initial", metavar="NAME|FILE", default=None, help=command.initial)
    add_settings(settings, command.settings, preset=command.presets[command.preset])
    command.add_options(parser)


def _run(command, arguments):
    """Run a training, print its result, turn its errors into one line; the exit status."""

    def say(text):
        tell(text, name=command.name)

    if arguments.workdir is None and command.workdir is not None:
        arguments.workdir = command.workdir(arguments)
    again = f"Continue with the same options and --workdir {arguments.workdir} --resume."
    begun = arguments.workdir / "settings.json"
    try:
        with claimed(arguments):
            result = _train(command, arguments, say)
    except KeyboardInterrupt:
        # Maps, features and the runs of parts are finished before the run itself is begun.
        empty = not any(arguments.workdir.glob("*"))
        what = "; nothing was begun." if empty else f". What is finished stays. {again}"
        say(f"interrupted{what}")
        return interrupt_status()
    except command.failures as error:
        say(f"error: {error}")
        return 1
    except Exception as error:
        text = failure(error, program=f"kiqa.{command.name.split()[0]}")
        stays = begun.is_file() and not _of_a_check(error)
        say(text + (f". What is finished stays. {again}" if stays else ""))
        return 2
    if result is not None:
        text = _best_epoch(result) if command.show is None else command.show(result)
        sys.stdout.write(f"{text}\nWritten to {arguments.workdir}\n")
    return 0


def _of_a_check(error):
    """Whether the error says what is wrong with the arguments, the data or the installation.

    The system's own, such as that of a full disk, have a number.
    """
    if isinstance(error, OSError):
        return error.errno is None
    return isinstance(error, (ValueError, ImportError, ProcessError))


def _train(command, arguments, say):
    """Read the data, start Keras, and train."""
    from kiqa.training.runs.workdir import refuse_begun, refuse_other_settings

    given = given_settings(arguments, command.settings)
    preset = arguments.preset or _preset(command, arguments)
    settings = command.settings(**{**command.presets[preset], **given})
    # Before long preparations, which replace what the folder holds.
    if arguments.resume:
        refuse_other_settings(arguments.workdir, settings)
    else:
        refuse_begun(arguments.workdir)
    prepared = command.prepare(arguments, settings)
    # Keras is loaded here, not for --help or wrong data.
    start_keras()
    settings = _on_devices(settings, arguments.gpus)
    _say_if_slow(settings.precision, say)
    run: RunOptions = {
        "workdir": arguments.workdir,
        "resume": arguments.resume,
        "tensorboard": arguments.tensorboard,
        "progress": True,
        "report": say,
    }
    return command.train(prepared, settings, run, arguments)


def _preset(command, arguments):
    """The preset without ``--preset``."""
    other, names = command.preset_without or (command.preset, ())
    return other if all(getattr(arguments, name) is None for name in names) else command.preset


def _preset_in_words(command):
    """What `_preset` does, for ``--help``."""
    other, names = command.preset_without or (command.preset, ())
    options = " and ".join(f"--{name}" for name in names)
    return f"{command.preset}; without {options} {other}" if names else command.preset


def _gpus(text):
    if text != "all" and not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"expected 'all' or a number of GPUs, received {text!r}")
    return text if text == "all" else int(text)


def _on_devices(settings, gpus):
    """The settings with the devices that ``--gpus`` names; an error where they are not there."""
    if gpus == 1:
        return settings
    from kiqa.training.runs.devices import gpu_devices

    return dataclasses.replace(settings, devices=gpu_devices(None if gpus == "all" else gpus))


def _say_if_slow(precision, say):
    """Say it where the processor only imitates a number format: before hours of training."""
    from kiqa.training.runs.devices import slowdown

    if (factor := slowdown(precision)) >= _SLOW:
        say(
            f"--precision {precision} is slow on this machine: a training step takes {factor:.0f} "
            "times as long as in float32. Stop it and use --precision float32."
        )


def _best_epoch(result):
    if "val_srocc" not in result:  # nothing chose an epoch, or there was none
        return f"{result['epochs']} epochs"
    return (
        f"best epoch {result['best_epoch']} of {result['epochs']}: validation SROCC "
        f"{result['val_srocc']:.4f}, PLCC {result['val_plcc']:.4f}"
    )
