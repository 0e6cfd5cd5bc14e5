"""Train DIQaM or WaDIQaM: ``python -m kiqa.train_wadiqam``.

Trains on the scores of a data set; ``--mode fr`` needs one with references,
pairs of images and references listed in a CSV file, or pristine photographs:
then distorted copies are made and scored by a proxy, SSIM. Defaults are the
paper's, with its 3000 epochs; ``--recipe two-cores`` is how
``weights/wadiqam_nr.h5`` and ``weights/wadiqam_fr.h5`` were made. Exit
status: 0 done; 2 usage or input error; 130 interrupted by Ctrl-C.
"""

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from kiqa.data.chosen import scored_images, scored_parts
from kiqa.data.records import SETS
from kiqa.data.splits import counted_split, write_split
from kiqa.startup import start_keras
from kiqa.training.runs.commands import (
    add_data,
    add_run,
    add_settings,
    given_settings,
    run_training,
    some_of,
)
from kiqa.training.runs.settings import PRECISIONS
from kiqa.training.wadiqam.settings import (
    CORRELATIONS,
    FORMS,
    FUSIONS,
    MODES,
    MONITORS,
    POOLINGS,
    RECIPES,
    SCHEDULES,
    TARGETS,
    WadiqamSettings,
)
from kiqa.training.wadiqam.tasks import (
    pristine_parts,
    rated_tasks,
    read_pairs,
    tasks_trained_on,
)

