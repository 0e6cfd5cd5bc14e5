"""The page on the quality of patches: KonPatch's own sample, one question a patch.

Public names: :func:`write_patches_study`, :func:`assign`, :data:`VOTES`.
"""

import os
from collections.abc import Iterator, Sequence

import numpy as np

from kiqa.constants import KONPATCH, PATCHNET
from kiqa.data.konpatch import KonPatch, build_konpatch
from kiqa.data.records import ScoredImage
from kiqa.studies.embedding import EmbeddedImage, embed_pixels
from kiqa.studies.page import StudyPage, Task, check_name, write_page

VOTES = {"lab": KONPATCH.lab_votes, "crowd": KONPATCH.crowd_votes}
_SHARES = {
    "one": "One person answers all pieces.",
    "all": "{participants} people take part. Each has a number of their own and answers all "
    "pieces.",
    "some": "{participants} people take part. Each has a number of their own and answers a share "
    "of the pieces, chosen by the number, so that every piece is answered {votes}.",
}


def write_patches_study(
    records: Sequence[ScoredImage],
    path: str | os.PathLike,
    *,
    mode: str,
    seed: int,
    images: int = KONPATCH.images,
    patches_per_image: int = KONPATCH.patches_per_image,
    participants: int | None = None,
    participant: int | None = None,
    magnify: int = 1,
    note: str = "",
) -> StudyPage:
    """Write the page on which people vote whether patches look of high quality.

    The patches are those of `build_konpatch` with the same records, images,
    patches_per_image and seed, so its ``votes=`` takes the saved answers,
    ``image,row,col,participant,vote``, once all participants' are in one
    file.

    Args:
        records: Images to choose from. Their scores are not used or shown.
        path: Page to write.
        mode: ``"lab"`` for one vote a patch, ``"crowd"`` for ten.
        seed: Seed of images, positions and shares.
        images: Number of images.
        patches_per_image: Patches of each image.
        participants: People who take part, at least the votes a patch needs;
            ``None`` takes just as many. Each has a number from 1 on.
        participant: Make the page of this participant only, with no other
            patches in it; ``None`` makes one page for all.
        magnify: Times that a patch is enlarged on the screen, 1 to 16, every
            pixel becoming a square.
        note: Text for the start screen.

    Returns:
        The page.

    Raises:
        FileNotFoundError: If an image is missing.
        ValueError: If an argument is not as stated, or as `build_konpatch`.

    References:
        Thesis, sections 3.1 and 9.1.
    """
    if mode not in VOTES:
        raise ValueError(f"Expected a mode among {list(VOTES)}, received {mode!r}.")
    people = VOTES[mode] if participants is None else participants
    if people == 1:
        participant = participant or 1
    if participant is not None and not 1 <= participant <= people:
        raise ValueError(f"Expected a participant from 1 to {people}, received {participant}.")
    if not 1 <= magnify <= 16:
        raise ValueError(f"Expected to magnify 1 to 16 times, received {magnify}.")
    for record in records:
        check_name(record.name)
    sample = build_konpatch(
        records,
        images=images,
        patches_per_image=patches_per_image,
        votes=_none_yet,
        seed=seed,
    )
    shares = assign(len(sample), participants=people, votes=VOTES[mode], seed=seed)
    return write_page(
        path,
        _task(people, VOTES[mode], magnify),
        _items(sample, shares, people, participant),
        settings={"participants": people, "participant": participant, "mode": mode},
        note=note,
    )


def assign(patches: int, *, participants: int, votes: int, seed: int) -> np.ndarray:
    """Share patches among participants so that each gets the votes it needs.

    Args:
        patches: Number of patches.
        participants: Number of people.
        votes: Votes each patch gets, of different people.
        seed: Seed of the shares.

    Returns:
        Numbers of participants, 1 to ``participants``, shape ``(patches,
        votes)``, ascending and different within a row. The numbers of patches
        that two people get differ by at most one.

    Raises:
        ValueError: If there are fewer people than votes, or more than answers.
    """
    if participants < votes:
        raise ValueError(
            f"Expected at least {votes} participants for {votes} votes a patch by different "
            f"people, received {participants}."
        )
    if participants > patches * votes:
        raise ValueError(
            f"Expected at most {patches * votes} participants, the answers needed, received "
            f"{participants}."
        )
    rng = np.random.default_rng([seed, participants, votes])
    load = np.zeros(participants, int)
    shares = np.empty((patches, votes), int)
    for row in shares:
        # Those with the fewest patches so far, ties broken at random.
        least = np.lexsort((rng.random(participants), load))[:votes]
        load[least] += 1
        row[:] = np.sort(least) + 1
    return shares


def _none_yet(sample) -> np.ndarray:
    return np.zeros(len(sample.image), int)


def _task(people: int, votes: int, magnify: int) -> Task:
    side = PATCHNET.patch
    share = "one" if people == 1 else "all" if people == votes else "some"
    times = "once" if votes == 1 else f"{votes} times"
    enlarged = f"<p>Enlarged {magnify} times: each pixel is a square of {magnify} x {magnify}.</p>"
    return Task(
        "patches",
        "Quality of small pieces of photographs",
        assets="patches",
        values={
            "side": side,
            "shown": side * magnify,
            "label": enlarged if magnify > 1 else "",
            "work": _SHARES[share].format(participants=people, votes=times),
        },
    )


def _items(
    sample: KonPatch, shares: np.ndarray, people: int, participant: int | None
) -> Iterator[tuple[dict, list[EmbeddedImage]]]:
    everybody = shares.shape[1] == people
    for index, own in enumerate(shares.tolist()):
        if participant is not None and participant not in own:
            continue
        item = {
            "name": str(sample.image[index]),
            "row": int(sample.row[index]),
            "col": int(sample.col[index]),
        }
        if not everybody and participant is None:
            item["who"] = own
        yield item, [embed_pixels(sample.x[index])]
