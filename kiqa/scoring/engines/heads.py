"""Scoring with a head over pooled features: NIMA, KonCept512 and DeepBIQ.

The file of the head names the one that its body is in, its companion, and nothing
else will do; the hash of the head's file therefore stands for both. The mode is
the method: it says what of an image the body looks at (`kiqa.comparators.learned.views`).
"""

from dataclasses import replace

from kiqa.comparators.learned.body import FEATURES, PooledBody
from kiqa.comparators.learned.views import LEAST_SIDE, VIEWS
from kiqa.io.weights import WeightsInfo, find_companion, load_model
from kiqa.scoring.engines import Engine, without_map


def head_engine(info: WeightsInfo, *, stride: int | None, default_stride: int) -> Engine:
    """Load a head and its body.

    Args:
        info: Of the head's file. Its details hold the companion ``body``.
        stride: ``None``: there is no map.
        default_stride: Not used.

    Returns:
        The `Engine`, which has no map.

    Raises:
        ValueError: If a stride is asked for, the file holds another network, or the
            body is not found (`kiqa.io.weights.find_companion`).
        FileNotFoundError: If ``$KIQA_WEIGHTS`` is no folder.
    """
    from keras import ops

    head = load_model(info.path)
    shapes = [tuple(tensor.shape) for tensor in (*head.inputs, *head.outputs)]
    if shapes != [(None, FEATURES), (None, 1)]:
        raise ValueError(
            f"Expected a head of features, (n, {FEATURES}) -> (n, 1). Received: inputs and "
            f"outputs {shapes} in {info.path}. Use a file of python -m kiqa.train_comparator "
            f"{info.details.mode}."
        )
    body = PooledBody(find_companion(info, "body"), VIEWS[info.details.mode])

    def score(pixels):
        features = body.features(pixels).astype("float32")
        return float(ops.convert_to_numpy(head(features[None], training=False))[0, 0])

    engine = without_map(info, stride, least_side=LEAST_SIDE, score=score)
    return replace(engine, memory=body.memory)
