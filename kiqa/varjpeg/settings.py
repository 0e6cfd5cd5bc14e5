"""How to code.

Public names: :class:`Settings`.
"""

from dataclasses import dataclass

import numpy as np

from kiqa.constants import DEFAULT_MAPPER, VARJPEG
from kiqa.varjpeg.entropy import HUFFMAN
from kiqa.varjpeg.segment import FORMS, Parameters, single
from kiqa.varjpeg.spread import NORMALISATIONS
from kiqa.varjpeg.transform import SUBSAMPLINGS


@dataclass(frozen=True)
class Settings:
    """How to code; the defaults are the thesis's where it says.

    Attributes:
        form: ``"compatible"``, a baseline JPEG for every viewer; or
            ``"thesis"``, which only kiqa decodes.
        delta: Quality that the most important blocks have more, 0..98.
        percentile: Of the map, 0..100; pixels above it are kept.
        clusters: k of k-means, 1..255.
        sigma: Of the blur, by the image's width; above 0, up to 1.
        normalisation: Of the blurred centroids: ``"max"`` or ``"min-max"``.
        subsampling: ``"4:4:4"`` or ``"4:2:0"``.
        huffman: ``"optimised"`` or ``"standard"`` tables.
        seed: Of k-means.
        model: Shipped model or ``.h5`` file that makes the map.
        stride: Of the map, in pixels.

    Raises:
        ValueError: If an option is none of these.
    """

    form: str = "compatible"
    delta: float = VARJPEG.delta
    percentile: float = VARJPEG.percentile
    clusters: int = VARJPEG.clusters
    sigma: float = VARJPEG.sigma
    normalisation: str = "max"
    subsampling: str = "4:4:4"
    huffman: str = "optimised"
    seed: int = 0
    model: str = DEFAULT_MAPPER
    stride: int = 1

    def __post_init__(self):
        """Refuse at once what would be refused after the map has been made."""
        for name, choices in (
            ("form", FORMS),
            ("normalisation", NORMALISATIONS),
            ("subsampling", SUBSAMPLINGS),
            ("huffman", HUFFMAN),
        ):
            value = getattr(self, name)
            if value not in choices:
                raise ValueError(f"Expected {name} among {', '.join(choices)}, received {value!r}.")
        for name, lowest, highest in (("percentile", 0, 100), ("clusters", 1, 255)):
            value = getattr(self, name)
            if not lowest <= value <= highest:
                raise ValueError(f"Expected {name} in {lowest}..{highest}, received {value!r}.")
        self.check_quality(VARJPEG.qualities[1])

    def check_quality(self, quality: float) -> None:
        """Refuse a q~ that these settings cannot have, by `ValueError`."""
        self.parameters(quality, np.zeros((0, 2), np.uint8))

    def parameters(self, quality: float, codes: np.ndarray) -> Parameters:
        """What a file of this quality and these centroids says of itself."""
        return Parameters(
            form=self.form,
            quality=single(quality),
            delta=single(self.delta),
            sigma=single(self.sigma),
            normalisation=self.normalisation,
            centroids=codes,
        )
