"""Fitting NIQE's pristine Gaussian to undistorted images.

Public names: `fit_niqe`, `network_of`.

References:
    A. Mittal et al., IEEE SPL 20(3), 2013, section II-B and II-C.
"""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from kiqa.comparators.niqe import FEATURES, Gaussian, fit_gaussian, sharp_blocks
from kiqa.io.images import load_image

if TYPE_CHECKING:
    import keras


def fit_niqe(
    paths: Sequence[str | os.PathLike],
    *,
    on_error: Callable[[str | os.PathLike, Exception], object] | None = None,
) -> tuple["keras.Model", int]:
    """Fit the Gaussian.

    Args:
        paths: Undistorted images, at least 96 pixels a side.
        on_error: Called for an image that cannot be used, which is then left
            out; ``None`` raises.

    Returns:
        The network of `kiqa.models.niqe`, and from how many sharp blocks it is.

    Raises:
        OSError: Without ``on_error``, if an image cannot be read.
        ValueError: Likewise, if one is too small; or if all blocks together are
            too few for a covariance of full rank.
    """
    found = [np.empty((0, FEATURES))]
    for path in paths:
        try:
            found.append(sharp_blocks(load_image(path).pixels))
        except (ValueError, OSError) as error:
            if on_error is None:
                raise
            on_error(path, error)
    blocks = np.concatenate(found)
    if len(blocks) <= blocks.shape[1]:
        raise ValueError(
            f"Expected more sharp blocks than the {blocks.shape[1]} statistics. Received: "
            f"{len(blocks)} of {len(paths)} images. Take more images."
        )
    return network_of(fit_gaussian(blocks)), len(blocks)


def network_of(gaussian: Gaussian) -> "keras.Model":
    """Write a Gaussian into the network whose file holds it.

    Args:
        gaussian: Of pristine blocks.

    Returns:
        The network of `kiqa.models.niqe`; `kiqa.models.niqe.pristine_of` reads the
        Gaussian again, as ``float32``.
    """
    from kiqa.models.niqe import build_niqe

    model = build_niqe()
    deviation = np.sqrt(np.diag(gaussian.covariance))
    # Of two points the mean is the middle, and the deviation half of the distance.
    points = np.stack([gaussian.mean - deviation, gaussian.mean + deviation])
    model.get_layer("deviations").adapt(points.astype(np.float32))
    correlations = gaussian.covariance / deviation / deviation[:, None]
    model.get_layer("correlations").set_weights([correlations])
    return model
