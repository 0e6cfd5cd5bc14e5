"""The tables of the paper on DIQaM and WaDIQaM, and its comparison of depths.

Each table is a list of networks, of data sets and of groups of test images
(`TABLES`); all are trained and rated by `kiqa.reproduce.wadiqam.runs`. The
data sets do not come with kiqa. Where another one is given instead, its rows
stand beside the paper's for scale; scores of a proxy are called so.

Public names: :class:`Table`, :data:`TABLES`, and a command for each table,
:data:`TABLE_1` to :data:`TABLE_8` and :data:`DEPTH`.

References:
    Bosse et al. 2018, sections IV-C, IV-E, IV-G and IV-H. The groups of
    TID2013: N. Ponomarenko et al., Image database TID2013, Signal Processing:
    Image Communication 30, 2015, Table 2.
"""

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from kiqa.data import FOUR_DISTORTIONS
from kiqa.reproduce.command import Command, add_output
from kiqa.reproduce.left_out import LeftOut
from kiqa.reproduce.wadiqam.comparators import add_comparators, comparator_results
from kiqa.reproduce.wadiqam.data import (
    add_sets,
    given_sets,
    nothing_fits,
    proxy_scores,
    sample,
    split_tasks,
)
from kiqa.reproduce.wadiqam.report import Result, check_tested, finish, read
from kiqa.reproduce.wadiqam.runs import add_training, rated, settings_of, trained
from kiqa.training.wadiqam.settings import WadiqamSettings
from kiqa.training.wadiqam.tasks import PatchTask, check_parts

_FULL, _NONE = {"mode": "fr"}, {"mode": "nr"}
_AVERAGE = {"pooling": "average"}
_FR = {"DIQaM-FR": _FULL | _AVERAGE, "WaDIQaM-FR": _FULL}
_NR = {"DIQaM-NR": _NONE | _AVERAGE, "WaDIQaM-NR": _NONE}
_WEIGHTED = (("WaDIQaM-FR", "DIQaM-FR"), ("WaDIQaM-NR", "DIQaM-NR"))

_TID_GROUPS = {
    "Noise": (1, 2, 3, 4, 5, 6, 7, 8, 9, 19, 21),
    "Actual": (1, 3, 4, 5, 6, 8, 9, 10, 11, 19, 21),
    "Simple": (1, 8, 10),
    "Exotic": (12, 13, 14, 15, 16, 17, 20, 23, 24),
    "New": (18, 19, 20, 21, 22, 23, 24),
    "Color": (2, 7, 10, 18, 22, 23),
}
_TID_KINDS = {"GB": (8,), "JPEG": (10,), "J2K": (11,), "LBDDI": (15,)}


@dataclass(frozen=True)
class Table:
    """What a table of the paper compares.

    Attributes:
        summary: For the list of names.
        networks: By row, what differs from the default settings.
        printed: Data sets of the paper, to train and test on.
        metrics: Of `kiqa.evaluation.correlation.METRICS`.
        groups: Of TID2013, by name its kinds of distortion; other data sets
            are grouped by kind.
        tested_on: For cross-data-set tables, by training data set those to
            test on; training is then on all of the former.
        four: Whether also the four distortions shared with LIVE are a
            subset there.
        compared: Rows whose difference is given.
    """

    summary: str
    networks: Mapping[str, Mapping]
    printed: tuple[str, ...]
    metrics: tuple[str, ...] = ("srocc",)
    groups: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    tested_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    four: bool = False
    compared: tuple[tuple[str, str], ...] = ()


_FUSED = {
    f"{name}, {fusion}": changes | {"fusion": fusion}
    for name, changes in _FR.items()
    for fusion in ("difference", "concatenation", "both")
}
TABLES = {
    "wadiqam-table1": Table(
        "WaDIQaM's Table I: the four networks on LIVE and TID2013",
        _FR | _NR, ("live", "tid2013"), ("plcc", "srocc"), compared=_WEIGHTED,
    ),
    "wadiqam-table2": Table(
        "WaDIQaM's Table II: groups of distortions of TID2013",
        _FR, ("tid2013",), groups=_TID_GROUPS,
    ),
    "wadiqam-table3": Table(
        "WaDIQaM's Table III: without a reference on LIVE In the Wild",
        _NR, ("live-itw",), ("plcc", "srocc"), compared=_WEIGHTED,
    ),
    "wadiqam-table4": Table(
        "WaDIQaM's Table IV: selected distortions of TID2013",
        _FR | _NR, ("tid2013",), ("plcc",), groups=_TID_KINDS,
    ),
    "wadiqam-table5": Table(
        "WaDIQaM's Table V: with a reference across data sets",
        _FR, ("live", "tid2013", "csiq"),
        tested_on={"live": ("tid2013", "csiq"), "tid2013": ("csiq", "live")},
    ),
    "wadiqam-table6": Table(
        "WaDIQaM's Table VI: without a reference, from LIVE to others",
        _NR, ("live", "csiq", "tid2013"), tested_on={"live": ("csiq", "tid2013")}, four=True,
    ),
    "wadiqam-table7": Table(
        "WaDIQaM's Table VII: without a reference, from TID2013 to CSIQ",
        _NR, ("tid2013", "csiq"), tested_on={"tid2013": ("csiq",)},
    ),
    "wadiqam-table8": Table(
        "WaDIQaM's Table VIII: fusions of the features", _FUSED, ("live", "tid2013"), ("plcc",),
    ),
    "wadiqam-depth": Table(
        "WaDIQaM's section IV-H: the shallow network beside the deep one",
        {"WaDIQaM-FR, shallow": _FULL | {"shallow": True}, "WaDIQaM-FR": _FULL},
        ("live", "tid2013"), ("plcc", "srocc"), compared=(("WaDIQaM-FR", "WaDIQaM-FR, shallow"),),
    ),
}  # fmt: skip


