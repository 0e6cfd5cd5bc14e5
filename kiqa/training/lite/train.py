"""Train `lite`: features of the frozen stages, a judge of them, then the tuned stages.

1. The first stages of the body, with ImageNet's weights, look once at every
   version of every image (`kiqa.training.lite.versions`).
2. The first judge trains on the averages of the whole frozen body.
3. A copy of the last stages, the head and the judge is fine-tuned.
4. With unrated images, the network of the maps is trained (`kiqa.training.lite.local`).
   Before it, the file is written, with the percentiles of the training images' scores and
   the interval of the validation images' errors.

The working folder then holds ``lite.h5``, ``features/``, ``judge.npz``,
``settings.json``, ``history.csv``, ``checkpoint.npz`` and ``result.json``.

Public names: `train_lite`.
"""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np

from kiqa.data.records import ScoredImage
from kiqa.evaluation.correlation import srocc
from kiqa.evaluation.report import write_json
from kiqa.io.whole_files import replacing
from kiqa.training.checkpoint import read_checkpoint
from kiqa.training.epochs import train_to_best
from kiqa.training.lite.batches import TailBatches
from kiqa.training.lite.copies import AWFUL_SCORE, kept
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
from kiqa.training.mos_epochs import best_numbers, epoch_numbers, history_writer
from kiqa.training.seeding import epoch_rng
from kiqa.training.settings import settings_to_json
from kiqa.training.workdir import open_workdir, text_sha256

FEATURES, JUDGE_FILE = "features", "judge.npz"
CHECKPOINT_FILE, OUTPUT = "checkpoint.npz", "lite.h5"
LOCAL_OUTPUT = "lite_local.h5"
_UNRATED_SCORE, _GOOD = 0.8, 0.6  # what unrated images count as in maps; least MOS of others
_RATED_TOGETHER = 32


def train_lite(
    train: Sequence[ScoredImage],
    validation: Sequence[ScoredImage],
    settings: LiteSettings,
    *,
    workdir: str | os.PathLike,
    unrated: Sequence[Path] = (),
    resume: bool = False,
    progress: bool = False,
    report: Callable[[str], None] = lambda message: None,
) -> dict:
    """Train the network and write its file.

    Args:
        train: Images with their MOS.
        validation: Images that choose the epoch and measure the interval.
        settings: What decides the numbers.
        workdir: Folder of the run.
        unrated: Undistorted images without a MOS, to be degraded.
        resume: Continue the run in the folder.
        progress: Show bars, if standard error is a terminal.
        report: Told one line at each step.

    Returns:
        The best epoch's numbers, epochs, seconds.

    Raises:
        ValueError: If a part is too small, a content is in both, or the
            folder holds another run.
        FileNotFoundError: If ImageNet's weights are not installed.
        OSError: If a file cannot be read or written.
    """
    _check(train, validation)
    unrated = sorted(unrated) if settings.unrated_copies else []
    model = start_network(settings)
    rows = [(r.name, r.mos01, r.content) for r in (*train, *validation)]
    workdir = open_workdir(
        workdir,
        settings=settings_to_json(settings),
        data={
            "train": len(train),
            "val": len(validation),
            "unrated": len(unrated),
            "sha256": text_sha256(repr((rows, [path.name for path in unrated]))),
        },
        resume=resume,
    )
    folder = workdir / FEATURES
    prepare(
        model, train, validation, unrated, settings,
        folder=folder, progress=progress, report=report,
    )  # fmt: skip
    names = ["plain", *(f"history{i}" for i in range(1, settings.versions + 1))]
    versions = [open_set(folder, name) for name in names]
    plan = plan_copies(train, unrated, settings)
    copies = open_set(folder, "copies") if plan else None
    checks = [open_set(folder, name) for name in ("val", "val-history")]
    scores = np.array([record.mos01 for record in train], np.float32)
    wanted = np.array([record.mos01 for record in validation])

    set_scales(model, versions[0].averages)
    began = time.monotonic()
    copy_scores = _fit_judge(
        model, versions, scores, copies, plan, settings, file=workdir / JUDGE_FILE
    )
    copy_judge(model)
    report(f"first judge: {time.monotonic() - began:.0f} s")

    tail = tail_of(model, settings)
    steps = len(TailBatches(
        model, versions, scores, copies, copy_scores, copy_weight=settings.copy_weight,
        batch=settings.batch, degraded=settings.degraded, seed=settings.seed, epoch=0,
    ))  # fmt: skip
    compile_for(tail, settings, rate=settings.learning_rate, steps=steps * settings.epochs)

    def run_epoch(epoch):
        began = time.monotonic()
        batches = TailBatches(
            model, versions, scores, copies, copy_scores, copy_weight=settings.copy_weight,
            batch=settings.batch, degraded=settings.degraded, seed=settings.seed, epoch=epoch,
        )  # fmt: skip
        keras.utils.set_random_seed(_dropout_seed(settings.seed, epoch))
        history = tail.fit(batches, shuffle=False, verbose=2 if progress else 0)
        plain, other = (_rated(model, tail, features) for features in checks)
        numbers = epoch_numbers(history.history["loss"], plain, wanted, began=began)
        history_srocc = srocc(other, wanted)
        return {
            **numbers,
            "val_history_srocc": history_srocc,
            "val_history_change": float(np.mean(np.abs(plain - other))),
            "val_both": (numbers["val_srocc"] + history_srocc) / 2,
        }

    path = workdir / CHECKPOINT_FILE
    state = train_to_best(
        tail,
        run_epoch=run_epoch,
        epochs=settings.epochs,
        monitor="val_both",
        maximise=True,
        checkpoint_path=path,
        resume_from=read_checkpoint(path) if resume and path.is_file() else None,
        after_epoch=history_writer(workdir, report),
    )
    predicted = _rated(model, tail, versions[0]), _rated(model, tail, checks[0])
    export_lite(
        model,
        workdir / OUTPUT,
        trained=predicted[0],
        validated=predicted[1],
        wanted=wanted,
        trained_on=f"MOS of {len(train)} images of {train[0].dataset}; pseudo-scores of "
        f"{len(copy_scores)} degraded images",
        started_from=settings.initial,
    )
    if unrated:
        good = [(path, _UNRATED_SCORE) for path in unrated]
        good += [(r.path, r.mos01) for r in train if r.mos01 > _GOOD][: len(unrated)]
        train_local(
            workdir / OUTPUT, good, workdir / LOCAL_OUTPUT, seed=settings.seed, report=report
        )
    result = best_numbers(state)
    write_json(result, workdir / "result.json")
    return result


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
    keras.utils.set_random_seed(_dropout_seed(settings.seed, 0))
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
        scores.append((first[:, 0] + second[:, 0]) / 2)
    return np.concatenate(scores).astype(np.float64)


def _dropout_seed(seed, epoch):
    return int(epoch_rng(seed, 2, epoch=epoch).integers(2**31))


def _check(train, validation):
    if len(train) < 3 or len(validation) < 3:
        raise ValueError(
            f"Expected at least 3 images to train on and 3 to validate. Received: {len(train)} "
            f"and {len(validation)}. Use a split with train and val."
        )
    shared = sorted({r.content for r in train} & {r.content for r in validation})
    if shared:
        raise ValueError(
            "Expected every scene on one side of the split. Received: "
            f"{len(shared)} in both train and val, such as {shared[:3]}."
        )
