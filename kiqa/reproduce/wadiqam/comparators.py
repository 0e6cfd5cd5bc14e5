"""Comparators on the test parts of a table: rows beside those of the trained networks.

Formulas compare with the reference, fitted models look at the image only. What a fitted
model was trained on stands in its row; test images of it are left out, unless they are
asked for.

Public names: :func:`add_comparators`, :func:`comparator_results`.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from kiqa.arguments import add_include
from kiqa.comparators import FORMULAS
from kiqa.reproduce.command import report
from kiqa.reproduce.computed import computable, trained_sets, with_weights
from kiqa.reproduce.wadiqam.data import unseen_tasks
from kiqa.reproduce.wadiqam.report import Result, check_tested
from kiqa.scoring import Scorer, score_paths
from kiqa.startup import load_quietly
from kiqa.training.wadiqam.tasks import PatchTask, references_of

_FOR = {"fr": "rows with a reference", "nr": "rows without a reference"}


def add_comparators(parser: argparse.ArgumentParser, table: str) -> None:
    """Add --comparators, by default what kiqa computes of the table, and --include-trained."""
    listed = list(computable(table))
    parser.add_argument(
        "--comparators", nargs="*", metavar="NAME|FILE",
        help="models to compare with on the test parts; none without a name (default: "
        f"{' '.join(listed) or 'none, the paper lists none that kiqa computes'})",
    )  # fmt: skip
    add_include(parser)


def comparator_results(
    tests: Sequence[tuple[str, str, int, Mapping[str, Sequence[PatchTask]]]],
    table: str,
    options: argparse.Namespace,
    *,
    subsets: Callable[[Result], list[Result]],
) -> list[Result]:
    """Score the test parts with the comparators that were asked for.

    Args:
        tests: For each split of a data set its mode, its name, the split's number,
            and the test parts by data set.
        table: Name of the table.
        options: Parsed options, with those of `add_comparators`.
        subsets: From a result on a whole part to those of the table.

    Returns:
        One result a comparator, test and split, higher is better. Without a row, and
        told: models without weights where none was asked for by name, and those for
        which a part has too few images that they can score and have not seen.

    Raises:
        ValueError: If a model that was asked for cannot be loaded.
        FileNotFoundError: Likewise.
    """
    titles, modes = computable(table), {mode for mode, *_ in tests}
    models = options.comparators
    if models is None:
        fit = [model for model in titles if _needs_reference(model) == (modes == {"fr"})]
        models = with_weights(fit if len(modes) == 1 else list(titles))
    found: list[Result] = []
    for model in models:
        scorer = load_quietly(Scorer(model))
        mode = "fr" if scorer.needs_reference else "nr"
        if mode not in modes:
            report(f"no row of {scorer.info.name}: it is for {_FOR[mode]}")
        about = {"model": scorer.info.name, "weights_sha256": scorer.info.sha256}
        trained = trained_sets(scorer.info.details)
        for own, _, split, parts in tests:
            if own != mode:
                continue
            for name, images in parts.items():
                try:
                    tasks, scores = _scored(scorer, images, name, options)
                    title = titles.get(model, scorer.info.name)
                    whole = Result(title, trained, name, split, tasks, scores, training=about)
                    rows = subsets(whole)
                    for row in rows:
                        check_tested(row)
                except ValueError as error:
                    report(f"no row of {scorer.info.name} on {name}, split {split}: {error}")
                else:
                    found += rows
    return found


def _needs_reference(model):
    return model in FORMULAS and FORMULAS[model].needs_reference


def _scored(scorer, images, name, options):
    """Images that a comparator has not seen and can score, and their scores."""
    tasks = unseen_tasks(images, name, [scorer.info.details], include=options.include_trained)
    references = references_of(tasks) if scorer.needs_reference else None
    rows = list(
        score_paths(
            [task.path for task in tasks], scorer, references=references,
            output=options.output / f"comparators-{scorer.info.name}.jsonl", resume=True,
        )
    )  # fmt: skip
    kept = [(task, row["score"]) for task, row in zip(tasks, rows, strict=True)
            if row["error"] is None]  # fmt: skip
    errors = [row["error"] for row in rows if row["error"] is not None]
    if errors:
        report(f"{scorer.info.name} cannot score {len(errors)} images of {name}: {errors[0]}")
    if not kept:
        raise ValueError(f"Expected images that can be scored. Received: none, of {len(tasks)}.")
    sign = 1 if scorer.info.higher_is_better else -1
    return [task for task, _ in kept], sign * np.array([score for _, score in kept], float)
