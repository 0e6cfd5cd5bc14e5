"""Train RNN-BIQA's pooling network, or the averaging it is compared with.

Public names: `train_pooling`, `pooling_network`, `compile_pooling`, `Rated`.

References:
    Korhonen et al. 2021, sections 4.3 and 4.4.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

import keras
import numpy as np
from keras import ops

from kiqa.constants import RNN_BIQA
from kiqa.models.rnn_biqa import build_average_biqa, build_rnn_biqa
from kiqa.training.rnn_biqa.batches import epoch_plan, predict_sequences
from kiqa.training.rnn_biqa.settings import PoolingSettings
from kiqa.training.runs.history import score_numbers
from kiqa.training.runs.optimizers import adam, compile_model, learning_rate
from kiqa.training.runs.replicas import whole_batch
from kiqa.training.runs.run import RunOptions, Training, run_training
from kiqa.training.runs.seeding import model_seed
from kiqa.training.runs.start import start_whole
from kiqa.training.runs.workdir import arrays_sha256

_BUILDERS = {"rnn": build_rnn_biqa, "average": build_average_biqa}


@dataclass(frozen=True, eq=False)
class Rated:
    """Images with features and scores.

    Attributes:
        names: Of the images.
        sequences: Of each image its features, shape (patches, features).
        mos: Their scores, MOS / 100 or on another scale 0..1.
        contents: Of each image its scene, unlike those of other data sets.
    """

    names: Sequence[str]
    sequences: Sequence[np.ndarray]
    mos: np.ndarray
    contents: Sequence[str]

    def __len__(self):
        return len(self.names)

    def rows(self) -> list[dict]:
        """Return the images as rows of a run's ``images.csv``."""
        columns = {"image_name": self.names, "content": self.contents, "score": self.mos}
        return [
            dict(zip(columns, values, strict=True))
            for values in zip(*columns.values(), strict=True)
        ]


def train_pooling(
    train: Rated,
    settings: PoolingSettings,
    *,
    validation: Rated | None = None,
    test: Rated | None = None,
    initial: str | os.PathLike | None = None,
    export: Callable[[keras.Model, Path], None] = lambda model, folder: None,
    **run: Unpack[RunOptions],
) -> tuple[keras.Model, dict]:
    """Train a pooling network on the features of rated images.

    The folder then holds the files of `kiqa.training.runs.run`, and what
    ``export`` writes.

    Args:
        train: Images to train on.
        settings: What decides the numbers; the method is ``"rnn"`` or
            ``"average"``.
        validation: Images that are predicted after each epoch, and choose it
            with ``keep="best"``.
        test: Images of the test part; none of their content is trained on.
        initial: Name or file of a pooling network of the same method and
            features to start from, its centring included; ``None`` is the
            paper's random weights.
        export: Writes the network with the weights kept into the folder.
        **run: `kiqa.training.runs.run.RunOptions`; ``workdir`` is required.

    Returns:
        The network with the weights kept, and the result: last or best epoch
        with its numbers, seconds.

    Raises:
        ValueError: If there are too few images, validation is missing where
            it chooses, a content is in two parts, an image has features or a
            score that are not finite, or the folder holds another run.
        OSError: If a file cannot be written; what is finished stays.
    """
    parts = {
        name: part
        for name, part in (("train", train), ("val", validation), ("test", test))
        if part is not None
    }
    _check(parts, settings)
    steps = len(_plan(train, settings, epoch=0))
    finished = []

    def build():
        network = pooling_network(train.sequences, settings)
        if initial is not None:
            start_whole(network, initial)
        return compile_pooling(network, settings, steps=steps)

    def validate(model):
        done = int(model.optimizer.iterations.numpy())
        rate = float(_rate(settings, steps)(done - 1))
        numbers = {"steps": done, "learning_rate": rate}
        if validation is None:
            return numbers
        predicted = predict_sequences(
            model, validation.sequences, masked=settings.masked, names=validation.names
        )
        return score_numbers(predicted, validation.mos) | numbers

    def finish(model, folder):
        finished.append(model)
        export(model, folder)

    training = Training(
        settings=settings,
        parts={name: part.rows() for name, part in parts.items()},
        build=build,
        plan=lambda epoch: _plan(train, settings, epoch=epoch),
        validate=validate,
        export=finish,
        monitor="val_srocc" if settings.keep == "best" else None,
        initial=initial,
        data={
            "features_sha256": arrays_sha256(
                *(sequence for part in parts.values() for sequence in part.sequences)
            )
        },
    )
    result = run_training(training, **run)
    return finished[0], result


