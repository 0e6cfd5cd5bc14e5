"""One scorer for images, and the two functions of the public interface on it.

How a score is made depends on the model (`kiqa.scoring.engines`): the mean of
Patchnet's quality map, or the aggregator's output. A *row* is a dictionary,
one an image, with the keys of `ROW_KEYS`; what could not be scored is a row
with ``error``.

A row with ``error`` **and** ``sha256`` is a verdict about the content and
final. A row with ``error`` and without ``sha256`` is about circumstances (the
file could not be read, memory ran out); a resumed run tries it again.
"""

import math
import os
import time
from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from kiqa import __version__
from kiqa.constants import DEFAULT_MAPPER, DEFAULT_SCORER, PATCHNET
from kiqa.io.images import LoadedImage, load_image
from kiqa.io.map_files import QualityMap
from kiqa.scoring.decoding import Source, decode, name_file
from kiqa.scoring.pairs import check_pair

SCORE_STRIDE = 8  # ours; the maps of the thesis are at 4
MAP_STRIDE = PATCHNET.stride

_PROVENANCE = ("format", "mode", "exif_orientation", "converted", "icc")

ROW_KEYS = (
    "path",
    "sha256",
    "width",
    "height",
    "score",
    "scale",
    "higher_is_better",
    "model",
    "weights_sha256",
    "stride",
    "kiqa",
    "seconds",
    "error",
    *_PROVENANCE,
)


class Scorer:
    """Scores images with one model; loads it at first use and can be pickled.

    Args:
        model: Name of a shipped model or path of a published ``.h5`` file.
        stride: Pixels between the places that the network looks at, at least
            1. ``None`` is the model's own; a model that was trained at one
            stride, such as the aggregator, takes no other.
        default_stride: What ``None`` means where the model leaves it open.

    Raises:
        ValueError: If the stride is not a whole number of at least 1.
    """

    def __init__(
        self,
        model: str | os.PathLike = DEFAULT_SCORER,
        *,
        stride: int | None = None,
        default_stride: int = SCORE_STRIDE,
    ) -> None:
        for value in (default_stride if stride is None else stride, default_stride):
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
                raise ValueError(f"Expected a stride of at least 1 pixel. Received: {value!r}.")
        self.model = os.fspath(model)
        self._stride = None if stride is None else int(stride)
        self._default_stride = int(default_stride)
        self._loaded = None

    def __getstate__(self) -> dict:
        """Leave the loaded network out: the copy loads its own."""
        return {**self.__dict__, "_loaded": None}

    def _load(self):
        if self._loaded is None:
            from kiqa.io.weights import read_info
            from kiqa.scoring.engines import load_engine

            info = read_info(self.model)
            engine = load_engine(info, stride=self._stride, default_stride=self._default_stride)
            self._loaded = info, engine
        return self._loaded

    @property
    def info(self):
        """The `kiqa.io.weights.WeightsInfo` of the model; loads it."""
        return self._load()[0]

    @property
    def stride(self) -> int:
        """Pixels between the places that the network looks at; loads the model."""
        return self._load()[1].stride

    @property
    def map_stride(self) -> int:
        """Pixels between the cells of `map`; loads the model."""
        return self._load()[1].map_stride

    @property
    def least_side(self) -> int:
        """Least width and height of an image in pixels; loads the model."""
        return self._load()[1].least_side

    @property
    def needs_reference(self) -> bool:
        """Whether the model compares with an undistorted image; loads the model."""
        return self._load()[1].needs_reference

    def map(
        self, image: Source | LoadedImage, *, reference: Source | LoadedImage | None = None
    ) -> QualityMap:
        """Return the quality map of an image.

        Args:
            image: Path, encoded bytes, RGB ``uint8`` array (H, W, 3) or
                `LoadedImage`.
            reference: The undistorted image, for full-reference models.

        Returns:
            The `QualityMap`: of a patch network at this scorer's stride, of
            the aggregator its coarse spatial quality map
            (`kiqa.scoring.aggregated`).

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If the image cannot be read or is too small for the
                model, if a reference is missing or superfluous, or if a
                value of the map is not finite.
        """
        quality_map = self._run(self._load()[1].map, image, reference)
        self._check_finite(quality_map.mean())
        return quality_map

    def score(
        self, image: Source | LoadedImage, *, reference: Source | LoadedImage | None = None
    ) -> float:
        """Return the score of an image.

        Args:
            image: As in `map`.
            reference: As in `map`.

        Returns:
            The score, on the scale and in the direction of the model.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: As in `map`.
        """
        value = self._run(self._load()[1].score, image, reference)
        self._check_finite(value)
        return value

    def _run(self, function, image, reference):
        """Apply an engine's function; an error names the file."""
        if (reference is not None) != self.needs_reference:
            raise ValueError(
                f"Expected no reference: {self.model} is a no-reference model. Received: a "
                "reference image. Leave it out."
                if reference is not None
                else f"Expected a reference: {self.model} is a full-reference model. Received: "
                "none. Use kiqa.score(image, reference=...), or another model."
            )
        images = [
            each if isinstance(each, LoadedImage) else load_image(each)
            for each in (image, reference)
            if each is not None
        ]
        image = images[0]
        try:
            if reference is not None:
                check_pair(*images)
            return function(*[each.pixels for each in images])
        except ValueError as error:
            raise ValueError(name_file(error, image.path)) from error

    def _check_finite(self, value):
        if not math.isfinite(value):
            raise ValueError(
                f"Expected finite quality values. Received: {value} from model {self.info.name}; "
                "its weights may be damaged."
            )

    def __call__(self, sources: Iterable[Source]) -> list[dict]:
        """Score images one after the other.

        Args:
            sources: Paths, encoded bytes or RGB ``uint8`` arrays.

        Returns:
            One row for each source, in order; see `ROW_KEYS`.
        """
        self._load()
        return [self.row(decode(source)) for source in sources]

    def row(self, item: dict) -> dict:
        """Complete what `decode` found out to a row; the network runs here."""
        start = time.perf_counter()
        image, reference = item.pop("image", None), item.pop("reference_image", None)
        info = self.info
        row = dict.fromkeys(ROW_KEYS) | {
            "scale": info.scale,
            "higher_is_better": info.higher_is_better,
            "model": info.name,
            "weights_sha256": info.sha256,
            "stride": self.stride,
            "kiqa": __version__,
        }
        row |= item
        if image is not None:
            row |= {"width": image.width, "height": image.height, "sha256": image.sha256}
            row |= {key: image.provenance().get(key) for key in _PROVENANCE}
            try:
                row["score"] = self.score(image, reference=reference)
            except ValueError as error:
                row["error"] = name_file(error, row["path"])
            except Exception as error:  # out of memory and the like: try again on resume
                text = f"{type(error).__name__}: {error}"
                row |= {"error": name_file(text, row["path"]), "sha256": None}
        row["seconds"] = round(row["seconds"] + time.perf_counter() - start, 4)
        return row


