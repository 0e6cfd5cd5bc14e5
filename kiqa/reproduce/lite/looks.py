"""What the network of `lite` sees in images, kept so that no image is looked at twice.

Its later stages are there as ImageNet left them, from the package that the training
starts from, and as a file has them tuned to quality. Of each map the means and
deviations over the image are kept, in the output folder: a row for each image, by the
sha256 of its content, in a file named after that of the network's weights.

Public names: `Look`, `network_of`, `looks_of`, `working_side`.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from kiqa.comparators.statistics import statistics_of
from kiqa.data.records import ScoredImage
from kiqa.io.weights import load_model
from kiqa.maps.lite import WORKING_AREA, working_pixels
from kiqa.maps.network_function import network_function
from kiqa.models.lite import JUDGES, PARTS, TUNED
from kiqa.reproduce.lite.designs import DEVIATIONS, MEANS, Design
from kiqa.training.lite.network import start_network
from kiqa.training.lite.settings import LiteSettings
from kiqa.training.runs.workdir import arrays_sha256

_DECIMALS = 5
_LEAST = 1e-6  # of the scale of a variance, as in the training of lite


class Look(NamedTuple):
    """What was seen at one resolution.

    Attributes:
        widths: Channels of each map, in order.
        values: By the name of an image means, then deviations, of all maps.
    """

    widths: Mapping[str, int]
    values: Mapping[str, np.ndarray]

    def features(self, names: Sequence[str], design: Design, fitted: slice) -> np.ndarray:
        """Return the features of a design.

        Args:
            names: Of images that were looked at.
            design: With ``maps`` and ``pooling``.
            fitted: Which of the images are trained on; the scales of spreads
                are medians of theirs.

        Returns:
            ``float64`` of shape (images, features).
        """
        taken = np.repeat([name in design.maps for name in self.widths], [*self.widths.values()])
        values = np.stack([self.values[name] for name in names]).astype(np.float64)
        means, deviations = (half[:, taken] for half in np.split(values, 2, axis=1))
        if design.pooling == MEANS:
            return means
        if design.pooling == DEVIATIONS:
            return np.concatenate([means, deviations], axis=1)
        variance = deviations**2
        scale = np.median(variance[fitted], axis=0) + _LEAST
        return np.concatenate([means, variance / (variance + scale)], axis=1)


def working_side() -> int:
    """Return the side of the square that `lite` reads."""
    return round(WORKING_AREA**0.5)


def network_of(model: str) -> keras.Model:
    """Build the network: frozen stages from ImageNet's package, tuned ones from a file.

    Args:
        model: Name or file of `lite`.

    Returns:
        As of `kiqa.models.lite.build_lite`; the judges are not trained.

    Raises:
        FileNotFoundError: If the package of ImageNet's weights is missing.
        kiqa.io.weights.WeightsError: If the file cannot be used.
    """
    network, tuned = start_network(LiteSettings()), load_model(model)
    for layer in network.layers:
        if layer.name.startswith(TUNED) and layer.weights:
            layer.set_weights(tuned.get_layer(layer.name).get_weights())
    return network


def looks_of(
    network: keras.Model,
    records: Mapping[int, Sequence[ScoredImage]],
    folder: Path,
    *,
    report: Callable[[str], object],
) -> dict[int, Look]:
    """Look at images, or read what was seen in them before.

    Args:
        network: From `network_of`.
        records: By the side of the resolution, the images to look at in it.
        folder: Where what was seen is kept.
        report: Told of each image that cannot be looked at; it is left out.

    Returns:
        By side what was seen: all maps at the working resolution, those of the
        frozen body at others.

    Raises:
        OSError: If an image or a file cannot be read or written.
        ValueError: If no image can be looked at.
    """
    return {side: _look(network, images, side, folder, report) for side, images in records.items()}


def _look(network, records, side, folder, report):
    maps = tuple(PARTS) if side == working_side() else JUDGES[""]
    means, powers = (
        [network.get_layer(f"{name}_{kind}").output for name in maps] for kind in ("mean", "power")
    )
    body = keras.Model(network.inputs[0], keras.layers.Concatenate()(means + powers))
    run = network_function(body, dtype="uint8")

    def measure(pixels):
        mean, power = np.split(run(working_pixels(pixels, area=side**2)[None])[0], 2)
        deviation = np.sqrt(np.maximum(power - mean**2, 0))
        return np.concatenate([mean, deviation]).astype(np.float64).round(_DECIMALS)

    file = folder / f"features-{side}-{arrays_sha256(*body.get_weights())[:16]}.jsonl"
    kept, values = statistics_of(records, measure, file=file, report=report)
    widths = {name: mean.shape[-1] for name, mean in zip(maps, means, strict=True)}
    names = [record.name for record in kept]
    return Look(widths, dict(zip(names, values.astype(np.float32), strict=True)))
