"""Train the aggregator on map stacks: ``python -m kiqa.train_aggregator``.

Two steps: the maps of all photographs and their augmented versions are
computed into a cache (the long part on a CPU; it can be interrupted and is
continued), then the network is trained on them. Defaults are the thesis's:
60/20/20, twelve versions of each training photograph, Adam, MSE. Exit status:
0 done; 2 usage or input error; 130 interrupted by Ctrl-C.
"""

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from kiqa.constants import AGGREGATOR
from kiqa.data import DATASETS
from kiqa.data.augmentation import FLIPS, Version, distorted_versions, versions
from kiqa.data.chosen import scored_images, scored_parts
from kiqa.data.splits import assign_split, random_split, read_split, select, write_split
from kiqa.data.trained import in_chain, trained_on
from kiqa.startup import start_keras
from kiqa.training.aggregator.settings import (
    CORRELATIONS,
    POOLINGS,
    SCHEDULES,
    TARGETS,
    AggregatorSettings,
)
from kiqa.training.runs.commands import add_run, run_training, some_of
from kiqa.training.runs.settings import PRECISIONS

_FRACTIONS = {"train": 0.6, "val": 0.2, "test": 0.2}  # thesis 5.4

# Settings that have an option of the same name.
_NUMBERS = {
    "batch_size": (int, "stacks a step, all of one resolution"),
    "learning_rate": (float, "highest learning rate"),
    "warmup_steps": (int, "steps over which the learning rate rises, with --schedule cosine"),
    "weight_decay": (float, "decoupled weight decay; 0 is plain Adam"),
    "correlation_loss": (float, "weight of 1 - Pearson's correlation over a batch"),
    "norm_momentum": (float, "of the statistics of batch normalisation"),
    "crop_maps": (float, "least part of a side that a random crop of a batch keeps"),
    "noise_maps": (float, "half of the width of random factors of the maps"),
    "epochs": (int, "epochs at most"),
    "early_stopping": (
        lambda text: int(text) or None,
        "stop after so many epochs without a better validation SROCC; 0: never",
    ),
}
_CHOICES = {
    "correlation_with": CORRELATIONS,
    "target": TARGETS,
    "pooling": POOLINGS,
    "schedule": SCHEDULES,
    "precision": PRECISIONS,
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
        prog="python -m kiqa.train_aggregator",
        description="Train DenseNet-169 on stacks of FISH, gray and Patchnet maps.",
        epilog="Exit status: 0 done, 2 usage or input error, 130 interrupted.",
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--dataset", choices=sorted(DATASETS), required=True, help="which one")
    parser.add_argument(
        "--split", metavar="FILE|NAME",
        help="split with train and val (default: 60/20/20 at random by --seed, as in the thesis; "
        "written to the working folder)",
    )  # fmt: skip
    add_run(parser)

    maps = parser.add_argument_group("maps")
    maps.add_argument(
        "--patchnet", default="patchnet", metavar="NAME|FILE",
        help="network of the Patchnet maps; it must not have seen the training photographs, or "
        "use --cross-fit (default: %(default)s)",
    )  # fmt: skip
    maps.add_argument(
        "--cross-fit", action="append", default=[], metavar="SPLIT=FILE",
        help="Patchnet that was trained on the train part of a split: it maps the training "
        "photographs of that split's test part; give one for each fold. Its values are matched "
        "to --patchnet's by their quantiles on validation photographs",
    )  # fmt: skip
    maps.add_argument(
        "--cache", type=Path, metavar="DIR", help="folder of the stacks (default: below --workdir)"
    )
    maps.add_argument("--maps-only", action="store_true", help="compute the stacks and stop")
    maps.add_argument(
        "--stride", type=int, default=AGGREGATOR.stride, help="of the maps (default: %(default)s)"
    )
    maps.add_argument(
        "--fish", choices=("sliding", "blocks"), default="sliding",
        help="exact sliding FISH, or the fast block form (default: %(default)s)",
    )  # fmt: skip
    maps.add_argument(
        "--rotations", type=int, default=AGGREGATOR.rotations, metavar="N",
        help="rotated versions of each training photograph (default: %(default)s)",
    )  # fmt: skip
    maps.add_argument(
        "--flips", nargs="*", choices=FLIPS[1:], default=list(FLIPS[1:]),
        help="mirrored versions of each of these (default: both; without values: none)",
    )  # fmt: skip
    maps.add_argument(
        "--distorted", type=int, default=3, metavar="N",
        help="with --target distortion: distorted versions of each photograph, instead of "
        "rotations and flips (default: %(default)s)",
    )  # fmt: skip
    maps.add_argument(
        "--images", type=int, metavar="N", help="only so many training photographs, at random"
    )

    options = parser.add_argument_group("settings (defaults: the thesis's, where it gives one)")
    ours = AggregatorSettings()
    options.add_argument("--seed", type=int, default=ours.seed, help="default: %(default)s")
    options.add_argument(
        "--initial", metavar="imagenet|patchnet-map|FILE",
        help="start from ImageNet weights, from the best region of the Patchnet map, or from an "
        "aggregator's file (default: random)",
    )  # fmt: skip
    options.add_argument(
        "--flip-maps", action="store_true", help="mirror the stacks at random while training"
    )
    for name, (kind, meaning) in _NUMBERS.items():
        options.add_argument(
            f"--{name.replace('_', '-')}", type=kind, metavar="N", default=getattr(ours, name),
            help=f"{meaning} (default: %(default)s)",
        )  # fmt: skip
    for name, choices in _CHOICES.items():
        options.add_argument(
            f"--{name.replace('_', '-')}",
            choices=choices,
            default=getattr(ours, name),
            help="default: %(default)s",
        )
    options.add_argument(
        "--gpus", type=int, metavar="N", help="share each batch among so many GPUs"
    )
    return parser


def _run(arguments):
    names = {"seed", "flip_maps", *_NUMBERS, *_CHOICES}
    settings = AggregatorSettings(**{name: getattr(arguments, name) for name in names})
    train, validation = _parts(arguments)
    folds = _folds(arguments.cross_fit, train)

    # Keras is loaded here, not for --help or wrong data.
    start_keras()
    from kiqa.training.aggregator.stacks import StackSource
    from kiqa.training.aggregator.train import train_aggregator
    from kiqa.training.runs.devices import gpu_devices
    from kiqa.training.runs.origin import details_of

    if arguments.gpus is not None:
        settings = dataclasses.replace(settings, devices=gpu_devices(arguments.gpus))
    source = StackSource(
        arguments.cache or arguments.workdir / "stacks", stride=arguments.stride,
        fish=arguments.fish, report=_say,
    )  # fmt: skip
    left = settings.target == "distortion"
    train_items = []
    for patchnet, members in folds or [(arguments.patchnet, train)]:
        items = source.items(_wanted(members, arguments), patchnet=patchnet, left=left)
        if folds:
            matching = source.matching(validation, patchnet=patchnet, reference=arguments.patchnet)
            items = [dataclasses.replace(item, matching=matching) for item in items]
        train_items += items
    wanted = [(record, Version()) for record in validation]
    if left:
        wanted = _wanted(validation, arguments)
    validation_items = source.items(wanted, patchnet=arguments.patchnet, left=left)
    if arguments.maps_only:
        _say(f"{len(train_items) + len(validation_items)} stacks are in {source.folder}")
        return None
    return train_aggregator(
        train_items,
        validation_items,
        settings,
        workdir=arguments.workdir,
        details=source.details(arguments.patchnet),
        trained_on=in_chain(
            trained_on(train, validation, scores="human", about="MOS"),
            *(details_of(model) for model in (arguments.patchnet, *[file for file, _ in folds])),
        ),
        initial=arguments.initial,
        resume=arguments.resume,
        progress=True,
        report=_say,
    )


def _wanted(records, arguments):
    """The records with the versions that are made of them."""
    if arguments.target == "distortion":
        made = partial(distorted_versions, count=arguments.distorted, seed=arguments.seed)
    else:
        flips = (FLIPS[0], *arguments.flips)
        made = partial(versions, rotations=arguments.rotations, flips=flips, seed=arguments.seed)
    return [(record, version) for record in records for version in made(record.name)]


def _parts(arguments):
    """Training and validation records; a random split is written down."""
    dataset, data, split = arguments.dataset, arguments.data, arguments.split
    if split is None:
        records = scored_images(dataset, data, part="all")
        drawn = random_split(records, fractions=_FRACTIONS, seed=arguments.seed)
        write_split(drawn, arguments.workdir / "split.csv")
        records = assign_split(records, drawn)
        train, validation = select(records, "train"), select(records, "val")
    else:
        train, validation = scored_parts(dataset, data, ("train", "val"), split=split)
    if arguments.images is not None:
        train = some_of(train, arguments.images, option="--images", seed=arguments.seed)
    return train, validation


def _folds(texts, train):
    """Pairs of a Patchnet's file and the training records that it did not see."""
    folds, mapped_by = [], {}
    for text in texts:
        name, separator, file = text.partition("=")
        if not separator:
            raise ValueError(f"Expected --cross-fit SPLIT=FILE. Received: {text!r}.")
        split = read_split(name)
        members = [record for record in train if split.get(record.name) == "test"]
        for record in members:
            mapped_by.setdefault(record.name, []).append(name)
        folds.append((file, members))
    wrong = [record.name for record in train if len(mapped_by.get(record.name, [])) != 1]
    if texts and wrong:
        raise ValueError(
            "Expected every training photograph in the test part of exactly one --cross-fit split. "
            f"Received: {len(wrong)} of {len(train)} in none or several, such as {wrong[:3]}."
        )
    return folds


def _say(text):
    sys.stderr.write(f"train_aggregator: {' '.join(text.split())}\n")


if __name__ == "__main__":
    sys.exit(main())
