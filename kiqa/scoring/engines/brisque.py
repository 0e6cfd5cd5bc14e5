"""Scoring with BRISQUE: statistics of the image, then a support vector regression."""

from kiqa.comparators.brisque import LEAST_SIDE, brisque_features
from kiqa.io.weights import WeightsInfo, load_model
from kiqa.models.brisque import FEATURES
from kiqa.scoring.engines import Engine, without_map


def brisque_engine(info: WeightsInfo, *, stride: int | None, default_stride: int) -> Engine:
    """Load a regression of BRISQUE's statistics.

    Args:
        info: Of its file.
        stride: ``None``: there is no map.
        default_stride: Not used.

    Returns:
        The `Engine`, which has no map.

    Raises:
        ValueError: If a stride is asked for, or the file holds another network.
    """
    from keras import ops

    model = load_model(info.path)
    shapes = [tuple(tensor.shape) for tensor in (*model.inputs, *model.outputs)]
    if shapes != [(None, FEATURES), (None, 1)]:
        raise ValueError(
            f"Expected a regression (n, {FEATURES}) -> (n, 1). Received: inputs and outputs "
            f"{shapes} in {info.path}. Use a file of python -m kiqa.train_comparator brisque."
        )

    def score(pixels):
        features = brisque_features(pixels).astype("float32")
        return float(ops.convert_to_numpy(model(features[None], training=False))[0, 0])

    return without_map(info, stride, least_side=LEAST_SIDE, score=score)
