"""``kiqa evaluate``: a model over a data set, with the table of correlations."""

import argparse
import hashlib
import sys
from functools import partial
from pathlib import Path

from kiqa.arguments import Output, add_exclude, add_flag, add_include, add_number, add_output
from kiqa.cli.engines import add_engine, engine_options
from kiqa.cli.inputs import (
    DATASETS,
    add_memory,
    add_model,
    add_part,
    add_spreadsheet,
    records_of,
)
from kiqa.cli.targets import beside_bar
from kiqa.io.messages import named_only, tell
from kiqa.io.outputs import check_targets
from kiqa.startup import load_quietly

_SEED = 0  # of the bootstrap; part of the published JSON
_TIMES = {"0..1": 1, "0..100": 100}  # scales of models on which MOS are compared
_WRITTEN = ("rows.jsonl", "predictions.csv", "evaluation.json", "evaluation.md")
_METRICS = {
    "srocc": "SROCC",
    "plcc": "PLCC, no logistic",
    "plcc4": "PLCC, 4 parameters",
    "plcc5": "PLCC, 5 parameters",
    "krocc": "KROCC",
    "rmse": "RMSE",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--data", required=True, metavar="ROOT", help="folder of the data set")
    parser.add_argument(
        "--dataset",
        required=True,
        choices=DATASETS,
        help="its published layout",
    )
    add_part(parser, default="test")
    add_exclude(parser)
    add_include(parser)
    add_model(parser)
    add_number(
        parser,
        "--stride",
        "pixels between the map's cells (default: 8; the aggregator has its own)",
        low=1,
    )
    written = f"write {', '.join(_WRITTEN)} there"
    add_output(parser, "--output", Output.FOLDER, "DIR", written)
    add_flag(parser, "--resume", "go on with the rows.jsonl of --output")
    add_spreadsheet(parser)
    add_memory(parser)
    add_engine(parser)


def run(arguments: argparse.Namespace) -> int:
    """Evaluate, and return the exit status."""
    if arguments.resume and not arguments.output:
        raise ValueError("Expected --output DIR with --resume.")
    from tqdm import tqdm

    from kiqa.data.untrained import untrained
    from kiqa.evaluation.correlation import check_mos
    from kiqa.evaluation.report import undefined_metrics
    from kiqa.io.rows.files import check_content
    from kiqa.scoring import Scorer, score_paths

    records = records_of(arguments, exclude=arguments.exclude)
    check_mos([record.mos for record in records])
    folder = Path(arguments.output) if arguments.output else None
    if folder:
        check_targets(folder / name for name in _WRITTEN)
        check_content(folder / "rows.jsonl", form="jsonl", resume=arguments.resume)
    engine = engine_options(arguments)
    scorer = load_quietly(
        Scorer(arguments.model, stride=arguments.stride, max_memory=arguments.memory)
    )
    records, _, met = untrained(
        records, [scorer.info.details], include=arguments.include_trained, report=tell
    )
    references = _references(records, arguments.dataset) if scorer.needs_reference else None
    check_mos([record.mos for record in records])  # of those that are left
    rows = score_paths(
        [str(record.path) for record in records],
        scorer,
        output=folder and folder / "rows.jsonl",
        resume=arguments.resume,
        references=references,
        **engine,
    )
    hidden = not sys.stderr.isatty()
    try:
        rows = _told(tqdm(rows, total=len(records), unit="image", disable=hidden))
    except KeyboardInterrupt:
        text = f"Finished rows are in {folder}; add --resume." if folder else ""
        raise KeyboardInterrupt(text) from None
    result = _result(records, rows, scorer, arguments) | met
    table = _table(result)
    if folder:
        _write(folder, records, rows, result, table, spreadsheet=arguments.spreadsheet)
    sys.stdout.write(f"{table}\n")
    errors = len(records) - result["images"]
    if errors:
        tell(f"{errors} of {len(records)} images could not be scored")
    if undefined := undefined_metrics(result["metrics"]):
        tell(undefined)
    return 1 if errors or undefined else 0


def _told(rows) -> list[dict]:
    """The rows; each image that could not be scored is told with its reason, as it comes."""
    kept = []
    for row in rows:
        kept.append(row)
        if row["error"] is not None:
            with beside_bar():
                tell(row["error"])
    return kept


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
    from kiqa.evaluation.report import correlation_report, scored_pairs, without_value

    info = scorer.info
    # A model is compared on its own scale, if that is one of MOS.
    own = info.scale in _TIMES
    scale = info.scale if own else "{:g}..{:g}".format(*records[0].mos_range)
    predicted, mos, contents = scored_pairs(rows, records, partial(_mos, scale=info.scale))
    report = correlation_report(predicted, mos, seed=_SEED, groups=contents)
    if not (own and info.higher_is_better):
        direction = "higher" if info.higher_is_better else "lower"
        note = f"scores are not in the unit of the MOS: scale {info.scale}, {direction} better"
        report["metrics"]["rmse"] = without_value(note)
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
        **report,
    }


def _table(result: dict) -> str:
    from kiqa.evaluation.report import image_count, to_markdown

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
        f"{result['dataset']}, {result['set']}: {image_count(result)}, "
        f"stride {result['stride']}, MOS {result['mos_scale']}"
    )
    return f"{head}\n\n{to_markdown(rows)}"


def _write(folder: Path, records, rows, result: dict, table: str, *, spreadsheet: bool) -> None:
    from kiqa.evaluation.report import write_csv, write_json
    from kiqa.io.files import replacing

    predictions = [
        {
            "name": record.name,
            "mos": _mos(record, scale=result["mos_scale"]),
            "predicted": row["score"],
            **({"content": record.content} if "groups" in result else {}),
            "error": named_only(row["error"], record.path, record.name),
        }
        for record, row in zip(records, rows, strict=True)
    ]
    write_csv(predictions, folder / "predictions.csv", spreadsheet=spreadsheet)
    write_json(result, folder / "evaluation.json")
    with replacing(folder / "evaluation.md") as temporary:
        temporary.write_text(table + "\n", encoding="utf-8")
