"""Training speed: an epoch through tf.data against bare ``train_on_batch``, and the pipeline alone.

Two claims for each training. An epoch as a run does it, with reading,
shuffling, augmentation, ``fit``, checkpoint and history, but without
validation, reaches 90 % (Patchnet on patches) or 85 % (the others) of the rate
of ``train_on_batch`` on batches that lie in memory. The pipeline alone makes
batches at least twice as fast as these steps consume them. All are timed in
turns, after a round that is not counted; ratios are those of the medians.

What is written once an epoch counts the more the shorter an epoch is. One of a
real run has from 40 steps (Patchnet by the thesis, 20,480 patches in batches of
512) to 650 (WaDIQaM on BIQ2021, 2,600 images in batches of 4); here it has 32
at most, which is harder than those and can be repeated. `write_seconds` is
checkpoint and history alone.

The ratio of processor times stands beside that of the clock: other programs on
the machine change it little, but it does not show where one waits for a disk.
`load` is the machine's when a training began: above the number of processors,
the clock measures the other programs. Each training is what its own command
line makes of images made here. Prints JSON.

    python benchmarks/train.py [--training NAME ...] [--rounds 5] [--steps 32]
"""

import argparse
import contextlib
import dataclasses
import importlib
import itertools
import json
import os
import platform
import statistics
import sys
import tempfile
from pathlib import Path
from unittest import mock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402
import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402
from turns import in_turns

from kiqa import train_rnn_biqa  # noqa: E402
from kiqa.data.pipeline import epoch_dataset  # noqa: E402
from kiqa.training.runs import run  # noqa: E402
from kiqa.training.runs.checkpoint import RunState, save_checkpoint  # noqa: E402
from kiqa.training.runs.devices import number_format  # noqa: E402
from kiqa.training.runs.feeding import fit_epoch  # noqa: E402
from kiqa.training.runs.history import history_writer  # noqa: E402

IMAGES, WIDTH, HEIGHT = 288, 512, 384
PIPELINE = 2.0

# Where a training meets the run, options of its command line, and the ratio that is claimed. Maps
# of the aggregator and features of lite lie in files; heads and RNN-BIQA's pooling see no image.
_DATA = ["--data", "{data}", "--dataset", "biq2021"]
_SHARED = "kiqa.training.runs.run"
TRAININGS = {
    "train_patchnet": (
        "kiqa.training.patchnet.instance",
        ["--preset", "paper", "--patches-per-image", "100"],
        0.9,
    ),
    "train_patchnet_mos": (_SHARED, _DATA, 0.85),
    "train_wadiqam": (_SHARED, _DATA, 0.85),
    "train_aggregator": (
        _SHARED,
        [
            *(*_DATA, "--limit", "64", "--batch-size", "4", "--stride", "8"),
            *("--rotations", "0", "--flips"),
        ],
        0.85,
    ),
    "train_lite": (
        _SHARED,
        [
            *(*_DATA, "--initial", "random", "--copies", "64", "--limit", "208"),
            *("--judge-epochs", "1", "--awful", "8"),
        ],
        0.85,
    ),
    "train_paq2piq": (_SHARED, [*_DATA, "--model", "bm", "--batch-size", "8"], 0.85),
    "train_resnet18": (_SHARED, [*_DATA, "--batch-size", "8"], 0.85),
    "train_rnn_biqa fine-tune": (
        _SHARED,
        [*_DATA, "--backbone", "compact", "--assumed-sd", "15", "--batch-size", "16"],
        0.85,
    ),
    "train_rnn_biqa pool": (_SHARED, ["--features", "{features}"], 0.85),
    "train_comparator cnniqa": (_SHARED, _DATA, 0.85),
    "train_comparator nima": (_SHARED, _DATA, 0.85),
    "train_comparator koncept512": (_SHARED, _DATA, 0.85),
}


class _Met(BaseException):
    """A training has met the run: it carries what the run is told."""

    def __init__(self, training):
        super().__init__()
        self.training = training


