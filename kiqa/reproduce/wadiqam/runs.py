"""Train DIQaM and WaDIQaM on a split, and rate its test images.

All tables and curves of the paper are made of this. A training that is done
is not done again: each has a folder named after its data, split and settings.

Public names: :func:`add_training`, :func:`settings_of`, :func:`trained`,
:func:`patch_outputs`, :func:`pooled_scores`, :func:`rated`.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kiqa.arguments import add_flag, add_number
from kiqa.data import DATASETS
from kiqa.reproduce.command import report
from kiqa.training.runs.options import PRECISIONS, settings_to_json
from kiqa.training.wadiqam.settings import PRESETS, WadiqamSettings
from kiqa.training.wadiqam.tasks import PatchTask, references_of, tasks_trained_on

if TYPE_CHECKING:
    from kiqa.maps.wadiqam import PatchPooler

SPLITS = 10  # section IV-B
_IMAGES_AT_ONCE = 64
_NUMBERS = ("epochs", "patches", "validation_patches", "learning_rate")


def add_training(parser: argparse.ArgumentParser, *, splits: int = SPLITS) -> None:
    """Add the options that reduce the experiment; the defaults are the paper's."""
    group = parser.add_argument_group("settings (defaults: the paper's)")
    group.add_argument(
        "--preset", choices=sorted(PRESETS), default="paper",
        help="values of kiqa.train_wadiqam that the options below change (default: %(default)s)",
    )  # fmt: skip
    paper = WadiqamSettings()
    for name in _NUMBERS:
        group.add_argument(
            f"--{name.replace('_', '-')}", type=type(getattr(paper, name)), metavar="N",
            help=f"default: {getattr(paper, name)}",
        )  # fmt: skip
    group.add_argument(
        "--precision", choices=PRECISIONS, help="Keras dtype policy (default: the preset's)"
    )
    add_number(group, "--splits", "draws of the parts", default=splits, low=1)
    add_number(group, "--images", "at most so many to train on (default: all)", low=1)
    add_number(
        group, "--validation-images", "at most so many to choose the epoch by (default: all)",
        low=3,
    )  # fmt: skip
    add_number(
        group, "--test-patches", "random patches of a test image, N_p", default=paper.patches,
        low=1,
    )  # fmt: skip
    add_flag(group, "--shallow", "the small network of section IV-H, for trials")


def settings_of(options: argparse.Namespace, changes: Mapping, *, split: int) -> WadiqamSettings:
    """Return the settings of one network: the preset, the options, and its own changes."""
    given = {name: getattr(options, name) for name in (*_NUMBERS, "precision")}
    values: dict[str, Any] = {
        **PRESETS[options.preset],
        **{name: value for name, value in given.items() if value is not None},
        "shallow": options.shallow,
        "seed": split,
        **changes,
    }
    if values.get("pooling", "weighted") == "average":
        values["patch_loss"] = 0.0  # there it is the loss
    return WadiqamSettings(**values)


def trained(
    name: str,
    parts: Mapping[str, Sequence[PatchTask]],
    settings: WadiqamSettings,
    *,
    folder: Path,
    pairs: Mapping[str, str],
    watched: bool = False,
) -> tuple[Path, dict]:
    """Train a network, go on with an interrupted training, or find a finished one.

    Args:
        name: Of the data set.
        parts: Tasks of train and val, and of test where there is one.
        settings: What decides the numbers.
        folder: Folder of all trainings.
        pairs: What the scores are where it is no data set, from
            `kiqa.reproduce.wadiqam.data.proxy_scores`.
        watched: Note the test images' loss each epoch.

    Returns:
        The folder of the training, and its result.
    """
    from kiqa.startup import start_keras

    start_keras()
    from kiqa.training.wadiqam.train import train_wadiqam

    images = {part: [task.name for task in parts[part]] for part in ("train", "val")}
    images["test"] = [task.name for task in parts["test"]] if watched else []
    told = json.dumps([settings_to_json(settings), images], sort_keys=True)
    kind = "wadiqam" if settings.pooling == "weighted" else "diqam"
    label = f"{kind}-{settings.mode}-{name}-split{settings.seed}"

    def say(text):
        report(f"{label}: {text}")

    workdir = folder / f"{label}-{hashlib.sha256(told.encode()).hexdigest()[:8]}"
    result = train_wadiqam(
        parts["train"], parts["val"], settings, workdir=workdir,
        trained_on=tasks_trained_on(parts["train"], parts["val"], **_scores_of(name, pairs)),
        test=parts.get("test", ()), watched=watched, resume=True, progress=sys.stderr.isatty(),
        report=say,
    )  # fmt: skip
    return workdir, result


def _scores_of(name, pairs):
    """What the scores of a data set are, for the weights file; "proxy" is no data set."""
    if name in DATASETS:
        return {"dataset": name, "scores": "human", "about": "MOS"}
    return {"dataset": None, **pairs}


def patch_outputs(
    pooler: "PatchPooler", tasks: Sequence[PatchTask], *, patches: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Rate random patches of images.

    Args:
        pooler: Of a network of `kiqa.models.wadiqam`.
        tasks: Images, with references if the network takes them.
        patches: Random patches an image, N_p.
        seed: Of their places; each image has its own, which depend on where it
            stands among the tasks.

    Returns:
        Qualities and weights (1 where the network has none), both of shape
        ``(images, patches)``.
    """
    from kiqa.training.wadiqam.batches import fixed_patches, patch_source

    found = []
    for at in range(0, len(tasks), _IMAGES_AT_ONCE):
        chosen = tasks[at : at + _IMAGES_AT_ONCE]
        paths = [task.path for task in chosen]
        references = references_of(chosen) if pooler.needs_reference else None
        source = patch_source(paths, references, keep_bytes=0)
        found.append(pooler.rate(*fixed_patches(source, patches, seed=seed + at)))
    values = np.concatenate(found).astype(float)
    quality = values[:, 0].reshape(-1, patches)
    weight = values[:, 1].reshape(-1, patches) if values.shape[1] > 1 else np.ones_like(quality)
    return quality, weight


def pooled_scores(quality: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the weighted mean over the patches of each image, shape (images,)."""
    return np.sum(quality * weight, axis=1) / np.sum(weight, axis=1)


def rated(
    file: Path, tests: Mapping[str, Sequence[PatchTask]], *, patches: int, seed: int
) -> dict[str, np.ndarray]:
    """Return scores of each test's images by a network in a file, higher is better."""
    from kiqa.io.weights import load_model, read_info
    from kiqa.maps.wadiqam import PatchPooler

    pooler, sign = PatchPooler(load_model(file)), 1 if read_info(file).higher_is_better else -1
    outputs = {
        name: patch_outputs(pooler, tasks, patches=patches, seed=seed)
        for name, tasks in tests.items()
    }
    return {name: sign * pooled_scores(*each) for name, each in outputs.items()}
