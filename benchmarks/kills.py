"""Trainings that are killed again and again, against trainings that are left alone.

One claim: a training that is killed (SIGKILL) ten times at random moments and
continued with ``--resume`` each time ends with the tensors of an
uninterrupted one, bit for bit, on a CPU. Each training of kiqa runs its own
command line on a few small images made here. Prints JSON.

    python benchmarks/kills.py [--kills 10] [--seed 0] [--training NAME ...]
"""

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import h5py  # noqa: E402
import numpy as np  # noqa: E402
from train import biq2021_tree  # noqa: E402 the script beside this one

IMAGES, UNRATED, SIDE = 16, 2, 224
MOST = 600  # seconds that a single start may take

# Small settings of each training: a handful of epochs of a second or less each.
_DATA = ["--data", "{data}", "--dataset", "biq2021"]
TRAININGS = {
    "train_patchnet": [
        *(*_DATA, "--limit", "8", "--patches-per-image", "16", "--folds", "2", "--epochs", "6"),
        *("--batch-size", "16", "--learning-rate", "1e-4"),
    ],
    "train_patchnet_mos": [
        *(*_DATA, "--batch-size", "4", "--pieces", "2", "--copies", "4", "--epochs", "8"),
        *("--warmup-steps", "2"),
    ],
    "train_wadiqam": [*_DATA, *("--batch-size", "4", "--patches", "4", "--epochs", "8")],
    "train_aggregator": [
        *(*_DATA, "--batch-size", "4", "--stride", "4", "--rotations", "0", "--flips"),
        *("--epochs", "5"),
    ],
    "train_lite": [
        *(*_DATA, "--initial", "random", "--variant", "lite0", "--unrated", "{unrated}"),
        *("--copies", "4", "--unrated-copies", "1", "--awful", "2", "--units", "8"),
        *("--judge-epochs", "2", "--epochs", "8", "--batch-size", "4", "--degraded", "1"),
    ],
    "train_paq2piq": [
        *(*_DATA, "--model", "bm", "--batch-size", "4", "--side", "128", "--epochs", "5"),
    ],
    "train_resnet18": [*_DATA, *("--batch-size", "4", "--side", "128", "--epochs", "5")],
    "train_rnn_biqa fine-tune": [
        *(*_DATA, "--backbone", "compact", "--assumed-sd", "15", "--epochs", "6"),
        *("--batch-size", "8", "--rotations", "1"),
    ],
    "train_comparator cnniqa": [*_DATA, *("--batch-size", "4", "--pieces", "4", "--epochs", "8")],
    "train_comparator nima": [
        *(*_DATA, "--batch-size", "4", "--epochs", "12", "--assumed-sd", "15"),
    ],
    "train_comparator koncept512": [*_DATA, *("--batch-size", "4", "--epochs", "12")],
    "train_rnn_biqa pool": ["--features", "{features}", "--epochs", "12", "--batch-size", "4"],
}


def main(argv: list[str] | None = None) -> int:
    """Kill, continue, compare, print JSON, and return 0 if all are equal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=10, help="of each training")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--training", choices=sorted(TRAININGS), action="append")
    arguments = parser.parse_args(argv)
    rng, results = random.Random(arguments.seed), {}
    with tempfile.TemporaryDirectory() as name:
        for training in arguments.training or TRAININGS:
            results[training] = compared(training, Path(name), rng, kills=arguments.kills)
            print(training, results[training], file=sys.stderr)
    equal = all(result["equal"] for result in results.values())
    document = {
        "benchmark": "kills",
        "kills": arguments.kills,
        "seed": arguments.seed,
        "trainings": results,
        "reached": equal,
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
    }
    print(json.dumps(document, indent=2))
    return 0 if equal else 1


def compared(training: str, folder: Path, rng, *, kills: int) -> dict:
    """Train once in peace and once with kills, and compare all tensors of all files.

    Args:
        training: A key of `TRAININGS`.
        folder: For data and runs; several trainings share its data.
        rng: `random.Random` of the moments.
        kills: How many.

    Returns:
        ``kills``, ``runs``, ``tensors`` and whether all are ``equal``.

    Raises:
        subprocess.CalledProcessError: If a run fails.
        subprocess.TimeoutExpired: If one that is not to be killed does not end.
    """
    places = _places(folder, features="{features}" in TRAININGS[training])
    options = [option.format(**places) for option in TRAININGS[training]]
    program, name = f"kiqa.{training}", training.replace(" ", "-")
    began = time.monotonic()
    run(program, [*options, "--workdir", str(folder / f"{name}-whole")]).check_returncode()
    seconds = time.monotonic() - began
    whole, done, runs, equal = _tensors(folder / f"{name}-whole"), 0, 0, True
    while done < kills:  # a run that ends before it has been killed so often is followed by another
        runs += 1
        cut = folder / f"{name}-cut{runs}"
        command = [*options, "--workdir", str(cut), "--resume"]
        while done < kills and run(program, command, limit=rng.uniform(0.3, 1) * seconds) is None:
            done += 1
        run(program, command).check_returncode()
        found = _tensors(cut)
        equal &= whole.keys() == found.keys()
        equal &= all(np.array_equal(whole[key], found[key]) for key in whole)
    return {"kills": done, "runs": runs, "tensors": len(whole), "equal": bool(equal and whole)}


def _places(folder: Path, *, features: bool) -> dict:
    """Images that are rated, images that are not, and features of the first."""
    data, more, found = folder / "data", folder / "more", folder / "features"
    if not data.exists():
        biq2021_tree(data, images=IMAGES, size=(SIDE, SIDE), val_every=4)
        biq2021_tree(
            more, images=UNRATED, size=(SIDE, SIDE), val_every=UNRATED + 1, name="more ({}).jpg"
        )
    if features and not found.exists():
        options = ["--extractor", "rnn_features", "--output", str(found)]
        options += ["--data", str(data), "--dataset", "biq2021", "--set", "all"]
        run("kiqa.train_rnn_biqa features", options).check_returncode()
    return {"data": data, "features": found, "unrated": more / "Images"}


def run(program: str, options: list[str], *, limit: float | None = None, folder=None):
    """Run a command line to its end, or kill it.

    Args:
        program: What follows ``python -m``, such as ``kiqa score``.
        options: Its arguments.
        limit: Seconds after which it is killed.
        folder: Its working folder.

    Returns:
        The `subprocess.CompletedProcess`; ``None`` of one that was killed.

    Raises:
        subprocess.TimeoutExpired: Without a limit, after `MOST` seconds.
    """
    command = [sys.executable, "-m", *program.split(), *options]
    try:
        return subprocess.run(
            command, timeout=limit or MOST, capture_output=True, text=True, cwd=folder
        )
    except subprocess.TimeoutExpired:
        if limit is None:
            raise
        return None


def _tensors(folder: Path) -> dict[str, np.ndarray]:
    """All tensors of all weights files in a folder."""
    found = {}
    for path in sorted(folder.glob("*.h5")):
        with h5py.File(path, "r") as file:

            def note(name, item, path=path):
                if isinstance(item, h5py.Dataset):
                    found[f"{path.name}/{name}"] = item[()]

            file.visititems(note)
    return found


if __name__ == "__main__":
    sys.exit(main())
