"""What PaQ-2-PiQ's body can start from, looked for before anything is computed.

Loads no Keras.

Public names: `check_initial`, `refuse_imagenet_resnet18`.
"""

import os
from typing import NoReturn

from kiqa.training.runs.imagenet import find_imagenet_file
from kiqa.training.runs.origin import file_of


def check_initial(body: str, initial: str | os.PathLike | None) -> None:
    """Refuse a start that is not there.

    Args:
        body: Of the settings.
        initial: As for `kiqa.training.paq2piq.network.compile_paq2piq`.

    Raises:
        FileNotFoundError: If there is no such file, or no package of
            ImageNet's weights.
        ValueError: If there is no such name, or the package has another
            version.
    """
    if initial is None:
        return
    if str(initial) != "imagenet":
        file_of(initial)
    elif body == "resnet18":
        refuse_imagenet_resnet18()
    else:
        find_imagenet_file("lite2")


def refuse_imagenet_resnet18() -> NoReturn:
    """Say how to get ImageNet's ResNet-18, which is nowhere to be found.

    Raises:
        FileNotFoundError: Always.
    """
    raise FileNotFoundError(
        "Expected a file of ImageNet's ResNet-18. Received: 'imagenet', which neither Keras "
        "nor a package of the index has. Download torchvision's resnet18 (.pth), convert it, "
        "kiqa convert resnet18 FILE.pth --output resnet18.h5, and name that file."
    )
