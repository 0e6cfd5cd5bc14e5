"""Scoring with BRISQUE: statistics of the image, then a support vector regression."""

from kiqa.comparators.brisque import LEAST_SIDE, brisque_features
from kiqa.io.weights import WeightsInfo
from kiqa.models.brisque import FEATURES
from kiqa.scoring.engines import Engine, score_network, score_of, without_map


def brisque_engine(info: WeightsInfo, *, stride: int | None, default_stride: int) -> Engine:
    """Load a regression of BRISQUE's statistics, which has no map.

    Arguments and errors are those of `kiqa.scoring.engines.load_engine`; no stride fits.
    """
    model = score_network(info, (None, FEATURES), f"a regression (n, {FEATURES})")

    def score(pixels):
        return score_of(model, brisque_features(pixels))

    return without_map(info, stride, least_side=LEAST_SIDE, score=score)
