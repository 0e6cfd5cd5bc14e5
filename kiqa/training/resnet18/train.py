"""Train a ResNet-18 to see what a trained WaDIQaM sees: a start for PaQ-2-PiQ.

PaQ-2-PiQ starts from ImageNet's weights. Where those are not at hand, its
body can learn the features of a network that was trained on the same pictures:
both have 512 features for each 32 pixels. The centre of the body's position
(i, j) is pixel (32 i, 32 j); crops begin in the middle of a patch of the
teacher, so that centres meet.

A linear layer, of the training only, makes the teacher's features of the
body's. The loss is their mean squared error, each over its deviation, plus
that of the quality which the teacher's head gives to them, over its variance.
A WaDIQaM's weighted mean over the student's features rates the validation
pictures. Runs on any Keras backend.

Public names: `distil_resnet18`, `WEIGHTS_FILE`.

References:
    A. Romero, N. Ballas, S. Ebrahimi Kahou, A. Chassang, C. Gatta, Y. Bengio,
    FitNets: hints for thin deep nets, ICLR 2015.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from tqdm import tqdm

from kiqa import __version__
from kiqa.constants import PAQ2PIQ
from kiqa.data.records import ScoredImage
from kiqa.data.trained import in_chain, trained_on
from kiqa.evaluation.report import write_json
from kiqa.io.weights import Details, export_h5
from kiqa.models.resnet18 import build_resnet18
from kiqa.training.resnet18.batches import crop_batches, rate_pictures
from kiqa.training.resnet18.settings import DistillationSettings
from kiqa.training.resnet18.teacher import load_teacher, write_teacher_features
from kiqa.training.runs.checkpoint import read_checkpoint
from kiqa.training.runs.devices import jit_compile, number_format
from kiqa.training.runs.epochs import train_to_best
from kiqa.training.runs.history import best_numbers, epoch_numbers, history_writer
from kiqa.training.runs.origin import details_of
from kiqa.training.runs.packed import pack_pictures
from kiqa.training.runs.seeding import model_seed
from kiqa.training.runs.settings import settings_to_json
from kiqa.training.runs.workdir import open_workdir, text_sha256

WEIGHTS_FILE = "resnet18.h5"
_PROBED = 4096  # patches whose qualities give their variance


def distil_resnet18(
    train: Sequence[ScoredImage],
    validation: Sequence[ScoredImage],
    settings: DistillationSettings,
    *,
    teacher: str | os.PathLike,
    workdir: str | os.PathLike,
    packed: str | os.PathLike | None = None,
    resume: bool = False,
    progress: bool = False,
    report: Callable[[str], None] = lambda message: None,
) -> dict:
    """Train a ResNet-18 on a teacher's features and write ``resnet18.h5``.

    Args:
        train: Pictures to learn from; their scores are not used.
        validation: Pictures whose scores choose the epoch, by SROCC.
        settings: What decides the numbers.
        teacher: Name or file of a DIQaM or WaDIQaM without reference.
        workdir: Folder of the run.
        packed: Folder for the decoded pictures, which runs can share;
            ``None`` is ``packed`` in the working folder.
        resume: Continue the run in the folder after its last epoch.
        progress: Show a bar, if standard error is a terminal.
        report: Told one line after each epoch.

    Returns:
        The result: best epoch, its validation SROCC and PLCC, seconds.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: If there are too few pictures, one is smaller than a crop
            and a patch, the teacher is another network, or the folder holds
            another run.
        OSError: If a file cannot be written.
    """
    if len(train) < settings.batch_size or len(validation) < 3:
        raise ValueError(
            f"Expected at least {settings.batch_size} pictures to train, one batch, and 3 to "
            f"validate. Received: {len(train)} and {len(validation)}."
        )
    master = load_teacher(teacher)
    if master.patch != PAQ2PIQ.stride or master.body.output.shape[-1] != PAQ2PIQ.features:
        raise ValueError(
            f"Expected a teacher with {PAQ2PIQ.features} features of patches of {PAQ2PIQ.stride} "
            f"pixels. Received: {master.name}, {master.body.output.shape[-1]} of {master.patch}."
        )
    store = pack_pictures(
        [picture.path for picture in (*train, *validation)],
        os.path.join(workdir, "packed") if packed is None else packed,
        smallest=settings.side + PAQ2PIQ.stride,
        progress=progress,
    )
    names = [picture.name for picture in (*train, *validation)]
    workdir = open_workdir(
        workdir,
        settings=settings_to_json(settings) | {"teacher": master.sha256},
        data={
            "train": len(train),
            "val": len(validation),
            "sha256": text_sha256(repr((names, len(train), store.sizes))),
        },
        resume=resume,
        extendable=(),
    )
    seen = store.part(slice(0, len(train)))
    hints = write_teacher_features(master, seen, workdir, report=report)
    student = _compile(master, hints, settings)
    path = workdir / "checkpoint.npz"
    state = train_to_best(
        student.model,
        run_epoch=_epoch_runner(
            student, seen, hints, store.part(slice(len(train), len(names))),
            np.array([100 * picture.mos01 for picture in validation]), settings, progress=progress,
        ),
        epochs=settings.epochs,
        monitor="val_srocc",
        maximise=True,
        checkpoint_path=path,
        resume_from=read_checkpoint(path) if resume and path.is_file() else None,
        after_epoch=history_writer(workdir, report),
    )  # fmt: skip
    result = best_numbers(state)
    export_h5(
        student.body,
        workdir / WEIGHTS_FILE,
        Details(
            name=WEIGHTS_FILE.removesuffix(".h5"),
            version=__version__,
            scale="features",
            higher_is_better=True,
            mode="resnet18-body",
            trained_on=in_chain(
                (
                    *trained_on(train, scores="teacher", about=f"features of {master.name}"),
                    *trained_on((), validation, scores="human", about="MOS"),
                ),
                details_of(teacher),
            ),
        ),
        full_precision=True,
    )
    write_json(result, workdir / "result.json")
    return result


@dataclass(frozen=True, eq=False)
class _Student:
    """The model in training, its body, the body as a rater, and the teacher's head."""

    model: keras.Model
    body: keras.Model
    rater: keras.Model
    head: keras.Model


