"""Weights that are several files: how one finds the others.

The head of PaQ-2-PiQ, the extractor of RNN-BIQA and the Patchnet of the
aggregator are found in one way: beside the file that names them, then by
name, and nothing but the file of the sha256 that it names will do. The hash of
the naming file therefore stands for all of them.

Public names: `find_companion`.
"""

import os

from kiqa.io.weights.h5 import read_info
from kiqa.io.weights.info import WeightsInfo
from kiqa.io.weights.manifest import WeightsError


def find_companion(info: WeightsInfo, role: str) -> WeightsInfo:
    """Find a file that belongs to a model.

    Args:
        info: Of the model's file.
        role: What is sought, a key of its ``details.companions``.

    Returns:
        The description of the companion: ``NAME.h5`` beside the model's file
        if it is the one, else that which `kiqa.io.weights.find_weights` finds
        by name.

    Raises:
        WeightsError: If the model names no such companion, there is no file
            of that name, or those found have another sha256; the message says
            where was looked.
        FileNotFoundError: If ``$KIQA_WEIGHTS`` is no folder.
    """
    wanted = info.details.companions.get(role)
    if wanted is None:
        raise WeightsError(
            f"Expected {info.path} to name its {role}, with name and sha256, among its "
            f"companions. Received: {sorted(info.details.companions) or 'no companions'}. Convert, "
            "train or export the model again."
        )
    beside = info.path.parent / f"{wanted.name}.h5"
    others = []
    for place in (beside, wanted.name):
        if place is beside and not beside.is_file():
            others.append(f"no {beside.name} beside {info.path}")
            continue
        try:
            found = read_info(place)
        except WeightsError as error:
            others.append(str(error))
            continue
        if found.sha256 == wanted.sha256:
            return found
        others.append(f"{found.path}, sha256 {found.sha256}")
    folder = os.environ.get("KIQA_WEIGHTS")
    where = f"$KIQA_WEIGHTS is {folder}" if folder else "$KIQA_WEIGHTS is not set"
    raise WeightsError(
        f"Expected the {role} that {info.path} was written with, {wanted.name}.h5 of sha256 "
        f"{wanted.sha256}, beside it or by name. Received: {'; '.join(dict.fromkeys(others))} "
        f"({where}). The files are one model: put the right {wanted.name}.h5 beside it."
    )
