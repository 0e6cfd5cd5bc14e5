"""The command line of the aggregator's training.

Two steps: the maps of all images and their augmented versions are computed
into a cache (the long part on a CPU; it can be interrupted and is continued),
then the network is trained on them.

Public names: `COMMAND`.
"""

import argparse
import dataclasses
from functools import partial

from kiqa.arguments import add_number, add_path, add_text
from kiqa.constants import AGGREGATOR
from kiqa.data.augmentation import FLIPS, Version, distorted_versions, versions
from kiqa.data.chosen import scored_images
from kiqa.data.records import NOTHING, original_name
from kiqa.data.splits import random_split, read_split
from kiqa.data.trained import in_chain, trained_on
from kiqa.training.aggregator.initial import PATCHNET_MAP, check_initial
from kiqa.training.aggregator.settings import AggregatorSettings
from kiqa.training.runs.command import TrainingCommand
from kiqa.training.runs.parts import keep_split
from kiqa.training.runs.teaching.command import add_teaching, taught_parts

_FRACTIONS = {"train": 0.6, "val": 0.2, "test": 0.2}  # thesis 5.4
_SCORES = {  # what each target says of the images
    "mos": {"scores": "human", "about": "MOS"},
    "percentile": {"scores": "pseudo", "about": "a percentile of their Patchnet maps"},
    "distortion": {"scores": "pseudo", "about": "what a distortion leaves of their quality"},
}
_RANDOM = "random"  # --split that is drawn, whatever the data set has


def _add_options(parser):
    maps = parser.add_argument_group("maps")
    add_text(maps, "--patchnet", "NAME|FILE", "network of the Patchnet maps; it must not have seen "
        "the training images, or use --cross-fit", default="patchnet")  # fmt: skip
    maps.add_argument(
        "--cross-fit", action="append", default=[], metavar="SPLIT=FILE",
        help="Patchnet that was trained on the train part of a split: it maps the training images "
        "of that split's test part; give one for each fold. Its values are matched to --patchnet's "
        "by their quantiles on validation images",
    )  # fmt: skip
    add_path(maps, "--cache", "DIR", "folder of the stacks (default: stacks in --workdir)")
    maps.add_argument(
        "--maps-only", action="store_true", default=False, help="compute the stacks and stop"
    )
    add_number(maps, "--stride", "of the maps", default=AGGREGATOR.stride)
    maps.add_argument(
        "--fish", choices=("sliding", "blocks"), default="sliding",
        help="exact sliding FISH, or the fast block form (default: %(default)s)",
    )  # fmt: skip
    rotations = AGGREGATOR.rotations
    add_number(maps, "--rotations", "rotated versions of each training image", default=rotations)
    maps.add_argument(
        "--flips", nargs="*", choices=FLIPS[1:], default=list(FLIPS[1:]),
        help="mirrored versions of each of these (default: both; without values: none)",
    )  # fmt: skip
    add_number(maps, "--distorted", "with --target distortion: distorted versions of each image, "
        "instead of rotations and flips", default=3)  # fmt: skip
    add_teaching(parser)


def _prepare(arguments: argparse.Namespace, settings: AggregatorSettings):
    """Images of train, val and test, and who maps the training images."""
    check_initial(arguments.initial)
    if arguments.split in (None, _RANDOM):
        arguments.split = _drawn_split(arguments, settings)
    train, validation, test = taught_parts(arguments, settings)
    return train, validation, test, _folds(arguments, train)


def _drawn_split(arguments, settings):
    """The file of the thesis's random split of what --exclude leaves.

    ``None`` if the data set has its own with val, unless a random one is asked for.
    """
    records = scored_images(
        arguments.dataset, arguments.data, part="all", exclude=arguments.exclude
    )
    if arguments.split is None and any(record.set == "val" for record in records):
        return None
    drawn = random_split(records, fractions=_FRACTIONS, seed=settings.seed)
    return keep_split(drawn, arguments.workdir)


