"""What each head is trained on, and by which loss.

Public names: `Form`, `FORMS`, `earth_movers_distance`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from kiqa.comparators.learned.views import koncept512_views, nima_views
from kiqa.constants import NIMA
from kiqa.data.label_distributions import bins_of_records
from kiqa.data.records import ScoredImage
from kiqa.models import builder
from kiqa.models.nima import MIDDLES
from kiqa.training.comparators.heads.settings import HeadSettings


@dataclass(frozen=True, kw_only=True)
class Form:
    """How a head is trained.

    Attributes:
        name: Of the network: a key of `kiqa.models.MODELS` and of
            `kiqa.scoring.engines.ENGINES`.
        views: What the body looks at, see `kiqa.comparators.learned.views`.
        output: Layer whose output the loss is of.
        loss: From targets and outputs of a batch to a number for each image.
        targets: From images to ``float32`` (n, m).
        scores: Of the outputs (m,) the score is their sum with these weights.
    """

    name: str
    views: Callable[[np.ndarray], np.ndarray]
    output: str
    loss: Callable[[Any, Any], Any]
    targets: Callable[[Sequence[ScoredImage], HeadSettings], np.ndarray]
    scores: Sequence[float] = (1.0,)

    def build(self, seed: int | None) -> keras.Model:
        """Build the head with fresh weights, features -> quality."""
        return builder(self.name)(seed=seed)

    def trained(self, model: keras.Model) -> keras.Model:
        """Return the part of the head that the loss is of; layers are shared."""
        return keras.Model(model.inputs[0], model.get_layer(self.output).output, name=model.name)

    def whole(self, trained: keras.Model) -> keras.Model:
        """Return the head of a part that was trained; weights are copied."""
        model = self.build(None)
        for layer in trained.layers:
            model.get_layer(layer.name).set_weights(layer.get_weights())
        return model


def earth_movers_distance(wanted: Any, found: Any) -> Any:
    """Return the distance of distributions over ordered bins.

    Args:
        wanted: Probabilities, (n, bins).
        found: The same.

    Returns:
        The root of the mean square of the difference of both sums up to each bin,
        (n,).

    References:
        Talebi and Milanfar 2018, formula 1.
    """
    difference = ops.abs(ops.cumsum(wanted - found, axis=-1))
    # The root's slope is without bound at 0.
    return (ops.mean(difference**NIMA.power, axis=-1) + 1e-12) ** (1 / NIMA.power)


def _bins(records, settings):
    edges = np.linspace(0, 100, NIMA.bins + 1).tolist()
    return bins_of_records(records, assumed_sd=settings.assumed_sd, edges=edges)


def _mos(records, settings):
    return np.array([[record.mos01] for record in records], np.float32)


FORMS = {
    "koncept512": Form(
        name="koncept512",
        views=koncept512_views,
        output="quality",
        loss=keras.losses.mean_squared_error,
        targets=_mos,
    ),
    "nima": Form(
        name="nima",
        views=nima_views,
        output="bins",
        loss=earth_movers_distance,
        targets=_bins,
        scores=MIDDLES,
    ),
}
