"""The command line of DIQaM's and WaDIQaM's training.

Public names: `COMMAND`.
"""

import argparse
from dataclasses import replace
from functools import partial

from kiqa.arguments import add_number, add_path, add_text
from kiqa.data.chosen import scored_images
from kiqa.data.records import SETS
from kiqa.data.splits import counted_split
from kiqa.data.trained import trained_on
from kiqa.io.messages import tell
from kiqa.training.runs.command import TrainingCommand
from kiqa.training.runs.parts import keep_split, limited
from kiqa.training.runs.teaching.command import add_teaching, taught_parts
from kiqa.training.wadiqam.proxies import METRICS, proxy_by
from kiqa.training.wadiqam.settings import PRESETS, WadiqamSettings
from kiqa.training.wadiqam.tasks import (
    pristine_parts,
    rated_tasks,
    read_pairs,
    scores_of_pairs,
    tasks_trained_on,
)

_report = partial(tell, name="train_wadiqam")


def _add_options(parser):
    data = parser.add_argument_group("other data than --data")
    add_path(data, "--pairs", "FILE", "CSV with image, reference (paths, relative to the "
        "file's folder; --mode nr looks at the image only), score (0 to 1, higher is better) and "
        "set (train, val, test)")  # fmt: skip
    add_path(data, "--pristine", "FOLDER", "pristine images, with split.csv or --split, of which "
        "distorted copies are made in pairs/ of the working folder; their score is a proxy, a "
        "full-reference metric, not human")  # fmt: skip
    data.add_argument(
        "--metric",
        choices=METRICS,
        default=None,
        help="with --pristine: the metric (default: ssim)",
    )
    add_number(data, "--copies", "with --pristine: copies of each kind and image", default=4)
    add_text(data, "--counts", "TRAIN/VAL/TEST", "instead of --split: so many references (or "
        "scenes) a part, at random by --split-seed, such as 17/6/6 for LIVE; written to split.csv "
        "of the working folder")  # fmt: skip
    add_number(data, "--split-seed", "of --counts, and of what --pristine draws", default=0)
    add_teaching(parser)


def _prepare(arguments: argparse.Namespace, settings: WadiqamSettings):
    """Tasks of train, val and test, and what the weights file says of them."""
    sources = [name for name in ("dataset", "pairs", "pristine") if getattr(arguments, name)]
    if len(sources) != 1:
        raise ValueError(
            "Expected one of --data with --dataset, --pairs and --pristine. "
            f"Received: {', '.join(f'--{name}' for name in sources) or 'none'}."
        )
    if sources != ["dataset"] and (arguments.histories or arguments.teacher is not None):
        raise ValueError(
            "Expected --histories and --teacher together with --dataset. Received: "
            f"--{sources[0]}, pairs."
        )
    if settings.mode == "fr" and (arguments.histories or arguments.teacher is not None):
        raise ValueError(
            "Expected --histories and --teacher together with --mode nr: a copy has another size "
            "than its reference, and the teacher sees none. Received: --mode fr."
        )
    if arguments.metric and sources != ["pristine"]:
        raise ValueError(
            f"Expected --metric together with --pristine. Received: --{sources[0]}, which has its "
            "own scores. Leave --metric out."
        )
    if sources == ["dataset"]:
        if arguments.counts is not None:
            arguments.split = _counted_split(arguments)
        records = taught_parts(arguments, settings)
        parts = [rated_tasks(part, mode=settings.mode) for part in records]
        return *parts, trained_on(*records[:2], scores="human", about="MOS")
    path = arguments.pairs if sources == ["pairs"] else _proxy_pairs(arguments)
    pairs = read_pairs(path, exclude=arguments.exclude, report=_report)
    if settings.mode == "nr":
        pairs = {
            part: [replace(task, reference=None) for task in tasks] for part, tasks in pairs.items()
        }
    train = limited(pairs["train"], arguments, settings)
    seen = tasks_trained_on(train, pairs["val"], dataset=None, **scores_of_pairs(path))
    return train, pairs["val"], pairs["test"], seen


def _counted_split(arguments):
    """The file of a split drawn here."""
    if arguments.split is not None:
        raise ValueError("Expected --counts or --split. Received: both.")
    numbers = arguments.counts.split("/")
    if len(numbers) != 3 or not all(number.isdecimal() for number in numbers):
        raise ValueError(
            f"Expected --counts TRAIN/VAL/TEST, such as 17/6/6. Received: {arguments.counts!r}."
        )
    counts = dict(zip(SETS, map(int, numbers), strict=True))
    records = scored_images(
        arguments.dataset, arguments.data, part="all", exclude=arguments.exclude
    )
    drawn = counted_split(records, counts, seed=arguments.split_seed)
    return keep_split(drawn, arguments.workdir)


def _proxy_pairs(arguments):
    """The file of the pairs made of pristine images."""
    # Loads scikit-image, which --help does without.
    from kiqa.data.proxy_pairs import write_proxy_pairs

    images = pristine_parts(
        arguments.pristine, split=arguments.split, seed=arguments.split_seed,
        exclude=arguments.exclude, report=_report,
    )  # fmt: skip
    return write_proxy_pairs(
        images, arguments.workdir / "pairs", copies=arguments.copies, seed=arguments.split_seed,
        proxy=proxy_by(arguments.metric or METRICS[0]), report=_report,
    )  # fmt: skip


def _train(prepared, settings, run, arguments):
    from kiqa.training.wadiqam.train import train_wadiqam

    train, validation, test, seen = prepared
    return train_wadiqam(
        train, validation, settings, test=test, initial=arguments.initial, trained_on=seen, **run
    )  # fmt: skip


COMMAND = TrainingCommand(
    name="train_wadiqam", settings=WadiqamSettings, presets=PRESETS,
    prepare=_prepare, train=_train, add_options=_add_options, data=False,
    summary="Train DIQaM or WaDIQaM on random 32x32 patches of rated images.",
    initial="start from the convolutions of a Patchnet or WaDIQaM, such as patchnet (default: "
    "random weights)",
)  # fmt: skip
