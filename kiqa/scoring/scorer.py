"""One scorer for images, and the two functions of the public interface on it.

A score is the mean of the quality map. A *row* is a dictionary, one an image,
with the keys of `ROW_KEYS`; what could not be scored is a row with ``error``.

A row with ``error`` **and** ``sha256`` is a verdict about the content and
final. A row with ``error`` and without ``sha256`` is about circumstances (the
file could not be read, memory ran out); a resumed run tries it again.
"""

import hashlib
import math
import os
import time
from collections.abc import Collection, Iterable
from functools import lru_cache

import numpy as np

from kiqa import __version__
from kiqa.constants import DEFAULT_SCORER
from kiqa.io.images import LoadedImage, load_image
from kiqa.io.map_files import QualityMap

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

Source = str | os.PathLike | bytes | np.ndarray


class Scorer:
    """Scores images with one model; loads it at first use and can be pickled.

    Args:
        model: Name of a shipped model or path of a published ``.h5`` file.
        stride: Pixels between the cells of the map whose mean is the score,
            at least 1.

    Raises:
        ValueError: If the stride is not a whole number of at least 1.
    """

    def __init__(self, model: str | os.PathLike = DEFAULT_SCORER, *, stride: int = 8) -> None:
        if isinstance(stride, bool) or not isinstance(stride, int | np.integer) or stride < 1:
            raise ValueError(f"Expected a stride of at least 1 pixel. Received: {stride!r}.")
        self.model = os.fspath(model)
        self.stride = int(stride)
        self._loaded = None

    def __getstate__(self) -> dict:
        """Leave the loaded network out: the copy loads its own."""
        return {**self.__dict__, "_loaded": None}

    def _load(self):
        if self._loaded is None:
            from kiqa.io.weights import load_model, read_info
            from kiqa.maps.quality import QualityMapper

            info = read_info(self.model)
            mapper = QualityMapper(load_model(self.model), stride=self.stride, info=info)
            self._loaded = info, mapper
        return self._loaded

    @property
    def info(self):
        """The `kiqa.io.weights.WeightsInfo` of the model; loads it."""
        return self._load()[0]

    def map(self, image: Source | LoadedImage) -> QualityMap:
        """Return the quality map of an image.

        Args:
            image: Path, encoded bytes, RGB ``uint8`` array (H, W, 3) or
                `LoadedImage`.

        Returns:
            The `QualityMap` at this scorer's stride.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If the image cannot be read or is smaller than a
                patch, or if a value of the map is not finite.
        """
        if not isinstance(image, LoadedImage):
            image = load_image(image)
        try:
            quality_map = self._load()[1].map(image.pixels)
        except ValueError as error:
            raise ValueError(_name_file(error, image.path)) from error
        if not math.isfinite(quality_map.mean()):
            raise ValueError(
                f"Expected finite quality values. Received: a mean of {quality_map.mean()} from "
                f"model {self.info.name}; its weights may be damaged."
            )
        return quality_map

    def score(self, image: Source | LoadedImage) -> float:
        """Return the mean of the image's quality map.

        Args:
            image: As in `map`.

        Returns:
            The score, on the scale and in the direction of the model.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: As in `map`.
        """
        return self.map(image).mean()

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
        image = item.pop("image", None)
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
                row["score"] = self.score(image)
            except ValueError as error:
                row["error"] = _name_file(error, row["path"])
            except Exception as error:  # out of memory and the like: try again on resume
                text = f"{type(error).__name__}: {error}"
                row |= {"error": _name_file(text, row["path"]), "sha256": None}
        row["seconds"] = round(row["seconds"] + time.perf_counter() - start, 4)
        return row


@lru_cache(maxsize=4)
def _cached_scorer(model: str, stride: int) -> Scorer:
    return Scorer(model, stride=stride)


def score(
    image: Source, *, reference: Source | None = None, model: str | os.PathLike = DEFAULT_SCORER
) -> float:
    """Predict the quality of an image.

    Args:
        image: Path, encoded bytes or RGB ``uint8`` array (H, W, 3).
        reference: For full-reference models; the present ones take none.
        model: Name of a shipped model or path of a published ``.h5`` file.

    Returns:
        Mean of the stride-8 quality map, on the model's scale (Patchnet:
        0..1, higher is better).

    Raises:
        FileNotFoundError: If the image or the model is not there.
        ValueError: If the image cannot be read or is smaller than a patch,
            or a reference is given to a model without one.
    """
    if reference is not None:
        raise ValueError(
            f"Expected no reference: {os.fspath(model)} is a no-reference model. "
            "Received: a reference image. Leave it out."
        )
    return _cached_scorer(os.fspath(model), 8).score(image)


def quality_map(
    image: Source, *, stride: int = 4, model: str | os.PathLike = "patchnet"
) -> QualityMap:
    """Predict the local quality of an image.

    Args:
        image: Path, encoded bytes or RGB ``uint8`` array (H, W, 3).
        stride: Pixels between neighbouring cells; the time goes with
            ``1 / stride**2``.
        model: Name of a shipped model or path of a published ``.h5`` file.

    Returns:
        The `QualityMap`; its ``values`` are ``float32`` (rows, columns).

    Raises:
        FileNotFoundError: If the image or the model is not there.
        ValueError: If the image cannot be read or is smaller than a patch.
    """
    return _cached_scorer(os.fspath(model), stride).map(image)


def _name_file(error: Exception | str, path: str | None) -> str:
    """The error's text on one line, with the file in front if not in it."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if path is None or path in text else f"{path}: {text}"


def content_hash(path: str | os.PathLike) -> str:
    """Return the SHA-256 of a regular file's bytes, as hexadecimal text.

    Raises:
        OSError: If the path cannot be read or is no regular file.
    """
    if os.path.isdir(path):
        os.listdir(path)  # a folder that may not be read says so
        raise IsADirectoryError(f"{path} is a folder. Expected an image file.")
    if os.path.exists(path) and not os.path.isfile(path):
        raise OSError(f"{path} is no regular file (a pipe, socket or device).")
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _reason(error: Exception) -> str:
    """Short text of an operating system's error, without its number."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def decode(source: Source, final: Collection = (), scored: Collection = ()) -> dict:
    """Hash and decode one source; runs in a thread and raises nothing.

    Args:
        source: What to read.
        final: ``(path, sha256)`` of rows that stay as they are.
        scored: Hashes of contents that have a score already.

    Returns:
        ``path``, ``seconds``, and ``sha256``, ``image`` or ``error``.
    """
    start = time.perf_counter()
    named = isinstance(source, str | os.PathLike)
    item = {"path": os.fspath(source) if named else None, "error": None}
    try:
        if named:
            item["sha256"] = content_hash(source)
        known = (item["path"], item.get("sha256")) in final or item.get("sha256") in scored
        if not known:
            item["image"] = load_image(source)
    except (OSError, MemoryError) as error:
        item |= {"sha256": None, "error": _name_file(_reason(error), item["path"])}
    except Exception as error:  # a decoder's own exception is a verdict too
        item["error"] = _name_file(error, item["path"])
        if not named and isinstance(source, bytes):
            item["sha256"] = hashlib.sha256(source).hexdigest()
    item["seconds"] = time.perf_counter() - start
    return item
