"""The body of NIMA, KonCept512 and DeepBIQ here: pooled features of EfficientNet-Lite.

The authors' backbones, with ImageNet's weights, are not to be had; these are: the
file of `lite` holds EfficientNet-Lite2 as ImageNet left it, beside a copy that is
tuned to quality, which is not used here. A file of ``kiqa convert
efficientnet-lite`` does as well. The body is not trained further: its features
are computed once.

Public names: `PooledBody`, `FEATURES`.
"""

from collections.abc import Callable

import numpy as np

from kiqa.io.weights import Details, WeightsInfo, load_model
from kiqa.maps.network_function import network_function
from kiqa.startup import check_process

FEATURES = 1280  # channels of the head of every EfficientNet-Lite
_HEAD = "head_relu6"
_DECIMALS = 5  # features are 0..6
_BYTES = 384 << 20  # the network on the largest view
_IMAGE_BYTES = 6  # a pixel, of an image that is resampled


class PooledBody:
    """An EfficientNet-Lite that says of an image the mean of its features.

    Args:
        info: Of the file that it is in.
        views: From pixels (H, W, 3) to what it looks at, (n, h, w, 3); one of
            `kiqa.comparators.learned.views.VIEWS`.

    Attributes:
        network: From images (n, h, w, 3), 0..255, to mean features (n, 1280).
        learned_from: What the file says of the training that made these weights, for
            `kiqa.data.trained.in_chain`; ``None`` of `lite`, which has them as ImageNet
            left them: its own training tuned the copy.

    Raises:
        ValueError: If the file holds no EfficientNet-Lite.
    """

    def __init__(self, info: WeightsInfo, views: Callable[[np.ndarray], np.ndarray]):
        import keras

        from kiqa.models.lite import TUNED

        model = load_model(info.path)
        names = [layer.name for layer in model.layers]
        head = model.get_layer(_HEAD).output if _HEAD in names else None
        if head is None or head.shape[-1] != FEATURES:
            raise ValueError(
                "Expected a network with the body of EfficientNet-Lite, such as lite or a file of "
                f"kiqa convert efficientnet-lite. Received: {info.path}, {model.name!r}."
            )
        pooled = keras.layers.GlobalAveragePooling2D(dtype="float32", name="pooled")(head)
        copied = f"{TUNED}{_HEAD}" in names
        self.learned_from: Details | None = None if copied else info.details
        self.network = keras.Model(model.inputs[0], pooled, name="body")
        if None not in self.network.input_shape[1:3]:  # of rnn_features, which looks at patches
            free = keras.Input((None, None, 3), name="image")
            fixed, self.network = self.network, keras.models.clone_model(self.network, free)
            self.network.set_weights(fixed.get_weights())
        self._run = network_function(self.network, dtype="uint8")
        self._views = views

    def features(self, pixels: np.ndarray) -> np.ndarray:
        """Return the mean features of an image over all it looks at.

        Args:
            pixels: RGB ``uint8`` of shape (H, W, 3).

        Returns:
            ``float64`` of shape (1280,), 0..6, five decimals.

        Raises:
            ValueError: If the image is too small.
        """
        check_process()
        views = self._views(np.asarray(pixels))
        return self._run(views).mean(axis=0).astype(np.float64).round(_DECIMALS)

    @staticmethod
    def memory(height: int, width: int) -> int:
        """Estimate the most bytes that `features` takes beside the pixels; views have one size."""
        return _BYTES + _IMAGE_BYTES * height * width
