"""Scoring and training speed of WaDIQaM against its network alone.

Two claims. Scoring a 1024x768 photograph in a PNG file, decoding and pooling
over all non-overlapping patches included, reaches 70 % of the rate at which
the network rates a batch of patches that lies ready. An epoch through tf.data
that draws its patches from decoded images reaches 85 % of the rate of
``train_on_batch`` on batches that lie ready. The two sides of a claim are
timed in turns; ratios are medians over the rounds. Prints JSON.

    python benchmarks/wadiqam.py [--mode nr|fr] [--rounds 5] [--steps 20]
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from PIL import Image  # noqa: E402
from turns import in_turns

from kiqa.io.weights import Details, export_h5  # noqa: E402
from kiqa.maps.wadiqam import PATCH_BATCH  # noqa: E402
from kiqa.models.wadiqam import build_wadiqam  # noqa: E402
from kiqa.scoring import Scorer  # noqa: E402
from kiqa.training.runs.feeding import fit_epoch  # noqa: E402
from kiqa.training.wadiqam.batches import epoch_plan, network_inputs, patch_source  # noqa: E402
from kiqa.training.wadiqam.network import compile_wadiqam  # noqa: E402
from kiqa.training.wadiqam.settings import PRESETS, WadiqamSettings  # noqa: E402

WIDTH, HEIGHT = 1024, 768
SCORING, TRAINING = 0.7, 0.85


def main(argv: list[str] | None = None) -> int:
    """Measure, print JSON, and return 0 if both claims hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mode", choices=("nr", "fr"), default="nr")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20, help="training steps a round")
    parser.add_argument("--preset", choices=sorted(PRESETS), default="paper")
    arguments = parser.parse_args(argv)
    settings = WadiqamSettings(**{**PRESETS[arguments.preset], "mode": arguments.mode})
    with tempfile.TemporaryDirectory() as folder:
        paths = _photographs(Path(folder), count=settings.batch_size + 1)
        scoring = measure_scoring(Path(folder), paths[0], arguments)
        training = measure_training(paths[1:], settings, arguments)
    result = {
        "benchmark": "wadiqam",
        "settings": vars(arguments),
        "scoring": scoring,
        "training": training,
        "reached": scoring["ratio"] >= SCORING and training["ratio"] >= TRAINING,
        "keras": keras.__version__,
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
    }
    print(json.dumps(result, indent=2))
    return 0 if result["reached"] else 1


def measure_scoring(folder: Path, path: Path, arguments: argparse.Namespace) -> dict:
    """Time the score of a file against the network on ready patches, in turns."""
    network = build_wadiqam(mode=arguments.mode, seed=0)
    file = export_h5(
        network, folder / "network.h5",
        Details("benchmark", "0", "0..1", True, mode=f"wadiqam-{arguments.mode}"),
    )  # fmt: skip
    scorer = Scorer(file)
    reference = {"reference": path} if arguments.mode == "fr" else {}
    patches = (WIDTH // 32) * (HEIGHT // 32)
    rng = np.random.default_rng(0)
    shape = (patches, 32, 32, 3)
    ready = [tf.constant(rng.integers(0, 256, shape), tf.float32) for _ in network.inputs]
    batches = [[x[at : at + PATCH_BATCH] for x in ready] for at in range(0, patches, PATCH_BATCH)]
    run = tf.function(
        lambda inputs: network(network_inputs(inputs), training=False), reduce_retracing=True
    )

    def bare():
        for batch in batches:
            run(batch)["quality"].numpy()

    def score():
        scorer.score(path, **reference)

    times = in_turns({"bare": bare, "score": score}, arguments.rounds)
    return _compared(times, "bare", "score", patches, "patches", SCORING)


def measure_training(
    paths: list[Path], settings: WadiqamSettings, arguments: argparse.Namespace
) -> dict:
    """Time steps with patches drawn from photographs against ready batches, in turns."""
    repeated = paths * arguments.steps  # one epoch is so many steps
    source = patch_source(repeated, repeated if settings.mode == "fr" else None, keep_bytes=2**30)
    targets = np.random.default_rng(0).random((len(repeated), 2), np.float32)
    targets = targets[:, : 2 if settings.correlation_with == "ranks" else 1]
    model = compile_wadiqam(source, targets[:, 0], settings)
    draw = {"batch_size": settings.batch_size, "patches": settings.patches, "flip": settings.flip}
    first = epoch_plan(source, targets, seed=0, epoch=0, **draw)
    ready = [first.make(number) for number in range(len(first))]
    epochs = iter(range(1, 1000))

    def bare():
        for inputs, rated in ready:
            model.train_on_batch(inputs, rated)

    def drawn():
        epoch = next(epochs)
        plan = epoch_plan(source, targets, seed=0, epoch=epoch, **draw)
        fit_epoch(model, plan, epoch=epoch, title=None)

    times = in_turns({"bare": bare, "drawn": drawn}, arguments.rounds)
    return _compared(times, "bare", "drawn", arguments.steps, "steps", TRAINING)


def _photographs(folder: Path, *, count: int) -> list[Path]:
    """Write PNG files of fine and coarse texture."""
    rng = np.random.default_rng(0)
    paths = []
    for number in range(count):
        coarse = rng.integers(0, 256, (HEIGHT // 16, WIDTH // 16, 3), dtype=np.uint8)
        smooth = Image.fromarray(coarse).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
        pixels = np.asarray(smooth) + rng.normal(0, 6, (HEIGHT, WIDTH, 3))
        paths.append(folder / f"{number}.png")
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(paths[-1])
    return paths


def _compared(times, bare, other, amount, unit, target) -> dict:
    times = {name: [clock for clock, _ in of] for name, of in times.items()}
    ratios = [one / two for one, two in zip(times[bare], times[other], strict=True)]
    rates = {name: round(amount / statistics.median(times[name]), 2) for name in (bare, other)}
    return {
        **{f"{name}_{unit}_per_second": rate for name, rate in rates.items()},
        "ratio": round(statistics.median(ratios), 3),
        "ratio_of_each_round": [round(ratio, 3) for ratio in ratios],
        "target": target,
    }


if __name__ == "__main__":
    sys.exit(main())
