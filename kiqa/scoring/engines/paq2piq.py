"""Scoring with PaQ-2-PiQ: a body and a head in two files, one model.

The body's file says in its details which of the three networks it is
(``mode``), and ``head``: the name of the head's file, which lies beside it, and
its sha256. The hash of the body's file therefore stands for both, and rows of
results need no second one.

Public names: `load_rater`, `paq2piq_engine`, `head_beside`, `export_pair`,
`MODES`.

References:
    Ying et al. 2020, section 4.
"""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiqa import __version__
from kiqa.constants import PAQ2PIQ
from kiqa.io.files import sha256_of
from kiqa.io.weights import WeightsError, WeightsInfo, export_h5, load_model, read_info
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
        FileNotFoundError: If the head is not beside the body.
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
    )


def load_rater(model: str | os.PathLike) -> RegionRater:
    """Load a P2P network to rate images, rectangles and grids.

    Args:
        model: Name or body's file of a P2P network.

    Returns:
        The rater.

    Raises:
        FileNotFoundError: If the body is not there, or the head not beside it.
        ValueError: If the file is another network, or a file is damaged.
    """
    info = read_info(model)
    kind = MODES.get(str(info.details.get("mode")))
    if kind is None:
        raise ValueError(
            f"Expected a network of PaQ-2-PiQ. Received: {info.name}, whose mode is "
            f"{info.details.get('mode')!r}. Use paq2piq_rm, or kiqa.Scorer for other networks."
        )
    return RegionRater(load_model(info.path), load_model(head_beside(info)), kind=kind, info=info)


def head_beside(info: WeightsInfo) -> Path:
    """Find the head of a body.

    Args:
        info: Of the body's file.

    Returns:
        The path of the head's file, of the hash that the body names.

    Raises:
        ValueError: If the body names none, or that file is another one.
        FileNotFoundError: If it is not there.
    """
    head = info.details.get("head")
    named = head if isinstance(head, dict) else {}
    file, sha256 = named.get("file"), named.get("sha256")
    if not isinstance(file, str) or not isinstance(sha256, str) or Path(file).name != file:
        raise ValueError(
            f"Expected the body of a P2P network to name its head, file and sha256. Received: "
            f"{head!r} in {info.path}. Convert or train the network again."
        )
    path = info.path.parent / file
    if not path.is_file():
        raise FileNotFoundError(
            f"Expected the head of {info.path} beside it. Received: {path}, not there. The two "
            "files are one model: copy both."
        )
    received = sha256_of(path)
    if received != sha256:
        raise ValueError(
            f"Expected the head that {info.path} was written with, sha256 {sha256}. "
            f"Received: {path}, sha256 {received}. Copy both files of one model."
        )
    return path


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
        body: ResNet-18.
        head: Its head.
        output: The body's file, ending in ``.h5``; its stem is the model's
            name. The head's file has ``_head`` after the stem.
        kind: ``"bm"``, ``"rm"`` or ``"fm"``.
        full_precision: As for `kiqa.io.weights.export_h5`.
        **details: More for both files, of JSON types.

    Returns:
        The body's path.

    Raises:
        kiqa.io.weights.WeightsError: As `kiqa.io.weights.export_h5`.
        OSError: If writing fails.
    """
    output = Path(output)
    if output.suffix != ".h5":
        raise WeightsError(f"Expected a file name that ends in .h5. Received: {output}.")
    stem = output.stem
    name = re.sub("[^A-Za-z0-9_.-]", "-", stem)
    common = {
        "version": __version__,
        "scale": "0..100",
        "higher_is_better": True,
        "full_precision": full_precision,
        **details,
    }
    part = export_h5(
        head,
        output.with_name(f"{stem}_head.h5"),
        name=f"{name}_head",
        mode="paq2piq-head",
        body=output.name,
        **common,
    )
    return export_h5(
        body,
        output,
        name=name,
        mode=f"paq2piq-{kind}",
        head={"file": part.name, "sha256": read_info(part).sha256},
        **common,
    )
