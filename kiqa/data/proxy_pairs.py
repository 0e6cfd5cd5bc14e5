"""Distorted copies of pristine images with a full-reference proxy score.

Where no human scores of pairs are at hand, a metric stands in for them: 1 -
sqrt(1 - S), S the mean SSIM of the luminance between copy and image, or what
another `Proxy` says. It ranks pairs as SSIM does, and tells small distortions
from none. It is a proxy and no human score, and what is trained on it says so.

Each image gives an identical pair, of score 1 (in the training set
``copies`` times, to count as much as a kind), and ``copies`` copies of each
kind of `RANGES`. Levels are drawn log-uniformly, one from each of
``copies`` equal parts of the range.

Public names: `PROXY`, `SSIM`, `Proxy`, `RANGES`, `proxy_of`, `proxy_score`,
`write_proxy_pairs`.

References:
    Z. Wang, A. Bovik, H. Sheikh, E. Simoncelli, Image quality assessment:
    from error visibility to structural similarity, IEEE TIP 13(4), 2004.
    D. Brunet, E. Vrscay, Z. Wang, On the mathematical properties of the
    structural similarity index, IEEE TIP 21(4), 2012.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from skimage.metrics import structural_similarity

from kiqa.data.distortions import distort
from kiqa.io.csv_lines import write_csv_file
from kiqa.io.files import replacing, write_atomically
from kiqa.io.images import load_image
from kiqa.io.json_files import read_json

PROXY = (
    "1 - sqrt(1 - S), S the mean SSIM of BT.601 luminance with the pristine photograph: a proxy, "
    "no human score"
)

# Mildest and most severe level of each kind. Ours.
RANGES = {"gaussian_blur": (0.4, 14.0), "gaussian_noise": (1.5, 90.0), "jpeg": (97.0, 2.0)}

_NOTE = "pairs.json"  # beside the table: what made it
_LUMINANCE = np.array([0.299, 0.587, 0.114])


def proxy_score(pixels: np.ndarray, reference: np.ndarray) -> float:
    """Return the proxy score of a copy.

    Args:
        pixels: The copy, RGB ``uint8`` of shape (H, W, 3), sides at least 11.
        reference: The image, of the same shape.

    Returns:
        ``1 - sqrt(1 - S)``, S the mean SSIM of the luminance with the
        settings of its paper, clipped to 0..1; in 0..1, higher is better; 1
        for identical images.

    Raises:
        ValueError: If the shapes differ or are too small.
    """
    if pixels.shape != reference.shape or min(pixels.shape[:2]) < 11:
        raise ValueError(
            "Expected two images of one size, at least 11x11. Received: shapes "
            f"{pixels.shape} and {reference.shape}."
        )
    similarity = structural_similarity(
        pixels @ _LUMINANCE,
        reference @ _LUMINANCE,
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    return float(1 - np.sqrt(1 - np.clip(similarity, 0, 1)))


@dataclass(frozen=True)
class Proxy:
    """What stands in for people's scores of copies.

    Attributes:
        about: What it is, in words, for the files of what is trained on it.
        score: From a copy and its image, ``uint8`` of shape (H, W, 3), to the score in
            0..1, higher is better, 1 for identical images.
    """

    about: str
    score: Callable[[np.ndarray, np.ndarray], float]


SSIM = Proxy(PROXY, proxy_score)


def proxy_of(table: str | os.PathLike) -> str | None:
    """Return what the scores of pairs are, as their folder says.

    Args:
        table: ``pairs.csv`` of `write_proxy_pairs`, or another list of pairs.

    Returns:
        The proxy in words; ``None`` without ``pairs.json`` beside the table: the scores
        are of unknown origin.

    Raises:
        ValueError: If ``pairs.json`` is damaged.
    """
    note = Path(table).with_name(_NOTE)
    if not note.is_file():
        return None
    content = read_json(note)
    if not isinstance(content.get("proxy"), str):
        raise ValueError(
            f"Expected the name of a proxy in {note}. Received: none. Make the pairs again, or "
            "take the file away."
        )
    return content["proxy"]


def write_proxy_pairs(
    images: Mapping[str, Sequence[Path]],
    folder: str | os.PathLike,
    *,
    copies: int,
    seed: int,
    proxy: Proxy = SSIM,
    report: Callable[[str], object] = lambda message: None,
) -> Path:
    """Write copies as PNG files, and ``pairs.csv`` that lists them.

    Copies that are there stay, so an interrupted run goes on where it was.

    Args:
        images: Pristine images of each set (train, val, test).
        folder: Folder to write to.
        copies: Copies of each kind and image.
        seed: Seed of levels and noise; each image has its own stream.
        proxy: What scores them.
        report: Called with a line on what is being done.

    Returns:
        Path of ``pairs.csv``: image and reference (relative to the folder),
        score, set, kind and level (both empty for identical pairs).

    Raises:
        ValueError: If ``copies`` is not positive, an image cannot be
            read, or the folder was written with other arguments.
        OSError: If a file cannot be written.
    """
    if copies < 1:
        raise ValueError(f"Expected at least 1 copy of each kind. Received: {copies}.")
    jobs = [(part, path) for part, paths in images.items() for path in sorted(paths)]
    stems = Counter(path.stem.casefold() for _, path in jobs)
    if twice := [path.name for _, path in jobs if stems[path.stem.casefold()] > 1]:
        raise ValueError(
            "Expected images whose names differ without their suffixes: copies are named after "
            f"them. Received: {twice[:3]}. Rename some."
        )
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    made = {"proxy": proxy.about, "copies": copies, "seed": seed}
    made["ranges"] = {kind: list(ends) for kind, ends in RANGES.items()}
    made["photographs"] = {name: sorted(p.name for p in ps) for name, ps in images.items()}
    note, table = folder / _NOTE, folder / "pairs.csv"
    if note.is_file() and read_json(note) != made:
        raise ValueError(
            f"Expected pairs of the same images, copies, seed and proxy in {folder}. Received: "
            "others, written earlier. Use another folder."
        )
    if table.is_file() and not note.is_file():
        raise ValueError(
            f"Expected a folder for pairs that are made. Received: {folder}, which has "
            f"{table.name} of another origin. Use another folder, or --pairs with that file."
        )
    write_atomically(note, json.dumps(made, indent=1).encode())
    if table.is_file():
        return table
    report(f"making {len(RANGES) * copies * len(jobs)} copies of {len(jobs)} images in {folder}")
    work = partial(_pairs, folder=folder, copies=copies, seed=seed, proxy=proxy)
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        rows = list(pool.map(work, jobs))
    header = ("image", "reference", "score", "set", "kind", "level")
    return write_csv_file(table, header, [row for part in rows for row in part])


def _pairs(job, *, folder, copies, seed, proxy):
    """The rows of one image, ``(part, path)``; its copies are written."""
    part, path = job
    reference = load_image(path).pixels
    original = Path(os.path.relpath(path, folder)).as_posix()
    rng = np.random.default_rng([seed, *os.fsencode(path.name)])
    rows: list[tuple] = [(original, original, 1, part, None, None)]
    rows *= copies if part == "train" else 1
    for kind, (mild, severe) in RANGES.items():
        for index in range(copies):
            place = (index + rng.random()) / copies
            level = float(mild * (severe / mild) ** place)
            level = float(round(level)) if kind == "jpeg" else round(level, 3)
            copy = distort(reference, kind, level, rng=rng)
            name = f"{path.stem}_{kind}_{index}.png"
            if not (folder / name).is_file():
                with replacing(folder / name) as temporary:
                    Image.fromarray(copy).save(temporary, format="PNG", compress_level=1)
            score = proxy.score(copy, reference)
            rows.append((name, original, f"{score:.6f}", part, kind, f"{level:g}"))
    return rows
