"""ImageNet weights of Keras's own networks, from the cache of models; nothing is downloaded.

Loads no Keras, so that a command can look before it begins.

Public names: `keras_imagenet_file`, `KERAS_FILES`.
"""

import os
from pathlib import Path

_ADDRESS = "https://storage.googleapis.com/tensorflow/keras-applications"
# Network -> its name in words, folder at the address, file without the top.
KERAS_FILES = {
    "densenet169": (
        "DenseNet-169",
        "densenet",
        "densenet169_weights_tf_dim_ordering_tf_kernels_notop.h5",
    ),
    "resnet50": (
        "ResNet-50",
        "resnet",
        "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
    ),
}


def keras_imagenet_file(network: str) -> Path:
    """Find the file in ``$KERAS_HOME/models``, by default ``~/.keras/models``.

    Args:
        network: A key of `KERAS_FILES`.

    Returns:
        Its path.

    Raises:
        FileNotFoundError: If it is not there; the message says from where to
            download it and where to put it.
    """
    words, folder, file = KERAS_FILES[network]
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    path = home / "models" / file
    if not path.is_file():
        raise FileNotFoundError(
            f"Expected the ImageNet weights of {words} at {path}. Received: no such file. "
            f"Download it once, {_ADDRESS}/{folder}/{file}, and put it there or name it with "
            "--initial FILE; or leave --initial out for random weights."
        )
    return path
