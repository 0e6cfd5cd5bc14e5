"""Scoring with CORNIA: the codewords' answers to patches of the image, and a regression."""

from dataclasses import replace

from kiqa.comparators.learned.cornia import LEAST_SIDE, normalised_patches
from kiqa.constants import CORNIA
from kiqa.io.weights import WeightsInfo
from kiqa.scoring.engines import Engine, score_network, score_of, without_map

_FLOATS = 4 + 4  # bytes of each answer, and of its opposite
_CHOOSING = 40  # a pixel, gray values and positions; benchmarks/memory.py measured 27


def cornia_engine(info: WeightsInfo, *, stride: int | None, default_stride: int) -> Engine:
    """Load a network of `kiqa.models.cornia`, which has no map.

    Arguments and errors are those of `kiqa.scoring.engines.load_engine`; no stride fits, and the
    details hold ``form`` with the number of ``patches`` that are looked at of an image.
    """
    values = CORNIA.patch**2
    what = f"a network of patches, (n, patches, {values})"
    model = score_network(info, (None, None, values), what)
    count = (info.details.form or {}).get("patches")
    if type(count) is not int or count < 1:
        raise ValueError(
            f"Expected the number of patches of an image. Received: {count!r} in {info.path}. Use "
            "a file of python -m kiqa.train_comparator cornia."
        )
    answers = 3 * _FLOATS * count * model.get_layer("codewords").units

    def score(pixels):
        return score_of(model, normalised_patches(pixels, count))

    engine = without_map(info, stride, least_side=LEAST_SIDE, score=score)
    return replace(
        engine,
        memory=lambda height, width: answers + _CHOOSING * height * width + 2**26,
    )
