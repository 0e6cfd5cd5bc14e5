"""Train `lite`: features of the frozen stages, a judge of them, then the tuned stages.

1. The first stages of the body, with ImageNet's weights, look once at every
   version of every image (`kiqa.training.lite.versions`).
2. The first judge trains on the averages of the whole frozen body.
3. A copy of the last stages, the head and the judge is fine-tuned.
4. With unrated images, the network of the maps is trained (`kiqa.training.lite.local`).
   Before it, the file is written, with the percentiles of the training images' scores and
   the interval of the validation images' errors.

The working folder then holds ``lite.h5``, ``features-.../``, the first judge in it,
``settings.json``, ``history.csv``, ``checkpoint.npz`` and ``result.json``.

Public names: `train_lite`.
"""

import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Unpack

import keras
import numpy as np

from kiqa.data.distortions.copies import AWFUL_SCORE, kept
from kiqa.data.records import ScoredImage
from kiqa.data.trained import files_trained_on, trained_on
from kiqa.evaluation.correlation import srocc
from kiqa.io.files import replacing
from kiqa.training.lite.batches import epoch_plan
from kiqa.training.lite.local import train_local
from kiqa.training.lite.network import (
    as_inputs,
    compile_for,
    copy_judge,
    judge_of,
    set_scales,
    start_network,
    tail_of,
)
from kiqa.training.lite.publishing import export_lite
from kiqa.training.lite.settings import LiteSettings
from kiqa.training.lite.versions import FeatureSet, open_set, plan_copies, prepare
from kiqa.training.runs.history import score_numbers
from kiqa.training.runs.options import settings_to_json
from kiqa.training.runs.parts import refuse_judged, refuse_shared_contents
from kiqa.training.runs.run import RunOptions, Training, run_training
from kiqa.training.runs.seeding import epoch_rng

