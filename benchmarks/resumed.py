"""Commands that are killed at random moments and resumed: the part ``kills`` of `robustness.py`.

Claim: a command that is killed (SIGKILL) and started again with the same
arguments goes on. In the end it has given each image exactly once, with the
numbers of a run that was left alone; every file can be read, also after each
kill; nothing of the killed runs stays.

Moments are drawn between the first result of an undisturbed run, less a tenth,
and its end. A run that ends before it is killed is followed by one that starts
anew. Every run is a process of its own, forked from one that has loaded the
libraries (`warm.py`). Rows, pages and maps are of models that are formulas, so
that most of a run's time is that of its files.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from kills import MOST, compared  # noqa: E402 the script beside this one
from train import biq2021_tree  # noqa: E402
from warm import Warm  # noqa: E402

IMAGES, SIZE = 40, (160, 128)
TRAINING = "train_wadiqam"
HARM = ("crashed", "hung", "lost", "doubled", "unreadable", "left")


_SCORING = ("kiqa.cli.main", "kiqa.scoring.paths", "kiqa.io.images.loading", "kiqa.maps.fish",
            "kiqa.evaluation.report", "skimage.measure")  # fmt: skip


class Unreadable(Exception):
    """A file that a killed or finished command left cannot be read."""


@dataclass(frozen=True)
class Case:
    """A command that is resumed.

    Attributes:
        program: What follows ``python -m``.
        options: Its arguments; outputs lie in the working folder.
        items: What a working folder holds, by image: each is to be there once.
        finished: Reads what is written at the end.
        loaded: Modules that its processes need not load.
    """

    program: str
    options: tuple[str, ...]
    items: Callable[[Path], Counter]
    finished: Callable[[Path], object]
    loaded: tuple[str, ...] = _SCORING


def json_rows(path: Path) -> Counter:
    """Whole rows of a file, without the time that they took; a torn last line is none."""
    found = Counter()
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError as error:
            raise Unreadable(f"{path.name}: {error}") from error
        row.pop("seconds", None)
        found[json.dumps(row, sort_keys=True)] += 1
    return found


def arrays(folder: Path) -> Counter:
    """The ``.npz`` files of a folder with what is in them."""
    found = Counter()
    for path in sorted(folder.glob("[!.]*.npz")):  # hidden ones are not finished
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                content = tuple((key, file[key].tobytes()) for key in sorted(file.files))
        except Exception as error:  # zipfile and NumPy have many
            raise Unreadable(f"{path.name}: {error}") from error
        found[path.name, hash(content)] += 1
    return found


def cards(folder: Path) -> Counter:
    """Images of a page, also of an unfinished one; only whole ones count."""
    found = Counter()
    for name in ("p.html.part", "p.html"):
        path = folder / name
        if path.exists():
            parts = path.read_text("utf-8", errors="replace").split("<article ")[1:]
            whole = (text.partition("</article>")[0] for text in parts if "</article>" in text)
            found |= Counter(whole)
    return found


def _score_end(folder):
    return len(json_rows(folder / "rows.jsonl"))


def _map_end(folder):
    if not (folder / "p.html").read_text("utf-8").endswith("</html>\n"):
        raise Unreadable("p.html has no end")


def _evaluate_end(folder):
    json.loads((folder / "o/evaluation.json").read_text("utf-8"))
    if len(pd.read_csv(folder / "o/predictions.csv")) != IMAGES:
        raise Unreadable("predictions.csv is short")


def _table_end(folder):
    json.loads((folder / "o/thesis-table3-biq2021.json").read_text("utf-8"))


def _features_end(folder):
    json.loads((folder / "f/features.json").read_text("utf-8"))


_DATA = ("--data", "{data}", "--dataset", "biq2021", "--set", "all")
_FORMULA = ("--model", "blur_effect")
CASES = {
    "score": Case(
        "kiqa score",
        ("{data}/Images", *_FORMULA, "--output", "rows.jsonl", "--resume"),
        lambda folder: json_rows(folder / "rows.jsonl"),
        _score_end,
    ),
    "evaluate": Case(
        "kiqa evaluate",
        (*_DATA, *_FORMULA, "--include-trained", "--output", "o", "--resume"),
        lambda folder: json_rows(folder / "o/rows.jsonl"),
        _evaluate_end,
    ),
    "map": Case(
        "kiqa map",
        (
            *("{data}/Images", "--model", "fish", "--stride", "16"),
            *("--html", "p.html", "--npz", "n", "--resume"),
        ),
        lambda folder: cards(folder) + arrays(folder / "n"),
        _map_end,
    ),
    "table": Case(
        "kiqa.reproduce thesis-table3",
        (*_DATA, *_FORMULA, "--output", "o"),
        lambda folder: json_rows(folder / "o/rows.jsonl"),
        _table_end,
    ),
    "features": Case(
        "kiqa.train_rnn_biqa features",
        (*_DATA, "--extractor", "rnn_features", "--output", "f"),
        lambda folder: json_rows(folder / "f/images.jsonl") + arrays(folder / "f/sequences"),
        _features_end,
        ("kiqa.training.rnn_biqa.features", "kiqa.scoring", "tensorflow", "keras"),
    ),
}


def measure(kills: int, rng, *, names: Sequence[str] | None = None) -> dict:
    """Kill and resume every command, and a training.

    Args:
        kills: Of each command.
        rng: `random.Random` of the moments.
        names: Keys of `CASES` or `TRAINING`; ``None`` takes all.

    Returns:
        How many kills were tried and how much harm of each kind was done, in
        all and ``by_command``.
    """
    with tempfile.TemporaryDirectory(prefix="kiqa-") as name:
        root = Path(name)
        data = biq2021_tree(root / "data", images=IMAGES, size=SIZE, val_every=4)
        results = {}
        for case in names or [*CASES, TRAINING]:
            if case == TRAINING:
                results[case] = _training(root, rng, kills=kills)
            else:
                results[case] = killed(CASES[case], data, root / case, rng, kills=kills)
            print(case, results[case], file=sys.stderr)
    sums = {key: sum(found[key] for found in results.values()) for key in ("tried", *HARM)}
    return {**sums, "by_command": results}


def killed(case: Case, data: Path, root: Path, rng, *, kills: int) -> dict:
    """Run a command in peace, then kill and resume it so often."""
    warm = Warm(case.loaded)
    try:
        return _killed(case, data, root, rng, warm, kills=kills)
    finally:
        warm.close()


def _killed(case, data, root, rng, warm, *, kills):
    options = [option.format(data=data) for option in case.options]
    first, seconds, status = _watched(case, options, root / "whole", warm)
    whole = case.items(root / "whole")
    result = {"tried": 0, "runs": 0, **dict.fromkeys(HARM, 0), "first": round(first, 1)}
    result["seconds"] = round(seconds, 1)
    result["crashed"] += status != 0 or not whole
    while result["tried"] < kills:
        result["runs"] += 1
        folder = root / f"run{result['runs']}"
        folder.mkdir()
        kept = Counter()
        while result["tried"] < kills:
            limit = rng.uniform(min(0.9 * first, seconds), seconds)
            warm.start(case.program, options, limit=limit, folder=folder)
            ended = warm.answer()
            if ended.returncode != -signal.SIGKILL:
                if not kept:  # a whole run took less time than that: the machine has become faster
                    seconds = limit
                break
            result["tried"] += 1
            found = _read(case.items, folder, result)
            result["lost"] += _number(kept - found)
            kept = found
        else:
            warm.start(case.program, options, limit=MOST, folder=folder)
            ended = warm.answer()
        if ended.returncode == -signal.SIGKILL:
            result["hung"] += 1
        elif ended.returncode:
            result["crashed"] += 1
            print(case.program, ended.stderr[-2000:], file=sys.stderr)
        found = _read(case.items, folder, result)
        _read(case.finished, folder, result)
        result["lost"] += _number(whole - found)
        result["doubled"] += _number(found - whole)  # a number that differs is lost and doubled
        result["left"] += len(_left(folder))
    return result


def _number(counter):
    return sum(counter.values())


def _read(reader, folder, result):
    try:
        return reader(folder)
    except (Unreadable, OSError, ValueError) as error:
        result["unreadable"] += 1
        print(folder.name, error, file=sys.stderr)
        return Counter()


def _watched(case, options, folder, warm):
    """Seconds until the first result and until the end of a run in peace, and its status."""
    folder.mkdir(parents=True)
    began, first, ended = time.monotonic(), None, None
    warm.start(case.program, options, limit=MOST, folder=folder)
    while ended is None:
        ended = warm.answer(0.02)
        if first is None and _begun(case, folder):
            first = time.monotonic() - began
    seconds = time.monotonic() - began
    if ended.returncode:
        print(case.program, ended.stderr, file=sys.stderr)
    return first or seconds, seconds, ended.returncode


def _begun(case, folder):
    try:
        return bool(case.items(folder))
    except (Unreadable, OSError):
        return False


def _left(folder):
    """Files that only an unfinished command has."""
    return [
        path.name
        for path in folder.rglob("*")
        if ".kiqa-" in path.name or path.suffix in (".part", ".lock", ".tmp")
    ]


def _training(root, rng, *, kills):
    """A training, as `kills.py` tries them all; weights that differ are lost."""
    result = {"tried": kills, "runs": 0, **dict.fromkeys(HARM, 0)}
    try:
        found = compared(TRAINING, root / "training", rng, kills=kills)
    except subprocess.CalledProcessError as error:
        print(TRAINING, error.stderr[-2000:], file=sys.stderr)
        return {**result, "crashed": 1}
    except subprocess.TimeoutExpired:
        return {**result, "hung": 1}
    return {**result, "runs": found["runs"], "lost": int(not found["equal"])}
