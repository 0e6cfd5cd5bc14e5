"""Scores of images and of patches beside theirs by people, and their correlations.

For PaQ-2-PiQ's tables: of one model on one part of a data set, and of evaluations that
are there. PLCC (the paper's LCC) is without a fitted logistic.

Public names: :func:`results_of`, :func:`results_of_evaluations`.

References:
    Ying et al. 2020, sections 4.1 and 4.5.
"""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kiqa.constants import LIVE_FB
from kiqa.data.untrained import Kept
from kiqa.evaluation.correlation import check_mos
from kiqa.evaluation.report import correlation_report
from kiqa.evaluation.resampling import groups_of
from kiqa.io.images.headers import upright_size
from kiqa.io.messages import named_only
from kiqa.reproduce.command import report
from kiqa.reproduce.evaluated import Evaluated
from kiqa.reproduce.left_out import LeftOut
from kiqa.reproduce.paq2piq.scores import RatingModel, rated_rows, size_of_patch, watched

_SEED = 0  # of the bootstrap
_PSEUDO_PATCHES = 12  # of each image
_LEAST = 3  # patches of one size; fewer have no correlation


def results_of(
    options: argparse.Namespace,
    name: str,
    part: str,
    model: RatingModel,
    kept: Kept,
    *,
    patches: Mapping[str, tuple[np.ndarray, np.ndarray]] | None,
    left_out: LeftOut,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rate one part of one data set with a model.

    Args:
        options: Of the command.
        name: Of the data set.
        part: Of its split.
        model: What rates.
        kept: The images, and how many of them the model was trained on.
        patches: Rectangles and scores of patches by image, whose scores are
            what the results are of; with ``--pseudo-scores`` they are made
            here. ``None``: results are of whole images.
        left_out: Is told of images that no pseudo-scores could be made of.

    Returns:
        A result for each size of patches, or one for whole images, with what
        `kiqa.evaluation.report.correlation_report` says but RMSE; and a line
        for each score.

    Raises:
        ValueError: If all MOS are equal, no patch has a score, or no image can
            be scored.
    """
    records, _, met = kept
    padded = part == "val" and getattr(options, "pad", False)
    if patches is None:
        check_mos([record.mos for record in records])
    else:
        if options.pseudo_scores:
            patches = _pseudo_scores(options, f"{name}-{part}", records, left_out)
        records = [record for record in records if record.name in patches]
        if not records:
            raise ValueError(
                f"Expected scores of patches of the {part} part of {name}. Received: scores of "
                f"patches of {len(patches)} other images. Use --patch-scores of these images."
            )
    none = np.zeros((0, 4)), np.zeros(0)
    known = [none if patches is None else patches[record.name] for record in records]
    file = options.output and options.output / "rows.jsonl"
    rows = watched(
        rated_rows(
            [record.path for record in records], [rois for rois, _ in known], model,
            padded=padded, output=file,
        ),
        len(records),
    )  # fmt: skip
    if met["trained_on_met"]:
        left = "" if met["trained_on_included"] else "less "
        part = f"{part}, {left}{met['trained_on_met']} trained on"
    head = {"method": model.name, "dataset": name, "part": part,
            "weights_sha256": model.weights_sha256, "higher_is_better": model.higher_is_better,
            "errors": sum(row["error"] is not None for row in rows), **met}  # fmt: skip
    lines = [
        {"model": model.name, "dataset": name, "part": part, "name": record.name,
         "content": record.content, "size": "picture", "mos": 100 * record.mos01,
         "predicted": row["score"], "error": named_only(row["error"], record.path, record.name)}
        for record, row in zip(records, rows, strict=True)
    ]  # fmt: skip
    if patches is None:
        return [head | {"size": "picture"} | _report(lines)], lines
    lines = _patch_lines(lines, records, rows, known)
    sizes = [f"{100 * scale:.0f} %" for scale in LIVE_FB.scales]
    grouped = {size: [line for line in lines if line["size"] == size] for size in sizes}
    return [head | {"size": size} | _report(group) for size, group in grouped.items()
            if sum(line["error"] is None for line in group) >= _LEAST], lines  # fmt: skip


def results_of_evaluations(
    evaluated: Sequence[Evaluated], kept: Kept
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the same as `results_of` of evaluations that are there, of whole images.

    Args:
        evaluated: The evaluations.
        kept: Images that all of them have, and how many of them were trained on.

    Returns:
        A result for each evaluation, and a line for each score.

    Raises:
        ValueError: If no image can be scored.
    """
    results, lines = [], []
    for one in evaluated:
        about = one.about
        own = [
            {"model": one.model, "dataset": about["dataset"], "part": about["set"],
             "name": image.name, "content": image.content, "size": "picture",
             "mos": 100 * image.mos01, "predicted": row["score"], "error": None}
            for image, row in zip(kept.images, one.rows(kept.images), strict=True)
        ]  # fmt: skip
        head = {"method": one.model, "dataset": about["dataset"], "part": about["set"],
                "weights_sha256": about["weights_sha256"], "split": about["split"],
                "higher_is_better": about["higher_is_better"], "errors": 0,
                **kept.note}  # fmt: skip
        results.append(head | {"size": "picture"} | _report(own))
        lines += own
    return results, lines


def _pseudo_scores(options, stem, records, left_out):
    """Patches of images, and what a network makes of them; nobody rated these."""
    from kiqa.training.paq2piq.pseudo_scores import write_pseudo_scores
    from kiqa.training.paq2piq.tasks import rated_images, read_patch_scores

    return read_patch_scores(write_pseudo_scores(
        rated_images(records), options.output / f"pseudo-scores-{stem}.npz",
        model=options.pseudo_scores, patches=_PSEUDO_PATCHES, seed=_SEED, report=report,
        on_error=left_out.note,
    ))  # fmt: skip


def _patch_lines(pictures, records, rows, known):
    """One line per patch; an image that could not be rated is its error alone."""
    lines = []
    for line, record, row, (rois, scores) in zip(pictures, records, rows, known, strict=True):
        if row["error"] is not None:
            lines.append(line)
            continue
        size = upright_size(record.path)
        for roi, mos, value in zip(rois, scores, row["patch_scores"], strict=True):
            lines.append(line | {"size": size_of_patch(roi, size), "mos": float(mos),
                                 "predicted": value})  # fmt: skip
    return lines


def _report(lines):
    scored = [line for line in lines if line["error"] is None]
    if not scored:
        raise ValueError(
            f"Expected images that can be scored. Received: {len(lines)} errors, the first: "
            f"{lines[0]['error']}"
        )
    numbers = correlation_report(
        np.array([line["predicted"] for line in scored]),
        np.array([line["mos"] for line in scored]), seed=_SEED,
        groups=groups_of([line["content"] for line in scored]),
    )  # fmt: skip
    del numbers["metrics"]["rmse"]
    return numbers
