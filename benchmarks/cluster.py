"""`kiqa score --engine ray` on two local workers: its throughput, and what kills of workers do.

Claims: rows equal those of the plain run; on the same cores at least 85 % of
its images per second; after ten kills (SIGKILL) of workers no row is lost and
none is there twice; when a run has ended, no process and no file of it is left.

A rate is that of the rows in the middle: without the first and the last `edge`,
between which all workers have work. Starting Ray and loading the model stand
beside it, as `start_seconds` from the call to the first row. Plain and cluster
are timed in turns; rates are medians. Kills are spread evenly over the rows of a run by a model
that is a formula. `load` is the machine's before: above the number of cores
the clock measures other programs. Prints JSON; needs kiqa[ray].

    python benchmarks/cluster.py [--part throughput|kills] [--images 420] [--kills 10]
"""

import argparse
import importlib.util
import json
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402
import psutil  # noqa: E402
from PIL import Image  # noqa: E402

from kiqa.constants import DEFAULT_SCORER  # noqa: E402
from kiqa.scoring import Scorer, score_paths, usable_cores  # noqa: E402
from kiqa.startup import load_quietly  # noqa: E402

REACHED = 0.85
WORKERS = 2
PARTS = ("throughput", "kills")


def main(argv=None) -> int:
    """Measure, print, and return 0 if all is reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=PARTS, action="append")
    parser.add_argument("--model", default=DEFAULT_SCORER)
    parser.add_argument("--images", type=int, default=420)
    parser.add_argument("--edge", type=int, default=60)
    parser.add_argument("--size", type=int, nargs=2, default=(512, 512), metavar=("W", "H"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--kill-images", type=int, default=220)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    if importlib.util.find_spec("ray") is None:
        print(json.dumps({"benchmark": "cluster", "skipped": "pip install 'kiqa[ray]'"}, indent=2))
        return 0
    load = os.getloadavg()[0]
    results, reached = {}, True
    with tempfile.TemporaryDirectory(prefix="kiqa-") as folder:
        for part in arguments.part or PARTS:
            measure = throughput if part == "throughput" else kills
            results[part] = measure(Path(folder), arguments)
            reached &= results[part]["reached"]
    document = {
        "benchmark": "cluster",
        "workers": WORKERS,
        **results,
        "reached": reached,
        "cores": usable_cores(),
        "machine": platform.machine(),
        "load": round(load, 1),
    }
    print(json.dumps(document, indent=2))
    return 0 if reached else 1


def throughput(folder: Path, arguments) -> dict:
    """Rates of both engines, and whether their rows are equal."""
    count, edge = arguments.images, arguments.edge
    paths = images(folder / "many", count, tuple(arguments.size), arguments.seed)
    scorer = load_quietly(Scorer(arguments.model))
    engines = {"plain": {}, "ray": {"engine": "ray", "workers": WORKERS}}
    rates, starts, rows = {name: [] for name in engines}, {name: [] for name in engines}, {}
    for _ in range(arguments.rounds):
        for name, options in engines.items():
            began, came, rows[name] = time.perf_counter(), [], []
            for row in score_paths(paths, scorer, **options):
                came.append(time.perf_counter() - began)
                rows[name] += timeless([row])
            rates[name].append((count - 2 * edge) / (came[-edge - 1] - came[edge - 1]))
            starts[name].append(came[0])
    rate = {name: statistics.median(found) for name, found in rates.items()}
    ratio, equal = rate["ray"] / rate["plain"], rows["ray"] == rows["plain"]
    return {
        "model": scorer.info.name,
        "images": count,
        "edge": edge,
        "size": list(arguments.size),
        "images_per_second": {name: round(value, 2) for name, value in rate.items()},
        "start_seconds": {n: round(statistics.median(each), 1) for n, each in starts.items()},
        "ratio": round(ratio, 3),
        "all_ratios": [round(b / a, 3) for a, b in zip(*rates.values(), strict=True)],
        "rows_equal": equal,
        "reached": equal and ratio >= REACHED,
    }


def kills(folder: Path, arguments) -> dict:
    """Kill workers while they score, and compare the rows of the file with the plain run's."""
    count = arguments.kill_images
    paths = images(folder / "kills", count, (160, 120), arguments.seed)
    rng = random.Random(arguments.seed)
    scorer = Scorer("blur_effect")
    wanted = timeless(score_paths(paths, scorer))
    output, done, began = folder / "rows.jsonl", 0, time.perf_counter()
    tempfile.tempdir = str(folder / "t")
    os.mkdir(tempfile.tempdir)
    rows = score_paths(paths, scorer, output=output, engine="ray", workers=WORKERS)
    for number, _ in enumerate(rows, start=1):
        if done < arguments.kills and number >= (done + 1) * count // (arguments.kills + 1):
            done += kill_one(rng)
    lines = output.read_text(encoding="utf-8").splitlines()
    written = timeless(json.loads(line) for line in lines)
    names = [row["path"] for row in written]
    left = [process.name() for process in psutil.Process().children(recursive=True)]
    left += os.listdir(tempfile.tempdir)
    tempfile.tempdir = None
    return {
        "kills": done,
        "images": count,
        "lost": len(set(paths) - set(names)),
        "doubled": len(names) - len(set(names)),
        "rows_equal": written == wanted,
        "left": left,
        "seconds": round(time.perf_counter() - began, 1),
        "reached": written == wanted and done == arguments.kills and not left,
    }


def kill_one(rng: random.Random) -> int:
    """Kill one of the workers of this process; the number killed, 0 where all are gone.

    Then it is for the next row: new ones are hired only while rows are read.
    """
    victims = []
    for process in psutil.Process().children(recursive=True):
        try:
            title = " ".join(process.cmdline())
        except psutil.Error:  # it has ended meanwhile
            continue
        if title.startswith("ray::Guest"):
            victims.append(process)
    if not victims:
        return 0
    rng.choice(victims).kill()
    return 1


def images(folder: Path, count: int, size: tuple[int, int], seed: int) -> list[str]:
    """Write JPEG files of smooth noise."""
    folder.mkdir()
    rng = np.random.default_rng(seed)
    paths = []
    for number in range(count):
        coarse = rng.integers(0, 255, (size[1] // 8, size[0] // 8, 3), dtype=np.uint8)
        paths.append(str(folder / f"{number:05d}.jpg"))
        Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).save(paths[-1], quality=90)
    return paths


def timeless(rows) -> list[dict]:
    """Rows without the time that they took."""
    return [{**row, "seconds": 0} for row in rows]


if __name__ == "__main__":
    sys.exit(main())
