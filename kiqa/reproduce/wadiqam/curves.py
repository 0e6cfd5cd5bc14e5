"""Figs. 6 to 8 of the paper on WaDIQaM: number of patches, and losses over epochs.

Public names: :data:`FIG_6`, :data:`FIG_7`, :data:`FIG_8`, :func:`patch_curve`,
:func:`runs_of`, :func:`add_runs`, :func:`report`.

References:
    Bosse et al. 2018, section IV-F.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from kiqa.arguments import add_include, whole_number
from kiqa.data.tables import read_table
from kiqa.evaluation.correlation import METRICS
from kiqa.evaluation.report import to_markdown, write_csv
from kiqa.reproduce.command import Command, add_output
from kiqa.reproduce.left_out import LeftOut
from kiqa.reproduce.thesis.figures import save
from kiqa.reproduce.wadiqam.data import (
    PROXY_NAME,
    add_sets,
    given_sets,
    nothing_fits,
    proxy_scores,
    sample,
    split_tasks,
    unseen_tasks,
    usable,
)
from kiqa.reproduce.wadiqam.report import Result, check_tested
from kiqa.reproduce.wadiqam.runs import (
    add_training,
    patch_outputs,
    pooled_scores,
    settings_of,
    trained,
)
from kiqa.training.wadiqam.tasks import check_parts, read_pairs

_PRINTED = ("live", "tid2013")
_NUMBERS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
_LABELS = {"average": "DIQaM", "weighted": "WaDIQaM"}


def patch_curve(
    quality: np.ndarray, weight: np.ndarray, wanted: np.ndarray, numbers: Sequence[int]
) -> list[float]:
    """Return the SROCC of scores pooled from the first so many patches.

    Args:
        quality: Of random patches, shape (images, patches), in the direction
            of ``wanted``.
        weight: Likewise.
        wanted: Scores, shape (images,).
        numbers: Numbers of patches.

    Returns:
        One SROCC a number, the mean over as many disjoint draws as there are
        patches for, at most 16.

    Raises:
        ValueError: If a number is larger than the patches there are.
    """
    patches = quality.shape[1]
    if not 1 <= min(numbers) <= max(numbers) <= patches:
        raise ValueError(f"Expected numbers from 1 to {patches}. Received: {list(numbers)}.")
    curve = []
    for number in numbers:
        draws = []
        for at in range(0, patches - number + 1, number)[:16]:
            here = slice(at, at + number)
            scores = pooled_scores(quality[:, here], weight[:, here])
            draws.append(METRICS["srocc"](scores, wanted))
        curve.append(float(np.mean(draws)))
    return curve


def runs_of(
    options: argparse.Namespace, left_out: LeftOut, *, mode: str, watch: bool = False
) -> Iterator[tuple]:
    """Train DIQaM and WaDIQaM on each data set and split, or take those of --model.

    All settings and images are looked at before the first training.

    Args:
        options: Parsed options of `add_runs`.
        left_out: Takes images that cannot be used.
        mode: ``"fr"`` or ``"nr"``.
        watch: Whether the loss of the test part is noted while training.

    Returns:
        An iterator over label, data set, its parts, and the file of the
        network.

    Raises:
        ValueError: If no data set fits, or a setting is wrong.
    """
    sets = given_sets(
        options.data, printed=_PRINTED, mode=mode, exclude=options.exclude, left_out=left_out
    )
    if options.model and options.split is None and set(sets) - {PROXY_NAME}:
        raise ValueError(
            "Expected --split with --model: the split that the network was trained with. "
            "Received: none. A random one would test on images that it has seen."
        )
    if not sets:
        nothing_fits(options.data, _PRINTED)
    jobs: list[tuple] = []
    for name, tasks in sets.items():
        for split in range(1 if options.model else options.splits):
            if options.model and name == PROXY_NAME:
                (path,) = (each.partition("=")[2] for each in options.data if each.startswith(name))
                found = read_pairs(path, exclude=options.exclude)  # sets of the training
                parts = {part: usable(of_part, left_out) for part, of_part in found.items()}
            else:
                parts, _ = split_tasks(name, tasks, seed=split, split=options.split)
            if options.model:
                jobs += [(Path(file).stem, name, _unseen(parts, name, file, options), Path(file))
                         for file in options.model]  # fmt: skip
                continue
            used = {
                "train": sample(parts["train"], options.images, seed=split),
                "val": sample(parts["val"], options.validation_images, seed=split),
                "test": parts["test"],
            }
            for pooling, label in _LABELS.items():
                settings = settings_of(options, {"mode": mode, "pooling": pooling}, split=split)
                check_parts(used, settings)
                train = partial(_file_of, name, used, settings, options, watch)
                jobs.append((f"{label}-{mode.upper()}", name, parts, train))
    for _, name, parts, _ in jobs:
        check_tested(Result("", name, name, 0, parts.get("test", ()), np.zeros(0)))
    return (
        (label, name, parts, file if isinstance(file, Path) else file())
        for label, name, parts, file in jobs
    )


def _file_of(name, used, settings, options, watch):
    """The weights file of a training, which is done if it is not there."""
    folder, _ = trained(
        name, used, settings, folder=options.output / "trainings", watched=watch,
        pairs=proxy_scores(options.data),
    )  # fmt: skip
    (file,) = folder.glob("*diqam_*.h5")
    return file


def _unseen(parts, name, file, options):
    """The parts, without test images that a given network was trained on."""
    from kiqa.io.weights import read_info

    models, include = [read_info(file).details], options.include_trained
    return parts | {"test": unseen_tasks(parts["test"], name, models, include=include)}


def add_runs(parser: argparse.ArgumentParser, *, splits: int) -> None:
    """Add the options of `runs_of`."""
    add_sets(parser, _PRINTED)
    parser.add_argument(
        "--model", action="append", metavar="FILE",
        help="take a trained .h5 file instead of training; may be given several times; it must "
        "not have seen the test part, see --split",
    )  # fmt: skip
    parser.add_argument(
        "--split", metavar="FILE|NAME", help="split file to use instead of a random draw"
    )
    add_include(parser)
    add_training(parser, splits=splits)
    add_output(parser)


def _patches(options: argparse.Namespace, *, mode: str, name: str) -> int:
    from kiqa.io.weights import load_model, read_info
    from kiqa.maps.wadiqam import PatchPooler

    found: dict[str, list] = {}
    left_out = LeftOut()
    for label, data, parts, file in runs_of(options, left_out, mode=mode):
        pooler = PatchPooler(load_model(file))
        quality, weight = patch_outputs(pooler, parts["test"], patches=max(options.numbers), seed=0)
        sign = 1 if read_info(file).higher_is_better else -1
        wanted = np.array([task.score for task in parts["test"]])
        curve = patch_curve(sign * quality, weight, wanted, options.numbers)
        found.setdefault(f"{label}, {data}", []).append(curve)
    save_means(
        found, options.numbers, "patches", options, name,
        xlabel="number of patches of an image, N_p", xscale="log",
    )  # fmt: skip
    return left_out.status()


def save_means(
    found: Mapping[str, Sequence[Sequence[float]]],
    numbers: Sequence[int],
    column: str,
    options: argparse.Namespace,
    name: str,
    *,
    xlabel: str,
    xscale: str,
) -> int:
    """Write SROCC over a number, the mean over splits, as a table and a figure.

    Args:
        found: For each network its curves, one per split.
        numbers: What they were computed for.
        column: What the table calls these.
        options: Parsed options.
        name: Of the figure.
        xlabel: What the figure calls them.
        xscale: Scale of that axis, as matplotlib's.

    Returns:
        The exit status.
    """
    from kiqa.plotting import plot_curves

    curves = {key: (numbers, np.mean(values, axis=0)) for key, values in found.items()}
    rows = [
        {"network": key, column: number, "srocc": float(value), "splits": len(found[key])}
        for key, (_, values) in curves.items()
        for number, value in zip(numbers, values, strict=True)
    ]
    report(rows, options, name)
    return save(plot_curves(curves, xlabel=xlabel, ylabel="SROCC", xscale=xscale), options, name)


def _losses(options: argparse.Namespace) -> int:
    from kiqa.plotting import plot_curves

    if options.model:
        raise ValueError("Expected no --model: losses are those of a training.")
    curves, rows, left_out = {}, [], LeftOut()
    for label, data, _, file in runs_of(options, left_out, mode="nr", watch=True):
        columns = {"loss": "training", "val_loss": "validation", "test_loss": "testing"}
        history = [row for _, row in read_table(file.parent / "history.csv", ("epoch", *columns))]
        epochs = [int(row["epoch"]) for row in history]
        for column, part in columns.items():
            values = [float(row[column]) for row in history]
            curves[f"{label}, {data}, {part}"] = epochs, values
            rows += [
                {"network": label, "data": data, "part": part, "epoch": epoch, "loss": value}
                for epoch, value in zip(epochs, values, strict=True)
            ]
    write_csv(rows, options.output / "wadiqam-fig8.csv")
    ax = plot_curves(curves, xlabel="epoch", ylabel="loss", markers=False)
    save(ax, options, "wadiqam-fig8")
    return left_out.status()


def report(rows: list[dict], options: argparse.Namespace, name: str) -> None:
    """Print a table and write it as CSV; scores of a proxy are called so."""
    write_csv(rows, options.output / f"{name}.csv")
    proxy = proxy_scores(options.data)
    heading = f"{PROXY_NAME}: {proxy['about']}\n\n" if proxy else ""
    sys.stdout.write(f"{heading}{to_markdown(rows)}\n")


def _options_patches(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--numbers", type=whole_number, nargs="+", default=list(_NUMBERS), metavar="N",
        help="numbers of patches (default: 1 to 512, powers of 2)",
    )  # fmt: skip
    add_runs(parser, splits=10)


FIG_6 = Command(
    "WaDIQaM's Fig. 6: number of patches, with a reference",
    _options_patches,
    partial(_patches, mode="fr", name="wadiqam-fig6"),
)
FIG_7 = Command(
    "WaDIQaM's Fig. 7: number of patches, without a reference",
    _options_patches,
    partial(_patches, mode="nr", name="wadiqam-fig7"),
)
FIG_8 = Command("WaDIQaM's Fig. 8: losses over epochs", partial(add_runs, splits=1), _losses)