def _folds(arguments, train):
    """Pairs of a Patchnet's file and the training images that it did not see.

    Images that show nothing are in no split; every Patchnet maps as many of them.
    """
    if not arguments.cross_fit:
        return [(arguments.patchnet, train)]
    nothing = [record for record in train if record.content == NOTHING]
    train = [record for record in train if record.content != NOTHING]
    folds, mapped_by = [], {}
    for number, text in enumerate(arguments.cross_fit):
        name, separator, file = text.partition("=")
        if not separator:
            raise ValueError(f"Expected --cross-fit SPLIT=FILE. Received: {text!r}.")
        split = read_split(name)
        members = [r for r in train if split.get(original_name(r.name)) == "test"]
        for record in members:
            mapped_by.setdefault(record.name, []).append(name)
        folds.append((file, members + nothing[number :: len(arguments.cross_fit)]))
    wrong = [record.name for record in train if len(mapped_by.get(record.name, [])) != 1]
    if wrong:
        raise ValueError(
            "Expected every training image in the test part of exactly one --cross-fit split. "
            f"Received: {len(wrong)} of {len(train)} in none or several, such as {wrong[:3]}."
        )
    return folds


def _train(prepared, settings, run, arguments):
    from kiqa.training.aggregator.stacks import StackSource
    from kiqa.training.aggregator.train import train_aggregator
    from kiqa.training.runs.origin import details_of, report_seen

    train, validation, test, folds = prepared
    patchnets = dict.fromkeys((arguments.patchnet, *(file for file, _ in folds)))
    for patchnet in patchnets:
        judged = {"val": validation, "test": test}
        report_seen(patchnet, judged, role="Patchnet", report=run["report"])
    source = StackSource(
        arguments.cache or arguments.workdir / "stacks",
        stride=arguments.stride,
        fish=arguments.fish,
        report=run["report"],
    )
    left = settings.target == "distortion"
    train_items = []
    for patchnet, members in folds:
        items = source.items(_wanted(members, settings, arguments), patchnet=patchnet, left=left)
        if arguments.cross_fit:
            matching = source.matching(validation, patchnet=patchnet, reference=arguments.patchnet)
            items = [dataclasses.replace(item, matching=matching) for item in items]
        train_items += items
    wanted = [(record, Version()) for record in validation]
    if left:
        wanted = _wanted(validation, settings, arguments)
    validation_items = source.items(wanted, patchnet=arguments.patchnet, left=left)
    if arguments.maps_only:
        run["report"](f"{len(train_items) + len(validation_items)} stacks are in {source.folder}")
        return None
    return train_aggregator(
        train_items,
        validation_items,
        settings,
        test=test,
        details=source.details(arguments.patchnet),
        trained_on=in_chain(
            trained_on(train, validation, **_SCORES[settings.target]),
            *map(details_of, patchnets),
        ),
        initial=arguments.initial,
        **run,
    )


def _wanted(records, settings, arguments):
    """The records with the versions that are made of them."""
    if settings.target == "distortion":
        made = partial(distorted_versions, count=arguments.distorted, seed=settings.seed)
    else:
        flips = (FLIPS[0], *arguments.flips)
        made = partial(versions, rotations=arguments.rotations, flips=flips, seed=settings.seed)
    return [(record, version) for record in records for version in made(record.name)]


COMMAND = TrainingCommand(
    name="train_aggregator", settings=AggregatorSettings,
    prepare=_prepare, train=_train, add_options=_add_options,
    summary="Train DenseNet-169 on stacks of FISH, gray and Patchnet maps. A data set without a "
    "split of its own into train and val is split at random by --seed, 60/20/20 as in the thesis, "
    "and so is any with --split random, after --exclude; the split is written to the working "
    "folder.",
    initial="start from ImageNet weights (imagenet; Keras's file must be in its "
    f"cache), from the best region of the Patchnet map ({PATCHNET_MAP}), or from an aggregator's "
    "file (default: random weights)",
)  # fmt: skip
