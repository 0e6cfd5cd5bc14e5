"""``kiqa study``: the papers' experiments as pages for a laboratory."""

import argparse
import sys
from operator import attrgetter, itemgetter
from pathlib import Path

from kiqa.arguments import Output, add_number, add_output, part_of
from kiqa.cli.inputs import DATASETS, add_count, add_part, collect, records_of
from kiqa.constants import KONPATCH, LIVE_FB
from kiqa.io.messages import tell
from kiqa.io.walk import Walk

_LARGE = 200_000_000  # bytes; browsers begin to take long with a page
_SEED = 0  # as python -m kiqa.train_patchnet


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True)
    _add_jnd(kinds)
    _add_patches(kinds)
    _add_boxes(kinds)
    _add_ratings(kinds)


def run(arguments: argparse.Namespace) -> int:
    """Write the page, and return the exit status."""
    left_out: list[str] = []

    def report(line):
        left_out.append(line)
        tell(line)

    make = {"jnd": _jnd, "patches": _patches, "boxes": _boxes, "ratings": _ratings}[arguments.kind]
    page, fits = make(arguments, report)
    one, many = ("patch", "patches") if arguments.kind == "patches" else ("image", "images")
    what = one if page.items == 1 else many
    megabytes = page.size / 1e6
    sys.stdout.write(
        f"{page.path}: {page.items} {what}, {megabytes:.1f} MB, study {page.study}\n{fits}"
    )
    if page.size > _LARGE:
        fewer = {
            "jnd": "--versions N or --part I/N",
            "patches": "--participant K, a page for each",
            "boxes": "fewer or smaller images",
            "ratings": "fewer --contents, or smaller images",
        }[arguments.kind]
        tell(
            f"the page has {megabytes:.0f} MB; browsers take long with more than "
            f"{_LARGE / 1e6:.0f} MB. Take {fewer}."
        )
    return 1 if left_out else 0


def _add_jnd(kinds) -> None:
    parser = kinds.add_parser(
        "jnd",
        help="from which version on is a difference visible?",
        description="A reference beside its versions, best first; answers: "
        "image,participant,version.",
    )
    parser.add_argument("ladder", metavar="LADDER", help="folder made by kiqa ladder")
    parser.add_argument(
        "--codec", required=True, choices=("varjpeg", "jpeg"), help="whose versions to show"
    )
    add_count(parser, "--versions", "show N versions of each image, evenly spaced (default: all)")
    parser.add_argument(
        "--part",
        type=part_of,
        default=(1, 1),
        metavar="I/N",
        help="share the images among N pages and write page I",
    )
    _add_page(parser)


def _add_patches(kinds) -> None:
    parser = kinds.add_parser(
        "patches",
        help="does a patch look as if taken from a high-quality image?",
        description="Patches as python -m kiqa.train_patchnet cuts them with the same options; "
        "answers: image,row,col,participant,vote, for its --votes.",
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("folder", nargs="?", metavar="FOLDER", help="plain folder of images")
    source.add_argument("--data", metavar="ROOT", help="folder of a data set, with --dataset")
    parser.add_argument("--dataset", choices=DATASETS, help="what --data is")
    add_part(parser, default="train")
    add_count(parser, "--images", f"images (default: {KONPATCH.images}; of FOLDER all)")
    add_count(parser, "--patches-per-image", "patches an image", default=KONPATCH.patches_per_image)
    add_number(parser, "--seed", "of images and places", default=_SEED, low=0)
    parser.add_argument(
        "--mode",
        choices=("lab", "crowd"),
        default="lab",
        help="lab: one vote a patch; crowd: ten (default: %(default)s)",
    )
    add_count(
        parser, "--participants", "people who share the patches (default: 1 for lab, 10 for crowd)"
    )
    add_count(parser, "--participant", "write the smaller page of participant K only", metavar="K")
    add_count(parser, "--magnify", "show every pixel as a square of N x N", default=1)
    _add_page(parser)


def _add_boxes(kinds) -> None:
    parser = kinds.add_parser(
        "boxes",
        help="where is an image of high quality?",
        description="Boxes round the high-quality areas of images; answers: "
        "image_name,participant,left,top,right,bottom,none.",
    )
    parser.add_argument("folder", metavar="FOLDER", help="folder of images, with all below")
    _add_page(parser)


def _add_ratings(kinds) -> None:
    parser = kinds.add_parser(
        "ratings",
        help="how good are images, from bad to excellent?",
        description="A session of PaQ-2-PiQ's study: images to learn with, images to rate, some "
        "twice and some golden, a survey; answers: subject,image,rating,session,repeat,survey, for "
        "kiqa ratings.",
    )
    parser.add_argument("folder", metavar="FOLDER", help="images to rate, with all below")
    parser.add_argument("--golden", metavar="FOLDER", help="images that were rated before")
    parser.add_argument("--training", metavar="FOLDER", help="images to learn with, all shown")
    add_count(parser, "--session", "make the page of session K, with images of its own",
        default=1, metavar="K")  # fmt: skip
    add_count(parser, "--contents", "showings, all included", default=LIVE_FB.contents)
    add_number(parser, "--repeats", "of them second showings", default=LIVE_FB.repeats, low=0)
    add_number(
        parser, "--golden-images", "of them golden, with --golden", default=LIVE_FB.golden, low=0
    )
    add_number(parser, "--seed", "of the choice; one for all sessions", default=_SEED, low=0)
    _add_page(parser)


def _add_page(parser) -> None:
    page = "the page to write"
    add_output(parser, "--output", Output.FILE, "PAGE.html", page, required=True)
    parser.add_argument(
        "--note", default="", metavar="TEXT", help="line for the start screen, such as a contact"
    )


def _jnd(arguments, report):
    from kiqa.io.outputs import check_targets
    from kiqa.studies import write_jnd_study

    files = Walk(lambda path: None).below(arguments.ladder)
    check_targets([arguments.output], inputs=[path for path, _ in files])
    page = write_jnd_study(
        arguments.ladder,
        arguments.output,
        codec=arguments.codec,
        versions=arguments.versions,
        part=arguments.part,
        note=arguments.note,
        report=report,
    )
    return page, ""


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
    page = write_patches_study(
        records,
        arguments.output,
        mode=arguments.mode,
        seed=arguments.seed,
        images=count,
        patches_per_image=arguments.patches_per_image,
        participants=arguments.participants,
        participant=arguments.participant,
        magnify=arguments.magnify,
        note=arguments.note,
    )
    options = (
        f"images={count}, patches_per_image={arguments.patches_per_image}, "
        f"seed={arguments.seed}, label={arguments.mode!r}"
    )
    less = " without the images left out" if len(records) < len(everything) else ""
    return page, f"The votes fit kiqa.data.konpatch.build_konpatch{less} with {options}.\n"


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
    page = write_ratings_study(
        images,
        arguments.output,
        **more,
        session=arguments.session,
        contents=arguments.contents,
        repeats=arguments.repeats,
        golden_images=arguments.golden_images,
        seed=arguments.seed,
        note=arguments.note,
    )
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
