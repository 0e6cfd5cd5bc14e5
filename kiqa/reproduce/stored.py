"""Results by name, stored or computed again, and what a paper prints beside them.

Stored results are looked up in `kiqa.reproduce.stored_results`, whose places
are below ``docs/results`` of a checkout: one that is made later is found.

Public names: :func:`beside_published`, :func:`found_results`,
:func:`results_folder`.

Examples:
    >>> from kiqa.reproduce.stored import beside_published
    >>> len(beside_published("thesis-table2").published)
    4
"""

import contextlib
import csv
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kiqa.arguments import Output
from kiqa.evaluation.bootstrap import bootstrap_interval
from kiqa.evaluation.correlation import METRICS
from kiqa.io.json_files import read_json
from kiqa.reproduce.__main__ import NAMES, command_of, reproduction_parser, run_named
from kiqa.reproduce.beside import INTERVAL, Beside, Found
from kiqa.reproduce.predictions import arrays_of, read_predictions
from kiqa.reproduce.published_rows import published_numbers
from kiqa.reproduce.stored_results import FOLDER, stored_results

_SEED = 0  # of the bootstrap
_MOST = 24  # rows of a CSV file that are shown; a figure of more is its picture
_COMPARED = {"files", "splits"}  # in a comparison, which may be the result of a table
_ON = ("dataset", "split", "set")  # in an evaluation
_KINDS = (".json", ".csv", ".png")
_BESIDE = ("predictions", "rows", "pairs", "responses")  # ends of names of files that go with one


def results_folder() -> Path | None:
    """Return ``docs/results`` of the checkout that kiqa runs from; None where there is none."""
    folder = Path(__file__).resolve().parents[2] / FOLDER
    return folder if folder.is_dir() else None


def beside_published(
    name: str,
    options: Sequence[str | os.PathLike] | None = None,
    *,
    also: Mapping[str, str] | None = None,
    results: str | os.PathLike | None = None,
    output: str | os.PathLike = "runs/reproduce",
) -> Beside:
    """Put what a paper prints of a table or figure beside ours.

    Args:
        name: Of a reproduction (``python -m kiqa.reproduce`` lists them), or
            of published rows that nothing is computed for.
        options: None reads stored results. Options of the command, without
            ``--output``, compute again, with all that is needed for it.
        also: Other methods that are stored as predictions: from the label of
            the row to a folder of ``kiqa evaluate --output`` or a CSV file
            with ``name``, ``mos`` and ``predicted``, below ``results``. Left
            out are labels that are a row already, files that are not there,
            and all with ``options``.
        results: Folder of stored results (default: that of the checkout).
        output: Folder to write to with ``options``; what a command keeps
            there is not computed twice.

    Returns:
        Published rows and ours. Where ours cannot be had ``missing`` says
        why: no result is stored, or the command refused the data.

    Raises:
        ValueError: If a file cannot be used.
    """
    root = Path(results) if results is not None else results_folder()
    missing, read, predicted = "", [], []
    if options is not None and name in NAMES:
        read, missing = _computed(name, [os.fspath(each) for each in options], Path(output))
    elif options is None and root is not None:
        read = _kept(name, root)
        rows = [row for found, _ in read for row in found.rows]
        known = {row.get("method") for row in rows}
        predicted = _predicted({k: v for k, v in (also or {}).items() if k not in known}, root)
    if name not in NAMES:
        missing = "Nothing is computed for it."
    elif not read and not missing:
        missing = _why_none(name)
    published = next((rows for _, rows in read if rows), None) or published_numbers(name)
    return Beside(name, published, [found for found, _ in read] + predicted, missing)


def found_results(name: str, root: str | os.PathLike) -> list[Found]:
    """Read the stored results of a reproduction.

    Args:
        name: A key of `kiqa.reproduce.__main__.NAMES`.
        root: Folder of stored results.

    Returns:
        One for each place, in the order of `stored_results`; of a figure its
        numbers and its picture together.

    Raises:
        ValueError: If a file cannot be used.
    """
    return [found for found, _ in _kept(name, Path(root))]


def _kept(name, root):
    read = []
    for result in stored_results():
        path = root / result.place
        if result.name == name and result.place and path.is_file():
            beside = [path.with_suffix(kind) for kind in _KINDS]
            found, published = _read(name, root, {p.suffix: p for p in beside if p.is_file()})
            about = "; ".join(filter(None, [result.data, found.about]))
            made = ", ".join(filter(None, [result.command, result.date, result.versions]))
            read.append((replace(found, about=about, made=made), published))
    return read


def _why_none(name):
    known = [result for result in stored_results() if result.name == name]
    reason, command = (known[0].reason, known[0].command) if known else ("", "")
    made = command or f"python -m kiqa.reproduce {name} OPTIONS --output DIR"
    return f"No result of ours{f', {reason}' if reason else ''}. It is made by: {made}"


