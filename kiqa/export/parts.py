"""What is exported of a model: its networks, what each is fed with, and how they join.

A model that kiqa scores with is one network or two, and arithmetic around them
that no stock layer expresses: patches are cut, an image is resampled, features of
a rectangle are pooled. The networks are exported; the arithmetic is described,
step by step, in ``kiqa.json``.

A kind of model is a function of `kiqa.export.systems` and a line in `SYSTEMS`.

Public names: `Part`, `System`, `system_of`, `SYSTEMS`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

import numpy as np

from kiqa.io.weights import WeightsError, WeightsInfo
from kiqa.scoring.engines import ENGINES

if TYPE_CHECKING:
    import keras

# Mode of a weights file -> the function that says what is exported of it.
SYSTEMS = {
    "patch": "kiqa.export.systems:patch_system",
    "aggregator": "kiqa.export.systems:aggregator_system",
    "cnniqa": "kiqa.export.systems:cnniqa_system",
    "cornia": "kiqa.export.systems:cornia_system",
    "deepbiq": "kiqa.export.systems:head_system",
    "koncept512": "kiqa.export.systems:head_system",
    "lite": "kiqa.export.systems:lite_system",
    "nima": "kiqa.export.systems:head_system",
    "paq2piq-bm": "kiqa.export.systems:paq2piq_system",
    "paq2piq-fm": "kiqa.export.systems:paq2piq_system",
    "paq2piq-rm": "kiqa.export.systems:paq2piq_system",
    "rnn-biqa": "kiqa.export.systems:rnn_system",
    "wadiqam-fr": "kiqa.export.systems:wadiqam_system",
    "wadiqam-nr": "kiqa.export.systems:wadiqam_system",
}
# Modes that score and have no network that would be worth a file of its own.
_NO_NETWORK = {
    "brisque": "a regression of 36 statistics, which NumPy and SciPy fit to the image",
    "formula": "a formula",
    "niqe": "a distance of statistics, which NumPy and SciPy fit to the image",
}


@dataclass(frozen=True, eq=False)
class Part:
    """One network of a model.

    Attributes:
        name: Of its file, without ending.
        network: The network.
        info: Of the weights file that it is from.
        feed: From the pixels of an image, or of an image and its reference, to
            the network's inputs as kiqa makes them: ``float32`` arrays.
    """

    name: str
    network: "keras.Model"
    info: WeightsInfo
    feed: Callable[..., list[np.ndarray]]


@dataclass(frozen=True, eq=False)
class System:
    """A model, taken apart.

    Attributes:
        parts: Its networks, in the order in which they run.
        least_side: Least width and height of an image in pixels.
        before: Steps from an image to the first network's inputs. A step is a
            dictionary of plain values with the key ``step``.
        after: Steps from there to the score, the later networks among them.
        needs_reference: Whether there is an undistorted image beside each image.
    """

    parts: tuple[Part, ...]
    least_side: int
    before: tuple[dict[str, Any], ...]
    after: tuple[dict[str, Any], ...]
    needs_reference: bool = False


def system_of(info: WeightsInfo) -> System:
    """Load a model and take it apart.

    Args:
        info: From `kiqa.scoring.engines.describe`.

    Returns:
        The system.

    Raises:
        WeightsError: If the model is no network, or a part of another one, or a
            file is damaged; the message says which.
        ValueError: If a file holds another network than it says.
    """
    mode = info.details.mode
    if mode in _NO_NETWORK:
        raise WeightsError(
            f"Expected a model that is a network. Received: {info.name}, {_NO_NETWORK[mode]}. It "
            "stays in kiqa: use kiqa score."
        )
    if mode not in SYSTEMS:
        whole = f", a part of {info.details.body}" if info.details.body else ""
        raise WeightsError(
            f"Expected a model that scores images, of a mode among {sorted(ENGINES)}. Received: "
            f"{info.name} of the mode {mode!r}{whole}. Parts are exported with the model that "
            "names them."
        )
    return resolve_name(SYSTEMS[mode])(info)
