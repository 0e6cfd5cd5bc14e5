"""Throughput of `kiqa score` over a folder, against the network alone, for every model.

Claim: decoding is not the limit; a folder is scored at 90 % or more of the
rate at which the same images, already decoded in memory, are scored one by one
(preparation and network).

The two are timed in turns, so that a machine that slows down slows both.
Beside them stand the seconds that decoding alone takes, and those of the
command from a cold start: of one image, and of all. The images are random
textures saved as JPEG, made for the run.

    python benchmarks/score.py [--model NAME|FILE ...] [--images N] [--rounds N]
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from PIL import Image

import kiqa
from kiqa.scoring import Scorer, score_paths, usable_cores, usable_workers

MODELS = ("lite", "patchnet", "wadiqam_nr", "paq2piq_rm", "rnn_biqa", "aggregator")
SIZE = 512  # pixels a side
TARGET = 0.9


def make_images(folder: Path, *, count: int, seed: int) -> list[Path]:
    """Write JPEG files with fine and coarse texture."""
    rng = np.random.default_rng(seed)
    paths = []
    for number in range(count):
        coarse = rng.integers(0, 256, (SIZE // 16, SIZE // 16, 3), dtype=np.uint8)
        smooth = Image.fromarray(coarse).resize((SIZE, SIZE), Image.Resampling.BICUBIC)
        pixels = np.clip(np.asarray(smooth) + rng.normal(0, 12, (SIZE, SIZE, 3)), 0, 255)
        paths.append(folder / f"{number:04}.jpg")
        Image.fromarray(pixels.astype(np.uint8)).save(paths[-1], quality=92)
    return paths


def measure(model: str, paths: list[Path], *, rounds: int) -> dict:
    """Time the folder and the arrays in turns, then the command from a cold start."""
    scorer = Scorer(model)
    start = time.perf_counter()
    images = [kiqa.load_image(path) for path in paths]
    decoding = (time.perf_counter() - start) / len(paths)
    scorer.score(images[0])
    ratios, folder_seconds, network_seconds = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            start = time.perf_counter()
            for image in images:
                scorer.score(image)
            middle = time.perf_counter()
            output = Path(folder, f"{number}.jsonl")
            errors = sum(
                row["error"] is not None for row in score_paths(paths, scorer, output=output)
            )
            end = time.perf_counter()
            if errors:
                raise RuntimeError(f"{errors} images were not scored")
            network_seconds.append((middle - start) / len(paths))
            folder_seconds.append((end - middle) / len(paths))
            ratios.append((middle - start) / (end - middle))
        one, all_ = (
            cold(model, some, Path(folder, f"cold{len(some)}.jsonl")) for some in (paths[:1], paths)
        )
    network, ratio = statistics.median(network_seconds), statistics.median(ratios)
    result = {
        "network_seconds": round(network, 4),
        "folder_seconds": round(statistics.median(folder_seconds), 4),
        "decoding_seconds": round(decoding, 4),
        "ratio": round(ratio, 3),
        "ratio_of_each_round": [round(each, 3) for each in ratios],
        "cold_one_seconds": round(one, 2),
        "cold_all_seconds": round(all_, 2),
        "network_share_after_the_first": round(network * (len(paths) - 1) / (all_ - one), 3),
    }
    sys.stderr.write(f"{model} {json.dumps(result)}\n")
    return result


def cold(model: str, paths: list[Path], output: Path) -> float:
    """Seconds of the command, from its start to its end."""
    command = [sys.executable, "-m", "kiqa", "score", *map(str, paths)]
    start = time.perf_counter()
    subprocess.run(
        [*command, "--model", model, "--output", str(output)], check=True, capture_output=True
    )
    return time.perf_counter() - start


def main(argv: list[str] | None = None) -> int:
    """Measure, print JSON, and return 0 if the claim holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", nargs="+", default=MODELS)
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        paths = make_images(Path(folder), count=arguments.images, seed=arguments.seed)
        models = {name: measure(name, paths, rounds=arguments.rounds) for name in arguments.model}
    result = {
        "benchmark": "score",
        "images": arguments.images,
        "size": f"{SIZE}x{SIZE}",
        "rounds": arguments.rounds,
        "models": models,
        "cores": usable_cores(),
        "workers": usable_workers(),
        "machine": platform.machine(),
        "load": round(load, 1),
        "versions": {name: metadata.version(name) for name in ("tensorflow", "keras", "numpy")},
        "target": TARGET,
        "reached": all(model["ratio"] >= TARGET for model in models.values()),
    }
    print(json.dumps(result, indent=2))
    return 0 if result["reached"] else 1


if __name__ == "__main__":
    sys.exit(main())
