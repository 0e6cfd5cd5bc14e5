"""Do the pipelines alone feed at least twice what the training step consumes?

    python benchmarks/pipeline.py [--images FOLDER] [--rounds 5]

Measures patches per second of Patchnet's training step (`train_on_batch` on
one batch in memory), of `image_patch_pipeline` (decoding and cutting 64
patches an image) and of `patch_pipeline` (arrays in memory), in turns, since
other processes may slow the machine at any time. The claim is about the
median over the rounds of the ratio within a round. Without ``--images`` it
writes 48 JPEG photographs of 1024x768 pixels to a temporary folder.

Prints JSON. Exit status 1 if a ratio is below 2.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from PIL import Image
from skimage import data

from kiqa.constants import KONPATCH, PATCHNET
from kiqa.data.pipeline import image_patch_pipeline, patch_pipeline
from kiqa.data.records import ScoredImage
from kiqa.io.images import IMAGE_SUFFIXES
from kiqa.models.patchnet import build_patchnet

TARGET = 2.0
STEPS = 3  # training steps in a round


def main() -> int:
    """Measure, print JSON, and say by the exit status whether the target is met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path, help="folder of images instead of generated ones")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=PATCHNET.batch_size)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.images or write_photographs(Path(scratch))
        result = measure(folder, rounds=arguments.rounds, batch_size=arguments.batch_size)
    print(json.dumps(result, indent=2))
    return int(min(result["ratios"].values()) < TARGET)


def write_photographs(folder, *, count=48):
    """Write JPEG files of 1024x768 pixels, cut out of enlarged photographs."""
    rng = np.random.default_rng(0)
    photographs = [data.astronaut(), data.chelsea(), data.coffee(), data.rocket()]
    for number in range(count):
        image = Image.fromarray(photographs[number % len(photographs)]).resize((1400, 1100))
        left, top = (int(limit) for limit in rng.integers((376, 332)))
        image = image.crop((left, top, left + 1024, top + 768))
        image.save(folder / f"{number:02}.jpg", quality=90)
    return folder


def measure(folder, *, rounds, batch_size):
    """Return rates, their ratios to the training step, and the circumstances."""
    files = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in IMAGE_SUFFIXES]
    records = [ScoredImage(p.name, p, 50.0, None, p.name, "none", (0.0, 100.0)) for p in files]
    rng = np.random.default_rng(0)
    side = PATCHNET.patch
    x = rng.integers(0, 256, (16 * batch_size, side, side, 3), dtype=np.uint8)
    y = rng.random(len(x), dtype=np.float32)
    model = build_patchnet(seed=0)
    model.compile("adam", "mse")

    def train(_):
        for _ in range(STEPS):
            model.train_on_batch(x[:batch_size], y[:batch_size, None])
        return STEPS * batch_size

    def from_images(epoch):
        return drain(
            image_patch_pipeline(
                records,
                patches_per_image=KONPATCH.patches_per_image,
                batch_size=batch_size,
                seed=0,
                epoch=epoch,
            )
        )

    def from_arrays(epoch):
        return drain(patch_pipeline(x, y, batch_size=batch_size, seed=0, epoch=epoch))

    parts = {"training_step": train, "images": from_images, "arrays": from_arrays}
    rates = {name: [] for name in parts}
    for number in range(rounds + 1):
        for name, part in parts.items():
            start = time.perf_counter()
            patches = part(number)
            rate = patches / (time.perf_counter() - start)
            if number:  # the first round compiles and fills caches
                rates[name].append(rate)
    step = np.array(rates["training_step"])
    return {
        "patches_per_second": {name: round(float(np.median(r))) for name, r in rates.items()},
        "ratios": {
            name: round(float(np.median(np.array(rates[name]) / step)), 2)
            for name in ("images", "arrays")
        },
        "target": TARGET,
        "rounds": rounds,
        "batch_size": batch_size,
        "images": len(files),
        "patches_per_image": KONPATCH.patches_per_image,
        "cpus": os.cpu_count(),
        "gpus": len(tf.config.list_physical_devices("GPU")),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
    }


def drain(dataset):
    """Run through a dataset and count its patches."""
    return sum(len(x) for x, _ in dataset)


if __name__ == "__main__":
    sys.exit(main())
