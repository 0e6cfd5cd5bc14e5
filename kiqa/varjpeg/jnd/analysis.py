"""The just noticeable difference (JND), and how VarJPEG compares with JPEG at it.

Participants look at the versions of an image from the highest bitrate down
and report the first one that looks different from the source. The JND of the
image at a quantile q is the first version (the highest bitrate) at which MORE
than the share q of its participants have noticed a difference, be it at that
version or at an earlier one. With n votes that is the vote of rank
``floor(q * n) + 1`` in ascending order: of 15 votes the 4th for q = 0.25, the
8th for q = 0.5. A share of exactly q is not enough. Those who never noticed a
difference count among the n and rank after the last version. Where never more
than q noticed, the JND is *not reached*: such an image is reported and
counted, but left out of every mean. Nothing is interpolated: the JND is a
version that exists, with the bitrate of its file.

Public names: :data:`JND_COLUMNS`, :data:`JndVotes`, :class:`JndComparison`,
:func:`read_jnd_votes`, :func:`jnd`, :func:`jnd_table`, :func:`compare`.

References:
    Thesis, section 6.3 and Figs. 15 and 16, after Wang et al.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kiqa.data.tables import read_header, read_table
from kiqa.varjpeg.jnd.statistics import Answers, jnd_rank, paired_tests, savings_of
from kiqa.varjpeg.jnd.versions import CODECS, JPEG_CODEC, VARJPEG_CODEC, Version, group_versions

JND_COLUMNS = ("image", "participant", "version")

# For each image, for each participant: the first noticed version, None for never.
JndVotes = dict[str, dict[str, int | None]]


class JndComparison(NamedTuple):
    """A row for each image of the ladder, and what they say together."""

    table: list[dict]
    summary: dict


def read_jnd_votes(path: str | Path, *, counts: Mapping[str, int] | None = None) -> JndVotes:
    """Read the votes on the versions of one codec.

    Columns ``image,participant,version``, in any order and case and no
    others; ``version`` is empty for a participant who never noticed a
    difference. The order of rows is free.

    Args:
        path: The CSV file.
        counts: Number of versions of each image by this codec; ``None``
            checks neither images nor versions.

    Returns:
        The votes, images and participants in the order of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If columns are missing or unknown, a cell is empty that
            must not be, a version is no whole number, a participant votes
            twice on an image, or image or version are not in ``counts``. The
            message names the line.
    """
    path = Path(path)
    votes: JndVotes = {}
    for line, cells in read_table(path, JND_COLUMNS):
        if not votes:
            _check_header(path)
        source = f"{path} line {line}"
        image, participant, text = (cells[name] for name in JND_COLUMNS)
        if not image or not participant:
            raise ValueError(f"Expected an image and a participant in {source}, received none.")
        if text and not text.isdecimal():
            raise ValueError(
                f"Expected the number of a version, or nothing for never, in {source}, received "
                f"{text!r}."
            )
        own = votes.setdefault(image, {})
        if participant in own:
            raise ValueError(
                f"Expected one vote of each participant on an image, received a second one of "
                f"{participant!r} on {image} in {source}. Remove one."
            )
        own[participant] = int(text) if text else None
        if counts is not None:
            _check_vote(image, own[participant], counts, source)
    return votes


def jnd(votes: Iterable[int | None], quantile: float) -> int | None:
    """Return the JND of an image, see the head of this module.

    Args:
        votes: First noticed version of each participant, None for never; at
            least one, in any order.
        quantile: Share q from 0 to below 1; the thesis takes 0.25 and 0.5.

    Returns:
        The version, or None where the JND is not reached.

    Raises:
        ValueError: If there is no vote or the share is out of range.
    """
    ordered = sorted(votes, key=lambda vote: (vote is None, vote))
    return ordered[jnd_rank(len(ordered), quantile)]


def jnd_table(
    varjpeg: JndVotes,
    jpeg: JndVotes,
    versions: Sequence[Version],
    *,
    quantile: float,
    mos: Mapping[str, float] | None = None,
) -> list[dict]:
    """Put the JNDs of both codecs beside each other, image by image.

    The codecs can be compared only if they code their coefficients the same
    way (Huffman tables optimised or not, colour subsampled or not). The table
    of a ladder does not state this, and it is not checked here: all files of
    one ladder are written with one setting, which its ``settings.json`` holds.

    Args:
        varjpeg: Votes on VarJPEG.
        jpeg: Votes on plain JPEG.
        versions: Both codecs' versions, as from `read_versions`.
        quantile: As in `jnd`.
        mos: Mean opinion scores of images, where known.

    Returns:
        For each image of the ladder, in its order: ``image``, ``width``,
        ``height``, ``source_bpp``, ``mos``, for each codec ``_votes`` (their
        number), ``_never`` (how many never noticed), ``_version``,
        ``_quality`` and ``_bpp`` at the JND, ``saving_bpp`` (JPEG less
        VarJPEG: positive where VarJPEG saves), ``saving_percent`` (of JPEG's
        bpp), ``overhead_share`` (0..1, of the VarJPEG file at the JND) and
        ``left_out``, empty or why the image has no saving. What there is not
        is None.

    Raises:
        ValueError: If there is no version, or a vote is on an image or
            version that the ladder does not hold.
    """
    groups = group_versions(versions)
    if not groups:
        raise ValueError("Expected the versions of at least one image, received none.")
    votes = {VARJPEG_CODEC: varjpeg, JPEG_CODEC: jpeg}
    for codec, own in votes.items():
        counts = {image: len(entries.get(codec, ())) for image, entries in groups.items()}
        for image, answers in own.items():
            for participant, vote in answers.items():
                _check_vote(image, vote, counts, f"the {codec} votes, participant {participant!r}")
    return [
        _row(
            image,
            groups[image],
            {codec: own.get(image, {}) for codec, own in votes.items()},
            quantile,
            None if mos is None else mos.get(image),
        )
        for image in groups
    ]


def compare(
    varjpeg: JndVotes,
    jpeg: JndVotes,
    versions: Sequence[Version],
    *,
    quantile: float,
    mos: Mapping[str, float] | None = None,
    seed: int,
    n: int = 1000,
    level: float = 0.95,
) -> JndComparison:
    """Compare VarJPEG with plain JPEG at the JND.

    Args:
        varjpeg: As in `jnd_table`.
        jpeg: As in `jnd_table`.
        versions: As in `jnd_table`.
        quantile: As in `jnd`.
        mos: As in `jnd_table`.
        seed: Seed of the bootstraps.
        n: Number of draws.
        level: Coverage of the intervals.

    Returns:
        The rows of `jnd_table`, and a summary fit for JSON: ``quantile``,
        ``images``, ``compared``, ``left_out`` (reason to number of images),
        ``votes``, ``never`` and ``jnd_at_version_0`` by codec (there the true
        JND may lie above the ladder), ``mean_bpp`` by codec over the compared
        images, ``benefit``, ``equal`` and ``worse`` (numbers of images),
        ``savings`` from `kiqa.varjpeg.jnd.statistics.savings_of`, ``tests``
        from ``paired_tests``, ``seed``, ``resamples``, ``interval_level``.

    Raises:
        ValueError: As `jnd_table`, or if an option is out of range.
    """
    table = jnd_table(varjpeg, jpeg, versions, quantile=quantile, mos=mos)
    groups = group_versions(versions)
    pairs = [
        (
            _answers(varjpeg[row["image"]], groups[row["image"]][VARJPEG_CODEC]),
            _answers(jpeg[row["image"]], groups[row["image"]][JPEG_CODEC]),
        )
        for row in table
        if row["varjpeg_votes"] and row["jpeg_votes"]
    ]
    compared = [row for row in table if not row["left_out"]]
    saved = np.array([row["saving_bpp"] for row in compared])
    reasons = Counter(row["left_out"] for row in table if row["left_out"])
    summary = {
        "quantile": quantile,
        "images": len(table),
        "compared": len(compared),
        "left_out": dict(sorted(reasons.items())),
        "votes": {codec: sum(row[f"{codec}_votes"] for row in table) for codec in CODECS},
        "never": {codec: sum(row[f"{codec}_never"] for row in table) for codec in CODECS},
        "jnd_at_version_0": {
            codec: sum(row[f"{codec}_version"] == 0 for row in table) for codec in CODECS
        },
        "mean_bpp": {
            codec: float(np.mean([row[f"{codec}_bpp"] for row in compared])) if compared else None
            for codec in CODECS
        },
        "benefit": int(np.sum(saved > 0)),
        "equal": int(np.sum(saved == 0)),
        "worse": int(np.sum(saved < 0)),
        "savings": savings_of(pairs, quantile=quantile, seed=seed, n=n, level=level),
        "tests": paired_tests(saved),
        "seed": seed,
        "resamples": n,
        "interval_level": level,
    }
    return JndComparison(table, summary)


def _row(image, entries, votes, quantile, mos):
    version = next(iter(entries.values()))[0]
    row = {"image": image, "width": version.width, "height": version.height}
    row |= {"source_bpp": version.source_bpp, "mos": mos}
    at, reasons = {}, []
    for codec, own in votes.items():
        number = jnd(own.values(), quantile) if own else None
        at[codec] = entry = None if number is None else entries[codec][number]
        if entry is None:
            reasons.append(f"JND not reached with {codec}" if own else f"no votes on {codec}")
        row[f"{codec}_votes"] = len(own)
        row[f"{codec}_never"] = sum(vote is None for vote in own.values())
        for name in ("version", "quality", "bpp"):
            row[f"{codec}_{name}"] = entry and getattr(entry, name)
    ours, theirs = at[VARJPEG_CODEC], at[JPEG_CODEC]
    row["saving_bpp"] = row["saving_percent"] = None
    if ours is not None and theirs is not None:
        row["saving_bpp"] = theirs.bpp - ours.bpp
        row["saving_percent"] = 100 * row["saving_bpp"] / theirs.bpp
    row["overhead_share"] = ours and ours.overhead / ours.bytes
    row["left_out"] = "; ".join(reasons)
    return row


def _answers(votes, entries):
    never = len(entries)
    first = sorted(never if vote is None else vote for vote in votes.values())
    return Answers(np.array(first), np.array([*(entry.bpp for entry in entries), np.nan]))


def _check_vote(image, vote, counts, source):
    count = counts.get(image, 0)
    if not count:
        known = [name for name, number in counts.items() if number]
        raise ValueError(
            f"Expected one of the ladder's {len(known)} images with versions by this codec in "
            f"{source}, received {image!r}. It has, for example: {', '.join(known[:3])}."
        )
    if vote is not None and not 0 <= vote < count:
        raise ValueError(
            f"Expected one of the versions 0 to {count - 1} of {image}, or none for never, in "
            f"{source}, received {vote}. Check that votes and ladder belong together."
        )


def _check_header(path: Path) -> None:
    header = read_header(path, JND_COLUMNS)
    unknown = [name for name in header if name and name.lower() not in JND_COLUMNS]
    if unknown:
        raise ValueError(
            f"Expected the columns {','.join(JND_COLUMNS)} and no others in {path}, received also "
            f"{unknown}. Votes on different codecs belong in files of their own."
        )
