"""``kiqa evaluate-maps``: do quality maps find what people, or a mask, call good?"""

import argparse
import sys
from functools import partial
from pathlib import Path

from kiqa.arguments import Output, add_exclude, add_flag, add_include, add_number, add_output
from kiqa.cli.inputs import add_spreadsheet
from kiqa.cli.map_sources import compared_items, makers, stored_paths
from kiqa.io.messages import name_file, tell
from kiqa.io.outputs import check_targets, declare_inputs, named

_SEED = 0  # of the bootstrap; part of the published JSON
# Ours. Odd, so that the windows meet the 8x8 blocks of a JPEG file in every phase, as those of
# the thesis's stride 1 do: AUCs then differ by 0.003, at strides 4 and 8 by up to 0.5.
_STRIDE = 7
_MAPS = ("patchnet", "fish", "gray")
# Names of `kiqa.data.readers.local`, which --help does without.
_ANNOTATIONS = ("cuhk-blur", "dut-blur", "live-fb", "qground", "vida-ugc")
_OF_PATCHES = ("live-fb",)  # of these, scores of parts of an image only: nothing is blurred
_ANNOTATORS = "annotators"  # a predictor, with --agreement


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--images", required=True, metavar="FOLDER", help="folder of the images")
    truth = parser.add_mutually_exclusive_group(required=True)
    truth.add_argument(
        "--boxes",
        metavar="FILE",
        help="CSV (image_name,participant,left,top,right,bottom,none) or .json of human boxes",
    )
    add_flag(
        truth, "--synthetic", "distort a random rectangle of each image; the rest is the good area"
    )
    truth.add_argument(
        "--annotations",
        choices=_ANNOTATIONS,
        help="published marks of people; --images is then the folder of that data set",
    )
    parser.add_argument(
        "--bright",
        choices=("good", "bad"),
        help="what bright pixels of the masks of cuhk-blur and dut-blur are; look at one mask",
    )
    add_flag(
        parser,
        "--agreement",
        "also compare each annotator with the others: the row 'annotators', what a map could "
        "reach; images with one annotator have none",
    )
    parser.add_argument(
        "--map",
        nargs="+",
        metavar="NAME|FILE",
        help="maps to make: fish, fish-blocks, gray, a shipped model or .h5 file "
        f"(default without --maps: {' '.join(_MAPS)})",
    )
    parser.add_argument(
        "--maps",
        nargs="+",
        default=[],
        metavar="NAME=DIR",
        help="maps made before: DIR/IMAGE.npz as kiqa map --npz writes them, or DIR/IMAGE.npy "
        "with one value per pixel, higher is better",
    )
    add_number(
        parser,
        "--stride",
        "pixels between the cells of maps made here; the default is several times faster "
        "than the thesis's 1 and nearly the same after the blur; even strides meet the 8x8 blocks "
        "of JPEG files in some phases only",
        default=_STRIDE,
        low=1,
    )
    parser.add_argument(
        "--thresholds",
        nargs="+",
        type=float,
        metavar="T",
        help="of the ground truth, increasing (default: 0 0.1 .. 0.8; with --synthetic --no-blur "
        "0.5, since all are the same)",
    )
    add_flag(
        parser,
        "--no-blur",
        "blur neither maps nor ground truth (default: both, also with --synthetic)",
    )
    parser.add_argument(
        "--border",
        choices=("zero", "edge"),
        default="zero",
        help="outside the cells of a map: zero as in the thesis, or its edge continued "
        "(default: %(default)s)",
    )
    add_exclude(parser)
    add_include(parser)
    written = "write table, CSV, JSON and figures there"
    add_output(parser, "--output", Output.FOLDER, "DIR", written)
    add_spreadsheet(parser)
    synthetic = parser.add_argument_group("with --synthetic")
    add_number(synthetic, "--versions", "distorted images for each image", default=1, low=1)
    synthetic.add_argument("--seed", type=int, default=0, help="(default: %(default)s)")
    synthetic.add_argument(
        "--split", metavar="FILE|NAME", help="image_name,set (default: split.csv of FOLDER)"
    )
    synthetic.add_argument("--set", default="test", help="set of the split (default: %(default)s)")
    add_flag(
        synthetic,
        "--keep-images",
        "write the distorted images to DIR/distorted, to make maps of them for --maps",
    )