def pooling_network(sequences: Sequence[np.ndarray], settings: PoolingSettings) -> keras.Model:
    """Build the network that the settings name, centred on training sequences.

    Args:
        sequences: Each of shape (patches, features).
        settings: What decides the numbers.

    Returns:
        Network with random weights, of `kiqa.models.rnn_biqa`.
    """
    mean, variance = _statistics(sequences)
    return _BUILDERS[settings.method](
        features=sequences[0].shape[1],
        masked=settings.masked,
        mean=mean,
        variance=variance if settings.normalisation == "standardise" else None,
        seed=model_seed(settings.seed),
    )


def _statistics(sequences):
    """Mean and variance of each feature over all patches; 1 for one that never changes."""
    count, total, squares = 0, 0.0, 0.0
    for sequence in sequences:
        values = sequence.astype(np.float64)
        count += len(values)
        total, squares = total + values.sum(axis=0), squares + (values**2).sum(axis=0)
    mean = total / count
    variance = squares / count - mean**2
    return mean, np.where(variance > 1e-12 * np.maximum(1, mean**2), variance, 1)


def compile_pooling(model: keras.Model, settings: PoolingSettings, *, steps: int) -> keras.Model:
    """Give a network its optimiser, loss and penalty.

    Args:
        model: From `pooling_network`; compiled in place.
        settings: What decides the numbers.
        steps: Batches of an epoch.

    Returns:
        The same model.
    """
    for variable in model.trainable_variables:
        if variable.name != "bias" and settings.l2:  # its gradient is l2 times the weight
            variable.regularizer = keras.regularizers.L2(settings.l2 / 2)
    compile_model(
        model,
        optimizer=adam(
            _rate(settings, steps),
            beta_1=settings.beta_1,
            beta_2=settings.beta_2,
            epsilon=RNN_BIQA.epsilon,
        ),
        loss=whole_batch(_huber(settings)),
    )
    return model


def _huber(settings):
    reduce = ops.sum if settings.loss_reduction == "sum" else ops.mean

    def loss(target, predicted):
        return reduce(keras.losses.huber(target, predicted, delta=settings.huber_delta))

    return loss


def _rate(settings, steps):
    return learning_rate(
        settings.learning_rate, schedule="staircase", steps=steps, factor=settings.rate_decay
    )


def _plan(train, settings, *, epoch):
    return epoch_plan(
        train.sequences, train.mos, batch_size=settings.batch_size, masked=settings.masked,
        whole_batches=settings.whole_batches, seed=settings.seed, epoch=epoch, names=train.names,
    )  # fmt: skip


def _check(parts, settings):
    train, validation = parts["train"], parts.get("val")
    if settings.method not in _BUILDERS:
        raise ValueError(
            f"Expected a method with a network, one of {', '.join(_BUILDERS)}. "
            f"Received: {settings.method!r}."
        )
    least = settings.batch_size if settings.whole_batches else 1
    if len(train) < least:
        raise ValueError(
            f"Expected at least {least} images to train on, one batch. Received: {len(train)}."
        )
    if validation is None and settings.keep == "best":
        raise ValueError("Expected validation images with keep='best'. Received: none.")
    if validation is not None and len(validation) < 3:
        raise ValueError(f"Expected at least 3 images to validate. Received: {len(validation)}.")
    bad = [
        name
        for part in parts.values()
        for name, sequence, mos in zip(part.names, part.sequences, part.mos, strict=True)
        if not (np.isfinite(mos) and np.isfinite(sequence).all())
    ]
    if bad:
        raise ValueError(
            "Expected finite features and a finite score of every image. Received: "
            f"{len(bad)} without, such as {bad[:3]}. Correct them or leave these images out."
        )
