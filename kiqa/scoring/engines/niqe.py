"""Scoring with NIQE: the distance of an image's statistics from pristine ones."""

from kiqa.comparators.niqe import BLOCK, Gaussian, fit_gaussian, niqe_distance, niqe_features
from kiqa.io.weights import WeightsInfo, load_model
from kiqa.models.niqe import pristine_of
from kiqa.scoring.engines import Engine, without_map


def niqe_engine(info: WeightsInfo, *, stride: int | None, default_stride: int) -> Engine:
    """Load a Gaussian of pristine images' statistics, which has no map.

    Arguments and errors are those of `kiqa.scoring.engines.load_engine`; no stride fits.
    """
    pristine = Gaussian(*pristine_of(load_model(info.path)))

    def score(pixels):
        height, width = pixels.shape[:2]
        if (height // BLOCK) * (width // BLOCK) < 2:  # a covariance needs two
            raise ValueError(
                f"Expected an image of at least {BLOCK}x{BLOCK} pixels and of two such blocks, "
                f"such as {2 * BLOCK}x{BLOCK} pixels, for niqe. Received: {width}x{height}. Use a "
                "larger image, or another model."
            )
        features, _ = niqe_features(pixels)
        return niqe_distance(fit_gaussian(features), pristine)

    return without_map(info, stride, least_side=BLOCK, score=score)
