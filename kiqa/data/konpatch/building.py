"""KonPatch: random patches of scored images with binary votes, from any set.

The thesis picked 500 images of KonIQ-10k at random, took them out of every
later experiment, cut 64 random patches of 64x64 pixels from each and asked
for each patch whether it looks as if taken from a high-quality image. The
patches and votes were never published. `build_konpatch` does the same with
any records; `kiqa.data.excluded` leaves their images out of later experiments.

To take votes: build once, `write_vote_template`, have it filled in, and build
again with the same records and seed and ``votes=<that file>``.

Public names: :func:`build_konpatch`.

References:
    Thesis, sections 3.1, 7.1 and 9.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from kiqa.constants import KONPATCH, PATCHNET
from kiqa.data.konpatch.file import KonPatch
from kiqa.data.konpatch.votes import LABELS, PatchSample
from kiqa.data.konpatch.voting import voted
from kiqa.data.patches import cut_patches, random_positions
from kiqa.data.records import ScoredImage
from kiqa.io.images import load_image

_THREADS = 8  # at most; decoding releases the interpreter's lock


def build_konpatch(
    records: Sequence[ScoredImage],
    *,
    images: int = KONPATCH.images,
    patches_per_image: int = KONPATCH.patches_per_image,
    votes: str | Path | np.ndarray | Callable[[PatchSample], np.ndarray] = "pseudo",
    label: str = "lab",
    votes_per_patch: int | None = None,
    on_error: Callable[[Path, Exception], object] | None = None,
    seed: int,
) -> KonPatch:
    """Choose images, cut random patches, take votes and label them.

    Images and positions depend on the names of the records and the seed, not
    on their order or on the number of threads. The positions within one image
    are all different.

    Args:
        records: Images to choose from, of the training part only if a
            network is to be tested on the others.
        images: Number of images.
        patches_per_image: Patches of each image.
        votes: Source of the votes: ``"pseudo"`` for pseudo-votes, see
            `kiqa.data.konpatch.pseudo_votes`; a CSV file, an array or a callable, see
            `kiqa.data.konpatch.votes.take_votes`.
        label: ``"lab"``: formula 3, the image's score or 0; ``"crowd"``: the
            fraction of yes votes.
        votes_per_patch: Pseudo-votes a patch; ``None`` takes the thesis's
            numbers, 1 for lab and 10 for crowd.
        on_error: Called for an image that cannot be read or is too small,
            which is then left out; the patches of the others stay as they
            are. ``None`` raises.
        seed: Seed of images, positions and pseudo-votes.

    Returns:
        The set, grouped by image, images in the order of their names.

    Raises:
        FileNotFoundError: If a file of images or votes is missing.
        ValueError: If there are fewer records than images, a name occurs
            twice, an image cannot be read or is too small (it is named), no
            image is left, or the votes do not match the patches.

    References:
        Thesis, section 3.1.
    """
    if label not in LABELS:
        raise ValueError(f"Expected a kind of label among {list(LABELS)}, received {label!r}.")
    chosen = _choose(records, images, seed)
    return voted(
        _cut(chosen, patches_per_image, seed, on_error),
        votes,
        label=label,
        votes_per_patch=votes_per_patch,
        dataset=", ".join(sorted({record.dataset for record in chosen})),
        seed=seed,
    )


def _choose(records: Sequence[ScoredImage], images: int, seed: int) -> list[ScoredImage]:
    by_name = {record.name: record for record in records}
    if len(by_name) < len(records):
        raise ValueError("Expected records with distinct names, received some twice.")
    if not 1 <= images <= len(records):
        raise ValueError(
            f"Expected 1 to {len(records)} images, the number of records, received "
            f"images={images}. Use fewer images or more records."
        )
    names = sorted(by_name)
    picked = np.random.default_rng(seed).choice(len(names), images, replace=False)
    return [by_name[names[i]] for i in np.sort(picked)]


def _cut(records: Sequence[ScoredImage], count: int, seed: int, on_error) -> PatchSample:
    patch = PATCHNET.patch
    if count < 1:
        raise ValueError(f"Expected at least one patch per image, received {count}.")
    x = np.empty((len(records), count, patch, patch, 3), np.uint8)
    positions = np.empty((len(records), count, 2), np.int32)

    def cut_image(index: int) -> None:
        pixels = load_image(records[index].path).pixels
        height, width = pixels.shape[:2]
        rng = np.random.default_rng([seed, index])
        try:
            positions[index] = random_positions(height, width, count, patch=patch, rng=rng)
        except ValueError as error:
            raise ValueError(f"{records[index].path}: {error}") from error
        x[index] = cut_patches(pixels, positions[index], patch)

    def failed(index: int) -> Exception | None:
        try:
            cut_image(index)
        except (ValueError, OSError) as error:
            if on_error is None:
                raise
            return error
        return None

    with ThreadPoolExecutor(min(_THREADS, os.cpu_count() or 1)) as pool:
        errors = list(pool.map(failed, range(len(records))))
    for record, error in zip(records, errors, strict=True):
        if error is not None:
            on_error(record.path, error)
    kept = [index for index, error in enumerate(errors) if error is None]
    if not kept:
        raise ValueError(f"Expected images that can be cut. Received: none, of {len(records)}.")
    if len(kept) < len(records):
        x, positions = x[kept], positions[kept]
        records = [records[index] for index in kept]
    return PatchSample(
        x=x.reshape(-1, patch, patch, 3),
        image=np.repeat([record.name for record in records], count),
        row=positions[..., 0].ravel(),
        col=positions[..., 1].ravel(),
        mos=np.repeat(np.array([record.mos01 for record in records], np.float32), count),
    )
