"""Throughput of `score_paths` over a folder, against the network alone.

Claim: decoding is not the limit; a folder is scored at 80 % or more of the
rate at which the network maps the same images already decoded in memory.

The two are timed in turns, so that a machine that slows down slows both. The
images are random textures saved as JPEG, made for the run.

    python benchmarks/score.py [--model NAME|FILE] [--images N] [--rounds N]
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from PIL import Image

import kiqa
from kiqa.scoring import Scorer, score_paths, usable_cores, usable_workers

SIZES = ((512, 512), (1024, 768))  # width, height
TARGET = 0.8


def make_images(folder: Path, *, count: int, seed: int) -> list[Path]:
    """Write JPEG files of both sizes, with fine and coarse texture."""
    rng = np.random.default_rng(seed)
    paths = []
    for number in range(count):
        width, height = SIZES[number % len(SIZES)]
        coarse = rng.integers(0, 256, (height // 16, width // 16, 3), dtype=np.uint8)
        smooth = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
        fine = rng.normal(0, 12, (height, width, 3))
        pixels = np.clip(np.asarray(smooth) + fine, 0, 255).astype(np.uint8)
        paths.append(folder / f"{number:04}.jpg")
        Image.fromarray(pixels).save(paths[-1], quality=92)
    return paths


def measure(model: str, paths: list[Path], *, stride: int, rounds: int) -> dict:
    """Time the folder and the arrays in turns."""
    scorer = Scorer(model, stride=stride)
    images = [kiqa.load_image(path) for path in paths]
    for image in images[: len(SIZES)]:
        scorer.score(image)
    ratios, folder_rates, network_rates = [], [], []
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
            network_rates.append(len(paths) / (middle - start))
            folder_rates.append(len(paths) / (end - middle))
            ratios.append((middle - start) / (end - middle))
    return {
        "benchmark": "score",
        "images": len(paths),
        "sizes": [f"{width}x{height}" for width, height in SIZES],
        "stride": stride,
        "rounds": rounds,
        "cores": usable_cores(),
        "workers": usable_workers(),
        "network_images_per_second": round(statistics.median(network_rates), 3),
        "folder_images_per_second": round(statistics.median(folder_rates), 3),
        "ratio": round(statistics.median(ratios), 3),
        "ratio_of_each_round": [round(ratio, 3) for ratio in ratios],
        "target": TARGET,
        "reached": statistics.median(ratios) >= TARGET,
    }


def main(argv: list[str] | None = None) -> int:
    """Measure, print JSON, and return 0 if the claim holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="patchnet")
    parser.add_argument("--images", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--stride", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        paths = make_images(Path(folder), count=arguments.images, seed=arguments.seed)
        result = measure(arguments.model, paths, stride=arguments.stride, rounds=arguments.rounds)
    print(json.dumps(result, indent=2))
    return 0 if result["reached"] else 1


if __name__ == "__main__":
    sys.exit(main())