def _files_of(name, folder):
    """Files of a folder whose stem is the name, or begins with it and ``-``, by stem."""
    grouped: dict[str, dict[str, Path]] = {}
    for part in (f"{name}.*", f"{name}-*.*"):
        for path in sorted(folder.glob(part)):
            if path.suffix in _KINDS and path.stem.rpartition("-")[2] not in _BESIDE:
                grouped.setdefault(path.stem, {})[path.suffix] = path
    return list(grouped.values())


def _read(name, root, files):
    """The result in files of one stem, JSON or else CSV, and PNG; and the rows of the paper."""
    about, rows, published = "", [], []
    own = command_of(name).read
    path = files.get(".csv") if own is None else files.get(".json", files.get(".csv"))
    if path is not None:
        try:
            if own is not None and path.suffix == ".json":
                about, rows, published = _of_json(name, path, own)
            else:
                about, rows = _of_csv(path)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise ValueError(
                f"Expected the result of kiqa.reproduce {name} in {path}. Received: a file that "
                f"cannot be used ({type(error).__name__}: {error}). Compute it again."
            ) from error
    picture = files[".png"].read_bytes() if ".png" in files else None
    place = files.get(".json") or files.get(".csv") or files[".png"]
    return Found(place.relative_to(root).as_posix(), about, rows, picture), published


def _of_json(name, path, own):
    """What it was computed on, its rows, and those of the paper, by the command's own reader."""
    content = read_json(path)
    compared = command_of("compare").read
    read = compared if compared is not None and _COMPARED <= content.keys() else own
    about, rows = read(content | {"published": []})
    # Of all data sets, and as they are today; a figure lays none out.
    _, both = read(content | {"published": published_numbers(name)})
    return about, rows, both[: len(both) - len(rows)]


def _of_csv(path):
    """How many of its rows are shown, where not all, and these."""
    lines = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    if any(None in line or None in line.values() for line in lines):
        raise ValueError("a line has more or fewer cells than the header")
    about = f"{len(lines)} rows, the first {_MOST}" if len(lines) > _MOST else ""
    rows = [{key: _number(value) for key, value in line.items()} for line in lines[:_MOST]]
    return about, rows


def _number(text):
    """A number with a point as such, so that it is rounded; other text as it is."""
    try:
        return float(text) if "." in text else text
    except ValueError:
        return text


def _computed(name, options, output):
    """What a command writes, and why it writes nothing."""
    folder = output / name.partition("-")[0]
    before = {_changed(files) for files in _files_of(name, folder)}
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            run_named(name, [*options, "--output", str(_target(name, folder))])
    except SystemExit:
        return [], f"Not computed: {' '.join(options)} are not the options of {name}."
    except (ValueError, OSError) as error:
        return [], f"Not computed: {error}"
    written = [files for files in _files_of(name, folder) if _changed(files) not in before]
    return [_read(name, folder, files) for files in written], ""


def _target(name, folder):
    """What ``--output`` names: the folder, or a file in it."""
    kinds = reproduction_parser(name).get_default("outputs") or {}
    return folder / f"{name}.json" if kinds.get("output") is Output.FILE else folder


def _changed(files):
    """What tells whether files of one stem were written again."""
    return tuple((path, path.stat().st_mtime_ns) for path in files.values())


def _predicted(also, root):
    """A result for each folder of predictions: SROCC and PLCC with intervals."""
    found = []
    for label, place in also.items():
        path = root / place
        path = path / "predictions.csv" if path.suffix != ".csv" else path
        if not path.is_file():
            continue
        mos, predicted, groups = arrays_of(read_predictions(path))
        evaluated = _evaluated(path.with_name("evaluation.json"))
        row: dict[str, Any] = {"method": label, "data set": next(iter(evaluated), None),
                               "images": len(mos)}  # fmt: skip
        for metric in ("srocc", "plcc"):
            low, high = bootstrap_interval(metric, predicted, mos, seed=_SEED, groups=groups)
            row[metric.upper()] = METRICS[metric](predicted, mos)
            row[metric.upper() + INTERVAL] = f"{low:.3f} .. {high:.3f}"
        row["source"] = ", ".join(["ours", *evaluated[1:]])
        about = ", ".join([label, *evaluated])
        found.append(Found(path.relative_to(root).as_posix(), about, [row]))
    return found


def _evaluated(path):
    """Data set, split and part of an evaluation."""
    if not path.is_file():
        return []
    content = read_json(path)
    missing = [key for key in _ON if key not in content]
    if missing:
        raise ValueError(
            f"Expected the result of kiqa evaluate in {path}. Received: a file without "
            f"{', '.join(missing)}. Evaluate again, or remove it."
        )
    return [str(content[key]) for key in _ON]
