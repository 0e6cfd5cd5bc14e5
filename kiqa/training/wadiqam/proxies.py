"""Metrics that score the copies of pristine images in the place of people.

Each is brought to 0..1, higher is better, 1 for identical images. What is trained
on them says so.

Public names: `METRICS`, `proxy_by`.
"""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from kiqa.data.proxy_pairs import Proxy

METRICS = ("ssim", "fsim", "gmsd")

_NO_HUMAN = "with the pristine image: a proxy, no human score"


def proxy_by(metric: str) -> "Proxy":
    """Return the proxy that is made of a full-reference metric.

    Args:
        metric: One of `METRICS`.

    Returns:
        For ``"ssim"`` `kiqa.data.proxy_pairs.SSIM`, for ``"fsim"`` the same of FSIM,
        ``1 - sqrt(1 - S)``, and for ``"gmsd"`` ``1 - 2 G``: a deviation of numbers in
        0..1 is at most 0.5.

    Raises:
        ValueError: If there is no such metric.
    """
    # Loads scikit-image, which --help does without.
    from kiqa.data.proxy_pairs import SSIM, Proxy

    if metric == "ssim":
        return SSIM
    if metric == "fsim":
        return Proxy(f"1 - sqrt(1 - S), S the FSIM {_NO_HUMAN}", partial(_scored, metric, _root))
    if metric == "gmsd":
        return Proxy(f"1 - 2 G, G the GMSD {_NO_HUMAN}", partial(_scored, metric, _rest))
    raise ValueError(f"Expected a metric among {', '.join(METRICS)}. Received: {metric!r}.")


def _scored(metric, scaled, pixels, reference):
    from kiqa.comparators import FORMULAS

    return float(scaled(np.clip(FORMULAS[metric].resolve()(pixels, reference), 0, 1)))


def _root(similarity):
    return 1 - np.sqrt(1 - similarity)


def _rest(deviation):
    return max(0.0, 1 - 2 * deviation)
