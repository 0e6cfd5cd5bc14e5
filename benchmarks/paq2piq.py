"""A PaQ-2-PiQ quality map of 32x32 blocks, against one forward pass of its body.

Claim: the map of a 1024x768 picture takes at most 1.25 times the body's pass
over that picture, since all 1,024 blocks are pooled from one set of features.

For comparison the blocks are also cut out (32x24 pixels) and rated one by one as
pictures, in batches: what a network without RoIPool has to do. Its values are
others: a crop's borders are seen as the picture's.

The parts are timed in turns, so that a machine that slows down slows all. The
weights are random unless a file is given; the time does not depend on them.

    python benchmarks/paq2piq.py [--model FILE.h5] [--rounds N]
"""

import argparse
import json
import os
import statistics
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from kiqa.io.weights import find_companion, load_model, read_info
from kiqa.maps.paq2piq import RegionRater
from kiqa.models.paq2piq import build_paq2piq_head
from kiqa.models.resnet18 import build_resnet18
from kiqa.scoring import usable_cores
from kiqa.scoring.engines.paq2piq import MODES

HEIGHT, WIDTH, GRID, CROPS = 768, 1024, (32, 32), 256
TARGET = 1.25


def networks(model: str | None) -> tuple:
    """Body, head and kind of a file, or of random weights."""
    if model is None:
        return build_resnet18(seed=0), build_paq2piq_head(seed=1), "rm"
    info = read_info(model)
    return (
        load_model(info.path),
        load_model(find_companion(info, "head").path),
        MODES[info.details.mode],
    )


def measure(model: str | None, *, rounds: int, seed: int) -> dict:
    """Time body, map, 1,024 rectangles of any size, and crops in turns."""
    import tensorflow as tf

    body, head, kind = networks(model)
    rater = RegionRater(body, head, kind=kind)
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    low, high = np.sort(rng.uniform(0, 1, (2, 1024, 2)), axis=0)
    rois = np.concatenate([low, high], axis=1) * [WIDTH, HEIGHT, WIDTH, HEIGHT]
    picture = tf.constant(pixels[None], tf.float32)
    spec = [tf.TensorSpec([None, None, None, 3], tf.float32)]
    features = tf.function(lambda x: body(x, training=False), input_signature=spec)
    rows, columns = HEIGHT // GRID[0], WIDTH // GRID[1]
    blocks = pixels.reshape(GRID[0], rows, GRID[1], columns, 3).swapaxes(1, 2)
    blocks = blocks.reshape(-1, rows, columns, 3).astype(np.float32)

    def crops():
        for at in range(0, len(blocks), CROPS):
            found = features(blocks[at : at + CROPS])
            head(found, training=False).numpy()

    parts = {
        "body": lambda: features(picture).numpy(),
        "map": lambda: rater.map(pixels, GRID),
        "rectangles": lambda: rater.rate(pixels, rois),
        **({} if kind == "fm" else {"crops": crops}),
    }
    wall = {name: [] for name in parts}
    work = {name: [] for name in parts}
    for number in range(rounds + 1):  # the first prepares the compiled functions
        for name, run in parts.items():
            begin, busy = time.perf_counter(), time.process_time()
            run()
            if number:
                wall[name].append(time.perf_counter() - begin)
                work[name].append(time.process_time() - busy)
    ratios = [made / passed for made, passed in zip(wall["map"], wall["body"], strict=True)]
    busy = [made / passed for made, passed in zip(work["map"], work["body"], strict=True)]
    return {
        "benchmark": "paq2piq",
        "kind": kind,
        "size": f"{WIDTH}x{HEIGHT}",
        "grid": f"{GRID[0]}x{GRID[1]}",
        "rounds": rounds,
        "cores": usable_cores(),
        **{f"{name}_seconds": round(statistics.median(found), 4) for name, found in wall.items()},
        "ratio": round(statistics.median(ratios), 3),
        "ratio_of_processor_time": round(statistics.median(busy), 3),
        "ratio_of_each_round": [round(ratio, 3) for ratio in ratios],
        "target": TARGET,
        "reached": statistics.median(ratios) <= TARGET,
    }


def main(argv: list[str] | None = None) -> int:
    """Measure, print JSON, and return 0 if the claim holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", metavar="FILE", default=None)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    result = measure(arguments.model, rounds=arguments.rounds, seed=arguments.seed)
    print(json.dumps(result, indent=2))
    return 0 if result["reached"] else 1


if __name__ == "__main__":
    sys.exit(main())
