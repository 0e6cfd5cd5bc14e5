"""The options of what is made of the training images, and the teacher's scores.

Ours: the papers train on people's scores of the images as published. Off by
default in every training.

Public names: `add_teaching`, `taught_parts`, `with_taught`.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from kiqa.arguments import Output, add_number, add_output, add_path, add_text
from kiqa.data.records import NOTHING, ScoredImage, copy_name
from kiqa.io.messages import tell
from kiqa.io.outputs import lock_output
from kiqa.io.weights import read_info
from kiqa.training.runs.origin import file_of
from kiqa.training.runs.parts import chosen_parts, files_without_scores, refuse_judged
from kiqa.training.runs.teaching.scored import with_scorer
from kiqa.training.runs.teaching.seen import refuse_seen

_UNRATED = ""  # data set of files of a plain folder

_report = partial(tell, name="teacher")


def add_teaching(parser: argparse.ArgumentParser, *, undistorted: bool = True) -> None:
    """Add the options, for `with_taught`.

    Args:
        parser: Of a training.
        undistorted: Whether images of no data set can be trained on.
    """
    group = parser.add_argument_group("more to train on (ours; default: nothing)")
    add_number(group, "--histories", "copies of each training image with another history: cut, "
        "resized, encoded again; the scores stay", default=0)  # fmt: skip
    add_text(group, "--teacher", "NAME|FILE", "scorer whose scores are learned, too, such as lite; "
        "it must not have seen the test part")  # fmt: skip
    group.add_argument(
        "--teacher-weight", type=float, metavar="W", default=0.5,
        help="of the teacher's score of an image, beside the MOS with 1 - W (default: %(default)s)",
    )  # fmt: skip
    of = " and of --undistorted" if undistorted else ""
    add_number(group, "--degraded", f"with --teacher: degraded copies of training images{of}, "
        "scored by it", default=0)  # fmt: skip
    group.set_defaults(undistorted=None)
    if undistorted:
        add_path(group, "--undistorted", "FOLDER", "with --teacher: images without scores, of its "
            "split.csv only train; scored by it, like the training images' copies")  # fmt: skip
    add_output(
        group, "--made", Output.SHARED, "DIR", "folder for these images, which trainings can share "
        "(default: made in --workdir)", type=Path, default=None,
    )  # fmt: skip


def taught_parts(
    arguments: argparse.Namespace, settings: Any, *, also: str | None = None
) -> tuple[list[ScoredImage], list[ScoredImage], list[ScoredImage]]:
    """Read the parts as `chosen_parts` does, and add to the training part.

    Args:
        arguments: What a parser with `add_teaching` found.
        settings: With ``seed``.
        also: Name or file of another network whose scores are learned and
            that must not have seen the test part; asked before anything is
            made.

    Returns:
        Images to train on, with what was made of them; images that choose the
        epoch, and images of the test part.

    Raises:
        FileNotFoundError: As `chosen_parts`.
        ValueError: As `chosen_parts` and `with_taught`, or if an undistorted
            image is one of val or test, or ``also`` has seen images of the
            test part.
        OSError: If a file cannot be written; what is finished stays.
    """
    train, validation, test = chosen_parts(arguments, settings)
    undistorted = files_without_scores(arguments.undistorted, arguments)
    refuse_judged(undistorted, {"val": validation, "test": test})
    if also is not None:
        refuse_seen(read_info(file_of(also)), test, report=_report)
    folder = arguments.made or arguments.workdir / "made"
    taught = with_taught(
        train, test, arguments, folder, seed=settings.seed, undistorted=undistorted
    )
    return taught, validation, test


def with_taught(
    train: Sequence[ScoredImage],
    test: Sequence[ScoredImage],
    arguments: argparse.Namespace,
    folder: Path,
    *,
    seed: int,
    undistorted: Sequence[Path] = (),
) -> list[ScoredImage]:
    """Add what the options ask for to the training part.

    Args:
        train: Rated images.
        test: Images of the test part, which the teacher must not have seen.
        arguments: What a parser with `add_teaching` found.
        folder: For the images that are made.
        seed: Of what is drawn.
        undistorted: Files that ``--undistorted`` names, less what must not be
            trained on.

    Returns:
        The images, with scores as the teacher's weight says and its name in
        ``taught_by``, or in ``scored_by`` where the weight is 1; their copies
        with other histories, likewise; images without a score and degraded
        copies, with the teacher's score alone and its name in ``scored_by``.
        Copies are called ``NAME (history 1)`` or ``NAME
        (degraded 1)``.

    Raises:
        ValueError: If options do not fit each other, the teacher is no scorer
            that can teach, saw images of the test part, or cannot score an
            image.
        OSError: If a file cannot be read or written; what is finished stays.
    """
    _check(arguments)
    if not arguments.histories and arguments.teacher is None:
        return list(train)
    if not train:
        raise ValueError(
            "Expected images of the part train together with --histories or --teacher. Received: "
            "none. Add --split FILE|NAME, or take the part train."
        )
    with lock_output(folder, wait=True):  # of runs that share it one makes the images
        return _with_more(train, test, arguments, folder, seed=seed, undistorted=undistorted)


def _with_more(train, test, arguments, folder, *, seed, undistorted):
    """The images and all that was made of them."""
    result, teacher = list(train), None
    if arguments.teacher is not None:
        # Keras is loaded here, not without a teacher.
        from kiqa.startup import start_keras

        start_keras()
        from kiqa.training.runs.teaching.teacher import Teacher

        teacher = Teacher(arguments.teacher, folder, test=test, report=_report)
        result = _taught(teacher, train, arguments, weight=arguments.teacher_weight)
    whole = list(result)
    if arguments.histories:
        made = _made("histories", train, arguments, folder, seed=seed)
        result += [
            _copy(whole[one.source], one, "history") for one in made if one.source is not None
        ]
    if teacher is not None:
        others = [_unrated(path) for path in undistorted]
        result += _scored_by_it(teacher, whole, others, arguments, folder, seed=seed)
    return result


def _made(option, records, arguments, folder, *, seed):
    """The copies of images that an option asks for."""
    # Loads Pillow and OpenCV, which --help does without.
    from kiqa.training.runs.teaching.made import make_degraded, make_histories

    make = {"histories": make_histories, "degraded": make_degraded}[option]
    count, paths = getattr(arguments, option), [record.path for record in records]
    return make(paths, folder, count=count, seed=seed, progress=True)


def _scored_by_it(teacher, rated, others, arguments, folder, *, seed):
    """Images without scores and degraded copies of all, scored by the teacher."""
    sources = [*rated, *others]
    copies = list(others)
    if arguments.degraded:
        for one in _made("degraded", sources, arguments, folder, seed=seed):
            source = _unrated(Path(NOTHING)) if one.source is None else sources[one.source]
            copies.append(_copy(source, one, "degraded"))
    return _taught(teacher, copies, arguments, weight=1)


def _taught(teacher, records, arguments, *, weight):
    """Records with their scores blended with the teacher's, which say so."""
    scores = teacher.scores([record.path for record in records])
    return [
        with_scorer(
            _rescored(record, (1 - weight) * record.mos01 + weight * score),
            str(arguments.teacher), weight=weight,
        )
        for record, score in zip(records, scores, strict=True)
    ]  # fmt: skip


