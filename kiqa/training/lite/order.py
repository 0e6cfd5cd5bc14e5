"""Teach the judges of a trained `lite` an order: a worse copy of an image scores lower.

The body stays; the dense layers of both judges are trained, on averages of its maps.
A step has training images, as they are or with another history, which should keep
the score that they have, so that nothing else changes; and series: of an image, for
each distortion, copies of rising severity. A copy should score lower than the milder
one before it, by a margin. That is all that is said of copies: no score, as nobody has
rated them. What the body makes of the copies is stored, so that an interrupted step
continues.

Public names: `teach_order`, `good_images`.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
from keras import ops
from tqdm import tqdm

from kiqa.data.distortions.copies import KINDS, degraded
from kiqa.data.plans import in_batches, shuffled
from kiqa.data.records import ScoredImage
from kiqa.evaluation.correlation import srocc
from kiqa.io.files import contents_sha256, replacing
from kiqa.io.images import load_image
from kiqa.maps.network_function import network_function
from kiqa.models.lite import JUDGES, PARTS, TUNED, split
from kiqa.training.lite.batches import array_plan
from kiqa.training.lite.network import DENSE, start_network, stored_stage
from kiqa.training.lite.phase import train_phase
from kiqa.training.lite.settings import LiteSettings
from kiqa.training.lite.versions import TOGETHER, FeatureSet, averages_of, squared, together
from kiqa.training.runs.optimizers import adam, compile_model, learning_rate
from kiqa.training.runs.replicas import whole_batch
from kiqa.training.runs.run import RunOptions
from kiqa.training.runs.seeding import epoch_rng
from kiqa.training.runs.workdir import arrays_sha256, text_sha256

_LEVELS = 4  # copies of an image by one distortion
_SERIES = _LEVELS * len(KINDS)  # copies of an image
_SOFTNESS = 0.005  # of the margin, in scores
_STREAM, _WHICH = 5, 6  # of random numbers


def teach_order(
    model: keras.Model,
    versions: Sequence[FeatureSet],
    sources: Sequence[Path],
    checks: tuple[Sequence[FeatureSet], np.ndarray],
    settings: LiteSettings,
    run: RunOptions,
) -> None:
    """Train the judges on.

    Args:
        model: A trained network; its judges are changed in place.
        versions: Feature sets of images that keep their scores.
        sources: Files of images to degrade.
        checks: Feature sets of the validation images, plain and with other
            histories, and their MOS, which each row of the history tells.
        settings: What decides the numbers: ``seed``, ``devices`` and those
            whose names begin with ``order``.
        run: How the run is run; checkpoint, history and the averages of the
            copies are in ``order`` of its ``workdir``.

    Raises:
        ValueError: If an image cannot be read.
        OSError: If a file cannot be read or written.
    """
    folder = Path(run["workdir"], "order")
    series = _series(model, sources, settings.seed, folder=folder, run=run)
    averages = _averages(model, settings.variant)
    kept = np.concatenate([averages(features) for features in versions])
    checked = [averages(features) for features in checks[0]]
    weights, rows = model.get_weights(), np.concatenate([kept, series])
    rate = _judges(weights, settings)
    targets = np.zeros((len(rows), 3), np.float32)  # score, whether it stays, whether it falls
    targets[: len(kept), 0] = rate.predict(_inputs(rate, kept), verbose=0)[:, 0]
    targets[: len(kept), 1] = 1
    targets[len(kept) :, 2] = np.arange(len(series)) % _LEVELS > 0
    inputs = _inputs(rate, rows)

    def plan(epoch):
        return array_plan(
            inputs, targets, seed=settings.seed, stream=_STREAM, epoch=epoch,
            order=_order(len(kept), len(sources), settings, epoch=epoch),
        )  # fmt: skip

    def build():
        judges = _judges(weights, settings)
        steps = len(plan(0)) * settings.order_epochs
        rate = learning_rate(settings.order_learning_rate, schedule="cosine", steps=steps)
        loss = _loss(settings.order_weight, settings.order_margin)
        compile_model(judges, optimizer=adam(rate), loss=whole_batch(loss))
        return judges

    def validate(judges):
        plain, other = (judges.predict(_inputs(judges, c), verbose=0)[:, 0] for c in checked)
        return {"val_srocc": srocc(plain, checks[1]), "val_history_srocc": srocc(other, checks[1])}

    judges = train_phase(
        build, plan, settings, run, epochs=settings.order_epochs, validate=validate,
        folder=folder, resume=run.get("resume", False),
    )  # fmt: skip
    for name in (f"{prefix}{name}" for prefix in JUDGES for name in DENSE):
        model.get_layer(name).set_weights(judges.get_layer(name).get_weights())


def good_images(train: Sequence[ScoredImage], settings: LiteSettings) -> list[Path]:
    """Draw ``order_images`` of the better half of the training images."""
    better = sorted(train, key=lambda record: record.mos01)[len(train) // 2 :]
    rng = np.random.default_rng([settings.seed, _WHICH])
    chosen = rng.permutation(len(better))[: settings.order_images]
    return [better[index].path for index in chosen]


def _judges(weights, settings):
    """Both judges and their mean, of averages, without dropout: rows keep what is scored."""
    twin = start_network(replace(settings, dropout=0.0, l2=0.0), initial=None)
    twin.set_weights(weights)
    return split(twin)[1]


def _inputs(rate, rows):
    """Cut rows of averages into the judges' inputs: means, then powers."""
    edges = np.cumsum([part.shape[-1] for part in rate.inputs])[:-1]
    return np.split(rows, edges, axis=1)