@lru_cache(maxsize=4)
def _cached_scorer(model: str, stride: int | None, default_stride: int) -> Scorer:
    return Scorer(model, stride=stride, default_stride=default_stride)


def score(
    image: Source, *, reference: Source | None = None, model: str | os.PathLike = DEFAULT_SCORER
) -> float:
    """Predict the quality of an image.

    Args:
        image: Path, encoded bytes or RGB ``uint8`` array (H, W, 3).
        reference: The undistorted image, of the same size, for
            full-reference models.
        model: Name of a shipped model or path of a published ``.h5`` file.

    Returns:
        Score on the model's scale. Patchnet: mean of the quality map at
        `SCORE_STRIDE`, 0..1, higher is better. Aggregator: its output, an
        estimate of the MOS in 0..1, not confined to it. WaDIQaM: weighted
        mean over all non-overlapping patches, likewise.

    Raises:
        FileNotFoundError: If the image or the model is not there.
        ValueError: If the image cannot be read or is too small for the
            model, or a reference is missing or superfluous.
    """
    scorer = _cached_scorer(os.fspath(model), None, SCORE_STRIDE)
    return scorer.score(image, reference=reference)


def quality_map(
    image: Source, *, stride: int | None = None, model: str | os.PathLike = DEFAULT_MAPPER
) -> QualityMap:
    """Predict the local quality of an image.

    Args:
        image: Path, encoded bytes or RGB ``uint8`` array (H, W, 3).
        stride: Pixels between neighbouring cells, `MAP_STRIDE` where it is
            ``None``; the time goes with ``1 / stride**2``. The aggregator
            takes its own only.
        model: Name of a shipped model or path of a published ``.h5`` file.

    Returns:
        The `QualityMap`; its ``values`` are ``float32`` (rows, columns).

    Raises:
        FileNotFoundError: If the image or the model is not there.
        ValueError: If the image cannot be read or is too small for the
            model.
    """
    return _cached_scorer(os.fspath(model), stride, MAP_STRIDE).map(image)
