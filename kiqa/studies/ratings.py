"""The page on which people rate images, as in PaQ-2-PiQ's study.

Instructions, some images to learn the task, the images of a session, a few of them
twice and a few that were rated before, and a survey. The answers go into ``kiqa
ratings``.

Public names: :func:`write_ratings_study`, :func:`session_images`.

References:
    Ying et al. 2020, sections 3.3 and 3.4.
"""

import os
from collections.abc import Iterator, Sequence

import numpy as np

from kiqa.constants import LIVE_FB
from kiqa.studies.embedding import EmbeddedImage, embed_image
from kiqa.studies.page import StudyPage, Task, check_name, write_page

Named = tuple[str, str | os.PathLike]
_SURVEY = "survey"
_TRAINING, _RATED, _LAST = 0, 1, 2  # stages of the page, in order
_CHOICE, _SESSION = 1, 2  # streams of random numbers


def write_ratings_study(
    images: Sequence[Named],
    path: str | os.PathLike,
    *,
    golden: Sequence[Named] = (),
    training: Sequence[Named] = (),
    session: int = 1,
    contents: int = LIVE_FB.contents,
    repeats: int = LIVE_FB.repeats,
    golden_images: int = LIVE_FB.golden,
    seed: int = 0,
    note: str = "",
) -> StudyPage:
    """Write the page of one session.

    The answers are ``subject,image,rating,session,repeat`` with a last column
    ``survey``: ratings 0 to 100, higher is better. Those of the images to learn with
    are not in the file.

    Args:
        images: Names and files of the images to rate, of which the session shows some.
        path: Page to write.
        golden: Names and files of images that were rated before; their scores are for
            ``kiqa ratings --golden``.
        training: Names and files of images to learn with, which come first.
        session: Number of the session, from 1 on. Each has its own page.
        contents: Showings of a session, those below included.
        repeats: Of them second showings.
        golden_images: Of them golden images, as far as ``golden`` is not empty.
        seed: Which images a session shows; the same for all sessions of a study.
        note: Text for the start screen.

    Returns:
        The page.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If there are too few images, a name occurs twice, or an image
            cannot be read (it is named).
    """
    named = [name for part in (images, golden, training) for name, _ in part]
    for name in named:
        check_name(name)
    if len(set(named)) < len(named):
        raise ValueError(
            "Expected images, golden images and images to learn with of distinct names. "
            f"Received: {len(named) - len(set(named))} names twice. Rename files."
        )
    golden_images = golden_images if golden else 0
    fresh = contents - repeats - golden_images
    if fresh < max(1, repeats) or fresh > len(images) or golden_images > len(golden):
        raise ValueError(
            f"Expected at least {max(repeats, 1)} images that are not golden, and images for all "
            f"showings. Received: {contents} showings, of them {repeats} repeats and "
            f"{golden_images} golden, with {len(images)} images and {len(golden)} golden ones. "
            f"{_fitting(fresh, repeats, golden_images, len(images), len(golden))}"
        )
    chosen = [images[place] for place in session_images(len(images), fresh, session, seed=seed)]
    rng = np.random.default_rng([seed, _SESSION, session])
    tests = [golden[place] for place in rng.choice(len(golden), golden_images, replace=False)]
    again = [int(place) for place in rng.choice(fresh, repeats, replace=False)]
    task = Task(
        "ratings",
        "Quality of photographs",
        assets="ratings",
        values={
            "count": contents,
            "training": f"The first {len(training)} are to learn with and do not count."
            if training
            else "",
        },
    )
    items = _items(training, [*chosen, *tests], again)
    return write_page(path, task, items, settings={"session": session}, note=note)


def _fitting(fresh, repeats, golden_images, images, golden):
    """What to do about showings that do not fit: the options nearest to those given that do."""
    if not images:
        return "Give images to rate."
    again, tests = min(repeats, images), min(golden_images, golden)
    shown = min(max(fresh, again, 1), images)
    options = [f"--contents {shown + again + tests}"]
    options += [f"--repeats {again}"] if again < repeats else []
    options += [f"--golden-images {tests}"] if tests < golden_images else []
    return f"Take {' '.join(options)} (arguments of these names in Python), or more images."


def session_images(images: int, count: int, session: int, *, seed: int) -> list[int]:
    """Say which images a session shows, so that all are shown equally often.

    Args:
        images: How many there are.
        count: How many the session shows, at most as many.
        session: Its number, from 1 on.
        seed: Of the study.

    Returns:
        Places of the images, ascending and different. After every session the numbers
        of showings of any two images differ by at most one.

    Raises:
        ValueError: If the session is below 1, or there are too few images.
    """
    if session < 1 or not 1 <= count <= images:
        raise ValueError(
            f"Expected a session from 1 on and at most {images} images, all there are. Received: "
            f"session {session} of {count}. Take other numbers."
        )
    load = np.zeros(images, int)
    for number in range(1, session + 1):
        rng = np.random.default_rng([seed, _CHOICE, number])
        least = np.lexsort((rng.random(images), load))[:count]
        load[least] += 1
    return sorted(least.tolist())


def _items(training, shown, again) -> Iterator[tuple[dict, list[EmbeddedImage]]]:
    for name, file in training:
        yield _item(name, file, stage=_TRAINING)
    for name, file in shown:
        yield _item(name, file, stage=_RATED)
    for place in again:
        name, file = shown[place]
        item, embedded = _item(name, file, stage=_RATED)
        yield item | {"after": len(training) + place}, embedded
    yield {"name": _SURVEY, "stage": _LAST}, []


def _item(name, file, *, stage):
    embedded = embed_image(file)
    size = {"width": embedded.width, "height": embedded.height}
    return {"name": name, "stage": stage, **size}, [embedded]
