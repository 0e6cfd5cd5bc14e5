"""Train a ResNet-18 to see what a trained network sees: a start for PaQ-2-PiQ.

PaQ-2-PiQ starts from ImageNet's weights. Where those are not at hand, its
body can learn the features of a network that has seen more: of a WaDIQaM that
was trained on the same images (both have 512 features for each 32 pixels), or
of `lite`, whose body comes from ImageNet. The centre of the body's position
(i, j) is pixel (32 i, 32 j); crops begin in the middle of a patch of the
teacher, so that centres meet.

A linear layer, of the training only, makes the teacher's features of the
body's. The loss is their mean squared error, each over its deviation, plus
that of the quality which the teacher's head gives to them, over its variance.
Of `lite` no head rates single cells: a linear one is fitted, so that the mean
over an image is its score. The (weighted) mean of the qualities of the
student's features rates the validation images. The working folder then holds
``resnet18.h5``, the teacher's features and the files of
`kiqa.training.runs.run`. Runs on any Keras backend; several devices need
TensorFlow.

Public names: `distil_resnet18`, `WEIGHTS_FILE`.

References:
    A. Romero, N. Ballas, S. Ebrahimi Kahou, A. Chassang, C. Gatta, Y. Bengio,
    FitNets: hints for thin deep nets, ICLR 2015.
"""

import functools
import os
from collections.abc import Sequence
from typing import Unpack

import numpy as np

from kiqa import __version__
from kiqa.constants import PAQ2PIQ
from kiqa.data.records import ScoredImage
from kiqa.data.trained import in_chain, trained_on
from kiqa.io.weights import Details, export_h5, find_weights, read_info
from kiqa.training.resnet18.batches import epoch_plan, rate_images, too_small
from kiqa.training.resnet18.network import body_of, compile_student, rater_of
from kiqa.training.resnet18.settings import DistillationSettings
from kiqa.training.resnet18.teacher import load_teacher, write_teacher_features
from kiqa.training.runs.history import score_numbers
from kiqa.training.runs.options import check_frozen
from kiqa.training.runs.origin import details_of, origin
from kiqa.training.runs.packed import pack_images
from kiqa.training.runs.parts import require_enough
from kiqa.training.runs.run import RunOptions, Training, run_training
from kiqa.training.runs.teaching.seen import refuse_seen
from kiqa.training.runs.workdir import text_sha256

WEIGHTS_FILE = "resnet18.h5"


def distil_resnet18(
    train: Sequence[ScoredImage],
    validation: Sequence[ScoredImage],
    settings: DistillationSettings,
    *,
    teacher: str | os.PathLike,
    test: Sequence[ScoredImage] = (),
    packed: str | os.PathLike | None = None,
    initial: str | os.PathLike | None = None,
    **run: Unpack[RunOptions],
) -> dict:
    """Train a ResNet-18 on a teacher's features and write ``resnet18.h5``.

    Args:
        train: Images to learn from; their scores fit the head of a `lite`,
            and else are not used.
        validation: Images whose scores choose the epoch, by SROCC.
        settings: What decides the numbers.
        teacher: Name or file of a DIQaM or WaDIQaM without reference, or of a
            ``lite``.
        test: Images of the test part; none of their content is trained on.
        packed: Folder for the decoded images, which runs can share; ``None``
            is ``packed`` in the working folder.
        initial: Name or file of a ResNet-18 to start from, such as that of
            an earlier run; ``None`` is random weights.
        **run: `kiqa.training.runs.run.RunOptions`; ``workdir`` is required.

    Returns:
        The result: best epoch, its validation SROCC and PLCC, seconds.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: If there are too few images, or too few with room for a
            crop and a patch (the others are left out, and reported), a
            content is in two parts, an image is smaller than a patch, the
            teacher is another network or has seen the test part, stages are
            frozen without ``initial``, or the folder holds another run.
        OSError: If a file cannot be written.
    """
    parts = {
        part: [_row(record) for record in records]
        for part, records in (("train", train), ("val", validation), ("test", test))
    }
    report = run.get("report", lambda message: None)
    check_frozen(settings, initial)
    master = _checked(train, validation, test, settings, teacher, report=report)
    store = pack_images(
        [record.path for record in (*train, *validation)],
        os.path.join(run["workdir"], "packed") if packed is None else packed,
        smallest=PAQ2PIQ.stride,
        progress=run.get("progress", False),
    )
    seen, judged = store.part(slice(0, len(train))), store.part(slice(len(train), None))
    _leave_out_small(train, seen, settings, report=report)
    hints = write_teacher_features(
        master,
        seen,
        run["workdir"],
        files=[record.path for record in train],
        scores=np.array([record.mos01 for record in train]),
        report=report,
    )
    wanted = np.array([100 * record.mos01 for record in validation])

    def plan(epoch):
        return epoch_plan(
            seen,
            hints,
            side=settings.side,
            batch_size=settings.batch_size,
            seed=settings.seed,
            epoch=epoch,
        )

    known = (
        *trained_on(train, scores="teacher", about=f"features of {master.name}"),
        *(trained_on(train, scores="human", about="MOS") if master.head is None else ()),
        *trained_on((), validation, scores="human", about="MOS"),
    )
    rater = functools.cache(lambda model: rater_of(model, hints))
    training = Training(
        settings=settings,
        parts=parts,
        build=lambda: compile_student(hints, settings, steps=len(plan(0)), initial=initial),
        plan=plan,
        validate=lambda model: score_numbers(rate_images(rater(model), judged), wanted),
        export=lambda model, folder: _export(model, folder, known, teacher, initial),
        initial=initial,
        data={
            "teacher_sha256": master.sha256,
            "sizes_sha256": text_sha256(repr(store.sizes)),
        },
        extendable=False,  # the learning rate follows from the number of epochs
    )
    return run_training(training, **run)


def _row(record):
    return {"image_name": record.name, "content": record.content, "score": record.mos01}


def _checked(train, validation, test, settings, teacher, *, report):
    """The teacher, if it and the images fit."""
    require_enough(train, validation, settings)
    refuse_seen(read_info(find_weights(teacher)), test, report=report)
    return load_teacher(teacher)


def _leave_out_small(train, images, settings, *, report):
    """Refuse a training with too few images that give crops; name those that give none."""
    small = too_small(images, side=settings.side)
    least = f"Expected images of at least {settings.side + PAQ2PIQ.stride} pixels a side."
    if (large := len(train) - len(small)) < settings.batch_size:
        raise ValueError(
            f"{least} Received: {large} of them, less than a batch of {settings.batch_size}. Use "
            "a smaller --side."
        )
    for index in small:
        height, width = images.sizes[index]
        report(f"left out: {train[index].name}: {least} Received: {width}x{height}.")


def _export(model, folder, seen, teacher, initial):
    export_h5(
        body_of(model),
        folder / WEIGHTS_FILE,
        Details(
            name=WEIGHTS_FILE.removesuffix(".h5"),
            version=__version__,
            scale="features",
            higher_is_better=True,
            mode="resnet18-body",
            trained_on=in_chain(seen, details_of(teacher), details_of(initial)),
            origin=origin(initial),
        ),
        full_precision=True,
    )
