"""Train the first judge of `lite`, on the averages of the whole frozen body.

Public names: `fit_judge`, `JUDGE_FILE`.
"""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from kiqa.data.distortions.copies import AWFUL_SCORE, kept
from kiqa.io.files import replacing
from kiqa.training.lite.batches import array_plan
from kiqa.training.lite.network import as_inputs, compile_for, judge_of
from kiqa.training.lite.phase import train_phase
from kiqa.training.lite.settings import LiteSettings
from kiqa.training.lite.versions import FeatureSet
from kiqa.training.runs.run import RunOptions

JUDGE_FILE = "judge.npz"
_ALONE, _JUDGE = "judge-without-copies", "judge"  # folders of its two trainings
_STREAM = 1  # of random numbers


def fit_judge(
    model: keras.Model,
    versions: Sequence[FeatureSet],
    scores: np.ndarray,
    copies: FeatureSet | None,
    plan: Sequence[tuple[str, int, str | None, float]],
    settings: LiteSettings,
    run: RunOptions,
    *,
    folder: Path,
    trained: bool = False,
) -> np.ndarray:
    """Train the first judge, or read it; return the scores that the copies should get.

    Unrated images count as good as the judge finds them, trained without
    copies; then it is trained again, with them.

    Args:
        model: From `kiqa.training.lite.network.start_network`; its judge is
            changed in place.
        versions: Feature sets of the training images.
        scores: Their MOS, ``float32`` (n,).
        copies: Feature set of the degraded images, or ``None``.
        plan: What these are, of `kiqa.training.lite.versions.plan_copies`.
        settings: Of the run.
        run: How the run is run.
        folder: Of this training's features; keeps `JUDGE_FILE` and the
            checkpoints of a judge that is not finished.
        trained: The judge comes from a file: it rates the unrated images as
            it is.

    Returns:
        Scores of the copies, ``float32`` (m,).

    Raises:
        OSError: If a file cannot be read or written.
    """
    layers = [model.get_layer(name) for name in ("hidden", "judgement")]
    if (folder / JUDGE_FILE).is_file():
        with np.load(folder / JUDGE_FILE) as found:
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
            if not trained:
                epochs = -(-settings.judge_epochs // 2)
                inputs = as_inputs(model, averages)
                _fit(judge, inputs, wanted, settings, run, epochs=epochs, folder=folder / _ALONE)
            rated = judge.predict(as_inputs(model, copies.averages[own]), verbose=0)[:, 0]
            found = {plan[i][1]: float(score) for i, score in zip(own, rated, strict=True)}
        copy_scores = np.array([_copy_score(row, scores, found) for row in plan], np.float32)
        averages = np.concatenate([averages, copies.averages])
        weighted = np.stack([copy_scores, np.full_like(copy_scores, settings.copy_weight)], axis=1)
        wanted = np.concatenate([wanted, weighted])
    inputs, epochs = as_inputs(model, averages), settings.judge_epochs
    _fit(judge, inputs, wanted, settings, run, epochs=epochs, folder=folder / _JUDGE)
    weights = {
        f"{layer.name}/{i}": value
        for layer in layers
        for i, value in enumerate(layer.get_weights())
    }
    with replacing(folder / JUDGE_FILE) as temporary, open(temporary, "wb") as stream:
        np.savez(stream, copy_scores=copy_scores, **weights)
    return copy_scores


def _copy_score(row, scores, unrated):
    group, index, kind, position = row
    if group == "awful":
        return AWFUL_SCORE
    score = scores[index] if group == "train" else unrated[index]
    return score if kind is None else kept(score, position)


def _fit(judge, inputs, wanted, settings, run, *, epochs, folder):
    """Train the judge for some epochs, from the weights that it has."""

    def plan(epoch):
        return array_plan(
            inputs, wanted, batch_size=settings.judge_batch_size, seed=settings.seed,
            stream=_STREAM, epoch=epoch,
        )  # fmt: skip

    steps = len(plan(0)) * epochs
    compile_for(judge, settings, rate=settings.judge_learning_rate, steps=steps)
    # The folder is this training's own, whether its run was begun or not: features come first.
    train_phase(
        lambda: judge, plan, settings, run, model=judge, epochs=epochs, folder=folder, resume=True
    )