def _options(parser: argparse.ArgumentParser, *, name: str) -> None:
    table = TABLES[name]
    add_sets(parser, table.printed)
    if len({changes["mode"] for changes in table.networks.values()}) > 1:
        parser.add_argument(
            "--mode", choices=("fr", "nr"), action="append",
            help="only the rows with (fr) or without (nr) a reference (default: both, as far as "
            "the data sets have references)",
        )  # fmt: skip
    add_comparators(parser, name)
    add_training(parser)
    add_output(parser)


@dataclass(frozen=True)
class _Job:
    """One split of one data set: what is trained on it, and tested."""

    mode: str
    data: str
    split: int
    used: Mapping[str, Sequence[PatchTask]]
    settings: Mapping[str, WadiqamSettings]
    tests: Mapping[str, Sequence[PatchTask]]


def _run(options: argparse.Namespace, *, name: str) -> int:
    table, left_out = TABLES[name], LeftOut()
    jobs, parts = [], {}
    for mode in getattr(options, "mode", None) or ("fr", "nr"):
        networks = {k: v for k, v in table.networks.items() if v["mode"] == mode}
        if not networks:
            continue
        only = bool(table.tested_on)
        tasks = given_sets(
            options.data, printed=table.printed, mode=mode, only=only, exclude=options.exclude,
            left_out=left_out,
        )  # fmt: skip
        for data in tasks:
            if only and not set(table.tested_on.get(data, ())) & set(tasks):
                continue
            for split in range(options.splits):
                job, parts[data] = _planned(table, mode, networks, data, tasks, split, options)
                jobs.append(job)
    if not jobs:
        nothing_fits(options.data, table.printed)
    # Hours; what can be wrong about the settings has been found out.
    results = [result for job in jobs for result in _results(job, options)]
    rows = [row for split in results for row in _subsets(table, split)]
    tests = [(job.mode, job.data, job.split, job.tests) for job in jobs]
    rows += comparator_results(tests, name, options, subsets=partial(_subsets, table))
    finish(name, rows, parts, options, metrics=table.metrics, compared=table.compared)
    return left_out.status()


def _planned(table, mode, networks, data, tasks, split, options):
    """What is done on one split of a data set, and how it was split, in words."""
    parts, how = split_tasks(data, tasks[data], seed=split, cross=bool(table.tested_on))
    used = {
        "train": sample(parts["train"], options.images, seed=split),
        "val": sample(parts["val"], options.validation_images, seed=split),
    }
    if not table.tested_on:
        used["test"] = parts["test"]
    tests = {data: parts["test"]} if not table.tested_on else {
        other: tasks[other] for other in table.tested_on[data] if other in tasks
    }  # fmt: skip
    settings = {
        label: settings_of(options, changes, split=split) for label, changes in networks.items()
    }
    for each in settings.values():
        check_parts(used, each)
    for other, images in tests.items():
        for subset in _subsets(
            table, Result("", data, other, split, images, np.zeros(len(images)))
        ):
            check_tested(subset)
    return (
        _Job(mode, data, split, used, settings, tests),
        f"{how}, {len(used['train'])} images to train, {len(used['val'])} to validate",
    )


def _results(job, options):
    """Train each network on a split of one data set, and rate what is tested."""
    results = []
    for label, settings in job.settings.items():
        folder, training = trained(
            job.data, job.used, settings, folder=options.output / "trainings",
            pairs=proxy_scores(options.data),
        )  # fmt: skip
        (file,) = folder.glob("*diqam_*.h5")
        scores = rated(file, job.tests, patches=options.test_patches, seed=job.split)
        results += [
            Result(label, job.data, other, job.split, images, scores[other], training=training)
            for other, images in job.tests.items()
        ]
    return results


def _subsets(table, whole):
    """The result on the whole test part, or on the groups that the table has."""
    kinds = [task.kind for task in whole.tasks]
    if table.four and whole.tested_on in FOUR_DISTORTIONS:
        chosen = [i for i, k in enumerate(kinds) if k in FOUR_DISTORTIONS[whole.tested_on]]
        return [whole, _chosen(whole, chosen, "4 distortions")]
    if not table.groups:
        return [whole]
    if whole.tested_on == "tid2013":
        groups = {g: {f"{n:02d}" for n in numbers} for g, numbers in table.groups.items()}
    else:
        groups = {kind: {kind} for kind in dict.fromkeys(kinds) if kind}
    groups = {group: members & set(kinds) for group, members in groups.items()}
    if not any(groups.values()):
        raise ValueError(
            f"Expected a data set that names the distortion of its images. Received: "
            f"{whole.tested_on}. Use TID2013."
        )
    return [
        _chosen(whole, [i for i, kind in enumerate(kinds) if kind in members], group)
        for group, members in groups.items()
        if members
    ]


def _chosen(result, indices, subset):
    return dataclasses.replace(
        result, tasks=[result.tasks[i] for i in indices], scores=result.scores[indices],
        subset=subset,
    )  # fmt: skip


def _command(name: str) -> Command:
    options, run = partial(_options, name=name), partial(_run, name=name)
    return Command(TABLES[name].summary, options, run, read)


TABLE_1, TABLE_2, TABLE_3, TABLE_4, TABLE_5, TABLE_6, TABLE_7, TABLE_8, DEPTH = map(
    _command, TABLES
)