def run(arguments: argparse.Namespace) -> int:
    """Compare, and return the exit status."""
    if arguments.keep_images and not (arguments.output and arguments.synthetic):
        raise ValueError("Expected --synthetic and --output DIR with --keep-images.")
    if arguments.seed < 0:
        raise ValueError(f"Expected a seed of 0 or more. Received: {arguments.seed}.")
    from tqdm import tqdm

    from kiqa.data.local_cases import load_case, untrained_items
    from kiqa.data.smoothing import BLUR
    from kiqa.evaluation.local.auc import THRESHOLDS, check_thresholds
    from kiqa.io.files import is_of_the_disk
    from kiqa.scoring import read_ahead, usable_workers

    arguments.map = arguments.map or ([] if arguments.maps else _MAPS)
    sharp = arguments.synthetic and arguments.no_blur
    arguments.thresholds = arguments.thresholds or ((0.5,) if sharp else THRESHOLDS)
    check_thresholds(arguments.thresholds)  # before any map is made
    parts = arguments.annotations in _OF_PATCHES  # what lies beside them says nothing
    arguments.blur = 0.0 if arguments.no_blur or parts else BLUR
    items = compared_items(arguments)
    predictors, networks = makers(arguments, stride=arguments.stride)
    items, met = untrained_items(
        items,
        networks,
        include=arguments.include_trained,
        report=tell,
        exclude=arguments.exclude,
    )
    folder = Path(arguments.output) if arguments.output else None
    if folder:
        declare_inputs(_stored(arguments.maps, items))
        check_targets(_targets(folder, items, keep_images=arguments.keep_images))
    load = partial(load_case, blur=arguments.blur, seed=arguments.seed)
    rows, used, errors = [], {}, []
    cases = read_ahead(load, items, workers=usable_workers())
    try:
        for item, case in tqdm(
            cases, total=len(items), unit="image", disable=not sys.stderr.isatty()
        ):
            try:
                if isinstance(case, Exception):
                    raise case
                rows += _compare(case, predictors, used, arguments, folder)
            except Exception as error:  # one bad or too large image is never the end
                if is_of_the_disk(error):
                    raise
                errors.append(name_file(error, item.path))
                tell(errors[-1])
    finally:  # what an interrupt leaves is kept
        cases.close()
        if folder and rows:
            from kiqa.evaluation.report import write_csv

            write_csv(rows, folder / "auc.csv", spreadsheet=arguments.spreadsheet)
    if not rows:
        raise ValueError(f"Expected images that can be compared. Received: {errors[0]}")
    result = _result(rows, used, arguments, errors=len(errors)) | met
    table = _table(result)
    if folder:
        _write(folder, result, table)
    sys.stdout.write(f"{table}\n")
    if errors:
        tell(f"{len(errors)} of {len(items)} images could not be compared")
    undefined = [n for n, each in result["predictors"].items() if each["overall"]["auc"] is None]
    if undefined:
        tell(
            f"no AUC of {', '.join(undefined)}: the ground truth of no image has places both "
            "above and below a threshold"
        )
    return 1 if errors or undefined else 0


def _stored(maps, items):
    """Where the maps that were made before may be."""
    for text in maps:
        for item in items:
            yield from stored_paths(Path(text.partition("=")[2]), item.name)


def _targets(folder: Path, items, *, keep_images: bool):
    """All files that may be written."""
    for item in items:
        yield _figure_path(folder, item)
        if keep_images:
            yield _picture_path(folder, item)
    for name in ("auc.csv", "evaluation.json", "evaluation.md", "auc_boxes.png"):
        yield folder / name


def _figure_path(folder, item):
    return named(folder / "images", item.name, ".png")


def _picture_path(folder, item):
    return named(folder / "distorted", item.name)


def _compare(case, predictors: dict, used: dict, arguments, folder: Path | None) -> list[dict]:
    """Rows of one image; keeps what made its maps, and draws it."""
    from kiqa.evaluation.local.auc import auc_rows, prediction_map

    maps, full = {}, {}
    if arguments.keep_images and folder is not None:
        from PIL import Image

        from kiqa.io.files import replacing

        with replacing(_picture_path(folder, case.item)) as temporary:
            Image.fromarray(case.pixels).save(temporary)
    for name, predict in predictors.items():
        try:
            maps[name] = predict(case)
            full[name] = prediction_map(
                maps[name],
                image_size=case.pixels.shape[:2],
                border=arguments.border,
                blur=arguments.blur,
            )
        except ValueError as error:
            raise ValueError(f"{case.item.name}, map {name}: {error}") from error
    rows = auc_rows(case.item.name, full, case.truth, thresholds=arguments.thresholds)
    if arguments.agreement:
        from kiqa.data.local_cases import answers_of
        from kiqa.evaluation.local.annotators import annotator_rows

        height, width = case.pixels.shape[:2]
        answers = answers_of(case.item, height=height, width=width)
        rows += annotator_rows(
            case.item.name, list(answers.values()), predictor=_ANNOTATORS, blur=arguments.blur,
            thresholds=arguments.thresholds,
        )  # fmt: skip
    if folder:
        _draw(case, full, arguments.thresholds, _figure_path(folder, case.item))
    for name, made in maps.items():
        used.setdefault(
            name,
            {
                "model": made.model,
                "weights_sha256": made.weights_sha256,
                "stride": made.stride,
                "scale": made.scale,
                "higher_is_better": made.higher_is_better,
            },
        )
    return [{**row, **case.details} for row in rows]


