"""Networks of the papers, as functions that build graphs of stock Keras layers.

`MODELS` maps a model's name to ``module:function``; `builder` resolves it, so
that reading the names loads no Keras.
"""

from collections.abc import Callable
from pkgutil import resolve_name

MODELS = {
    "aggregator": "kiqa.models.aggregator:build_aggregator",
    "average_biqa": "kiqa.models.rnn_biqa:build_average_biqa",
    "brisque": "kiqa.models.brisque:build_brisque",
    "cnniqa": "kiqa.models.cnniqa:build_cnniqa",
    "cornia": "kiqa.models.cornia:build_cornia",
    "deepbiq": "kiqa.models.deepbiq:build_deepbiq",
    "efficientnet_lite": "kiqa.models.efficientnet_lite:build_efficientnet_lite",
    "koncept512": "kiqa.models.koncept512:build_koncept512",
    "lite": "kiqa.models.lite:build_lite",
    "lite_local": "kiqa.models.lite:build_lite_local",
    "nima": "kiqa.models.nima:build_nima",
    "niqe": "kiqa.models.niqe:build_niqe",
    "paq2piq_head": "kiqa.models.paq2piq:build_paq2piq_head",
    "patchnet": "kiqa.models.patchnet:build_patchnet",
    "resnet18": "kiqa.models.resnet18:build_resnet18",
    "rnn_biqa": "kiqa.models.rnn_biqa:build_rnn_biqa",
    "rnn_features": "kiqa.models.rnn_features:build_extractor",
    "wadiqam": "kiqa.models.wadiqam:build_wadiqam",
}


def builder(name: str) -> Callable:
    """Return the function that builds a model.

    Args:
        name: A key of `MODELS`.

    Returns:
        A function of keyword arguments that returns a ``keras.Model``.

    Raises:
        ValueError: If there is no such model.
    """
    if name not in MODELS:
        raise ValueError(f"Expected a model name, one of {sorted(MODELS)}. Received: {name!r}.")
    return resolve_name(MODELS[name])
