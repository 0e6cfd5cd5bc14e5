"""The thesis's Tables 2 to 4: scores of images against mean opinion scores.

Table 2 takes the mean of each image's Patchnet map, or of other models' with
``--model``, and of its FISH map; Tables 3 and 4 the aggregator's score and those of the
published methods that kiqa computes, or those of other models with ``--model``. Models
that were evaluated before come in by ``--evaluated``, not scored again, in Table 2 with
their scores. The published rows of the same data set stand beside ours, and the
thesis's where it has none on that data set. The thesis does not say which part its
numbers are on for LIVE In the Wild, nor whether its PLCC follows a fitted logistic;
ours is without one, and the JSON file has both.

Public names: :data:`TABLE_2`, :data:`TABLE_3`, :data:`TABLE_4`,
:func:`result_of`, :func:`table_rows`.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any

from kiqa import __version__
from kiqa.arguments import add_include, add_number
from kiqa.constants import PATCHNET
from kiqa.data.records import ScoredImage
from kiqa.evaluation.correlation import check_mos
from kiqa.evaluation.report import (
    correlation_report,
    metric_cells,
    scored_pairs,
    to_markdown,
    write_csv,
    write_json,
)
from kiqa.io.files import replacing, sha256_of
from kiqa.reproduce.command import (
    Command,
    add_data,
    add_output,
    records_of,
    report,
    split_of,
    unseen,
)
from kiqa.reproduce.computed import computable, named, with_weights
from kiqa.reproduce.evaluated import (
    Evaluated,
    add_evaluated,
    described,
    read_evaluated,
    shared_images,
)
from kiqa.reproduce.left_out import table_status
from kiqa.reproduce.published_rows import published_rows
from kiqa.reproduce.thesis.map_means import MeanOfMap, fish_rows
from kiqa.scoring import Scorer, score_paths
from kiqa.scoring.pairs import check_references
from kiqa.startup import load_quietly

_SEED = 0  # of the bootstrap
_PRINTED = "thesis"  # how the source of the thesis's own rows begins
_MEAN = "mean map of"  # how a row of Table 2 begins
_SHOWN = ("srocc", "plcc")
_ABOUT = ("model", "weights_sha256", "higher_is_better", "stride")  # of an evaluation


def result_of(
    method: str, rows: Sequence[Mapping], records: Sequence[ScoredImage], **details: Any
) -> dict:
    """Compare the scores of images with their mean opinion scores.

    Args:
        method: Name of the row in the table.
        rows: ``score`` and ``error`` of each image.
        records: The images, in the same order.
        **details: What made the scores; JSON types.

    Returns:
        ``method``, the details, ``errors`` and the content of
        `kiqa.evaluation.report.correlation_report` on MOS in 0..1, without
        RMSE, which means nothing on another scale. Fit for JSON.

    Raises:
        ValueError: If no image has a score.
    """
    predicted, mos, contents = scored_pairs(rows, records, attrgetter("mos01"))
    numbers = correlation_report(predicted, mos, seed=_SEED, groups=contents)
    del numbers["metrics"]["rmse"]
    return {"method": method, **details, "errors": len(rows) - len(mos), **numbers}


def table_rows(results: Sequence[Mapping], published: Sequence[Mapping], *, ours: str) -> list:
    """Lay published and our results out for `kiqa.evaluation.report.to_markdown`.

    Args:
        results: From `result_of`, with ``dataset``.
        published: From `kiqa.reproduce.published_rows`.
        ours: What the source column says of our rows: the split; a result's
            own ``split`` goes first.

    Returns:
        The published rows, numbers as printed, then ours.
    """
    rows = [
        {
            "method": row["method"],
            "data set": row["dataset"],
            "images": None,
            "SROCC": row["srocc"],
            "SROCC 95 %": None,
            "PLCC": row["plcc"],
            "PLCC 95 %": None,
            "source": row["source"],
        }
        for row in published
    ]
    for result in results:
        row = {"method": result["method"], "data set": result["dataset"]}
        row |= {"images": result["images"], "source": f"ours, {result.get('split', ours)}"}
        rows.append(row | metric_cells(result["metrics"], {"SROCC": "srocc", "PLCC": "plcc"}))
    return rows


def _scored(
    options,
    models: Sequence[str],
    evaluated: Sequence[Evaluated],
    *,
    load: Callable[[str], Scorer],
    file: str = "rows",
):
    """Images that no network was trained on, and for each its rows and what it is."""
    # The data first: networks take seconds to load, and data that is missing is missing at once.
    records: Sequence[Any] | None = records_of(options) if models else None
    scorers = [load(model) for model in models]
    if evaluated:
        records = shared_images(evaluated, records, exclude=options.exclude)
    details = [*(scorer.info.details for scorer in scorers), *described(evaluated)]
    kept = unseen(records or (), details, options)
    records = kept.images
    check_mos([record.mos for record in records])
    file = options.output and options.output / f"{file}.jsonl"
    paths = [str(record.path) for record in records] if scorers else []
    found = [
        (one.rows(records), {key: one.about[key] for key in _ABOUT}
         | {"split": one.images, **kept.note})
        for one in evaluated
    ]  # fmt: skip
    for scorer in scorers:
        check_references(False, needed=scorer.needs_reference, model=scorer.info.name)
        rows = _watched(score_paths(paths, scorer, output=file, resume=bool(file)), paths, options)
        info = scorer.info
        about = {
            "model": info.name,
            "weights_sha256": info.sha256,
            "higher_is_better": info.higher_is_better,
            "stride": scorer.stride,
            **kept.note,
        }
        found.append((rows, about))
    return records, found


def _watched(rows, paths, options):
    """All rows, with a progress bar; an interrupt says what is kept."""
    from tqdm import tqdm

    try:
        hidden = not sys.stderr.isatty()
        return list(tqdm(rows, total=len(paths), unit="image", disable=hidden))
    except KeyboardInterrupt:
        kept = f"finished rows are in {options.output}; run it again to continue"
        raise KeyboardInterrupt(kept if options.output else "") from None


def _table_2(options: argparse.Namespace) -> int:
    models, evaluated = _chosen(options, default="patchnet")

    def load(model):
        scorer = load_quietly(MeanOfMap(model, default_stride=options.stride))
        scorer.check_maps()
        return scorer

    records, found = _scored(options, models, evaluated, load=load, file="map-rows")
    results, predictions = [], {}
    for rows, details in found:
        model, mean = details["model"], "split" not in details
        method = f"{_MEAN} {model}" if mean else f"score of {model}"
        method = named(method, higher_is_better=details["higher_is_better"])
        results.append(result_of(method, rows, records, dataset=options.dataset, **details))
        predictions[model if mean else f"{model}, score"] = rows
    if models:
        file = options.output and options.output / "fish-rows.jsonl"
        paths = [record.path for record in records]
        by_fish = _watched(fish_rows(paths, stride=options.stride, output=file), paths, options)
        results.append(
            result_of(f"{_MEAN} FISH", by_fish, records, dataset=options.dataset, model="fish",
                      higher_is_better=True, stride=options.stride)
        )  # fmt: skip
        predictions["FISH"] = by_fish
    return _finish(options, "thesis-table2", records, results, predictions)


def _chosen(options, *, default):
    """The models to score with and the evaluations beside them, of one data set."""
    evaluated = [read_evaluated(folder, dataset=options.dataset) for folder in options.evaluated]
    models = list(dict.fromkeys(options.model or ([] if evaluated else [default])))
    if models and (options.data is None or options.dataset is None):
        raise ValueError(
            f"Expected --data ROOT and --dataset NAME to score with {' and '.join(models)}. "
            "Received: not both. Without --model, --evaluated alone is enough."
        )
    if options.dataset is None:
        options.dataset = evaluated[0].about["dataset"]
        evaluated = [read_evaluated(one, dataset=options.dataset) for one in options.evaluated]
    return models, evaluated


def _aggregated(options: argparse.Namespace, *, table: str) -> int:
    models, evaluated = _chosen(options, default="aggregator")
    beside = with_weights(list(computable(table))) if models and not options.model else []
    models = [*beside, *models]
    records, found = _scored(
        options, models, evaluated, load=lambda model: load_quietly(Scorer(model))
    )
    results, predictions = [], {}
    for rows, details in found:
        model = details["model"]
        if model in beside and all(row["error"] for row in rows):
            report(f"no row of {model}: {rows[0]['error']}")
            continue
        method = named(f"kiqa's {model}", higher_is_better=details["higher_is_better"])
        results.append(result_of(method, rows, records, dataset=options.dataset, **details))
        predictions[model] = rows
    return _finish(options, table, records, results, predictions)


def _finish(options, table, records, results, predictions) -> int:
    """Print the table, write the files, and return the exit status."""
    published = published_rows(table, dataset=options.dataset)
    if not any(row["source"].startswith(_PRINTED) for row in published):
        published = published_rows(table)
    split = "; ".join(dict.fromkeys(r.get("split", split_of(options)) for r in results))
    content = {
        "table": table, "dataset": options.dataset, "split": split,
        "split_sha256": _hash_of(options.split), "set": options.set,
        "kiqa": __version__, "results": results, "published": published,
    }  # fmt: skip
    text = to_markdown(_read(content)[1])
    errors = [row["error"] for scored in predictions.values() for row in scored if row["error"]]
    if options.output is not None:
        stem = options.output / f"{table}-{options.dataset}"
        _write(stem, text, content)
        lines = [
            {"name": record.name, "mos": record.mos}
            | {name: scored[i]["score"] for name, scored in predictions.items()}
            for i, record in enumerate(records)
        ]
        write_csv(lines, f"{stem}-predictions.csv")
    sys.stdout.write(f"{text}\n")
    return table_status(errors, results, _SHOWN)


def _read(content):
    """What a stored table was computed on, and its rows; see `Command.read`."""
    rows = table_rows(content["results"], content["published"], ours=content["split"])
    images = " and ".join(sorted({str(result["images"]) for result in content["results"]}))
    maps = [row for row in content["results"] if row["method"].startswith(_MEAN)]
    strides = " and ".join(str(each) for each in sorted({row["stride"] for row in maps}))
    grid = f", maps at stride {strides}" if strides else ""
    return f"{content['dataset']}, {content['split']}: {images} images{grid}", rows


def _hash_of(split):
    """Hash of a split file; a published split is known by its name."""
    return sha256_of(Path(split)) if split and Path(split).is_file() else None


def _write(stem, text, content):
    write_json(content, f"{stem}.json")
    with replacing(Path(f"{stem}.md")) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def _options_2(parser: argparse.ArgumentParser) -> None:
    _options(
        parser, "shipped model with maps, or .h5 file; may be given several times "
        "(default: patchnet, without --evaluated)",
    )  # fmt: skip
    add_number(
        parser, "--stride", "pixels between the cells of maps", default=PATCHNET.stride, low=1
    )


def _options_aggregated(parser: argparse.ArgumentParser, *, table: str) -> None:
    _options(
        parser,
        "shipped model, comparator such as brisque, or .h5 file; may be given several times "
        f"(default: {' '.join(computable(table))} aggregator, without --evaluated)",
    )


def _options(parser: argparse.ArgumentParser, models: str) -> None:
    add_data(parser, required=False)
    add_include(parser)
    parser.add_argument("--model", action="append", metavar="NAME|FILE", help=models)
    add_evaluated(parser)
    add_output(parser, figures=False)


TABLE_2 = Command(
    "Table 2: mean of the Patchnet and FISH maps against MOS", _options_2, _table_2, _read
)
TABLE_3 = Command(
    "Table 3: the aggregator beside traditional methods",
    partial(_options_aggregated, table="thesis-table3"),
    partial(_aggregated, table="thesis-table3"),
    _read,
)
TABLE_4 = Command(
    "Table 4: the aggregator beside learned methods",
    partial(_options_aggregated, table="thesis-table4"),
    partial(_aggregated, table="thesis-table4"),
    _read,
)
