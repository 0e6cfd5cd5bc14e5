"""The checksum of a weights file: one changed bit of what it says or holds is found.

A network gives scores whatever its numbers are, so damage does not show. The
attribute ``kiqa`` of a file that `kiqa.io.weights.export_h5` wrote holds,
beside the description, a sha256 of the architecture, the description and
every tensor. Both Kerases ignore it.

Public names: `sealed`, `unsealed`, `check_seal`.
"""

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from kiqa.io.weights.tensors import Named

_KEY = "checksum"


def sealed(config: str, description: str, tensors: "dict[str, Named]") -> str:
    """Return the text of the attribute ``kiqa``: a description and the checksum.

    Args:
        config: Text of the architecture.
        description: JSON object of `kiqa.io.weights.details.Details`.
        tensors: Layer name -> list of (tensor name, array), as written.
    """
    values = {**json.loads(description), _KEY: _digest(config, description, tensors)}
    return json.dumps(values, sort_keys=True)


def unsealed(text: str) -> tuple[str, str | None]:
    """Take an attribute apart.

    Args:
        text: Of the attribute ``kiqa``.

    Returns:
        The description, and the checksum; ``None`` in files of kiqa 0.1.0.
        A text that is damaged comes back as it is, to be refused by its
        reader.
    """
    try:
        values = json.loads(text)
        checksum = values.pop(_KEY, None)
    except (ValueError, TypeError, AttributeError):
        return text, None
    if not isinstance(checksum, str):
        return text, None
    return json.dumps(values, sort_keys=True), checksum


def check_seal(config: str, text: str | None, tensors: "dict[str, Named]") -> None:
    """Compare a file of kiqa with its checksum.

    Args:
        config: Text of its architecture.
        text: Of its attribute ``kiqa``, if it has one.
        tensors: Layer name -> list of (tensor name, array), in its order.

    Raises:
        ValueError: If they differ. A file without a checksum passes.
    """
    description, expected = (None, None) if text is None else unsealed(text)
    if description is None or expected is None:
        return
    received = _digest(config, description, tensors)
    if received != expected:
        raise ValueError(
            f"Expected a content of checksum {expected[:64]}, as the file says of itself. "
            f"Received: {received}. The file was damaged after kiqa wrote it; get it again."
        )


def _digest(config, description, tensors):
    """Sha256 of what a file says and holds, whatever its layout on the disk."""
    digest = hashlib.sha256()

    def add(content):
        digest.update(len(content).to_bytes(8, "little"))
        digest.update(content)

    for text in (config, description):
        add(text.encode("utf-8", "surrogatepass"))
    for layer, named in tensors.items():
        for name, array in named:
            array = np.ascontiguousarray(array)
            head = f"{layer}/{name} {array.dtype.str} {array.shape}"
            add(head.encode("utf-8", "surrogatepass"))
            add(array.tobytes())
    return digest.hexdigest()
