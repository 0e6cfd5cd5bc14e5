"""Scoring with a head over pooled features: NIMA, KonCept512 and DeepBIQ.

The file of the head names the one that its body is in, its companion, and nothing
else will do; the hash of the head's file therefore stands for both. The mode is
the method: it says what of an image the body looks at (`kiqa.comparators.learned.views`).
"""

from dataclasses import replace

from kiqa.comparators.learned.body import FEATURES, PooledBody
from kiqa.comparators.learned.views import LEAST_SIDE, VIEWS
from kiqa.io.weights import WeightsInfo, find_companion
from kiqa.scoring.engines import Engine, score_network, score_of, without_map


def head_engine(info: WeightsInfo, *, stride: int | None, default_stride: int) -> Engine:
    """Load a head, whose details hold the companion ``body``, and that body; there is no map.

    Arguments and errors are those of `kiqa.scoring.engines.load_engine`; no stride fits, and
    `kiqa.io.weights.find_companion` raises others.
    """
    head = score_network(info, (None, FEATURES), f"a head of features, (n, {FEATURES})")
    body = PooledBody(find_companion(info, "body"), VIEWS[info.details.mode])

    def score(pixels):
        return score_of(head, body.features(pixels))

    engine = without_map(info, stride, least_side=LEAST_SIDE, score=score)
    return replace(engine, memory=body.memory)
