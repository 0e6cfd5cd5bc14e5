"""The command line that extracts features: ``features``.

Public names: `add_features`, `run_features`.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from tqdm import tqdm

from kiqa.arguments import Output, add_exclude, add_number, add_output, add_text, part_of
from kiqa.constants import RNN_BIQA, RNN_BIQA_CODE
from kiqa.data import DATASETS
from kiqa.data.chosen import PARTS, scored_images
from kiqa.data.records import ScoredImage
from kiqa.data.resizing import parse_display
from kiqa.interrupts import interrupt_status
from kiqa.io.messages import tell
from kiqa.maps.gaze import GazeForm
from kiqa.running import claimed, failure
from kiqa.startup import start_keras
from kiqa.training.runs.teaching.command import add_teaching, with_taught

_say = partial(tell, name="train_rnn_biqa")
_FORMS = {"paper": RNN_BIQA, "code": RNN_BIQA_CODE}


def add_features(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``features``."""
    data = parser.add_argument_group("data")
    data.add_argument("--data", type=Path, required=True, help="folder of the data set")
    data.add_argument("--dataset", choices=sorted(DATASETS), required=True, help="which one")
    add_text(data, "--split", "FILE|NAME", "split of the images (default: the data set's own)")
    add_exclude(data)
    data.add_argument("--set", choices=PARTS, default="all", help="part (default: %(default)s)")
    parser.add_argument(
        "--extractor", required=True, metavar="NAME|FILE",
        help="feature extractor, such as rnn_features or that of fine-tune",
    )  # fmt: skip
    add_output(parser, "--output", Output.SHARED, "DIR", "the folder", type=Path, required=True)
    parser.add_argument(
        "--display-size", type=_display, metavar="WxH", default=None,
        help="shrink images first to what a display of this size shows",
    )  # fmt: skip
    add_number(parser, "--smaller-side", "shrink images first to a smaller side of N pixels: "
        "SPAQ-512, -768, -1280")  # fmt: skip
    parser.add_argument(
        "--preset", choices=sorted(_FORMS), default="paper",
        help="patches as in the paper, or as in the authors' code (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--float32", action="store_true", help="do not store float16")
    parser.add_argument(
        "--shard",
        type=part_of,
        metavar="i/n",
        default=(1, 1),
        help="only the i-th of n parts of the images",
    )
    add_number(parser, "--workers", "threads that read images")
    add_number(parser, "--seed", "of the copies below", default=0)
    add_teaching(parser, undistorted=False)


def run_features(arguments: argparse.Namespace) -> int:
    """Extract features as the command line says, and turn errors into one line.

    Args:
        arguments: What `add_features`'s parser found.

    Returns:
        The exit status: 0 done, 1 images could not be used, 2 wrong input,
        130 interrupted.
    """
    try:
        with claimed(arguments):
            records = scored_images(
                arguments.dataset, arguments.data, split=arguments.split, part=arguments.set,
                exclude=arguments.exclude, report=_say,
            )  # fmt: skip
            records = _with_copies(records, arguments)
            # Keras is loaded here, not for --help or wrong data.
            start_keras()
            images, errors = _write_features(records, arguments, say=_say)
    except KeyboardInterrupt:
        _say(f"interrupted. Continue with the same options: --output {arguments.output}.")
        return interrupt_status()
    except Exception as error:
        _say(failure(error, program="kiqa.train_rnn_biqa"))
        return 2
    sys.stdout.write(f"{images - errors} of {images} images. Written to {arguments.output}\n")
    return 1 if errors else 0


def _with_copies(records, arguments):
    """The images, those of the training part with their copies."""
    train, test = (
        [record for record in records if record.set == part] for part in ("train", "test")
    )
    folder = arguments.made or arguments.output / "made"
    taught = with_taught(train, test, arguments, folder, seed=arguments.seed)
    return taught + [record for record in records if record.set != "train"]


def _write_features(
    records: Sequence[ScoredImage], arguments: argparse.Namespace, *, say: Callable[[str], None]
) -> tuple[int, int]:
    """Extract with a bar; the numbers of images, and of those that could not be used."""
    from kiqa.training.rnn_biqa.feature_teacher import teacher_of
    from kiqa.training.rnn_biqa.features import extract_features

    form = replace(
        GazeForm.of(_FORMS[arguments.preset]),
        display=arguments.display_size,
        smaller_side=arguments.smaller_side,
    )
    rows = extract_features(
        records, arguments.output, extractor=arguments.extractor, form=form,
        teacher=teacher_of(arguments),
        shard=arguments.shard, half=not arguments.float32, workers=arguments.workers,
    )  # fmt: skip
    images = errors = 0
    total = len(records) if arguments.shard == (1, 1) else None
    try:
        for row in tqdm(rows, total=total, unit="image", disable=not sys.stderr.isatty()):
            images += 1
            if row["error"] is not None:
                errors += 1
                say(row["error"])
    finally:
        rows.close()
    return images, errors


def _display(text):
    try:
        return parse_display(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