def _averages(model, variant):
    """From a feature set to averages of all maps; those of the tuned ones come from stage 4."""
    tuned = [model.get_layer(f"{name}_mean").input for name in PARTS if name.startswith(TUNED)]
    look = network_function(keras.Model(stored_stage(model, variant), tuned))

    def averages(features):
        places = range(0, len(features), TOGETHER)
        maps = (np.asarray(features.maps[at : at + TOGETHER], np.float32) for at in places)
        later = np.concatenate([averages_of(look(some)) for some in maps])
        halves = [np.split(part, 2, axis=1) for part in (features.averages, later)]
        return np.concatenate([part for half in zip(*halves, strict=True) for part in half], axis=1)

    return averages


def _series(model, sources, seed, *, folder, run):
    """Rows of the copies of each image, by distortion and by rising severity.

    They are stored in ``folder``, under the hash of what they are made from.
    """
    made_from = arrays_sha256(*model.get_weights()), contents_sha256(sources), seed
    file = folder / f"copies-{text_sha256(repr(made_from))[:8]}.npy"
    if file.is_file():
        return np.load(file)
    report = run.get("report", lambda message: None)
    report(f"order: looks at {_SERIES * len(sources)} copies of {len(sources)} images first")
    look = network_function(split(model)[0], dtype="uint8")
    progress = run.get("progress", False)

    def images():
        shown = tqdm(sources, desc="order", leave=False, disable=None if progress else True)
        for index, path in enumerate(shown):
            pixels, rng = load_image(path).pixels, np.random.default_rng([seed, _STREAM, index])
            for kind in KINDS:
                for level in range(_LEVELS):
                    position = float((level + rng.random()) / _LEVELS)
                    yield squared(degraded(pixels, kind, position, rng=rng))

    rows = np.concatenate([averages_of(look(batch)) for batch in together(images())])
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(file) as temporary, open(temporary, "wb") as stored:
        np.save(stored, rows)
    return rows


def _order(count, sources, settings, *, epoch):
    """Rows of each batch: images that keep their scores, and whole series."""
    rng = epoch_rng(settings.seed, _STREAM, epoch=epoch)
    batches = in_batches(shuffled(count, rng), settings.order_batch_size)
    chosen = np.resize(shuffled(sources, rng), (len(batches), settings.order_series))
    rows = count + chosen[..., None] * _SERIES + np.arange(_SERIES)
    return [np.concatenate([a, b.reshape(-1)]) for a, b in zip(batches, rows, strict=True)]


def _loss(weight, margin):
    def loss(wanted, found):
        score, stays, falls = (wanted[:, i : i + 1] for i in range(3))
        changed = ops.sum(stays * ops.square(found - score)) / ops.sum(stays)
        rise = (found - ops.roll(found, 1, axis=0) + margin) / _SOFTNESS
        order = _SOFTNESS * ops.sum(falls * ops.softplus(rise)) / ops.sum(falls)
        return changed + weight * order

    return loss