def main(argv: list[str] | None = None) -> int:
    """Measure, print JSON, and return 0 if all claims hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--training", choices=sorted(TRAININGS), action="append")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=32, help="batches of an epoch at most")
    parser.add_argument("--precision", choices=("float32", "mixed_bfloat16"), default="float32")
    arguments = parser.parse_args(argv)
    results = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = biq2021_tree(folder / "data", images=IMAGES, size=(WIDTH, HEIGHT), val_every=9)
        for training in arguments.training or TRAININGS:
            workdir = folder / training.replace(" ", "-")
            results[training] = _measured(training, data, workdir, arguments)
            print(training, results[training], file=sys.stderr)
    reached = all(result["reached"] for result in results.values())
    document = {
        "benchmark": "train",
        "settings": vars(arguments),
        "trainings": results,
        "reached": reached,
        "keras": keras.__version__,
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
    }
    print(json.dumps(document, indent=2))
    return 0 if reached else 1


def biq2021_tree(
    root: Path, *, images: int, size: tuple[int, int], val_every: int, name: str = "ss01 ({}).jpg"
) -> Path:
    """Write a BIQ2021 tree of so many images, blurrier the lower their MOS."""
    (root / "Images").mkdir(parents=True)
    rng, rows, sets = np.random.default_rng(0), ["Image Name,MOS"], ["image_name,set"]
    for number in range(images):
        coarse = rng.integers(0, 256, (6 + number, 8 + number, 3), dtype=np.uint8)
        image = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
        image.save(root / "Images" / name.format(number), quality=95)
        rows.append(f"{name.format(number)},{(number + 1) / (images + 1):.4f}")
        sets.append(f"{name.format(number)},{'val' if number % val_every == 0 else 'train'}")
    (root / "Train (Images and MOS).csv").write_text("\n".join(rows) + "\n")
    (root / "split.csv").write_text("\n".join(sets) + "\n")
    return root


def _measured(name: str, data: Path, workdir: Path, arguments: argparse.Namespace) -> dict:
    """Time bare steps, whole epochs and the pipeline of one training, in turns."""
    training, target = _training(name, data, workdir, arguments), TRAININGS[name][2]
    with number_format(training.settings.precision):
        model = training.build()
    epochs = itertools.count(1)

    def plan(epoch):
        whole = training.plan(epoch)
        return dataclasses.replace(whole, order=whole.order[: arguments.steps])

    first, state = plan(0), RunState()
    ready = [first.make(number) for number in range(len(first))]
    write_history = history_writer(workdir, lambda text: None)

    def bare():
        for inputs, targets in ready:
            model.train_on_batch(inputs, targets)

    def write():
        save_checkpoint(workdir / "checkpoint.npz", model, state=state, best=model.get_weights())
        write_history(state)

    def epoch():
        number = next(epochs)
        losses = fit_epoch(model, plan(number), epoch=number, title=None)
        state.history.append({"epoch": number, **losses})
        write()

    def pipeline():
        for _ in epoch_dataset(plan(next(epochs))):
            pass

    load = os.getloadavg()[0]
    jobs = {"bare": bare, "epoch": epoch, "pipeline": pipeline, "write": write}
    times = in_turns(jobs, arguments.rounds)
    clock, processors = ({job: _median(times[job], which) for job in jobs} for which in (0, 1))
    epoch_ratio, pipeline_ratio = (clock["bare"] / clock[job] for job in ("epoch", "pipeline"))
    return {
        "steps": len(first),
        "load": round(load, 2),
        **{f"{job}_seconds": round(seconds, 3) for job, seconds in clock.items()},
        **{f"{job}_processor_seconds": round(s, 3) for job, s in processors.items()},
        "epoch_ratio": round(epoch_ratio, 3),
        "epoch_processor_ratio": round(processors["bare"] / processors["epoch"], 3),
        "epoch_target": target,
        "pipeline_ratio": round(pipeline_ratio, 3),
        "pipeline_target": PIPELINE,
        "reached": epoch_ratio >= target and pipeline_ratio >= PIPELINE,
    }


def _training(name: str, data: Path, workdir: Path, arguments: argparse.Namespace) -> run.Training:
    """What a command line tells the run, which is not begun."""
    place, options, _ = TRAININGS[name]
    module, *part = name.split()
    places = {"data": data, "features": data.with_name("features")}
    if "{features}" in options and not places["features"].exists():
        _extract(**places)
    given = [*part, *(option.format(**places) for option in options)]
    given += ["--workdir", str(workdir), "--precision", arguments.precision]

    def met(training, **options):
        raise _Met(training)

    meeting = mock.patch.object(importlib.import_module(place), "train_epochs", met)
    with meeting, contextlib.redirect_stdout(sys.stderr):
        try:
            importlib.import_module(f"kiqa.{module}").main(given)
        except _Met as found:
            return found.training
    raise RuntimeError(f"{name} ended before its run; its message is above")


def _extract(*, data: Path, features: Path) -> None:
    """Write the features of RNN-BIQA's shipped extractor."""
    command = ["features", "--data", str(data), "--dataset", "biq2021", "--extractor"]
    with contextlib.redirect_stdout(sys.stderr):
        status = train_rnn_biqa.main([*command, "rnn_features", "--output", str(features)])
    if status:
        raise RuntimeError(f"the features were not extracted, status {status}; see above")


def _median(times: list[tuple[float, float]], which: int) -> float:
    return statistics.median(pair[which] for pair in times)


if __name__ == "__main__":
    sys.exit(main())
