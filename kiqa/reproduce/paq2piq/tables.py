"""PaQ-2-PiQ's Tables 2 to 4: models against scores of images and of patches.

Table 3 is on whole images, Table 2 on their patches, Table 4 on data sets
that the models were not trained on. The published rows stand beside ours.

Public names: :data:`TABLE_2`, :data:`TABLE_3`, :data:`TABLE_4`.

References:
    Ying et al. 2020, sections 4.1 and 4.5.
"""

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import Any

from kiqa import __version__
from kiqa.arguments import add_flag, add_include, add_number, add_text
from kiqa.data import DATASETS
from kiqa.data.chosen import PARTS
from kiqa.evaluation.report import (
    metric_cells,
    to_markdown,
    write_csv,
    write_json,
)
from kiqa.io.files import replacing
from kiqa.reproduce.command import Command, add_output, report, unseen
from kiqa.reproduce.computed import computable, named, with_weights
from kiqa.reproduce.evaluated import add_evaluated, described, read_evaluated, shared_images
from kiqa.reproduce.left_out import LeftOut, table_status
from kiqa.reproduce.paq2piq.data import add_sets, given_sets, images_of, patches_of
from kiqa.reproduce.paq2piq.results import results_of, results_of_evaluations
from kiqa.reproduce.paq2piq.scores import open_model
from kiqa.reproduce.published_rows import published_rows
from kiqa.reproduce.thesis.figures import spread

_SHOWN = ("srocc", "plcc")
_CROSS = ("live-itw", "koniq10k")
_PLAIN = "live-fb"
_MODEL = "paq2piq_rm"


def _table(options: argparse.Namespace, *, table: int) -> int:
    """Score everything, print the table, write the files; the exit status."""
    evaluated = [read_evaluated(folder) for folder in getattr(options, "evaluated", ())]
    if evaluated and not options.data:
        kept = unseen(
            shared_images(evaluated, exclude=options.exclude), described(evaluated), options
        )
        return _finish(options, table, LeftOut(), *results_of_evaluations(evaluated, kept))
    places = given_sets(options.data, _CROSS if table == 4 else (_PLAIN,))
    if table == 2 and options.patch_scores and len(places) > 1:
        raise ValueError("Expected one --data with --patch-scores, whose images it is about.")
    trained = (
        given_sets(options.trained, _CROSS, files=True) if table == 4 and options.trained else {}
    )
    if set(trained) - set(places):
        raise ValueError(
            f"Expected --data for each --trained. Received: --trained {sorted(trained)}, --data "
            f"{sorted(places)}."
        )
    made = table == 2 and options.pseudo_scores
    if made and (options.patch_scores or options.output is None):
        raise ValueError(
            "Expected --pseudo-scores with --output DIR, and without --patch-scores. Received: "
            f"{'both kinds of scores' if options.patch_scores else 'no --output'}."
        )
    known = {}
    for name, root in places.items():
        DATASETS[name](root)  # a data set that is not there is told before a model is loaded
        rated = table == 2 and not made
        known[name] = patches_of(name, root, options.patch_scores) if rated else {}
    beside = [] if options.model else with_weights(list(computable(f"paq2piq-table{table}")))
    models = [open_model(model) for model in options.model or [_MODEL, *beside]]
    jobs = []
    for name in places:
        for model in models:
            parts = (options.set,) if table == 4 else options.parts
            jobs += [(name, part, model) for part in parts]
        if name in trained:
            jobs.append((name, "test", open_model(trained[name])))
    results, lines, shared = [], [], {}
    if evaluated:
        of = evaluated[0].about["dataset"], evaluated[0].about["set"]
        beside_them = [model.details for name, part, model in jobs if (name, part) == of]
        records = images_of(of[0], places[of[0]], options, part=of[1]) if beside_them else None
        records = shared_images(evaluated, records, exclude=options.exclude)
        shared[of] = _limited(
            unseen(records, [*described(evaluated), *beside_them], options), options
        )
        results, lines = results_of_evaluations(evaluated, shared[of])
    left_out = LeftOut()
    for name, part, model in jobs:
        try:
            if (name, part) in shared:
                kept = shared[name, part]
            else:
                records = images_of(name, places[name], options, part=part)
                kept = _limited(unseen(records, [model.details], options), options)
            found, scored = results_of(
                options, name, part, model, kept,
                patches=known[name] if table == 2 else None, left_out=left_out,
            )  # fmt: skip
        except ValueError as error:
            if model.name not in beside:
                raise
            report(f"no row of {model.name} on {name}, {part}: {error}")
            continue
        results += found
        lines += scored
    return _finish(options, table, left_out, results, lines)


def _limited(kept, options):
    """All of them, or so many."""
    if options.limit is None or options.limit >= len(kept.images):
        return kept
    return kept._replace(images=spread(kept.images, options.limit))


