"""From images to sequences of features: the patches of the gaze through a network.

A batch holds patches of one image only: the last digits of a feature depend on
its batch, and features of an image must not depend on which others are extracted
with it (a run that is resumed gives those of one that was left alone).

Public names: `FeatureSequence`, `GazeExtractor`, `check_side`, `LEAST_SIDE`.

References:
    Korhonen et al. 2021, sections 3 and 4.3.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kiqa.constants import RNN_BIQA
from kiqa.io.weights import WeightsInfo
from kiqa.maps.gaze import Gaze, GazeForm, gaze_of
from kiqa.maps.network_function import network_function
from kiqa.startup import check_process

if TYPE_CHECKING:
    import keras

PATCH_BATCH = 32  # patches a run of the network; more only cost memory on a CPU
_PATCH_BYTES = 14 << 20  # of the network for a patch, measured
_IMAGE_BYTES = 5  # a pixel
_EDGE_BYTES = 64 * 512  # a column, see `kiqa.maps.gaze`
LEAST_SIDE = 32  # ours; smaller images would be enlarged more than seven times


@dataclass(frozen=True, eq=False)
class FeatureSequence:
    """The features of one image.

    Attributes:
        values: ``float32`` of shape (patches, features), in the order of the
            gaze.
        low: Number of patches of the half-size version; they come first.
    """

    values: np.ndarray
    low: int

    def __len__(self):
        return len(self.values)

    def chosen(self, *, multi_resolution: bool) -> np.ndarray:
        """Return the features of both versions, or of full resolution only."""
        return self.values if multi_resolution else self.values[self.low :]


class GazeExtractor:
    """A feature extractor at work.

    Args:
        model: Network of patches (n, 224, 224, 3), RGB in 0..255, to features
            (n, f), such as `kiqa.models.rnn_features.without_head` gives.
        form: How an image becomes patches.
        info: What is known of the model's weights, for messages.
        batch: Patches a run of the network.

    Attributes:
        form: As given.
        features: Number of features of a patch.

    Raises:
        ValueError: If the model is not such a network.
    """

    def __init__(
        self,
        model: "keras.Model",
        *,
        form: GazeForm,
        info: WeightsInfo | None = None,
        batch: int = PATCH_BATCH,
    ):
        shapes = [tuple(tensor.shape) for tensor in (*model.inputs, *model.outputs)]
        patch = (None, RNN_BIQA.patch, RNN_BIQA.patch, 3)
        self._name = info.name if info else model.name
        if len(shapes) != 2 or shapes[0] != patch or len(shapes[1]) != 2:
            raise ValueError(
                f"Expected a feature extractor, {patch} -> (n, features). Received: "
                f"{self._name!r}, inputs and outputs {shapes}. Use a file of "
                "python -m kiqa.train_rnn_biqa fine-tune."
            )
        self.form, self.features, self._batch = form, shapes[1][1], batch
        self._run = network_function(model, dtype="uint8")

    def sequence(self, pixels: np.ndarray) -> FeatureSequence:
        """Return the features of one image.

        Args:
            pixels: RGB ``uint8`` of shape (H, W, 3).

        Returns:
            The sequence.

        Raises:
            ValueError: If the image is too small or has too many patches, or
                a feature is not finite.
        """
        check_side(pixels)
        return self.of_gaze(gaze_of(pixels, self.form))

    def of_gaze(self, gaze: Gaze) -> FeatureSequence:
        """Return the features of one image whose patches are already in order.

        Args:
            gaze: From `kiqa.maps.gaze.gaze_of`, in this extractor's form.

        Returns:
            The sequence.

        Raises:
            ValueError: If a feature is not finite.
        """
        check_process()
        starts = range(0, len(gaze), self._batch)
        values = np.concatenate([self._run(gaze.patches(at, at + self._batch)) for at in starts])
        if not np.isfinite(values).all():
            raise ValueError(
                f"Expected finite features. Received: {np.sum(~np.isfinite(values))} that are "
                f"not, from {self._name}; its weights may be damaged."
            )
        return FeatureSequence(values, gaze.low)

    def memory(self, height: int, width: int) -> int:
        """Estimate the bytes that `sequence` takes beside the pixels of its image.

        Args:
            height: Of the image in pixels.
            width: Of the image in pixels.

        Returns:
            Bytes at the peak: a batch of patches in the network, the image
            as it is looked at and its half, and the features.
        """
        patches = 2 * (height * width // (RNN_BIQA.patch**2 // 2) + 2)
        edges = _EDGE_BYTES * width
        return (
            _PATCH_BYTES * min(self._batch, patches)
            + edges
            + _IMAGE_BYTES * height * width
            + 12 * self.features * patches
        )


def check_side(pixels: np.ndarray) -> None:
    """Refuse an image that is too small to be looked at, here and when scoring.

    Args:
        pixels: Of shape (H, W, 3).

    Raises:
        ValueError: If a side is below `LEAST_SIDE`.
    """
    height, width = np.shape(pixels)[:2]
    if min(height, width) < LEAST_SIDE:
        raise ValueError(
            f"Expected an image of at least {LEAST_SIDE}x{LEAST_SIDE} pixels. Received: "
            f"{width}x{height}. Use a larger image."
        )