def _draw(case, predictions: dict, thresholds, path: Path) -> None:
    """One figure per image: what was marked or distorted, the truth, the ROC curves."""
    import numpy as np
    from matplotlib.figure import Figure

    from kiqa.evaluation.local.auc import above, balanced_threshold
    from kiqa.plotting import (
        literal,
        plot_boxes,
        plot_local_ground_truth,
        plot_roc_curves,
        save_figure,
    )

    left, middle, right = Figure(figsize=(14, 4.2), layout="constrained").subplots(1, 3)
    boxes = case.item.boxes.boxes if case.item.boxes else {}
    plot_boxes(case.pixels, boxes, ax=left)
    if case.details:
        left.set_title("{distortion} {level:g}".format_map(case.details), fontsize="medium")
    plot_local_ground_truth(case.truth, ax=middle)
    threshold = balanced_threshold(case.truth, thresholds=thresholds)
    if threshold is None:
        right.set_axis_off()
        right.set_title("one class at every threshold: no ROC", fontsize="medium")
    else:
        known = ~np.isnan(case.truth)
        shown = {name: values[known] for name, values in predictions.items()}
        plot_roc_curves(shown, above(case.truth[known], threshold), ax=right)
        right.set_title(f"quality above {threshold:g}", fontsize="medium")
    left.figure.suptitle(literal(case.item.name))
    save_figure(left.figure, path, dpi=100)


def _result(rows: list[dict], used: dict, arguments, *, errors: int) -> dict:
    """Everything that belongs to the numbers, fit for JSON."""
    from kiqa import __version__
    from kiqa.data.local_cases import sources_of
    from kiqa.evaluation.local.summary import summarise
    from kiqa.io.files import sha256_of

    sources = None
    if arguments.synthetic:
        sources = sources_of(row["image_name"] for row in rows)
        truth = {"kind": "synthetic", "seed": arguments.seed, "versions": arguments.versions}
    elif arguments.annotations:
        truth = {"kind": "annotations", "set": arguments.annotations, "bright": arguments.bright}
    else:
        boxes = Path(arguments.boxes)
        truth = {"kind": "boxes", "file": boxes.name, "sha256": sha256_of(boxes)}
    return {
        "kiqa": __version__,
        "ground_truth": truth,
        "blur": arguments.blur,
        "blur_mode": "reflect",
        "border": arguments.border,
        "maps": used,
        "errors": errors,
        **summarise(rows, seed=_SEED, sources=sources),
    }


def _table(result: dict) -> str:
    from kiqa.evaluation.local.summary import table_rows
    from kiqa.evaluation.report import to_markdown

    truth = result["ground_truth"]
    source = {
        "boxes": truth.get("file"),
        "annotations": truth.get("set"),
        "synthetic": f"synthetic distortions, seed {truth.get('seed')}",
    }[truth["kind"]]
    blur = f"{100 * result['blur']:g} % of the width" if result["blur"] else "none"
    made = f", versions of {result['sources']}" if "sources" in result else ""
    head = (
        f"ROC-AUC of quality maps on {result['images']} images{made}: {source}; blur {blur}, "
        f"border {result['border']}"
    )
    return f"{head}\n\n{to_markdown(table_rows(result))}"


def _write(folder: Path, result: dict, table: str) -> None:
    from kiqa.evaluation.report import write_json
    from kiqa.io.files import replacing
    from kiqa.plotting import plot_auc_boxes, save_figure

    write_json(result, folder / "evaluation.json")
    with replacing(folder / "evaluation.md") as temporary:
        temporary.write_text(table + "\n", encoding="utf-8")
    save_figure(plot_auc_boxes(result), folder / "auc_boxes.png")