JUDGE_FILE, OUTPUT, LOCAL_OUTPUT = "judge.npz", "lite.h5", "lite_local.h5"
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
        initial: ``"imagenet"`` or ``"random"``: the body's first weights.
        **run: `kiqa.training.runs.run.RunOptions`; ``workdir`` is required.

    Returns:
        The result: best epoch, its validation SROCC and PLCC, seconds.

    Raises:
        ValueError: If a part is too small, a content is in two parts, an
            unrated image is of val or test, or the folder holds another run.
        FileNotFoundError: If ImageNet's weights are not installed.
        OSError: If a file cannot be read or written.
    """
    start = _start(initial)
    parts = {"train": train, "val": validation, "test": test}
    unrated = sorted(unrated) if settings.unrated_copies else []
    _check(parts, unrated)
    names = [(r.name, r.mos01, r.content) for r in (*train, *validation)]
    told = {"images": names, "unrated": [path.name for path in unrated], "initial": initial}
    wanted = np.array([record.mos01 for record in validation])
    stage = _Stage(settings, start)

    def build():
        kept = {k: v for k, v in settings_to_json(settings).items() if k not in _TUNING}
        digest = hashlib.sha256(json.dumps([told, kept]).encode()).hexdigest()[:8]
        folder = Path(run["workdir"], f"features-{digest}")
        return stage.build(train, validation, unrated, folder, run)

    def validate(tail):
        plain, other = (_rated(stage.model, tail, features) for features in stage.checks)
        numbers, history_srocc = score_numbers(plain, wanted), srocc(other, wanted)
        return {
            **numbers,
            "val_history_srocc": history_srocc,
            "val_history_change": float(np.mean(np.abs(plain - other))),
            "val_both": (numbers["val_srocc"] + history_srocc) / 2,
        }

    def export(tail, folder):
        export_lite(
            stage.model,
            folder / OUTPUT,
            trained=_rated(stage.model, tail, stage.versions[0]),
            validated=_rated(stage.model, tail, stage.checks[0]),
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
            report = run.get("report", lambda message: None)
            local = folder / LOCAL_OUTPUT
            train_local(folder / OUTPUT, good, local, seed=settings.seed, report=report)

    training = Training(
        settings=settings,
        parts={part: [_row(record) for record in records] for part, records in parts.items()},
        build=build,
        plan=stage.plan,
        validate=validate,
        export=export,
        monitor="val_both",
        initial=start,
        data={"unrated": len(unrated), "unrated_names": told["unrated"]},
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
        set_scales(self.model, self.versions[0].averages)
        began = time.monotonic()
        self._copy_scores = _fit_judge(
            self.model, self.versions, self._scores, self._copies, plan, settings,
            file=folder / JUDGE_FILE,
        )  # fmt: skip
        copy_judge(self.model)
        report(f"first judge: {time.monotonic() - began:.0f} s")
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


def _start(initial):
    """``"imagenet"``, or ``None`` for random weights."""
    if initial not in ("imagenet", "random"):
        raise ValueError(
            f"Expected --initial imagenet or random. Received: {initial!r}. Other bodies have no "
            "place here."
        )
    return None if initial == "random" else initial


def _row(record) -> dict[str, Any]:
    return {"image_name": record.name, "content": record.content, "mos01": record.mos01}


def _fit_judge(model, versions, scores, copies, plan, settings, *, file):
    """Train the first judge, or read it; return the scores that the copies should get.

    Unrated images count as good as the judge finds them, trained without
    copies; then it is trained again, with them.
    """
    layers = [model.get_layer(name) for name in ("hidden", "judgement")]
    if file.is_file():
        with np.load(file) as found:
            for layer in layers:
                layer.set_weights([found[f"{layer.name}/{i}"] for i in range(2)])
            return found["copy_scores"]
    judge = judge_of(model)
    averages = np.concatenate([features.averages for features in versions])
    wanted = np.tile(scores, len(versions))
    wanted = np.stack([wanted, np.ones_like(wanted)], axis=1)
    copy_scores = np.zeros(0, np.float32)
    if copies is not None:
        own = [i for i, (group, _, kind, _) in enumerate(plan) if group == "unrated" and not kind]
        found = {}
        if own:
            _fit(model, judge, averages, wanted, settings, epochs=-(-settings.judge_epochs // 2))
            rated = judge.predict(as_inputs(model, copies.averages[own]), verbose=0)[:, 0]
            found = {plan[i][1]: float(score) for i, score in zip(own, rated, strict=True)}
        copy_scores = np.array([_copy_score(row, scores, found) for row in plan], np.float32)
        averages = np.concatenate([averages, copies.averages])
        weighted = np.stack([copy_scores, np.full_like(copy_scores, settings.copy_weight)], axis=1)
        wanted = np.concatenate([wanted, weighted])
    _fit(model, judge, averages, wanted, settings, epochs=settings.judge_epochs)
    weights = {
        f"{layer.name}/{i}": value
        for layer in layers
        for i, value in enumerate(layer.get_weights())
    }
    with replacing(file) as temporary, open(temporary, "wb") as stream:
        np.savez(stream, copy_scores=copy_scores, **weights)
    return copy_scores


def _copy_score(row, scores, unrated):
    group, index, kind, position = row
    if group == "awful":
        return AWFUL_SCORE
    score = scores[index] if group == "train" else unrated[index]
    return score if kind is None else kept(score, position)


def _fit(model, judge, averages, wanted, settings, *, epochs):
    """Train the first judge on averages for some epochs."""
    steps = -(-len(wanted) // settings.judge_batch)
    compile_for(judge, settings, rate=settings.judge_rate, steps=steps * epochs)
    for epoch in range(epochs):
        order = epoch_rng(settings.seed, 1, epoch=epoch).permutation(len(wanted))
        judge.fit(
            as_inputs(model, averages[order]),
            wanted[order],
            batch_size=settings.judge_batch,
            shuffle=False,
            verbose=0,
        )


def _rated(model, tail, features: FeatureSet) -> np.ndarray:
    """The network's scores of stored images, the mean of both judges, ``float64`` (n,)."""
    judge, scores = judge_of(model), []
    for at in range(0, len(features), _RATED_TOGETHER):
        some = slice(at, at + _RATED_TOGETHER)
        first = judge.predict_on_batch(as_inputs(model, features.averages[some]))
        maps = np.asarray(features.maps[some], np.float32)
        early = as_inputs(model, features.averages[some], early=True)
        second = tail.predict_on_batch([maps, *early])
        count = len(maps)  # on several devices each computes, and says, the whole batch
        scores.append((first[:count, 0] + second[:count, 0]) / 2)
    return np.concatenate(scores).astype(np.float64)


def _check(parts, unrated):
    train, validation = parts["train"], parts["val"]
    if len(train) < 3 or len(validation) < 3:
        raise ValueError(
            f"Expected at least 3 images to train on and 3 to validate. Received: {len(train)} "
            f"and {len(validation)}. Use a split with train and val."
        )
    refuse_shared_contents(
        {part: [_row(record) for record in records] for part, records in parts.items()}
    )
    refuse_judged(unrated, parts)
