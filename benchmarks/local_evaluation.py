"""How long does the local evaluator take for one map of 1024x768 pixels?

    python benchmarks/local_evaluation.py [--rounds 5]

Measures, in turns since other processes may slow the machine at any time, all
that one more map costs once the network has run: placing the map at stride 1,
the blur of 10 % of the width, and the exact AUCs of nine thresholds. Beside it
stand the same work done plainly, SciPy's ``gaussian_filter`` and one ranking a
threshold, the ground truth of an image with 30 participants, and the largest
difference between the two ways. The claim is about the median over the rounds.

Prints JSON. Exit status 1 if the map takes a second or more.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time

import numpy as np
from scipy.ndimage import gaussian_filter

from kiqa.data.local_quality import ground_truth
from kiqa.data.smoothing import BLUR
from kiqa.evaluation.local.auc import THRESHOLDS, above, prediction_map, threshold_aucs
from kiqa.evaluation.roc import roc_auc
from kiqa.io.map_files import QualityMap

SIZE = HEIGHT, WIDTH = 768, 1024
PARTICIPANTS = 30
TARGET = 1.0  # seconds a map


def main(argv=None) -> int:
    """Measure, print JSON, and say by the exit status whether the target is met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    result = measure(parser.parse_args(argv).rounds)
    sys.stdout.write(json.dumps(result, indent=2) + "\n")
    return int(result["seconds_a_map"] >= TARGET)


def measure(rounds):
    """Time both ways in alternating rounds."""
    rng = np.random.default_rng(0)
    quality_map = QualityMap(rng.random((HEIGHT - 63, WIDTH - 63), np.float32), 1, 31.5, SIZE)
    boxes = {f"p{number}": random_boxes(rng) for number in range(PARTICIPANTS)}

    def truth():
        return ground_truth(boxes, height=HEIGHT, width=WIDTH, participants=PARTICIPANTS)

    known = truth()
    jobs = {
        "fast": lambda: threshold_aucs(prediction_map(quality_map, image_size=SIZE), known),
        "plain": lambda: plain_aucs(quality_map, known),
        "truth": truth,
    }
    times = {name: [] for name in jobs}
    for _ in range(rounds):
        results = {}
        for name, job in jobs.items():
            start = time.perf_counter()
            results[name] = job()
            times[name].append(time.perf_counter() - start)
    median = {name: statistics.median(values) for name, values in times.items()}
    return {
        "claim": f"exact AUCs of nine thresholds in under {TARGET:g} s a map",
        "image": f"{WIDTH}x{HEIGHT}",
        "thresholds": len(THRESHOLDS),
        "undefined": int(np.sum(np.isnan(results["fast"]))),
        "seconds_a_map": round(median["fast"], 3),
        "seconds_a_map_plainly": round(median["plain"], 3),
        "times_faster": round(median["plain"] / median["fast"], 1),
        "largest_difference": float(np.nanmax(np.abs(results["fast"] - results["plain"]))),
        "seconds_a_ground_truth": round(median["truth"], 3),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "numpy": np.__version__,
    }


def random_boxes(rng):
    """Up to three boxes round a common place, so that high thresholds are reached."""
    return [
        (*np.maximum(np.array([500, 380]) - reach, 0), *np.array([500, 380]) + reach)
        for reach in rng.integers(150, 380, (rng.integers(1, 4), 2))
    ]


def plain_aucs(quality_map, truth):
    """The definition: SciPy's blur and one ranking a threshold."""
    full = quality_map.pad_to_image().astype(np.float64)
    blurred = gaussian_filter(full, BLUR * WIDTH, mode="reflect", truncate=4.0)
    found = []
    for threshold in THRESHOLDS:
        positive = above(truth, threshold)
        found.append(roc_auc(blurred, positive) if 0 < positive.mean() < 1 else np.nan)
    return np.array(found)


if __name__ == "__main__":
    sys.exit(main())
