"""``kiqa evaluate``: a model over a data set, with the table of correlations."""

import argparse
import hashlib
import sys
from functools import partial
from pathlib import Path

from kiqa.cli.inputs import add_model, whole_number
from kiqa.scoring.quiet import load_quietly

_SEED = 0  # of the bootstrap; part of the published JSON
# The keys of kiqa.data.DATASETS, so that --help loads no reader.
_DATASETS = (
    "biq2021 csiq kadid10k koniq10k live live-fb live-fb-patches live-itw spaq tid2008 tid2013"
).split()
_TIMES = {"0..1": 1, "0..100": 100}  # scales of models on which MOS are compared
_METRICS = {
    "srocc": "SROCC",
    "plcc": "PLCC, no logistic",
    "plcc4": "PLCC, 4 parameters",
    "plcc5": "PLCC, 5 parameters",
    "krocc": "KROCC",
    "rmse": "RMSE",
}


def add_parser(commands) -> argparse.ArgumentParser:
    """Add the command to the subparsers."""
    parser = commands.add_parser(
        "evaluate",
        help="compare a model with the mean opinion scores of a data set",
        description="Score the images of a data set and compare with their mean opinion scores.",
    )
    parser.add_argument("--data", required=True, metavar="ROOT", help="folder of the data set")
    parser.add_argument(
        "--dataset",
        required=True,
        choices=_DATASETS,
        help="its published layout",
    )
    parser.add_argument(
        "--split",
        metavar="FILE|NAME",
        help="split file (image_name,set) or published split (default: the data set's own)",
    )
    parser.add_argument(
        "--set",
        dest="part",
        choices=("train", "val", "test", "all"),
        default="test",
        help="part of the split (default: %(default)s)",
    )
    add_model(parser)
    parser.add_argument(
        "--stride",
        type=whole_number,
        metavar="N",
        help="pixels between the map's cells (default: 8; the aggregator has its own)",
    )
    parser.add_argument(
        "--output",
        metavar="DIR",
        help="write rows.jsonl, predictions.csv, evaluation.json and evaluation.md there",
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on with the rows.jsonl of --output"
    )
    parser.add_argument("--workers", type=whole_number, metavar="N", help="decoding threads")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Evaluate, and return the exit status."""
    if arguments.resume and not arguments.output:
        raise ValueError("Expected --output DIR with --resume.")
    from tqdm import tqdm

    from kiqa.scoring import Scorer, score_paths

    records = _records(arguments)
    scorer = Scorer(arguments.model, stride=arguments.stride)
    load_quietly(scorer)
    folder = Path(arguments.output) if arguments.output else None
    rows = score_paths(
        [str(record.path) for record in records],
        scorer,
        output=folder and folder / "rows.jsonl",
        resume=arguments.resume,
        workers=arguments.workers,
        references=_references(records, arguments.dataset) if scorer.needs_reference else None,
    )
    hidden = not sys.stderr.isatty()
    try:
        rows = list(tqdm(rows, total=len(records), unit="image", disable=hidden))
    except KeyboardInterrupt:
        text = f"Finished rows are in {folder}; add --resume." if folder else ""
        raise KeyboardInterrupt(text) from None
    result = _result(records, rows, scorer, arguments)
    table = _table(result)
    if folder:
        _write(folder, records, rows, result, table)
    sys.stdout.write(f"{table}\n")
    errors = len(records) - result["images"]
    if errors:
        sys.stderr.write(f"kiqa: {errors} of {len(records)} images could not be scored\n")
    return 1 if errors else 0


def _records(arguments):
    """Records of the chosen set."""
    from kiqa.data.chosen import scored_images

    return scored_images(
        arguments.dataset,
        arguments.data,
        split=arguments.split,
        part=arguments.part,
        report=lambda message: sys.stderr.write(f"kiqa: {message}\n"),
    )


def _references(records, dataset) -> list[str]:
    """The reference of each image, for models that need one."""
    if any(record.reference is None for record in records):
        raise ValueError(
            "Expected a data set with reference images for a full-reference model. Received: "
            f"{dataset}, which has none. Take another data set or model."
        )
    return [str(record.reference) for record in records]


def _mos(record, *, scale):
    """A record's MOS on a model's scale, or on its own where that is no scale of MOS."""
    return _TIMES[scale] * record.mos01 if scale in _TIMES else record.mos


def _result(records, rows, scorer, arguments) -> dict:
    """Everything that belongs to the numbers, fit for JSON."""

    from kiqa import __version__
    from kiqa.evaluation.report import correlation_report, scored_pairs

    info = scorer.info
    # A model is compared on its own scale; the error would mean nothing on another.
    own = info.scale in _TIMES
    scale = info.scale if own else "{:g}..{:g}".format(*records[0].mos_range)
    predicted, mos = scored_pairs(rows, records, partial(_mos, scale=info.scale))
    split = arguments.split
    is_file = split is not None and Path(split).is_file()
    return {
        "model": info.name,
        "model_version": info.version,
        "weights_sha256": info.sha256,
        "higher_is_better": info.higher_is_better,
        "stride": scorer.stride,
        "dataset": arguments.dataset,
        "split": Path(split).name if is_file else split or "the data set's own",
        "split_sha256": hashlib.sha256(Path(split).read_bytes()).hexdigest() if is_file else None,
        "set": arguments.part,
        "mos_scale": scale,
        "kiqa": __version__,
        "errors": len(records) - len(mos),
        **correlation_report(predicted, mos, seed=_SEED),
    }


def _table(result: dict) -> str:
    from kiqa.evaluation.report import to_markdown

    level = f"{100 * result['level']:g} % interval"
    rows = []
    for name, entry in result["metrics"].items():
        row = {"metric": _METRICS[name], "value": entry["value"], level: entry.get("note")}
        if entry["lo"] is not None:
            row[level] = f"{entry['lo']:.3f} to {entry['hi']:.3f}"
        rows.append(row)
    direction = "" if result["higher_is_better"] else ", lower is better (not turned round)"
    head = (
        f"{result['model']} (weights {result['weights_sha256'][:12]}{direction}) on "
        f"{result['dataset']}, {result['set']}: {result['images']} images, "
        f"stride {result['stride']}, MOS {result['mos_scale']}"
    )
    return f"{head}\n\n{to_markdown(rows)}"


def _write(folder: Path, records, rows, result: dict, table: str) -> None:
    from kiqa.evaluation.report import write_csv, write_json
    from kiqa.io.whole_files import replacing

    predictions = [
        {
            "name": record.name,
            "mos": _mos(record, scale=result["mos_scale"]),
            "predicted": row["score"],
            "error": row["error"],
        }
        for record, row in zip(records, rows, strict=True)
    ]
    write_csv(predictions, folder / "predictions.csv")
    write_json(result, folder / "evaluation.json")
    with replacing(folder / "evaluation.md") as temporary:
        temporary.write_text(table + "\n", encoding="utf-8")
