"""Train Patchnet by the thesis's protocol: ``python -m kiqa.train_patchnet``.

Without ``--data`` and ``--patches`` the whole protocol runs small on patches
that kiqa brings along. Exit status: 0 done; 1 a network was dead at every
try; 2 usage or input error; 130 interrupted by Ctrl-C.
"""

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

from kiqa.constants import KONPATCH
from kiqa.data import DATASETS
from kiqa.startup import start_keras
from kiqa.training.patchnet.settings import (
    EMBEDDED,
    EMBEDDED_PATCHES_PER_VERSION,
    PRECISIONS,
    SPLITS,
    PatchnetSettings,
)

_RUNS = Path("runs")
_FIELDS = [field.name for field in dataclasses.fields(PatchnetSettings)]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; ``None`` takes
            `sys.argv`.

    Returns:
        The exit status.
    """
    parser = _parser()
    arguments = parser.parse_args(argv)
    workdir = arguments.workdir or _default_workdir(resume=arguments.resume)
    again = f"Continue with the same options and --workdir {workdir} --resume."
    try:
        return _run(arguments, workdir)
    except KeyboardInterrupt:
        started = (workdir / "settings.json").is_file()
        _say(f"interrupted. {again}" if started else "interrupted; nothing was begun.")
        return 130
    except OSError as error:
        missing = isinstance(error, FileNotFoundError) and error.errno is None
        _say(f"error: {error}" + ("" if missing else f". What is finished stays. {again}"))
        return 2
    except (ValueError, MemoryError, ModuleNotFoundError) as error:
        _say(f"error: {str(error) or type(error).__name__}")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m kiqa.train_patchnet",
        description="Train Patchnet on KonPatch by cross-validation, with the thesis's settings. "
        "Without --data and --patches: the whole protocol, small, on patches that kiqa brings "
        f"along (batch size {EMBEDDED.batch_size}, {EMBEDDED.epochs} epochs).",
        argument_default=argparse.SUPPRESS,  # only what was given overrides the settings
        epilog="Exit status: 0 done, 1 a network was dead at every try, 2 usage or input error, "
        "130 interrupted.",
    )
    data = parser.add_argument_group("patches")
    source = data.add_mutually_exclusive_group()
    source.add_argument("--data", type=Path, default=None, help="folder of an image data set")
    source.add_argument("--patches", type=Path, default=None, help="KonPatch file (.npz)")
    data.add_argument("--dataset", choices=sorted(DATASETS), default=None, help="what --data is")
    data.add_argument(
        "--split", default=None, metavar="FILE|NAME",
        help="split of --data, image_name,set (default: the data set's own)",
    )  # fmt: skip
    data.add_argument(
        "--set", choices=("train", "val", "test", "all"), default="train",
        help="part of the split to take images from (default: %(default)s)",
    )  # fmt: skip
    data.add_argument(
        "--images", type=int, default=None, help=f"images (default: {KONPATCH.images})"
    )
    data.add_argument(
        "--patches-per-image", type=int, default=None, metavar="N",
        help=f"patches an image (default: {KONPATCH.patches_per_image}; without --data: "
        f"{EMBEDDED_PATCHES_PER_VERSION} of each version of a photograph)",
    )  # fmt: skip
    data.add_argument(
        "--votes", type=Path, default=None, metavar="CSV",
        help="human votes (default: pseudo-votes)",
    )  # fmt: skip
    data.add_argument(
        "--label", choices=("lab", "crowd"), default=None,
        help="labels from one vote, the thesis's formula 3, or from the fraction of ten "
        "(default: lab)",
    )  # fmt: skip
    data.add_argument(
        "--write-patches", type=Path, default=None, metavar="FILE",
        help="write the KonPatch file (.npz) and stop",
    )  # fmt: skip

    run = parser.add_argument_group("run")
    run.add_argument(
        "--workdir", type=Path, default=None, metavar="DIR",
        help="folder of the run (default: a new one below runs/; with --resume the latest)",
    )  # fmt: skip
    run.add_argument(
        "--resume", action="store_true", default=False,
        help="continue the run: on a CPU it gives the weights of an uninterrupted one",
    )  # fmt: skip
    run.add_argument(
        "--instances", type=_numbers, default=None, metavar="I,J",
        help="train only these instances, counted from 1 (default: all)",
    )  # fmt: skip
    run.add_argument(
        "--tensorboard", action="store_true", default=False, help="write event files as well"
    )

    paper = PatchnetSettings()
    options = parser.add_argument_group("settings (defaults: the thesis's, where it gives one)")
    options.add_argument("--seed", type=int, help=f"default: {paper.seed}")
    options.add_argument("--split-by", choices=SPLITS, help=f"default: {paper.split_by}")
    options.add_argument("--folds", type=int, help=f"default: {paper.folds}")
    options.add_argument("--batch-size", type=int, help=f"default: {paper.batch_size}")
    options.add_argument("--learning-rate", type=float, help=f"default: {paper.learning_rate}")
    options.add_argument("--epochs", type=int, help=f"default: {paper.epochs}")
    options.add_argument(
        "--early-stopping", type=int, metavar="EPOCHS",
        help="stop after so many epochs without a better validation loss (default: never; the "
        "best epoch's weights are kept either way)",
    )  # fmt: skip
    options.add_argument(
        "--mixed-precision", dest="precision", nargs="?", const="bfloat16",
        type=lambda name: f"mixed_{name}", choices=PRECISIONS[1:], metavar="bfloat16|float16",
        help="compute in 16 bits (default: float32; without a value: bfloat16)",
    )  # fmt: skip
    options.add_argument(
        "--gpus", type=_gpu_count, metavar="N|all",
        help="share each batch among so many GPUs (default: one, or the CPU)",
    )  # fmt: skip
    return parser


def _run(arguments, workdir):
    given = {name: getattr(arguments, name) for name in _FIELDS if hasattr(arguments, name)}
    settings = dataclasses.replace(_defaults(arguments), **given)
    konpatch, source = _konpatch(arguments)
    if arguments.write_patches is not None:
        from kiqa.data.konpatch import save_konpatch

        save_konpatch(konpatch, arguments.write_patches)
        sys.stdout.write(f"{len(konpatch.y)} patches: {arguments.write_patches}\n")
        return 0

    # Keras is loaded here, not for --help or a wrong option.
    start_keras()
    from kiqa.evaluation.report import to_markdown
    from kiqa.training.patchnet.instance import DeadNetworkError
    from kiqa.training.patchnet.train import train_patchnet
    from kiqa.training.runs.devices import gpu_devices

    if hasattr(arguments, "gpus"):
        settings = dataclasses.replace(settings, devices=gpu_devices(arguments.gpus))
    try:
        rows = train_patchnet(
            konpatch,
            settings,
            workdir=workdir,
            instances=arguments.instances,
            resume=arguments.resume,
            source=source,
            tensorboard=arguments.tensorboard,
            progress=True,
            report=_say,
        )
    except DeadNetworkError as error:
        _say(f"error: {error}")
        return 1
    sys.stdout.write(f"{to_markdown(rows, digits=4)}\n\nWritten to {workdir}\n")
    return 0


def _defaults(arguments) -> PatchnetSettings:
    embedded = arguments.data is None and arguments.patches is None
    return EMBEDDED if embedded else PatchnetSettings()


def _konpatch(arguments):
    """The patches asked for, and in words where they come from."""
    from kiqa.data.chosen import scored_images
    from kiqa.data.konpatch import build_konpatch, embedded_konpatch, load_konpatch

    seed = getattr(arguments, "seed", PatchnetSettings.seed)
    if arguments.data is None:
        _refuse(arguments, "dataset", "split", "images", "votes", unless="--data")
    if arguments.patches is not None:
        _refuse(arguments, "patches_per_image", "label", unless="--data")
        return load_konpatch(arguments.patches), f"patches {arguments.patches.name}"
    options = {"label": arguments.label or "lab", "seed": seed}
    if arguments.data is None:
        count = _given(arguments.patches_per_image, EMBEDDED_PATCHES_PER_VERSION)
        return embedded_konpatch(patches_per_version=count, **options), "embedded"
    if arguments.dataset is None:
        raise ValueError(f"Expected --dataset with --data: one of {', '.join(sorted(DATASETS))}.")
    konpatch = build_konpatch(
        scored_images(arguments.dataset, arguments.data, split=arguments.split, part=arguments.set),
        images=_given(arguments.images, KONPATCH.images),
        patches_per_image=_given(arguments.patches_per_image, KONPATCH.patches_per_image),
        votes=_given(arguments.votes, "pseudo"),
        **options,
    )
    return konpatch, f"{arguments.dataset}, set {arguments.set}, split {arguments.split or 'own'}"


def _given(value, default):
    return default if value is None else value


def _refuse(arguments, *names, unless):
    for name in names:
        if getattr(arguments, name) is not None:
            option = "--" + name.replace("_", "-")
            raise ValueError(f"Expected {option} together with {unless}. Received: {option} alone.")


def _default_workdir(*, resume: bool) -> Path:
    """The latest run below ``runs/``, or the name of a new one."""
    number = 1
    while (_RUNS / f"patchnet-{number}").exists():
        number += 1
    return _RUNS / f"patchnet-{max(number - 1, 1) if resume else number}"


def _numbers(text):
    try:
        return [int(number) for number in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected numbers such as 1,3, got {text!r}") from None


def _gpu_count(text):
    if text != "all" and not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a number or 'all', got {text!r}")
    return None if text == "all" else int(text)


def _say(text: str) -> None:
    sys.stderr.write(f"train_patchnet: {' '.join(text.split())}\n")


if __name__ == "__main__":
    sys.exit(main())
