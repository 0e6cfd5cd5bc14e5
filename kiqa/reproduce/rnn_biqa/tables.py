"""The tables of the RNN-BIQA paper, from folders of features.

Tables 1 and 2 are the ablation and Tables 4 and 5 the comparison between data
sets (train on the one, test on the other), Table 3 the versions of SPAQ in
other sizes (ours also without several resolutions, and how well the scores of
one image at two sizes agree), Tables 6 and 7 three random splits. Features are extracted once,
by ``python -m kiqa.train_rnn_biqa features``; what is trained here takes
minutes on a CPU. Any data set may stand in for the paper's: with one folder
only, its own split is used in place of a second data set, and the published
rows keep their names.

The paper's DeepBIQ is a re-implementation with the same patches and a support
vector regression on mean features; so is ours. Correlations are without a
logistic, RMSE is on the scale 0..100.

Public names: :data:`TABLE_1` to :data:`TABLE_7`.

References:
    Korhonen et al. 2021, section 4.4.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from kiqa import __version__
from kiqa.arguments import add_exclude, add_include, add_number
from kiqa.constants import RNN_BIQA
from kiqa.evaluation.report import to_markdown, write_csv, write_json
from kiqa.io.files import replacing
from kiqa.reproduce.command import Command, add_output, report
from kiqa.reproduce.evaluated import add_evaluated
from kiqa.reproduce.published_rows import published_rows
from kiqa.reproduce.rnn_biqa.evaluations import evaluated_results
from kiqa.reproduce.rnn_biqa.rows import consistency, table_rows, with_means
from kiqa.training.rnn_biqa import protocols
from kiqa.training.rnn_biqa.feature_folder import open_folder
from kiqa.training.rnn_biqa.parts import (
    Parts,
    cross_parts,
    less_excluded,
    own_parts,
    random_parts,
    unseen_parts,
)
from kiqa.training.rnn_biqa.settings import (
    NORMALISATIONS,
    POOLING_PRESETS,
    PoolingSettings,
)

# Methods of the paper that are run here, as changes of the settings.
METHODS: dict[str, dict[str, Any]] = {
    "CNN+Avg+NN": {"method": "average", "multi_resolution": False},
    "CNN+Mres+Avg+NN": {"method": "average"},
    "CNN+RNN": {"multi_resolution": False},
    "CNN+Mres+RNN": {},
    "DeepBIQ": {"method": "svr"},
}
_ABLATION = ("CNN+Avg+NN", "CNN+Mres+Avg+NN", "CNN+RNN", "CNN+Mres+RNN")
_COMPARISON = ("DeepBIQ", "CNN+Mres+RNN")


def _run(options: argparse.Namespace, *, table: str, methods: Sequence[str]) -> int:
    runs, data = _parts(options, table)
    runs = {
        run: unseen_parts(parts, include=options.include_trained, report=report)
        for run, parts in runs.items()
    }
    base = PoolingSettings(
        **POOLING_PRESETS[options.preset],
        normalisation=options.normalisation,
        epochs=options.epochs,
        seed=options.seed,
    )
    # Loads Keras, after the inputs have been found.
    from kiqa.startup import start_keras

    start_keras()
    results, predictions = evaluated_results(runs, options, table=table, computed=methods)
    for method in methods:
        for run, parts in runs.items():
            name = method, run
            found, rows = _one(replace(base, **METHODS[method]), parts, options, name)
            predictions += [{"method": method, "run": run} | row for row in rows]
            results.append({"method": method, "run": run, "data": data, "report": found})
    if table != "rnn-table3":
        results = with_means(results)
    content = {
        "table": table, "data": data, "preset": options.preset, "seed": options.seed,
        "normalisation": options.normalisation, "epochs": options.epochs,
        "kiqa": __version__, "results": results, "published": published_rows(table),
        "consistency": consistency(predictions) if table == "rnn-table3" else [],
    }  # fmt: skip
    text = to_markdown(_read(content)[1])
    if content["consistency"]:
        rows = [row | {"runs": " and ".join(row["runs"])} for row in content["consistency"]]
        text += f"\n\n{to_markdown(rows)}"
    if options.output is not None:
        stem = options.output / table
        write_json(content, f"{stem}.json")
        write_csv(predictions, f"{stem}-predictions.csv")
        with replacing(Path(f"{stem}.md")) as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(f"{text}\n")
    return 0


def _read(content):
    """What a stored table was computed on, and its rows; see `Command.read`."""
    images = {r["report"]["images"] for r in content["results"] if "report" in r}
    about = (
        f"{content['data']}: {' and '.join(map(str, sorted(images)))} images to test on; preset "
        f"{content['preset']}, {content['epochs']} epochs, seed {content['seed']}, features: "
        f"{content['normalisation']}"
    )
    agreeing = [
        f"{row['method']}, {' and '.join(row['runs'])}: SCC {row['srocc']:.3f} between the scores "
        f"of {row['images']} images, mean difference {row['difference']:.1f} of 100"
        for row in content["consistency"]
    ]
    return "; ".join([about, *agreeing]), table_rows(content["results"], content["published"])


def _one(settings, parts, options, name):
    """Train one method on one split: its report and the predictions of each image."""

    def say(message):
        report(f"{' '.join(filter(None, name))}: {message}")

    # The paper chooses nothing.
    chosen: Parts = {"train": parts["train"], "val": None, "test": parts["test"]}
    with tempfile.TemporaryDirectory() as temporary:
        kept = options.output and options.output / "runs" / "-".join(filter(None, name))
        _, predicted = protocols.fit_and_predict(
            chosen, settings, workdir=kept or temporary, resume=bool(kept), report=say
        )
    rows = parts["test"].folder.rows_of(parts["test"].names)
    listed = [
        {"name": row["name"], "mos": 100 * row["mos"], "predicted": 100 * float(score)}
        for row, score in zip(rows, predicted, strict=True)
    ]
    return protocols.metrics_of(predicted, parts["test"], seed=options.seed), listed


def _parts(options, table):
    """The parts of each run by its name, and what the data are."""
    if table == "rnn-table3":
        folders = [_opened(path, options) for path in options.features]
        sets = {folder.info.dataset: str(folder.path) for folder in folders}
        if len(sets) > 1:
            raise ValueError(
                "Expected folders of features of one data set, in several sizes. Received: "
                f"{', '.join(f'{path} of {name}' for name, path in sets.items())}. Leave the "
                "other data set out."
            )
        runs = {
            folder.path.name: random_parts(folder, seed=options.seed, others=folders)
            for folder in folders
        }
        if len(runs) < len(folders):
            raise ValueError(
                "Expected folders of features with different names, one for each size. Received: "
                f"{', '.join(str(folder.path) for folder in folders)}."
            )
        return runs, folders[0].info.dataset
    folder = _opened(options.features, options)
    if table in ("rnn-table6", "rnn-table7"):
        runs = {
            str(i + 1): random_parts(folder, seed=options.seed + i) for i in range(options.repeats)
        }
        return runs, folder.info.dataset
    if options.test_features is not None:
        other = _opened(options.test_features, options)
        data = f"{folder.info.dataset} -> {other.info.dataset}"
        return {"": cross_parts(folder, other)}, data
    parts = own_parts(folder, options.split)
    if parts["test"] is None:
        raise ValueError(
            f"Expected images to test on. Received: {folder.path}, whose split has none, and no "
            "--test-features. Name the features of the other data set, or a --split."
        )
    return {"": parts}, f"{folder.info.dataset}, train -> test"


def _opened(path, options):
    """A folder of features, less what is excluded."""
    return less_excluded(open_folder(path), options.exclude, report=report)


def _options(parser: argparse.ArgumentParser, *, table: str) -> None:
    several = table == "rnn-table3"
    parser.add_argument(
        "--features", required=True, type=Path, metavar="DIR", nargs="+" if several else None,
        help="folder of features of each size of the data set" if several
        else "folder of features to train on, from python -m kiqa.train_rnn_biqa features",
    )  # fmt: skip
    if table in ("rnn-table1", "rnn-table2", "rnn-table4", "rnn-table5"):
        parser.add_argument(
            "--test-features", type=Path, metavar="DIR",
            help="folder of features of the other data set (default: the test part of the first)",
        )  # fmt: skip
        parser.add_argument("--split", metavar="FILE|NAME", help="of the first, without another")
    if table in ("rnn-table6", "rnn-table7"):
        add_number(parser, "--repeats", "splits", default=RNN_BIQA.repeats, low=1)
    parser.add_argument(
        "--preset", choices=sorted(POOLING_PRESETS), default="paper",
        help="settings of the pooling: the paper's, or those of the authors' code "
        "(default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--normalisation", choices=NORMALISATIONS, default="centre",
        help="of the features; standardise is ours (default: %(default)s)",
    )  # fmt: skip
    add_number(parser, "--epochs", "of the networks", default=PoolingSettings().epochs, low=1)
    add_number(parser, "--seed", "of splits and networks", default=0, low=0)
    if table in ("rnn-table4", "rnn-table5", "rnn-table6", "rnn-table7"):
        add_evaluated(
            parser, rows="each row is of the images to test on that it has and was not trained on"
        )
    add_exclude(parser)
    add_include(parser)
    add_output(parser, figures=False)


def _command(number, summary, methods):
    table = f"rnn-table{number}"
    return Command(
        f"RNN-BIQA, Table {number}: {summary}",
        partial(_options, table=table),
        partial(_run, table=table, methods=methods),
        _read,
    )


TABLE_1 = _command(1, "ablation, trained on SPAQ and tested on KonIQ-10k", _ABLATION)
TABLE_2 = _command(2, "ablation, trained on KonIQ-10k and tested on SPAQ", _ABLATION)
TABLE_3 = _command(3, "versions of SPAQ in other sizes", ("CNN+RNN", "CNN+Mres+RNN"))
TABLE_4 = _command(4, "comparison, trained on SPAQ and tested on KonIQ-10k", _COMPARISON)
TABLE_5 = _command(5, "comparison, trained on KonIQ-10k and tested on SPAQ", _COMPARISON)
TABLE_6 = _command(6, "comparison on KonIQ-10k, three random splits", _COMPARISON)
TABLE_7 = _command(7, "comparison on SPAQ, three random splits", _COMPARISON)
