"""Training speed of the experiment's loop against a bare ``train_on_batch``.

Both train the same Patchnet on the same patches in memory, in alternating
rounds of one epoch; the loop's time holds all it does in an epoch but the
validation: shuffling, batching, ``fit`` and the checkpoint. Prints JSON:
patches per second of both, medians over the rounds, and the median ratio
of a round. The claim is a ratio of at least 0.7.

    python benchmarks/train.py [--patches 4096] [--batch-size 512] [--rounds 5]
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402
import numpy as np  # noqa: E402

from kiqa.training.patchnet.batches import PatchBatches  # noqa: E402
from kiqa.training.patchnet.instance import compiled_patchnet  # noqa: E402
from kiqa.training.patchnet.settings import PRECISIONS, PatchnetSettings  # noqa: E402
from kiqa.training.runs.checkpoint import RunState, save_checkpoint  # noqa: E402


def _bare_epoch(model, batches):
    for x, y in batches:
        model.train_on_batch(x, y)


def _loop_epoch(model, x, y, *, batch_size, rng, path):
    batches = PatchBatches(x, y, rng.permutation(len(y)), batch_size=batch_size)
    model.fit(batches, shuffle=False, verbose=0)
    save_checkpoint(path, model, state=RunState(), best=model.get_weights())


def main(argv=None):
    """Measure and print one JSON object; return 1 if the claim fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patches", type=int, default=4096)
    parser.add_argument("--batch-size", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--precision", choices=PRECISIONS, default="float32")
    arguments = parser.parse_args(argv)
    size = arguments.batch_size
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (arguments.patches, 64, 64, 3), np.uint8)
    y = rng.random(arguments.patches, np.float32)
    settings = PatchnetSettings(batch_size=size, precision=arguments.precision)
    bare, loop = (compiled_patchnet(settings, seed=0) for _ in range(2))
    ready = [(x[i : i + size], y[i : i + size, None]) for i in range(0, len(y), size)]
    seconds = {"bare": [], "loop": []}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "checkpoint.npz"
        warm = min(len(y), 2 * size)
        _bare_epoch(bare, ready[:1])
        _loop_epoch(loop, x[:warm], y[:warm], batch_size=size, rng=rng, path=path)
        for _ in range(arguments.rounds):
            began = time.perf_counter()
            _bare_epoch(bare, ready)
            seconds["bare"].append(time.perf_counter() - began)
            began = time.perf_counter()
            _loop_epoch(loop, x, y, batch_size=size, rng=rng, path=path)
            seconds["loop"].append(time.perf_counter() - began)
    rate = {name: len(y) / statistics.median(times) for name, times in seconds.items()}
    ratios = [b / a for a, b in zip(seconds["loop"], seconds["bare"], strict=True)]
    result = {
        "claim": "training loop >= 0.7 of a bare train_on_batch loop",
        "bare_patches_per_second": round(rate["bare"], 1),
        "loop_patches_per_second": round(rate["loop"], 1),
        "ratio": round(statistics.median(ratios), 3),
        "ratio_of_each_round": [round(ratio, 3) for ratio in ratios],
        "settings": vars(arguments),
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
    }
    print(json.dumps(result, indent=2))
    return 0 if result["ratio"] >= 0.7 else 1


if __name__ == "__main__":
    sys.exit(main())