def _finish(options, table, left_out, results, lines) -> int:
    name = f"paq2piq-table{table}"
    what = "image scores" if table != 2 else options.patch_scores_are or "patch scores"
    if table == 2 and options.pseudo_scores:
        what = f"MOS and local differences by {Path(options.pseudo_scores).stem}, pseudo-scores"
    content = {"table": name, "kiqa": __version__, "split": options.split, "scores": what,
               "results": results, "published": published_rows(name)}  # fmt: skip
    text = to_markdown(_read(content)[1])
    if options.output is not None:
        write_json(content, options.output / f"{name}.json")
        write_csv(lines, options.output / f"{name}-predictions.csv")
        with replacing(options.output / f"{name}.md") as temporary:
            temporary.write_text(f"{text}\n", encoding="utf-8")
    sys.stdout.write(f"{text}\n")
    errors = [line["error"] for line in lines if line["error"]]
    return max(left_out.status(), table_status(errors, results, _SHOWN))


def _read(content):
    """What a stored table was computed on, and its rows; see `Command.read`."""
    results = content["results"]
    rows: list[dict[str, Any]] = []
    for row in content["published"]:
        rows.append({"method": row["method"], "data set": row["dataset"], "part": row["part"],
                     "size": row.get("patch"), "images": None, "SROCC": row["srocc"],
                     "SROCC 95 %": None, "PLCC": row["plcc"], "PLCC 95 %": None,
                     "source": row["source"]})  # fmt: skip
    for result in results:
        own: dict[str, Any] = {
            "method": named(result["method"], higher_is_better=result["higher_is_better"]),
            "data set": result["dataset"], "part": result["part"],
            "size": result["size"], "images": result["images"],
            "source": f"ours, {content['scores']}",
        }  # fmt: skip
        rows.append(own | metric_cells(result["metrics"], {"SROCC": "srocc", "PLCC": "plcc"}))
    if content["table"] != "paq2piq-table2":
        rows = [{k: v for k, v in row.items() if k != "size"} for row in rows]
    sets = dict.fromkeys(f"{result['dataset']}, {result['part']}" for result in results)
    split = Path(content["split"]).name if content["split"] else "own split"
    return f"{content['scores']} of {'; '.join(sets)}; {split}", rows


def _options(parser: argparse.ArgumentParser, *, table: int) -> None:
    add_sets(parser, _CROSS if table == 4 else (_PLAIN,))
    parser.add_argument(
        "--model", action="append", default=[], metavar="NAME|FILE",
        help="shipped model, comparator or .h5 file; may be given several times (default: "
        f"{_MODEL} {' '.join(computable(f'paq2piq-table{table}'))})",
    )  # fmt: skip
    add_text(parser, "--split", "FILE|NAME", "split file (image_name,set) or published split "
        "(default: the data sets' own)")  # fmt: skip
    if table == 4:
        parser.add_argument(
            "--set", choices=PARTS, default="all",
            help="part of the data sets (default: all that the model was not trained on)",
        )  # fmt: skip
        parser.add_argument(
            "--trained", action="append", default=[], metavar="NAME=FILE",
            help="besides: a model trained on the data set itself (python -m kiqa.train_paq2piq "
            "--model bm --dataset NAME), evaluated on its test part",
        )  # fmt: skip
    else:
        parser.add_argument(
            "--parts", nargs="+", choices=PARTS, default=["val", "test"], metavar="SET",
            help="parts of the split (default: val test)",
        )  # fmt: skip
        if table == 3:
            add_evaluated(
                parser,
                rows="all rows of its data set and part are then of the images that all have",
            )
        add_flag(parser, "--pad", "pad validation images to 640x640 with white, as the paper "
            "(P2P-BM and -RM)")  # fmt: skip
    if table == 2:
        add_text(parser, "--patch-scores", "FILE", "CSV or .npz of patches and scores (image_name, "
            "left, top, right, bottom, score), for data sets other than LIVE-FB")  # fmt: skip
        add_text(parser, "--pseudo-scores", "NAME|FILE", "instead: make patches and "
            "pseudo-scores of the images with this network, such as lite")  # fmt: skip
        add_text(parser, "--patch-scores-are", "TEXT", "what they are, such as pseudo-scores; "
            "stands in the table")  # fmt: skip
    add_number(parser, "--limit", "only so many images, evenly over the ranks of the MOS", low=1)
    add_include(parser)
    add_output(parser, figures=False)


def _run(options: argparse.Namespace, *, table: int) -> int:
    options.output = options.output and Path(options.output)
    return _table(options, table=table)


TABLE_2 = Command(
    "PaQ-2-PiQ, Table 2: patches of three sizes",
    partial(_options, table=2),
    partial(_run, table=2),
    _read,
)
TABLE_3 = Command(
    "PaQ-2-PiQ, Table 3: whole images, validation and test",
    partial(_options, table=3),
    partial(_run, table=3),
    _read,
)
TABLE_4 = Command(
    "PaQ-2-PiQ, Table 4: data sets that the models were not trained on",
    partial(_options, table=4),
    partial(_run, table=4),
    _read,
)
