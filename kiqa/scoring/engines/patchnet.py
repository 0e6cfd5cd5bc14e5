"""Scoring with a patch network: the mean over its quality map."""

from kiqa.io.weights import WeightsInfo, load_model
from kiqa.maps.quality import QualityMapper
from kiqa.scoring.engines import Engine


def patch_engine(info: WeightsInfo, *, stride: int | None, default_stride: int) -> Engine:
    """Load a patch network; its score is the mean of its map.

    Args:
        info: Of the file.
        stride: Pixels between the map's cells, or ``None``.
        default_stride: Stride where ``stride`` is ``None``.

    Returns:
        The `Engine`.

    Raises:
        ValueError: If the file is damaged or holds no patch network.
    """
    stride = default_stride if stride is None else stride
    mapper = QualityMapper(load_model(info.path), stride=stride, info=info)
    return Engine(
        stride=stride,
        map_stride=stride,
        least_side=mapper.patch,
        map=mapper.map,
        score=lambda pixels: mapper.map(pixels).mean(),
        memory=mapper.memory,
    )
