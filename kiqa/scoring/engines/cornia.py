"""Scoring with CORNIA: the codewords' answers to patches of the image, and a regression."""

from dataclasses import replace

from kiqa.comparators.learned.cornia import LEAST_SIDE, normalised_patches
from kiqa.constants import CORNIA
from kiqa.io.weights import WeightsInfo, load_model
from kiqa.scoring.engines import Engine, without_map

_FLOATS = 4 + 4  # bytes of each answer, and of its opposite
_CHOOSING = 96  # a pixel, gray values and positions


def cornia_engine(info: WeightsInfo, *, stride: int | None, default_stride: int) -> Engine:
    """Load a network of `kiqa.models.cornia`.

    Args:
        info: Of its file. Its details hold ``form``, with the number of ``patches``.
        stride: ``None``: there is no map.
        default_stride: Not used.

    Returns:
        The `Engine`, which has no map.

    Raises:
        ValueError: If a stride is asked for, the file holds another network, or does
            not say how many patches of an image are looked at.
    """
    from keras import ops

    model = load_model(info.path)
    shapes = [tuple(tensor.shape) for tensor in (*model.inputs, *model.outputs)]
    count = (info.details.form or {}).get("patches")
    if shapes != [(None, None, CORNIA.patch**2), (None, 1)] or type(count) is not int or count < 1:
        raise ValueError(
            f"Expected a network of patches, (n, patches, {CORNIA.patch**2}) -> (n, 1), and their "
            f"number. Received: inputs and outputs {shapes} and {count!r} in {info.path}. Use a "
            "file of python -m kiqa.train_comparator cornia."
        )
    answers = 3 * _FLOATS * count * model.get_layer("codewords").units

    def score(pixels):
        patches = normalised_patches(pixels, count)
        return float(ops.convert_to_numpy(model(patches[None], training=False))[0, 0])

    engine = without_map(info, stride, least_side=LEAST_SIDE, score=score)
    return replace(
        engine,
        memory=lambda height, width: answers + _CHOOSING * height * width + 2**26,
    )
