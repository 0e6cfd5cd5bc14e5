"""WaDIQaM-FR against the proxy it was trained on: agreement, and its response to rising levels.

The proxy is that of the pairs (`kiqa.data.proxy_pairs`), no human score. Two questions are
put on images that the network has not seen: do its scores rank copies as
the proxy does, and does its score fall with every step of a rising level of
blur, noise or JPEG compression, and from the identical pair to the mildest?

Public names: :data:`COMMAND`, :data:`LEVELS`, :func:`rank_agreement`, :func:`responses`,
:func:`summarise_responses`.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from kiqa.arguments import Output, add_include, add_number, add_output
from kiqa.constants import WADIQAM
from kiqa.data.distortions import distort
from kiqa.data.excluded import excluding_files
from kiqa.data.folders import images_in
from kiqa.data.proxy_pairs import write_proxy_pairs
from kiqa.data.tables import read_table
from kiqa.data.untrained import untrained_files
from kiqa.evaluation.correlation import METRICS
from kiqa.evaluation.report import to_markdown, write_csv, write_json
from kiqa.evaluation.resampling import (
    grouped_draws,
    mean_interval,
    percentile_interval,
    plcc_rows,
    srocc_rows,
)
from kiqa.io.images import load_image
from kiqa.reproduce.command import Command, add_model, add_pristine, report
from kiqa.reproduce.left_out import LeftOut
from kiqa.reproduce.seeded import generator
from kiqa.scoring import Scorer, read_ahead, usable_workers
from kiqa.startup import load_quietly
from kiqa.training.wadiqam.tasks import scores_of_pairs

# From a level that people just see to one they find very annoying. Ours.
LEVELS = {"gaussian_blur": (0.5, 8.0), "gaussian_noise": (2.0, 60.0), "jpeg": (95.0, 4.0)}

_SEED = 0  # of the bootstrap
_COLUMNS = ("image", "reference", "score", "set", "kind", "level")


def rank_agreement(rows: Sequence[dict]) -> list[dict]:
    """Compare scores with the proxy, over all pairs and over those of each kind.

    Args:
        rows: One a pair: ``reference``, ``kind`` (empty for the identical
            pair), ``proxy`` and ``score``, higher better in both.

    Returns:
        ``kind`` (``"all"`` first), ``pairs``, ``photographs``, and of SROCC
        and PLCC (no logistic) the value and the 95 % bootstrap interval over
        images.
    """
    kinds = list(dict.fromkeys(row["kind"] for row in rows if row["kind"]))
    entries = []
    for kind in ("all", *kinds):
        chosen = [row for row in rows if kind in ("all", row["kind"])]
        scores, proxy = (np.array([row[key] for row in chosen]) for key in ("score", "proxy"))
        groups = [row["reference"] for row in chosen]
        entry = {"kind": kind, "pairs": len(chosen), "photographs": len(set(groups))}
        for name, metric in (("srocc", srocc_rows), ("plcc", plcc_rows)):
            draws = grouped_draws(metric, [scores], proxy, groups, seed=_SEED)[0]
            low, high = percentile_interval(draws, level=0.95)
            entry[name] = {"value": METRICS[name](scores, proxy), "lo": low, "hi": high}
        entries.append(entry)
    return entries


def responses(
    images: Sequence[Path],
    score: Callable[[np.ndarray, np.ndarray], float],
    *,
    levels: int,
    seed: int,
) -> Iterator[dict]:
    """Yield scores of an image and of its copies at rising levels.

    Args:
        images: Files.
        score: From a copy and the image, ``uint8`` (H, W, 3), to the
            score.
        levels: Levels of each kind of `LEVELS`, evenly in the logarithm
            from the mildest to the most severe; at least 2.
        seed: Seed of the noise, with the image's name.

    Yields:
        ``photograph``, ``kind``, ``level`` (0 for the identical pair, which
        begins each kind) and ``score``.

    Raises:
        ValueError: If there are fewer than 2 levels, or an image cannot be
            scored.
    """
    if levels < 2:
        raise ValueError(f"Expected at least 2 levels. Received: {levels}.")
    for path in images:
        pixels = load_image(path).pixels
        own = score(pixels, pixels)
        for kind, ends in LEVELS.items():
            yield {"photograph": path.name, "kind": kind, "level": 0.0, "score": own}
            for level in np.geomspace(*ends, levels).round(0 if kind == "jpeg" else 3):
                rng = generator(seed, path.name, kind, f"{level:g}")
                copy = distort(pixels, kind, float(level), rng=rng)
                yield {"photograph": path.name, "kind": kind, "level": float(level),
                       "score": score(copy, pixels)}  # fmt: skip


def summarise_responses(rows: Sequence[dict], *, higher_is_better: bool) -> list[dict]:
    """Count the images whose score gets worse at every step.

    Args:
        rows: Of `responses`.
        higher_is_better: Direction of the scores.

    Returns:
        For each kind, and for ``"all"`` kinds at once: ``photographs``,
        ``monotone`` (their number, over the rising levels), ``share``, the
        95 % bootstrap interval ``lo`` and ``hi`` of the share, and
        ``from_identical``, the number where the identical pair also is
        better than the mildest level.
    """
    sign = 1 if higher_is_better else -1
    names = list(dict.fromkeys(row["photograph"] for row in rows))
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    falls = np.empty((2, len(names), len(kinds)))
    for i, name in enumerate(names):
        for j, kind in enumerate(kinds):
            scores = [r["score"] for r in rows if (r["photograph"], r["kind"]) == (name, kind)]
            first, *others = np.diff(scores) * sign < 0
            falls[0, i, j] = all(others)
            falls[1, i, j] = first and all(others)
    both = np.concatenate([falls, falls.min(axis=2, keepdims=True)], axis=2)
    entries = []
    for j, kind in enumerate((*kinds, "all")):
        monotone, whole = both[:, :, j]
        low, high = mean_interval(monotone, seed=_SEED)
        entries.append({"kind": kind, "photographs": len(names), "monotone": int(monotone.sum()),
                        "share": float(monotone.mean()), "lo": low, "hi": high,
                        "from_identical": int(whole.sum())})  # fmt: skip
    return entries


def _options(parser: argparse.ArgumentParser) -> None:
    add_pristine(parser)
    parser.add_argument(
        "--pairs", type=Path, metavar="CSV",
        help="pairs.csv with that set, of kiqa.train_wadiqam --pristine (default: made below "
        "--output)",
    )  # fmt: skip
    add_number(
        parser, "--copies", "without --pairs: copies of each kind and image", default=4, low=1
    )
    add_number(parser, "--levels", "rising levels of each kind", default=5, low=2)
    add_number(parser, "--seed", "seed of the random numbers", default=0, low=0)
    add_include(parser)
    add_model(parser, default="wadiqam_fr")
    written = "write tables and JSON there"
    add_output(parser, "--output", Output.FOLDER, "DIR", written, type=Path, required=True)


def _run(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    left_out = LeftOut()
    found = images_in(options.data, split=options.split, chosen=options.set)
    chosen = excluding_files(found, options.exclude or (), report=report)
    images = [path for path, _ in left_out.over(chosen, _look)]
    scorer = load_quietly(Scorer(options.model))
    if not scorer.needs_reference:
        raise ValueError(
            f"Expected a full-reference model. Received: {options.model}, which takes no "
            "reference. Use a file of kiqa.train_wadiqam --mode fr."
        )
    kept = untrained_files(
        images, [scorer.info.details], include=options.include_trained, report=report
    )
    better = 1 if scorer.info.higher_is_better else -1
    path = options.pairs or write_proxy_pairs(
        {options.set: images}, options.output / "pairs", copies=options.copies,
        seed=options.seed, report=report,
    )  # fmt: skip
    known = {image.resolve() for image in found}
    names = {image.name for image in kept.images}
    pairs = [pair for pair in _pairs(path, options.set, known)
             if Path(pair["reference"]).name in names]  # fmt: skip
    images = kept.images
    hidden = not sys.stderr.isatty()
    loaded = read_ahead(partial(_load, folder=path.parent), pairs, workers=usable_workers())
    bar = tqdm(zip(pairs, loaded, strict=True), total=len(pairs), unit="pair", disable=hidden)

    def compared(pair_and_pixels):
        pair, pixels = pair_and_pixels
        if isinstance(pixels, Exception):
            raise pixels
        copy, reference = pixels
        return {"image": Path(pair["image"]).name, "reference": Path(pair["reference"]).name,
                "kind": pair["kind"], "level": pair["level"], "proxy": float(pair["score"]),
                "score": better * scorer.score(copy, reference=reference)}  # fmt: skip

    def rises(path):
        return list(
            responses(
                [path], lambda copy, reference: scorer.score(copy, reference=reference),
                levels=options.levels, seed=options.seed,
            )
        )  # fmt: skip

    proxy = scores_of_pairs(path)["about"]
    rows = [
        row for _, row in left_out.over(bar, compared, file=lambda it: path.parent / it[0]["image"])
    ]
    agreement = rank_agreement(rows)
    shown = tqdm(images, unit="image", disable=hidden)
    rising = [row for _, own in left_out.over(shown, rises) for row in own]
    steps = summarise_responses(rising, higher_is_better=scorer.info.higher_is_better)
    write_csv(rows, options.output / "wadiqam-proxy-pairs.csv")
    write_csv(rising, options.output / "wadiqam-proxy-responses.csv")
    write_json(
        {"model": scorer.info.name, "weights_sha256": scorer.info.sha256, "proxy": proxy,
         "set": options.set, "levels": options.levels, "seed": options.seed,
         "bootstrap_seed": _SEED,
         **kept.note, "agreement": agreement, "responses": steps},
        options.output / "wadiqam-proxy.json",
    )  # fmt: skip
    sys.stdout.write(
        f"{scorer.info.name}; proxy: {proxy}; 95 % intervals over images\n\n"
        f"{to_markdown([_agreement_row(entry) for entry in agreement])}\n\n"
        f"Score falls at every step of {options.levels} rising levels\n\n"
        f"{to_markdown([_step_row(entry) for entry in steps])}\n"
    )
    return left_out.status()


def _look(path):
    """Refuse an image of which no patch can be cut."""
    image = load_image(path)
    if min(image.height, image.width) < WADIQAM.patch:
        raise ValueError(
            f"Expected an image of at least {WADIQAM.patch}x{WADIQAM.patch} pixels. Received: "
            f"{path}, {image.width}x{image.height}."
        )


def _pairs(path: Path, part: str, images: set[Path]) -> list[dict]:
    """The pairs of a set; their references are the images asked for."""
    pairs = [row for _, row in read_table(path, _COLUMNS) if row["set"] == part]
    there = {Path(os.path.abspath(path.parent / pair["reference"])).resolve() for pair in pairs}
    if not there or not there <= images:
        raise ValueError(
            f"Expected pairs of the {len(images)} images of set {part!r}. Received: "
            f"{len(pairs)} pairs of that set in {path}, {len(there - images)} of their "
            "references are others. Use the pairs of this folder and split."
        )
    return pairs


def _load(pair: dict, *, folder: Path) -> list[np.ndarray] | Exception:
    """The pixels of both images, or why not; a gray image's copies may be stored in colour."""
    try:
        return [load_image(folder / pair[column]).pixels for column in ("image", "reference")]
    except (ValueError, OSError) as error:
        return error


def _read(content):
    """What the stored result was computed on, and its rows; see `Command.read`."""
    about = f"{content['model']}, {content['set']} part; proxy: {content['proxy']}"
    return about, [_agreement_row(entry) for entry in content["agreement"]]


def _agreement_row(entry):
    row = {"kind": entry["kind"], "pairs": entry["pairs"]}
    for name in ("srocc", "plcc"):
        row[name.upper()] = entry[name]["value"]
        row[f"{name.upper()} 95 %"] = f"{entry[name]['lo']:.3f} .. {entry[name]['hi']:.3f}"
    return row


def _step_row(entry):
    return {
        "kind": entry["kind"],
        "photographs": f"{entry['monotone']} of {entry['photographs']}",
        "share": entry["share"],
        "95 %": f"{entry['lo']:.3f} .. {entry['hi']:.3f}",
        "also from the identical pair": f"{entry['from_identical']} of {entry['photographs']}",
    }


COMMAND = Command(
    "WaDIQaM-FR against its proxy, and over rising distortions", _options, _run, _read
)