# Settings that have an option of the same name.
_NUMBERS = {
    "seed": (int, "seed of initial weights, patches and dropout"),
    "images": (int, "images a step"),
    "patches": (int, "random patches of each image of a step"),
    "validation_patches": (int, "random patches of each validation image"),
    "epochs": (int, "epochs at most"),
    "early_stopping": (
        lambda text: int(text) or None,
        "stop after so many epochs without a better one; 0: never",
    ),
    "learning_rate": (float, "highest learning rate of Adam"),
    "warmup_steps": (int, "steps over which it rises, with --schedule cosine"),
    "weight_decay": (float, "decoupled weight decay; 0 is plain Adam"),
    "clip_norm": (float, "largest norm of a gradient; 0 clips nothing"),
    "dropout": (float, "of the hidden layer of each branch"),
    "patch_loss": (float, "weight of loss (3), added to (7)"),
    "correlation_loss": (float, "weight of 1 - Pearson's correlation over a step's images"),
}
_CHOICES = {
    "mode": (MODES, "without or with a reference"),
    "pooling": (POOLINGS, "DIQaM or WaDIQaM"),
    "targets": (TARGETS, "scale of the scores: LIVE's DMOS, 0..100, or MOS in 0..1"),
    "fusion": (FUSIONS, "of the features, with --mode fr"),
    "monitor": (MONITORS, "what the best epoch is best at on the validation images"),
    "schedule": (SCHEDULES, "of the learning rate"),
    "correlation_with": (CORRELATIONS, "what --correlation-loss correlates the scores with"),
    "form": (FORMS, "train the plain network, or one that is folded into it afterwards"),
    "precision": (PRECISIONS, "Keras dtype policy"),
}
_FLAGS = {
    "shallow": "the small network of section IV-H",
    "flip": "mirror half of the training patches",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; ``None`` takes
            `sys.argv`.

    Returns:
        The exit status.
    """
    return run_training(_run, _parser().parse_args(argv), say=_say)


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m kiqa.train_wadiqam",
        description="Train DIQaM or WaDIQaM on random 32x32 patches of rated images.",
        argument_default=argparse.SUPPRESS,  # only what was given overrides the recipe
        epilog="Exit status: 0 done, 2 usage or input error, 130 interrupted.",
    )
    data = parser.add_argument_group("data")
    add_data(data, required=False)
    data.add_argument(
        "--pairs", type=Path, metavar="FILE", default=None,
        help="for fr: CSV with image, reference (paths, relative to the file's folder), score "
        "(0 to 1, higher is better) and set (train, val, test)",
    )  # fmt: skip
    data.add_argument(
        "--pristine", type=Path, metavar="FOLDER", default=None,
        help="for fr: pristine photographs, with split.csv or --split, of which distorted copies "
        "are made in pairs/ of the working folder; their score is a proxy (SSIM), not human",
    )  # fmt: skip
    data.add_argument(
        "--copies", type=int, metavar="N", default=4,
        help="with --pristine: copies of each kind and photograph (default: %(default)s)",
    )  # fmt: skip
    data.add_argument(
        "--counts", metavar="TRAIN/VAL/TEST", default=None,
        help="instead of --split: so many references (or scenes) a part, at random by "
        "--split-seed, such as 17/6/6 for LIVE; written to split.csv of the working folder",
    )  # fmt: skip
    data.add_argument("--split-seed", type=int, metavar="N", default=0, help="default: %(default)s")
    data.add_argument(
        "--limit", type=int, metavar="N", default=None,
        help="only so many training images, at random by --seed",
    )  # fmt: skip
    add_run(parser)
    parser.add_argument(
        "--gpus", type=int, metavar="N", default=None, help="share the work among so many GPUs"
    )
    options = parser.add_argument_group("settings (defaults: the paper's)")
    options.add_argument(
        "--recipe", choices=sorted(RECIPES), default="paper",
        help="set of values that the options below change (default: %(default)s)",
    )  # fmt: skip
    options.add_argument(
        "--initial", metavar="NAME|FILE", default=None,
        help="start from the convolutions of a Patchnet or WaDIQaM, such as patchnet (default: "
        "random weights)",
    )  # fmt: skip
    add_settings(options, WadiqamSettings(), numbers=_NUMBERS, choices=_CHOICES, flags=_FLAGS)
    return parser


def _run(arguments):
    given = given_settings(arguments, WadiqamSettings)
    settings = WadiqamSettings(**RECIPES[arguments.recipe] | given)
    train, validation, described = _parts(arguments, settings.mode)

    # Keras is loaded here, not for --help or wrong data.
    start_keras()
    from kiqa.training.runs.devices import gpu_devices
    from kiqa.training.wadiqam.train import train_wadiqam

    if arguments.limit is not None:
        train = some_of(train, arguments.limit, option="--limit", seed=settings.seed)
    if arguments.gpus is not None:
        settings = dataclasses.replace(settings, devices=gpu_devices(arguments.gpus))
    return train_wadiqam(
        train,
        validation,
        settings,
        workdir=arguments.workdir,
        trained_on=described(train, validation),
        initial=arguments.initial,
        resume=arguments.resume,
        progress=True,
        report=_say,
    )


def _parts(arguments, mode):
    """Training and validation tasks, and what describes them for the weights file."""
    given = [name for name in ("dataset", "pairs", "pristine") if getattr(arguments, name)]
    if len(given) != 1 or (mode == "nr" and given != ["dataset"]):
        raise ValueError(
            "Expected --data with --dataset, or with --mode fr one of --pairs and --pristine. "
            f"Received: {', '.join(f'--{name}' for name in given) or 'none'}."
        )
    if given == ["dataset"]:
        parts = [rated_tasks(records, mode=mode) for records in _records(arguments)]
        return *parts, partial(
            tasks_trained_on, dataset=arguments.dataset, scores="human", about="MOS"
        )
    path, scores = arguments.pairs, {"scores": "unknown", "about": "scores of pairs"}
    if given == ["pristine"]:
        photographs = pristine_parts(
            arguments.pristine, split=arguments.split, seed=arguments.split_seed
        )
        # Loads scikit-image, which --help does without.
        from kiqa.data.proxy_pairs import PROXY, write_proxy_pairs

        path = write_proxy_pairs(
            photographs,
            arguments.workdir / "pairs",
            copies=arguments.copies,
            seed=arguments.split_seed,
            report=_say,
        )
        scores = {"scores": "proxy", "about": PROXY}
    pairs = read_pairs(path)
    return pairs["train"], pairs["val"], partial(tasks_trained_on, dataset=None, **scores)


def _records(arguments):
    """Training and validation records; a split drawn here is written down."""
    if arguments.data is None:
        raise ValueError("Expected --data, the folder of the data set, with --dataset.")
    dataset, data, split = arguments.dataset, arguments.data, arguments.split
    if arguments.counts is not None:
        if split is not None:
            raise ValueError("Expected --counts or --split. Received: both.")
        numbers = arguments.counts.split("/")
        if len(numbers) != 3 or not all(number.isdecimal() for number in numbers):
            raise ValueError(
                f"Expected --counts TRAIN/VAL/TEST, such as 17/6/6. Received: {arguments.counts!r}."
            )
        counts = dict(zip(SETS, map(int, numbers), strict=True))
        drawn = counted_split(
            scored_images(dataset, data, part="all"), counts, seed=arguments.split_seed
        )
        split = write_split(drawn, arguments.workdir / "split.csv")
    return scored_parts(dataset, data, ("train", "val"), split=split)


def _say(text):
    sys.stderr.write(f"train_wadiqam: {' '.join(text.split())}\n")


if __name__ == "__main__":
    sys.exit(main())
