"""Train `lite`: features of the frozen stages, a judge of them, then the tuned stages.

1. The first stages of the body, with ImageNet's weights, look once at every
   version of every image (`kiqa.training.lite.versions`).
2. The first judge trains on the averages of the whole frozen body.
3. A copy of the last stages, the head and the judge is fine-tuned; of a trained
   lite, its own one.
4. Both judges learn that a worse copy of an image scores lower (`kiqa.training.lite.order`).
5. With unrated images, the network of the maps is trained (`kiqa.training.lite.local`).
   Before it, the file is written, with the percentiles of the training images' scores and
   the interval of the validation images' errors.

The working folder then holds ``lite.h5``, ``features-.../``, the first judge in it,
``settings.json``, ``history.csv``, ``checkpoint.npz`` and ``result.json``, those of the
fourth step in ``order/``; with unrated images ``lite_local.h5``, and checkpoint and history
of its training in ``maps/``.

Public names: `train_lite`.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

import keras
import numpy as np

from kiqa.data.distortions.camera import require_jpeg2000
from kiqa.data.records import ScoredImage
from kiqa.data.trained import files_trained_on, trained_on
from kiqa.evaluation.correlation import srocc
from kiqa.io.files import sha256_of
from kiqa.io.images.headers import upright_size
from kiqa.maps.lite import LEAST_SIDE
from kiqa.training.lite.batches import epoch_plan
from kiqa.training.lite.judge import fit_judge
from kiqa.training.lite.local import train_local
from kiqa.training.lite.network import (
    UNTRAINED,
    as_inputs,
    compile_for,
    copy_judge,
    judge_of,
    set_scales,
    start_network,
    tail_of,
)
from kiqa.training.lite.order import good_images, teach_order
from kiqa.training.lite.publishing import export_lite
from kiqa.training.lite.settings import LiteSettings
from kiqa.training.lite.versions import FeatureSet, open_set, plan_copies, prepare
from kiqa.training.runs.history import score_numbers
from kiqa.training.runs.images import check_sides
from kiqa.training.runs.options import settings_to_json
from kiqa.training.runs.origin import details_of, file_of
from kiqa.training.runs.parts import record_rows, refuse_judged
from kiqa.training.runs.run import RunOptions, Training, run_training

OUTPUT, LOCAL_OUTPUT = "lite.h5", "lite_local.h5"
_UNRATED_SCORE, _GOOD = 0.8, 0.6  # what unrated images count as in maps; least MOS of others
_RATED_TOGETHER = 32
_PSEUDO = "pseudo-scores of degraded copies, and of the images themselves by the first judge"
_TUNING = ("epochs", "early_stopping", "learning_rate", "batch_size", "degraded", "devices")


def train_lite(
    train: Sequence[ScoredImage],
    validation: Sequence[ScoredImage],
    settings: LiteSettings,
    *,
    test: Sequence[ScoredImage] = (),
    unrated: Sequence[Path] = (),
    initial: str = "imagenet",
    **run: Unpack[RunOptions],
) -> dict:
    """Train the network and write its file.

    Args:
        train: Images with their MOS.
        validation: Images that choose the epoch and measure the interval.
        settings: What decides the numbers.
        test: Images of the test part; none of their content is trained on.
        unrated: Undistorted images without a MOS, to be degraded; none of the
            images of ``validation`` and ``test``.
        initial: ``"imagenet"`` or ``"random"``: the body's first weights. Or
            name or file of a ``lite`` of the same shape, whose judges and
            tuned stages are trained on, with the scales that it has.
        **run: `kiqa.training.runs.run.RunOptions`; ``workdir`` is required.

    Returns:
        The result: best epoch, its validation SROCC and PLCC, seconds.

    Raises:
        ValueError: If a part or an image is too small, a content is in two
            parts, an unrated image is of val or test, ``initial`` is another network,
            this Pillow has no JPEG 2000 for degraded copies, or the folder
            holds another run.
        FileNotFoundError: If ImageNet's weights are not installed, or
            ``initial`` is not there.
        OSError: If a file cannot be read or written.
    """
    start = _start(initial)
    parts = {"train": train, "val": validation, "test": test}
    unrated = sorted(unrated)
    _check(parts, unrated)
    if settings.copies or settings.unrated_copies or settings.order_epochs or unrated:
        require_jpeg2000()
    names = [(r.name, r.mos01, r.content) for r in (*train, *validation)]
    begun = initial if start in UNTRAINED else sha256_of(file_of(start))
    identity = {"images": names, "unrated": [path.name for path in unrated], "initial": begun}
    report = run.get("report", lambda message: None)
    wanted = np.array([record.mos01 for record in validation])
    stage = _Stage(settings, start)

    def build():
        deciding = {
            name: value
            for name, value in settings_to_json(settings).items()
            if name not in _TUNING and not name.startswith(("order_", "local_"))
        }
        digest = hashlib.sha256(json.dumps([identity, deciding]).encode()).hexdigest()[:8]
        folder = Path(run["workdir"], f"features-{digest}")
        return stage.build(train, validation, unrated, folder, run)

    def validate(tail):
        plain, other = (stage.rated(tail, features) for features in stage.checks)
        numbers, history_srocc = score_numbers(plain, wanted), srocc(other, wanted)
        return {
            **numbers,
            "val_history_srocc": history_srocc,
            "val_history_change": float(np.mean(np.abs(plain - other))),
            "val_both": (numbers["val_srocc"] + history_srocc) / 2,
        }

    def export(tail, folder):
        if settings.order_epochs:
            sources = [*unrated, *good_images(train, settings)]
            teach_order(stage.model, stage.versions, sources, (stage.checks, wanted), settings, run)
        report(f"scores {len(train) + len(validation)} images for percentiles and interval")
        export_lite(
            stage.model,
            folder / OUTPUT,
            train=[record.path for record in train],
            validation=[record.path for record in validation],
            wanted=wanted,
            trained_on=(
                *trained_on(train, validation, scores="human", about="MOS of whole images"),
                *files_trained_on(unrated, scores="pseudo", about=_PSEUDO),
            ),
            initial=start,
        )
        if unrated:
            good = [(path, _UNRATED_SCORE) for path in unrated]
            good += [(r.path, r.mos01) for r in train if r.mos01 > _GOOD][: len(unrated)]
            train_local(folder / OUTPUT, good, folder / LOCAL_OUTPUT, settings, **run)

    training = Training(
        settings=settings,
        parts=record_rows(parts),
        build=build,
        plan=stage.plan,
        validate=validate,
        export=export,
        monitor="val_both",
        initial=start,
        data={"unrated": len(unrated), "unrated_names": identity["unrated"]},
        extendable=False,
    )
    return run_training(training, **run)


class _Stage:
    """What the frozen stages give to the fine-tuning of the later ones.

    Attributes:
        model: The whole network; set by `build`, like the others.
        versions: Feature sets of the training images.
        checks: Those of the validation images: plain, and of other histories.
    """

    def __init__(self, settings: LiteSettings, initial: str | None):
        self._settings, self._initial = settings, initial
        self._trained = initial not in UNTRAINED
        self.model: keras.Model = None
        self.versions: list[FeatureSet] = []
        self.checks: list[FeatureSet] = []

    def build(self, train, validation, unrated, folder: Path, run: RunOptions) -> keras.Model:
        """Store features, train the first judge, and return the compiled tail."""
        settings = self._settings
        report = run.get("report", lambda message: None)
        self.model = start_network(settings, initial=self._initial)
        prepare(
            self.model, train, validation, unrated, settings,
            folder=folder, progress=run.get("progress", False), report=report,
        )  # fmt: skip
        names = ["plain", *(f"history{i}" for i in range(1, settings.versions + 1))]
        self.versions = [open_set(folder, name) for name in names]
        plan = plan_copies(train, unrated, settings)
        self._copies = open_set(folder, "copies") if plan else None
        self.checks = [open_set(folder, name) for name in ("val", "val-history")]
        self._scores = np.array([record.mos01 for record in train], np.float32)
        if not self._trained:
            set_scales(self.model, self.versions[0].averages)
        self._copy_scores = fit_judge(
            self.model, self.versions, self._scores, self._copies, plan, settings, run,
            folder=folder, trained=self._trained,
        )  # fmt: skip
        if not self._trained:
            copy_judge(self.model)
        self._judge = judge_of(self.model)
        tail = tail_of(self.model, settings)
        steps = len(self.plan(0)) * settings.epochs
        compile_for(tail, settings, rate=settings.learning_rate, steps=steps)
        return tail

    def plan(self, epoch: int):
        """Return the batches of an epoch."""
        settings = self._settings
        return epoch_plan(
            self.model, self.versions, self._scores, self._copies, self._copy_scores,
            copy_weight=settings.copy_weight, batch_size=settings.batch_size,
            degraded=settings.degraded, seed=settings.seed, epoch=epoch,
        )  # fmt: skip

    def rated(self, tail: keras.Model, features: FeatureSet) -> np.ndarray:
        """Return scores of stored images, the mean of both judges, ``float64`` (n,)."""
        scores = []
        for at in range(0, len(features), _RATED_TOGETHER):
            rows = slice(at, at + _RATED_TOGETHER)
            first = self._judge.predict_on_batch(as_inputs(self.model, features.averages[rows]))
            maps = np.asarray(features.maps[rows], np.float32)
            early = as_inputs(self.model, features.averages[rows], early=True)
            second = tail.predict_on_batch([maps, *early])
            count = len(maps)  # on several devices each computes, and says, the whole batch
            scores.append((first[:count, 0] + second[:count, 0]) / 2)
        return np.concatenate(scores).astype(np.float64)


def _start(initial):
    """``"imagenet"``, a trained lite, or ``None`` for random weights."""
    if initial in ("imagenet", "random"):
        return None if initial == "random" else initial
    details = details_of(initial)
    if details is None or details.mode != "lite":
        raise ValueError(
            "Expected --initial imagenet, random or a lite. Received: "
            f"{Path(initial).name}. Other networks have no place here."
        )
    return initial


def _check(parts, unrated):
    train, validation = parts["train"], parts["val"]
    if len(train) < 3 or len(validation) < 3:
        raise ValueError(
            f"Expected at least 3 images to train on and 3 to validate. Received: {len(train)} "
            f"and {len(validation)}. Use a split with train and val."
        )
    refuse_judged(unrated, parts)
    for path in [record.path for record in (*train, *validation)] + unrated:
        check_sides(path, upright_size(path), LEAST_SIDE)
