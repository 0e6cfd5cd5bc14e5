"""Scoring with `lite`, our own network.

Beside the score, rows say where it stands and how sure it is. The file's
details hold what is needed: ``percentiles``, the scores of the training images
at 0, 1, ... 100 %; and ``interval``, of split conformal prediction on
validation images: the half-widths of an interval that holds a new image's mean
opinion score with the stated probability, for each range of the score.

Maps are made by a second, small file beside it, which names by sha256 the one
that it was trained on: of ``NAME.h5`` that is ``NAME_local.h5``, or, of a file that was
given another name, ``lite_local.h5``. Without it the maps are the judges' own, which
find the bad places less well.

Public names: `lite_engine`, `load_rater`, `placed`.

References:
    J. Lei et al., Distribution-free predictive inference for regression,
    JASA 113(523), 2018, section 2.2.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kiqa.io.weights import Details, WeightsInfo, load_model, read_info
from kiqa.maps.lite import LEAST_SIDE, LiteRater
from kiqa.models.lite import PARTS
from kiqa.scoring.engines import Engine

LOCAL_FILE, BODY = "lite_local.h5", "body"  # the companion that it names


def lite_engine(info: WeightsInfo, *, stride: int | None, default_stride: int) -> Engine:
    """Load the network.

    Args:
        info: Of its file.
        stride: ``None``: maps are grids of blocks.
        default_stride: Not used.

    Returns:
        The `Engine`; its map is a grid of blocks.

    Raises:
        ValueError: If a stride is asked for, or the file is another network
            or lacks a detail.
    """
    if stride is not None:
        raise ValueError(
            f"Expected a grid of blocks for {info.name}. Received: stride {stride}. Leave the "
            "stride out; for maps use --grid ROWSxCOLUMNS, or grid=(rows, columns) in Python."
        )
    placed(0.5, info.details)  # the details are there
    rater = load_rater(info)
    return Engine(
        stride=max(PARTS.values()),
        map_stride=0,
        least_side=LEAST_SIDE,
        map=rater.map,
        score=rater.score,
        map_grid=rater.map,
        beside=lambda score: placed(score, info.details),
        memory=rater.memory,
        map_sha256=rater.map_sha256,
    )


def load_rater(info: WeightsInfo) -> LiteRater:
    """Load the network, and the local one that was trained on it.

    Args:
        info: Of the network's file.

    Returns:
        The rater.

    Raises:
        ValueError: If a file is damaged or another network, or the local one
            of its own name was trained on another file.
    """
    own = info.path.with_name(f"{info.path.stem}_local.h5")
    for path in dict.fromkeys((own, info.path.with_name(LOCAL_FILE))):
        if not path.is_file():
            continue
        found = read_info(path)
        body = None if found.details is None else found.details.companions.get(BODY)
        if body is not None and body.sha256 == info.sha256:
            local = load_model(path)
            model = load_model(info.path)
            return LiteRater(model, local=local, info=info, map_sha256=found.sha256)
        if path == own:
            raise ValueError(
                f"Expected {path} to be trained on {info.path}, sha256 {info.sha256}. Received: "
                f"one trained on {body}. Take both files of one model, or remove it."
            )
    return LiteRater(load_model(info.path), info=info)


def placed(score: float, details: Details) -> dict[str, float]:
    """Return what a row says of a score.

    Args:
        score: In 0..1.
        details: Of the weights file, with ``percentiles`` and ``interval``.

    Returns:
        ``percentile``, 0..100, the share of the training images with a lower
        score; ``low`` and ``high``, the interval, within 0..1.

    Raises:
        ValueError: If a detail is missing or wrong.
    """
    try:
        stated: Mapping[str, Any] = details.interval or {}
        levels = np.asarray(details.percentiles, np.float64)
        edges = np.asarray(stated["edges"], np.float64)
        widths = np.asarray(stated["half_widths"], np.float64)
        good = levels.shape == (101,) and edges.ndim == 1 and widths.shape == (len(edges) + 1,)
        if not good or (np.diff(levels) < 0).any() or not np.isfinite(widths).all():
            raise ValueError("shapes or order")
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            "Expected details of the weights file: percentiles, 101 rising numbers, and interval "
            f"with edges and half_widths. Received: {error!r}. Export the network again."
        ) from error
    half = float(widths[np.searchsorted(edges, score, side="right")])
    return {
        "percentile": round(float(np.interp(score, levels, np.arange(101))), 2),
        "low": max(0.0, score - half),
        "high": min(1.0, score + half),
    }
