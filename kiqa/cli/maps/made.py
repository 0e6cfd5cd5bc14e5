"""One image's map as the files that are to be written, made in this process or on a worker of Ray.

What is made is bytes and text: whoever writes them, the files are the same.

Public names: `Made`, `NORMALISED`, `Pair`, `Wanted`, `make`, `prepare`.
"""

import hashlib
import io
import os
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from kiqa.cli.inputs import Input
from kiqa.cli.targets import described

if TYPE_CHECKING:
    from kiqa.cli.html.parts import Heading
    from kiqa.io.map_files import QualityMap
    from kiqa.scoring import Scorer

NORMALISED = "0..100 normalised"  # the scale of values spread as PaQ-2-PiQ's authors do
Pair = tuple[Input, str | None]  # an image, and the path of its reference


@dataclass(frozen=True)
class Wanted:
    """What is to be made of each image; it is pickled.

    Attributes:
        ends: Of the files: ``".npz"`` the values, ``".png"`` the overlay.
        heading: Of the page that the image is to be on, or ``None``.
        normalise: Whether values are spread over 0..100 as PaQ-2-PiQ's authors do.
        known: Keys of images that are on the page.
        unwritten: Names of images of which a file is not there yet.
    """

    ends: tuple[str, ...]
    heading: "Heading | None"
    normalise: bool
    known: Collection[str] = frozenset()
    unwritten: Collection[str] = frozenset()


@dataclass(frozen=True)
class Made:
    """What is to be written of an image.

    Attributes:
        files: Content by end of the name.
        card: Its part of the page, or ``None``.
        mean: Of the map.
        note: Why the map means nothing, or ``None``.
        error: Why there is no map, or ``None``.
        known: Whether it is on the page already.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    card: str | None = None
    mean: float = float("nan")
    note: str | None = None
    error: str | None = None
    known: bool = False


def prepare(scorer: "Scorer", pair: Pair, *, wanted: Wanted) -> Made | tuple[Any, ...]:
    """Load an image and its reference; runs in threads and raises nothing.

    Args:
        scorer: The scorer; it bounds the memory.
        pair: The image and the path of its reference.
        wanted: What is to be made.

    Returns:
        What `make` needs: the pair, its images and their key. Or a `Made`,
        of what is known or cannot be loaded.
    """
    from kiqa.io.images import load_image

    item, reference = pair
    at = item.path
    try:
        may_be_known = wanted.known and item.name not in wanted.unwritten
        if may_be_known and _stored_key(pair) in wanted.known:
            return Made(known=True)
        images = [load_image(at, max_bytes=scorer.max_bytes), None]
        if reference is not None:
            at = reference
            images[1] = load_image(at, max_bytes=scorer.max_bytes)
    except Exception as error:  # told when its turn comes
        if at != item.path and isinstance(error, ValueError | OSError):
            error = ValueError(f"{item.path}: reference: {error}")
        return Made(error=described(item, error))
    key = _key(item, [each.sha256 for each in images if each is not None])
    if may_be_known and key in wanted.known:  # of a URL that is known only now
        return Made(known=True)
    return (pair, *images, key)


def make(scorer: "Scorer", prepared: Made | tuple[Any, ...], *, wanted: Wanted) -> Made:
    """Map an image; one that is bad or too large is never the end.

    Args:
        scorer: The scorer.
        prepared: By `prepare`.
        wanted: What is to be made.

    Returns:
        The `Made`.
    """
    from kiqa.cli.html.parts import card

    if isinstance(prepared, Made):
        return prepared
    (item, _), image, reference, key = prepared
    try:
        quality_map = scorer.map(image, reference=reference)
        if wanted.normalise:
            quality_map = _normalised(quality_map)
        part = None
        if wanted.heading is not None and key not in wanted.known:
            path = reference and reference.path
            part = card(wanted.heading, item.name, image, quality_map, reference=path, key=key)
        return Made(
            {end: _FILES[end](item, image, quality_map) for end in wanted.ends},
            part,
            quality_map.mean(),
            scorer.note(image),
        )
    except Exception as error:  # one bad or too large image is never the end
        return Made(error=described(item, error))


def _values(item, image, quality_map: "QualityMap") -> bytes:
    content = io.BytesIO()
    quality_map.write(content)
    return content.getvalue()


def _overlay(item, image, quality_map: "QualityMap") -> bytes:
    from kiqa.io.scales import limits
    from kiqa.plotting import figure_bytes, literal, plot_blend, plot_overlay

    plot = plot_overlay if quality_map.row_edges is None else plot_blend
    ax = plot(image.pixels, quality_map, limits=limits(quality_map.scale))
    name = literal(os.path.basename(item.name))
    ax.set_title(f"{name}   mean {quality_map.mean():.3f}")
    return figure_bytes(ax)


_FILES = {".npz": _values, ".png": _overlay}


def _normalised(quality_map):
    import numpy as np

    from kiqa.evaluation.study.categories import normalise_scores

    values = normalise_scores(quality_map.values).astype(np.float32)
    return replace(quality_map, values=values, scale=NORMALISED)


def _stored_key(pair):
    """The key of images that are not loaded; none of those that cannot be."""
    from kiqa.scoring.decoding import content_hash

    try:
        contents = [content_hash(path) for path in (pair[0].path, pair[1]) if path is not None]
    except (OSError, ValueError):
        return None
    return _key(pair[0], contents)


def _key(item, contents):
    """A hash of all that an image's part of the page depends on beside the page's heading."""
    text = "\n".join([*contents, item.name])
    return hashlib.sha256(os.fsencode(text)).hexdigest()
