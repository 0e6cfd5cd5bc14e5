"""``kiqa sample``: images for a study, whose features are distributed as those of others."""

import argparse
import sys
from pathlib import Path

from kiqa.arguments import Output, add_flag, add_number, add_output, whole_number
from kiqa.cli.inputs import add_images, add_spreadsheet, collect
from kiqa.cli.targets import report, status

_FEATURES = ("brightness", "colourfulness", "contrast", "spatial_information", "pixels", "faces")
_COLUMNS = ("path", "sha256", *_FEATURES)
_MEASURED, _CHOSEN, _RESULT = "features.csv", "sample.csv", "sample.json"
_WHOLE = ("pixels", "faces")
_BINS = 10


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_images(parser)
    parser.add_argument(
        "--like",
        nargs="+",
        required=True,
        metavar="PATH",
        help="images that the sample should look like, named as PATH",
    )
    parser.add_argument(
        "--count", type=whole_number, required=True, metavar="N", help="images to choose"
    )
    add_output(parser, "--output", Output.FOLDER, "DIR", "the choice", type=Path, required=True)
    add_number(parser, "--bins", "of each feature's histogram", default=_BINS, low=1)
    add_flag(parser, "--no-faces", "leave the number of faces out, which takes most of the time")
    add_number(parser, "--seed", "which of images that are alike are taken", default=0, low=0)
    add_number(parser, "--time-limit", "seconds of the search at most", default=60, low=1)
    add_spreadsheet(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure, choose, and return the exit status."""
    import numpy as np

    from kiqa.data.study.sampling import sample_pictures, target_like
    from kiqa.evaluation.report import write_csv, write_json
    from kiqa.io.outputs import check_targets

    parts = [collect(paths) for paths in (arguments.paths, arguments.like)]
    _check_folder(arguments.output, parts)
    check_targets(arguments.output / name for name in (_MEASURED, _CHOSEN, _RESULT))
    rows, errors = _measure(parts, arguments)
    offered, wanted = rows
    names = _FEATURES[:-1] if arguments.no_faces else _FEATURES
    features, targets = (
        {name: np.array([row[name] for row in part], np.float64) for name in names}
        for part in (offered, wanted)
    )
    sample = sample_pictures(
        features,
        {name: target_like(values, arguments.bins) for name, values in targets.items()},
        count=arguments.count,
        seed=arguments.seed,
        time_limit=float(arguments.time_limit),
    )
    chosen = [offered[place] for place in sample.chosen]
    write_csv(chosen, arguments.output / _CHOSEN, spreadsheet=arguments.spreadsheet)
    result = _result(arguments, offered, wanted, sample)
    write_json(result, arguments.output / _RESULT)
    sys.stdout.write(_text(result))
    return status(errors, f"{errors} of {sum(map(len, parts))} images are left out")


def _check_folder(folder, parts):
    """Refuse a folder in which images lie, of which some are chosen and some not."""
    own = folder.resolve()
    inside = [
        item.path for part in parts for item in part if own in Path(item.path).resolve().parents
    ]
    if inside:
        raise ValueError(
            f"Expected images outside the working folder. Received: {inside[0]} in {folder}. Name "
            "another folder as --output."
        )


def _measure(parts, arguments):
    """Rows of features of both sets of images, and how many images have none."""
    from tqdm import tqdm

    from kiqa.data.study.features import picture_features
    from kiqa.io.images import load_image
    from kiqa.io.rows import RowFile

    faces = not arguments.no_faces
    file = RowFile(
        arguments.output / _MEASURED, form="csv", columns=_COLUMNS, resume=True,
        spreadsheet=arguments.spreadsheet,
    )  # fmt: skip
    # Without faces there is -1: such a row does not do where faces are asked for.
    known = {row["sha256"]: row for row in map(_numbers, file.finished)
             if row["faces"] >= 0 or not faces}  # fmt: skip
    found, errors = [], 0
    try:
        for items in parts:
            found.append([])
            for item in tqdm(items, unit="image", disable=not sys.stderr.isatty()):
                try:
                    image = load_image(item.path)
                    row = known.get(image.sha256)
                    if row is None:
                        measured = picture_features(image.pixels, faces=faces)._asdict()
                except (ValueError, OSError, MemoryError) as error:
                    errors += report(item, error)
                    continue
                if row is None:
                    row = {"path": item.path, "sha256": image.sha256, **measured}
                    file.append(row)  # a full disk is no bad image
                    known[image.sha256] = row
                found[-1].append(row | {"path": item.path})
    finally:
        file.close()
    for rows, what in zip(found, ("PATH", "--like"), strict=True):
        if not rows:
            raise ValueError(f"Expected images in {what} that can be read. Received: none.")
    return found, errors


def _numbers(row):
    return {**row, **{name: (int if name in _WHOLE else float)(row[name]) for name in _FEATURES}}


def _result(arguments, offered, wanted, sample):
    from kiqa import __version__

    return {
        "offered": len(offered),
        "like": len(wanted),
        "count": len(sample.chosen),
        "bins": arguments.bins,
        "seed": arguments.seed,
        "difference": sample.difference,
        "optimal": sample.optimal,
        "kiqa": __version__,
    }


def _text(result):
    lines = [f"{result['count']} of {result['offered']} images, like {result['like']} others"]
    lines += [
        f"{name.replace('_', ' ')}: {100 * share:.1f} % in a wrong bin"
        for name, share in result["difference"].items()
    ]
    if not result["optimal"]:
        lines.append("the time was over before the search was: a better choice may exist")
    return "\n".join([*lines, ""])
