"""The student: a ResNet-18 body with a teacher's head, and the body as a rater.

Public names: `compile_student`, `body_of`, `rater_of`.
"""

import os

import keras
import numpy as np
from keras import ops

from kiqa.constants import PAQ2PIQ
from kiqa.models.resnet18 import build_resnet18
from kiqa.training.resnet18.settings import DistillationSettings
from kiqa.training.resnet18.teacher import TeacherFeatures
from kiqa.training.runs.optimizers import adam, compile_model, learning_rate
from kiqa.training.runs.replicas import squared_error, whole_batch
from kiqa.training.runs.seeding import model_seed
from kiqa.training.runs.start import freeze_stages, start_whole

_PROBED = 4096  # patches whose qualities give their variance


def compile_student(
    hints: TeacherFeatures,
    settings: DistillationSettings,
    *,
    steps: int,
    initial: str | os.PathLike | None = None,
) -> keras.Model:
    """Build the body with the teacher's head as one model.

    Args:
        hints: A teacher's features, whose mean and deviation its head's input
            gets; the head is not trained.
        settings: What decides the numbers.
        steps: Batches of an epoch.
        initial: Name or file of a ResNet-18 whose weights the body starts
            from; ``None`` is random weights.

    Returns:
        Compiled model of crops, (n, side, side, 3), to the standardised
        ``"features"`` of their cells, (n, side // 32, side // 32, c), and the
        ``"quality"`` that the head gives to these.
    """
    body = build_resnet18(seed=model_seed(settings.seed))
    if initial is not None:
        start_whole(body, initial)
    freeze_stages(body, settings.frozen_stages)
    learned = keras.layers.Dense(
        len(hints.mean),
        kernel_initializer=keras.initializers.LecunNormal(model_seed(settings.seed, 1)),
        dtype="float32",
        name="features",
    )
    pixels = keras.Input((settings.side, settings.side, 3), name="pixels")
    features = learned(body(pixels))
    rows = _Cells(hints, name="cells")(features)
    cells = settings.side // PAQ2PIQ.stride
    quality = _Square(cells, name="quality")(hints.head(rows)["quality"])
    model = keras.Model(pixels, {"features": features, "quality": quality}, name="student")
    probe = hints.quality[:: max(1, len(hints.quality) // _PROBED)]
    compile_model(
        model,
        optimizer=adam(
            learning_rate(settings.learning_rate, schedule="cosine", steps=settings.epochs * steps),
            ema_momentum=settings.ema_momentum,
        ),
        loss={"features": whole_batch(squared_error), "quality": whole_batch(squared_error)},
        loss_weights={
            "features": 1.0,
            "quality": settings.quality_weight / float(np.var(probe)),
        },
    )
    return model


def body_of(student: keras.Model) -> keras.Model:
    """Return the body of a model of `compile_student`."""
    return student.get_layer("resnet18")


def rater_of(student: keras.Model, hints: TeacherFeatures) -> keras.Model:
    """Return the body with the teacher's head for images of any size.

    Args:
        student: From `compile_student`; layers are shared.
        hints: The same as there.

    Returns:
        Model of images, (n, H, W, 3), to what the head says of all cells.
    """
    body = body_of(student)
    rows = student.get_layer("cells")(student.get_layer("features")(body.output))
    return keras.Model(body.inputs[0], hints.head(rows), name="rater")


class _Cells(keras.layers.Layer):
    """Standardised features of all positions as the teacher's, one row each."""

    def __init__(self, hints, **options):
        super().__init__(dtype="float32", **options)
        self._mean, self._deviation = hints.mean, hints.deviation

    def call(self, features):
        return ops.reshape(features, (-1, len(self._mean))) * self._deviation + self._mean

    def compute_output_shape(self, shape):
        return (None, len(self._mean))


class _Square(keras.layers.Layer):
    """Rows of a batch as squares of cells."""

    def __init__(self, cells, **options):
        super().__init__(dtype="float32", **options)
        self._cells = cells

    def call(self, values):
        return ops.reshape(values, (-1, self._cells, self._cells))

    def compute_output_shape(self, shape):
        return (None, self._cells, self._cells)