def _check(arguments):
    alone = [
        f"--{name}" for name in ("degraded", "undistorted") if getattr(arguments, name)
    ]  # fmt: skip
    if arguments.teacher is None and alone:
        raise ValueError(
            f"Expected --teacher together with {' and '.join(alone)}: nobody else scores these "
            "images. Received: no teacher."
        )
    if not 0 <= arguments.teacher_weight <= 1:
        raise ValueError(
            f"Expected --teacher-weight from 0 to 1. Received: {arguments.teacher_weight}."
        )
    for name in ("histories", "degraded"):
        if getattr(arguments, name) < 0:
            raise ValueError(
                f"Expected --{name} of 0 or more. Received: {getattr(arguments, name)}."
            )
    if arguments.degraded:
        # Loads OpenCV, which --help does without.
        from kiqa.data.distortions.camera import require_jpeg2000

        require_jpeg2000()


def _rescored(record, score):
    low, high = record.mos_range
    return replace(record, mos=low + (high - low) * float(score))


def _copy(record, made, kind):
    return replace(record, name=copy_name(record.name, kind, made.number), path=made.path)


def _unrated(path):
    return ScoredImage(
        name=path.name, path=path, mos=0.0, sd=None, content=path.name, dataset=_UNRATED,
        mos_range=(0.0, 1.0), set="train",
    )  # fmt: skip
