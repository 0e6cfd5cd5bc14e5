"""``kiqa study``: the papers' experiments as pages for a laboratory."""

import argparse
import sys
from collections.abc import Callable
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kiqa.arguments import Output, add_number, add_output, part_of
from kiqa.cli.inputs import DATASETS, add_part, collect, records_of
from kiqa.constants import KONPATCH, LIVE_FB
from kiqa.io.messages import tell

if TYPE_CHECKING:
    from kiqa.studies.page import StudyPage

_LARGE = 200_000_000  # bytes; browsers begin to take long with a page
_SEED = 0  # as python -m kiqa.train_patchnet


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True)
    for name, kind in _KINDS.items():
        own = kinds.add_parser(name, help=kind.question, description=kind.about)
        kind.add_options(own)
        page = "the page to write"
        add_output(own, "--output", Output.FILE, "PAGE.html", page, required=True)
        note = "line for the start screen, such as a contact"
        own.add_argument("--note", default="", metavar="TEXT", help=note)


def run(arguments: argparse.Namespace) -> int:
    """Write the page, and return the exit status."""
    left_out: list[str] = []

    def report(line):
        left_out.append(line)
        tell(line)

    kind = _KINDS[arguments.kind]
    page, fits = kind.make(arguments, report)
    what = kind.one if page.items == 1 else kind.many
    megabytes = page.size / 1e6
    sys.stdout.write(
        f"{page.path}: {page.items} {what}, {megabytes:.1f} MB, study {page.study}\n{fits}"
    )
    if page.size > _LARGE:
        tell(
            f"the page has {megabytes:.0f} MB; browsers take long with more than "
            f"{_LARGE / 1e6:.0f} MB. Take {kind.fewer}."
        )
    return 1 if left_out else 0


def _add_jnd(parser) -> None:
    parser.add_argument("ladder", metavar="LADDER", help="folder made by kiqa ladder")
    parser.add_argument(
        "--codec", required=True, choices=("varjpeg", "jpeg"), help="whose versions to show"
    )
    add_number(
        parser, "--versions", "show N versions of each image, evenly spaced (default: all)", low=1
    )
    parser.add_argument(
        "--part",
        type=part_of,
        default=(1, 1),
        metavar="I/N",
        help="share the images among N pages and write page I",
    )


def _add_patches(parser) -> None:
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("folder", nargs="?", metavar="FOLDER", help="plain folder of images")
    source.add_argument("--data", metavar="ROOT", help="folder of a data set, with --dataset")
    parser.add_argument("--dataset", choices=DATASETS, help="what --data is")
    add_part(parser, default="train")
    add_number(parser, "--images", f"images (default: {KONPATCH.images}; of FOLDER all)", low=1)
    add_number(
        parser, "--patches-per-image", "patches an image", default=KONPATCH.patches_per_image, low=1
    )
    add_number(parser, "--seed", "of images and places", default=_SEED, low=0)
    parser.add_argument(
        "--mode",
        choices=("lab", "crowd"),
        default="lab",
        help="lab: one vote a patch; crowd: ten (default: %(default)s)",
    )
    add_number(
        parser,
        "--participants",
        "people who share the patches (default: 1 for lab, 10 for crowd)",
        low=1,
    )
    add_number(
        parser, "--participant", "write the smaller page of participant K only", metavar="K", low=1
    )
    add_number(parser, "--magnify", "show every pixel as a square of N x N", default=1, low=1)


def _add_boxes(parser) -> None:
    parser.add_argument("folder", metavar="FOLDER", help="folder of images, with all below")


def _add_ratings(parser) -> None:
    parser.add_argument("folder", metavar="FOLDER", help="images to rate, with all below")
    parser.add_argument("--golden", metavar="FOLDER", help="images that were rated before")
    parser.add_argument("--training", metavar="FOLDER", help="images to learn with, all shown")
    add_number(parser, "--session", "make the page of session K, with images of its own",
        default=1, metavar="K", low=1)  # fmt: skip
    add_number(parser, "--contents", "showings, all included", default=LIVE_FB.contents, low=1)
    add_number(parser, "--repeats", "of them second showings", default=LIVE_FB.repeats, low=0)
    add_number(
        parser, "--golden-images", "of them golden, with --golden", default=LIVE_FB.golden, low=0
    )
    add_number(parser, "--seed", "of the choice; one for all sessions", default=_SEED, low=0)


def _jnd(arguments, report):
    from kiqa.io.outputs import check_targets, declare_inputs
    from kiqa.studies import write_jnd_study
    from kiqa.varjpeg.jnd.versions import ladder_files, read_versions

    declare_inputs(ladder_files(arguments.ladder, read_versions(arguments.ladder)))
    check_targets([arguments.output])
    chosen = _chosen(arguments, "codec", "versions", "part", "note")
    return write_jnd_study(arguments.ladder, arguments.output, **chosen, report=report), ""


