"""Scores of images and of patches in them, by any model.

P2P-RM and P2P-FM rate patches as regions of the image; every other model
gets them cut out, as images. What was scored is kept in a file of rows.

Public names: :class:`RatingModel`, :func:`open_model`, :func:`rated_rows`,
:func:`size_of_patch`, :func:`watched`.

References:
    Ying et al. 2020, sections 4.1 to 4.4.
"""

import os
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kiqa.constants import LIVE_FB
from kiqa.data.readers.live_fb import pad_picture
from kiqa.data.study.cropping import cut
from kiqa.io.images import load_image
from kiqa.io.messages import name_file
from kiqa.io.rows import RowFile
from kiqa.io.weights import Details
from kiqa.scoring import Scorer, read_ahead, usable_workers
from kiqa.startup import load_quietly

_COLUMNS = ("path", "sha256", "weights_sha256", "padded", "rois", "score", "patch_scores", "error")


@dataclass(frozen=True)
class RatingModel:
    """A model that rates images and patches of them.

    Attributes:
        name: Its name.
        weights_sha256: Of its file.
        details: What its file says of it.
        scale: Of its scores, such as ``"0..100"``.
        higher_is_better: Its direction.
        rate: From pixels, rectangles (m, 4) and whether to pad to a score and
            m scores of patches.
    """

    name: str
    weights_sha256: str
    details: Details
    scale: str
    higher_is_better: bool
    rate: Callable[[np.ndarray, np.ndarray, bool], tuple[float, list[float]]]


def size_of_patch(roi: np.ndarray, image_size: tuple[int, int]) -> str:
    """Return the published size that a patch is nearest to.

    Args:
        roi: Left, top, right, bottom.
        image_size: ``(height, width)`` of the image.

    Returns:
        ``"40 %"``, ``"30 %"`` or ``"20 %"`` of the sides, by its area.
    """
    left, top, right, bottom = (float(value) for value in roi)
    part = np.sqrt((right - left) * (bottom - top) / (image_size[0] * image_size[1]))
    return f"{100 * min(LIVE_FB.scales, key=lambda scale: abs(scale - part)):.0f} %"


def open_model(model: str | os.PathLike) -> RatingModel:
    """Load a model.

    Args:
        model: Name of a shipped model or ``.h5`` file.

    Returns:
        The model, ready.

    Raises:
        ValueError: If it cannot be loaded, or needs a reference.
        FileNotFoundError: If it is not there.
    """
    scorer = load_quietly(Scorer(model))
    info = scorer.info
    if scorer.needs_reference:
        raise ValueError(f"Expected a no-reference model. Received: {info.name}.")
    rate = _regions(info) if info.details.mode.startswith("paq2piq-") else _crops(scorer)
    return RatingModel(
        info.name, info.sha256, info.details, info.scale, info.higher_is_better, rate
    )


def rated_rows(
    paths: Sequence[str | os.PathLike],
    patches: Sequence[np.ndarray],
    model: RatingModel,
    *,
    padded: bool = False,
    output: Path | None = None,
) -> Generator[dict]:
    """Yield the scores of images and their patches.

    Args:
        paths: Images.
        patches: Rectangles of each, (m, 4), m from 0.
        model: From `open_model`.
        padded: Pad each image to 640x640 with white before it is scored;
            P2P-BM and P2P-RM only.
        output: File of rows to continue and append to. Images of the same
            content, patches and model are not scored again.

    Yields:
        In the order of the paths ``path``, ``score``,
        ``patch_scores`` (a list) and ``error``, None or why there are none.

    Raises:
        ValueError: If ``output`` holds something else.
        OSError: If it cannot be written; finished rows are kept.
    """
    file = RowFile(output, form="jsonl", columns=_COLUMNS, resume=True) if output else None
    done = {_key(row): row for row in (file.finished if file else ()) if row["error"] is None}
    loaded = read_ahead(_load, paths, workers=usable_workers())
    try:
        with closing(loaded):
            for path, image, rois in zip(paths, loaded, patches, strict=True):
                row = dict.fromkeys(_COLUMNS) | {
                    "path": os.fspath(path), "weights_sha256": model.weights_sha256,
                    "padded": padded, "rois": np.asarray(rois, float).tolist(),
                }  # fmt: skip
                if isinstance(image, Exception):
                    row["error"] = name_file(image, path)
                else:
                    row["sha256"] = image.sha256
                    if _key(row) in done:
                        yield row | {k: done[_key(row)][k] for k in ("score", "patch_scores")}
                        continue
                    try:
                        score, others = model.rate(image.pixels, np.asarray(rois), padded)
                        row |= {"score": float(score), "patch_scores": [float(x) for x in others]}
                    except ValueError as error:
                        row["error"] = name_file(error, path)
                if file is not None:
                    file.append(row)
                yield row
    except KeyboardInterrupt:
        kept = f"finished rows are in {output}; run it again to continue"
        raise KeyboardInterrupt(kept if output else "") from None
    finally:
        if file is not None:
            file.close()


def watched(rows: Generator[dict], count: int) -> list[dict]:
    """Return all rows, with a progress bar on a terminal."""
    from tqdm import tqdm

    with closing(rows):
        return list(tqdm(rows, total=count, unit="image", disable=not sys.stderr.isatty()))


def _load(path):
    try:
        return load_image(path)
    except (ValueError, OSError) as error:
        return error


def _key(row):
    return row["sha256"], row["weights_sha256"], row["padded"], str(row["rois"])


def _crops(scorer):
    """Rate patches as images of their own."""

    def rate(pixels, rois, padded):
        if padded:
            raise ValueError("Expected P2P-BM or P2P-RM for padded images. Leave --pad out.")
        parts = [np.ascontiguousarray(cut(pixels, roi)) for roi in np.round(rois).astype(int)]
        return scorer.score(pixels), [scorer.score(part) for part in parts]

    return rate


def _regions(info):
    """Rate patches as regions, or with P2P-BM as images."""
    from kiqa.scoring.engines.paq2piq import load_rater

    rater = load_rater(info.path)

    def rate(pixels, rois, padded):
        boxes = rois.reshape(-1, 4)
        if padded:
            if rater.kind == "fm":
                raise ValueError("Expected P2P-BM or P2P-RM for padded images. Leave --pad out.")
            whole = [[0, 0, pixels.shape[1], pixels.shape[0]]]
            pixels, moved = pad_picture(pixels, np.concatenate([whole, boxes]))
            if rater.kind == "rm":
                first, *others = rater.rate(pixels, moved)
                return first, others
            boxes = moved[1:]
        if rater.kind == "bm":
            parts = [np.ascontiguousarray(cut(pixels, roi)) for roi in np.round(boxes).astype(int)]
            return rater.score(pixels), [rater.score(part) for part in parts]
        by_regions = rater.kind == "fm" and len(boxes) == len(LIVE_FB.scales)
        score = rater.score(pixels, boxes) if by_regions else rater.score(pixels)
        return score, rater.rate(pixels, boxes) if len(boxes) else []

    return rate