class _Cells(keras.layers.Layer):
    """Standardised features of all positions as the teacher's, one row each."""

    def __init__(self, hints, **options):
        super().__init__(dtype="float32", **options)
        self._mean, self._deviation = hints.mean, hints.deviation

    def call(self, features):
        return keras.ops.reshape(features, (-1, len(self._mean))) * self._deviation + self._mean

    def compute_output_shape(self, shape):
        return (None, len(self._mean))


def _compile(master, hints, settings):
    """The body with the teacher's head as one model: crops to features and qualities."""
    cells = settings.side // PAQ2PIQ.stride
    probe = hints.bounded(hints.content[:: max(1, len(hints.content) // _PROBED)])
    variance = float(np.var(master.head.predict_on_batch(probe)["quality"]))
    steps = settings.epochs * (len(hints.grids) // settings.batch_size)
    with number_format(settings.precision):
        body = build_resnet18(seed=model_seed(settings.seed))
        learned = keras.layers.Dense(
            len(hints.mean),
            kernel_initializer=keras.initializers.LecunNormal(model_seed(settings.seed, 1)),
            dtype="float32",
            name="features",
        )
        rows = _Cells(hints, name="cells")
        rater = keras.Model(body.inputs, master.head(rows(learned(body.output))), name="rater")
        pixels = keras.Input((settings.side, settings.side, 3), name="pixels")
        features = learned(body(pixels))
        quality = _Square(cells, name="quality")(master.head(rows(features))["quality"])
        model = keras.Model(pixels, {"features": features, "quality": quality}, name="student")
        model.compile(
            optimizer=keras.optimizers.Adam(
                keras.optimizers.schedules.CosineDecay(settings.learning_rate, steps)
            ),
            loss={"features": "mse", "quality": "mse"},
            loss_weights={"features": 1.0, "quality": settings.quality_weight / variance},
            jit_compile=jit_compile(),
        )
    return _Student(model, body, rater, master.head)


class _Square(keras.layers.Layer):
    """Rows of a batch as squares of cells."""

    def __init__(self, cells, **options):
        super().__init__(dtype="float32", **options)
        self._cells = cells

    def call(self, values):
        return keras.ops.reshape(values, (-1, self._cells, self._cells))

    def compute_output_shape(self, shape):
        return (None, self._cells, self._cells)


def _epoch_runner(student, pictures, hints, validation, wanted, settings, *, progress):
    """A function that trains and validates one epoch, for `train_to_best`."""
    steps = len(hints.grids) // settings.batch_size

    def run_epoch(epoch):
        began = time.monotonic()
        batches = crop_batches(
            pictures, hints, side=settings.side, batch=settings.batch_size, steps=steps,
            seed=settings.seed, epoch=epoch,
        )  # fmt: skip
        hidden = None if progress else True
        bar = tqdm(batches, total=steps, desc=f"epoch {epoch + 1}", leave=False, disable=hidden)
        losses = []
        for pixels, features in bar:
            features = hints.bounded(features)
            rows = features.reshape(-1, features.shape[-1])
            quality = student.head.predict_on_batch(rows)["quality"]
            targets = {
                "features": (features - hints.mean) / hints.deviation,
                "quality": quality.reshape(features.shape[:3]),
            }
            losses.append(float(student.model.train_on_batch(pixels, targets)[0]))
        return epoch_numbers(losses, rate_pictures(student.rater, validation), wanted, began=began)

    return run_epoch