def _patches(arguments, report):
    from kiqa.io.outputs import check_targets
    from kiqa.studies import write_patches_study
    from kiqa.studies.page import with_fitting_names

    everything = _records(arguments)
    records = with_fitting_names(everything, report, name=attrgetter("name"))
    check_targets([arguments.output])
    count = arguments.images
    if count is None:
        count = len(records) if arguments.data is None else KONPATCH.images
    chosen = _chosen(
        arguments, "mode", "seed", "patches_per_image", "participants", "participant", "magnify",
        "note",
    )  # fmt: skip
    page = write_patches_study(records, arguments.output, images=count, **chosen)
    options = (
        f"images={count}, patches_per_image={arguments.patches_per_image}, "
        f"seed={arguments.seed}, label={arguments.mode!r}"
    )
    less = " without the images left out" if len(records) < len(everything) else ""
    return page, f"The votes fit kiqa.data.konpatch.build_konpatch{less} with {options}.\n"


def _chosen(arguments, *names):
    """Options of a page, by their names."""
    return {name: getattr(arguments, name) for name in names}


def _records(arguments):
    """Scored images of a data set, or those of a folder with scores of 0."""
    if arguments.data is not None:
        if arguments.dataset is None:
            raise ValueError(f"Expected --dataset with --data, one of: {', '.join(DATASETS)}.")
        return records_of(arguments)
    if arguments.dataset is not None:
        raise ValueError("Expected --data ROOT with --dataset. A plain FOLDER needs neither.")
    from kiqa.data.folders import images_in
    from kiqa.data.records import ScoredImage

    return [
        ScoredImage(file.name, file, 0.0, None, file.name, "folder", (0.0, 1.0))
        for file in images_in(arguments.folder, chosen=arguments.part, split=arguments.split)
    ]


def _boxes(arguments, report):
    from kiqa.io.outputs import check_targets
    from kiqa.studies import write_boxes_study

    images = _named_images(arguments.folder, report)
    check_targets([arguments.output])
    return write_boxes_study(images, arguments.output, note=arguments.note), ""


def _ratings(arguments, report):
    from kiqa.io.outputs import check_targets
    from kiqa.studies import write_ratings_study

    folders = {"golden": arguments.golden, "training": arguments.training}
    images = _named_images(arguments.folder, report)
    more = {
        name: [] if folder is None else _named_images(folder, report)
        for name, folder in folders.items()
    }
    check_targets([arguments.output])
    chosen = _chosen(arguments, "session", "contents", "repeats", "golden_images", "seed", "note")
    page = write_ratings_study(images, arguments.output, **more, **chosen)
    said = f"{arguments.contents} showings of session {arguments.session}, of them "
    golden = arguments.golden_images if more["golden"] else 0
    said += f"{arguments.repeats} twice and {golden} golden; {len(more['training'])} before, "
    return page, f"{said}a survey after. The answers fit kiqa ratings --scale 0:100.\n"


def _named_images(folder, report):
    """Names and files of the images in a folder whose names fit a CSV."""
    from kiqa.io.images import IMAGE_SUFFIXES
    from kiqa.studies.page import with_fitting_names

    if not Path(folder).is_dir():
        raise FileNotFoundError(f"Expected a folder of images. Received: {folder}.")
    images = [
        (item.name, item.path)
        for item in collect([folder])
        if Path(item.path).suffix.lower() in IMAGE_SUFFIXES
    ]
    if not images:
        raise FileNotFoundError(
            f"Expected images in {folder}, found none. Give the folder that holds them."
        )
    return with_fitting_names(images, report, name=itemgetter(0))


class _Kind(NamedTuple):
    question: str
    about: str
    add_options: Callable[[argparse.ArgumentParser], None]
    make: Callable[[argparse.Namespace, Callable[[str], object]], tuple["StudyPage", str]]
    fewer: str  # what makes a page smaller
    one: str = "image"  # what the page shows
    many: str = "images"


_KINDS = {
    "jnd": _Kind(
        "from which version on is a difference visible?",
        "A reference beside its versions, best first; answers: image,participant,version.",
        _add_jnd, _jnd, "--versions N or --part I/N",
    ),
    "patches": _Kind(
        "does a patch look as if taken from a high-quality image?",
        "Patches as python -m kiqa.train_patchnet cuts them with the same options; answers: "
        "image,row,col,participant,vote, for its --votes.",
        _add_patches, _patches, "--participant K, a page for each", "patch", "patches",
    ),
    "boxes": _Kind(
        "where is an image of high quality?",
        "Boxes round the high-quality areas of images; answers: "
        "image_name,participant,left,top,right,bottom,none.",
        _add_boxes, _boxes, "fewer or smaller images",
    ),
    "ratings": _Kind(
        "how good are images, from bad to excellent?",
        "A session of PaQ-2-PiQ's study: images to learn with, images to rate, some twice and some "
        "golden, a survey; answers: subject,image,rating,session,repeat,survey, for kiqa ratings.",
        _add_ratings, _ratings, "fewer --contents, or smaller images", "showing", "showings",
    ),
}  # fmt: skip
