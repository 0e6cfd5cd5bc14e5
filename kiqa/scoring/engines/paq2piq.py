"""Scoring with PaQ-2-PiQ: a body and a head in two files, one model.

The body's file says in its details which of the three networks it is
(``mode``), and names its companion, the head. The hash of the body's file
therefore stands for both, and rows of results need no second one.

Public names: `load_rater`, `paq2piq_engine`, `export_pair`, `MODES`.

References:
    Ying et al. 2020, section 4.
"""

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiqa import __version__
from kiqa.constants import PAQ2PIQ
from kiqa.io.files import sha256_of
from kiqa.io.weights import (
    Companion,
    Details,
    WeightsInfo,
    check_h5_name,
    export_h5,
    find_companion,
    load_model,
    read_info,
)
from kiqa.maps.paq2piq import LEAST_SIDE, RegionRater
from kiqa.scoring.engines import Engine

if TYPE_CHECKING:
    import keras

MODES = {f"paq2piq-{kind}": kind for kind in ("bm", "rm", "fm")}


def paq2piq_engine(info: WeightsInfo, *, stride: int | None, default_stride: int) -> Engine:
    """Load a P2P network, body and head.

    Args:
        info: Of the body's file.
        stride: ``None``: maps are grids of blocks.
        default_stride: Not used.

    Returns:
        The `Engine`; its map is that of 32x32 blocks, `Engine.map_grid` that
        of others. P2P-BM has none.

    Raises:
        ValueError: If a stride is asked for, the head is not the one of this
            body, or a file is damaged.
        FileNotFoundError: If ``$KIQA_WEIGHTS`` is no folder.
    """
    if stride is not None:
        raise ValueError(
            f"Expected a grid of blocks for {info.name}. Received: stride {stride}. Leave the "
            "stride out; for maps use --grid ROWSxCOLUMNS, or grid=(rows, columns) in Python."
        )
    rater = load_rater(info.path)
    maps = None if rater.kind == "bm" else rater.map
    return Engine(
        stride=PAQ2PIQ.stride,
        map_stride=0,
        least_side=LEAST_SIDE,
        map=maps,
        score=rater.score,
        map_grid=maps,
        memory=rater.memory,
    )


def load_rater(model: str | os.PathLike) -> RegionRater:
    """Load a P2P network to rate images, rectangles and grids.

    Args:
        model: Name or body's file of a P2P network.

    Returns:
        The rater.

    Raises:
        FileNotFoundError: If the body is not there.
        ValueError: If the file is another network, its head is not found
            (`kiqa.io.weights.find_companion`), or a file is damaged.
    """
    info = read_info(model)
    kind = MODES.get(info.details.mode)
    if kind is None:
        raise ValueError(
            f"Expected a network of PaQ-2-PiQ. Received: {info.name}, whose mode is "
            f"{info.details.mode!r}. Use paq2piq_rm, or kiqa.Scorer for other networks."
        )
    head = load_model(find_companion(info, "head").path)
    return RegionRater(load_model(info.path), head, kind=kind, info=info)


def export_pair(
    body: "keras.Model",
    head: "keras.Model",
    output: str | os.PathLike,
    *,
    kind: str,
    full_precision: bool = False,
    **details: Any,
) -> Path:
    """Write a P2P network: body and head beside each other.

    Args:
        body: Of `kiqa.models.paq2piq`.
        head: Its head.
        output: The body's file, ending in ``.h5``; its stem is the model's
            name. The head's file has ``_head`` after that name.
        kind: ``"bm"``, ``"rm"`` or ``"fm"``.
        full_precision: As for `kiqa.io.weights.export_h5`.
        **details: More fields of `kiqa.io.weights.Details`, for both files.

    Returns:
        The body's path.

    Raises:
        kiqa.io.weights.WeightsError: As `kiqa.io.weights.export_h5`.
        OSError: If writing fails.
    """
    output = Path(output)
    check_h5_name(output)  # before the head is written beside it
    name = re.sub("[^A-Za-z0-9_.-]", "-", output.stem)
    about = Details(
        name=name,
        version=__version__,
        scale="0..100",
        higher_is_better=True,
        mode=f"paq2piq-{kind}",
        **details,
    )
    part = export_h5(
        head,
        output.with_name(f"{name}_head.h5"),
        replace(about, name=f"{name}_head", mode="paq2piq-head", body=output.name),
        full_precision=full_precision,
    )
    companion = Companion(f"{name}_head", sha256_of(part))
    return export_h5(
        body,
        output,
        replace(about, companions={"head": companion}),
        full_precision=full_precision,
    )
