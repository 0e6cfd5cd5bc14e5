"""One scorer for images; `kiqa.scoring.single` has the functions of the public interface on it.

How a score is made depends on the model (`kiqa.scoring.engines`): the mean of
Patchnet's quality map, or the aggregator's output.

Public names: `Scorer`, `checked_grid`, `SCORE_STRIDE`, `MAP_STRIDE`.
"""

import math
import os
from collections.abc import Iterable
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from kiqa.constants import DEFAULT_SCORER, PATCHNET
from kiqa.io.images import LoadedImage, Source, load_image
from kiqa.io.images.cost import loading_limit
from kiqa.io.map_files import QualityMap
from kiqa.io.memory import MemoryLimitError, limited_memory
from kiqa.io.messages import name_file
from kiqa.scoring.decoding import decode
from kiqa.scoring.domain import domain_note
from kiqa.scoring.pairs import check_pair
from kiqa.scoring.rows import completed_row
from kiqa.startup import check_process, one_at_a_time

if TYPE_CHECKING:
    from kiqa.io.weights import WeightsInfo
    from kiqa.scoring.engines import Engine

SCORE_STRIDE = 8  # ours; the maps of the thesis are at 4
MAP_STRIDE = PATCHNET.stride


class Scorer:
    """Scores images with one model; loads it at first use and can be pickled.

    Args:
        model: Name of a shipped model or of a comparator, or path of a published
            ``.h5`` file.
        stride: Pixels between the places that the network looks at, at least
            1. ``None`` is the model's own; a model that was trained at one
            stride, such as the aggregator, takes no other.
        default_stride: What ``None`` means where the model leaves it open.
        grid: ``(rows, columns)`` of the blocks of `map`, for PaQ-2-PiQ, whose
            own is 32x32, and lite, 24x24. Not together with a stride.
        max_memory: Bytes that one image may take, loading it and in the
            network, by estimates made before. ``None`` is half of what is
            free at the time, and for loading `kiqa.io.images.MAX_BYTES` at
            most.

    Raises:
        ValueError: If the stride, a side of the grid or the memory is not a
            whole number of at least 1, or stride and grid are given.

    Examples:
        >>> from skimage import data
        >>> import kiqa
        >>> scorer = kiqa.Scorer("patchnet")
        >>> rows = scorer([data.chelsea()[:128, :160], b"no image"])
        >>> [row["error"] is None for row in rows]
        [True, False]
        >>> rows[0]["width"], rows[0]["height"], rows[0]["scale"]
        (160, 128, '0..1')
    """

    def __init__(
        self,
        model: str | os.PathLike = DEFAULT_SCORER,
        *,
        stride: int | None = None,
        default_stride: int = SCORE_STRIDE,
        grid: tuple[int, int] | None = None,
        max_memory: int | None = None,
    ) -> None:
        for value in (default_stride if stride is None else stride, default_stride):
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
                raise ValueError(f"Expected a stride of at least 1 pixel. Received: {value!r}.")
        self.grid = checked_grid(grid, stride)
        self.max_memory = _checked_memory(max_memory)
        self.model = os.fspath(model)
        self._stride = None if stride is None else int(stride)
        self._default_stride = int(default_stride)
        self._described: WeightsInfo | None = None
        self._loaded: tuple[WeightsInfo, Engine] | None = None
        self._used: set[str] = set()  # functions of the engine that have run, and are traced

    def __getstate__(self) -> dict:
        """Leave the file and the loaded network out: the copy finds and loads its own."""
        return {**self.__dict__, "_described": None, "_loaded": None, "_used": set()}

    def _load(self):
        check_process()
        if self._loaded is None:
            with one_at_a_time():
                if self._loaded is None:  # no other thread has done it meanwhile
                    self._loaded = self._load_alone()
        return self._loaded

    def _load_alone(self):
        from kiqa.scoring.engines import load_engine

        info = self._describe()
        engine = load_engine(info, stride=self._stride, default_stride=self._default_stride)
        _check_grid(self.grid, info, engine)
        return info, engine

    def _describe(self):
        """What the file says of itself; it is read and hashed once."""
        from kiqa.scoring.engines import describe

        if self._described is None:
            self._described = describe(self.model)
        return self._described

    def having(
        self, *, grid: tuple[int, int] | None = None, max_memory: int | None = None
    ) -> "Scorer":
        """Return a scorer with another grid and memory that shares the loaded network.

        Args:
            grid: As for the class.
            max_memory: As for the class.

        Returns:
            The scorer.

        Raises:
            ValueError: If the model's maps are no grids of blocks, or as for
                the class.
        """
        other = Scorer(
            self.model,
            stride=self._stride,
            default_stride=self._default_stride,
            grid=grid,
            max_memory=max_memory,
        )
        _check_grid(other.grid, *self._load())
        other._loaded, other._used = self._loaded, self._used
        return other

    def memory(self, height: int, width: int) -> int:
        """Estimate what scoring an image takes at its peak; loads the model.

        Args:
            height: Of the image in pixels.
            width: Of the image in pixels.

        Returns:
            Bytes: the decoded pixels, with those of the reference if the
            model needs one, and the network's. Loading comes before and is
            bounded by itself.
        """
        engine = self._load()[1]
        images = 2 if engine.needs_reference else 1
        return 3 * images * height * width + engine.memory(height, width)

    @property
    def info(self) -> "WeightsInfo":
        """The `kiqa.io.weights.WeightsInfo` of the model; loads it."""
        return self._load()[0]

    @property
    def max_bytes(self) -> int:
        """Bytes that loading one image may take; see `kiqa.load_image`."""
        return loading_limit(self.max_memory)

    @property
    def stride(self) -> int:
        """Pixels between the places that the network looks at; loads the model."""
        return self._load()[1].stride

    @property
    def map_stride(self) -> int:
        """Pixels between the cells of `map`, 0 for a grid of blocks; loads the model."""
        return self._load()[1].map_stride

    @property
    def map_sha256(self) -> str:
        """Hash of the weights file that makes the maps; loads the model."""
        info, engine = self._load()
        return engine.map_sha256 or info.sha256

    @property
    def least_side(self) -> int:
        """Least width and height of an image in pixels; loads the model."""
        return self._load()[1].least_side

    @property
    def needs_reference(self) -> bool:
        """Whether the model compares with an undistorted image; loads the model."""
        return self._load()[1].needs_reference

    def check_maps(self) -> None:
        """Refuse a model that has no quality maps; does not load it.

        Raises:
            ValueError: If it has none, or is none.
            FileNotFoundError: If its weights file is not there.
        """
        from kiqa.scoring.engines import makes_maps

        if self._loaded is None:
            info = self._describe()
            found = makes_maps(info)
        else:
            info, engine = self._loaded
            found = engine.map is not None
        if not found:
            raise ValueError(
                f"Expected a model that makes maps, such as patchnet. Received: {info.name}, which "
                "rates whole images only. Use kiqa score, or that model."
            )

    def map(
        self, image: Source | LoadedImage, *, reference: Source | LoadedImage | None = None
    ) -> QualityMap:
        """Return the quality map of an image.

        Args:
            image: Anything that `kiqa.load_image` takes, or a `LoadedImage`.
            reference: The undistorted image, for full-reference models.

        Returns:
            The `QualityMap`: of a patch network at this scorer's stride, of
            the aggregator its coarse spatial quality map
            (`kiqa.scoring.engines.aggregator`), of PaQ-2-PiQ and lite at this
            scorer's grid.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If the image cannot be read or is too small for the
                model, if a reference is missing or superfluous, or if a
                value of the map is not finite.
        """
        engine = self._load()[1]
        self.check_maps()
        function = engine.map
        if self.grid is not None:
            function = partial(engine.map_grid, grid=self.grid)
        quality_map = self._run("map", function, image, reference)
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
        value = self._run("score", self._load()[1].score, image, reference)
        self._check_finite(value)
        return value

    def beside(self, score: float) -> dict[str, float]:
        """Return what a row says of a score beside it.

        Args:
            score: From `score`.

        Returns:
            ``percentile``, ``low`` and ``high`` for a model that knows them,
            such as lite; else nothing.
        """
        function = self._load()[1].beside
        return {} if function is None else function(score)

    def note(self, image: Source | LoadedImage) -> str | None:
        """Say that the score of an image means nothing, where that is certain.

        Args:
            image: As in `map`.

        Returns:
            What the row of the image has as ``note``: why it is out of the
            domain of the model (`kiqa.scoring.domain`), or ``None``.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If the image cannot be read.
        """
        if not isinstance(image, LoadedImage):
            image = load_image(image, max_bytes=self.max_bytes)
        return domain_note(image.pixels, self.info.name)

    def _run(self, name, function, image, reference):
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
            each if isinstance(each, LoadedImage) else load_image(each, max_bytes=self.max_bytes)
            for each in (image, reference)
            if each is not None
        ]
        image = images[0]
        try:
            if reference is not None:
                check_pair(*images)
            # Threads that trace a network at once would trace it several times.
            with (
                limited_memory(self.max_memory),
                nullcontext() if name in self._used else one_at_a_time(),
            ):
                result = function(*[each.pixels for each in images])
            self._used.add(name)
            return result
        except MemoryLimitError as error:
            raise MemoryLimitError(name_file(error, image.path)) from error
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
            sources: Each anything that `kiqa.load_image` takes.

        Returns:
            One row for each source, in order; see `kiqa.scoring.rows`.
        """
        self._load()
        return [completed_row(self, decode(s, max_bytes=self.max_bytes)) for s in sources]


def checked_grid(grid: tuple[int, int] | None, stride: int | None) -> tuple[int, int] | None:
    """Return a grid as two whole numbers.

    Args:
        grid: ``(rows, columns)``, or ``None``.
        stride: What was given as stride.

    Returns:
        The grid, or ``None``.

    Raises:
        ValueError: If both are given, or the grid is not two whole numbers
            of at least 1.
    """
    if grid is None:
        return None
    if stride is not None:
        raise ValueError(
            f"Expected grid or stride. Received: both, grid {grid} and stride {stride}. A grid is "
            "for PaQ-2-PiQ, a stride for patch networks."
        )
    sides = tuple(grid) if isinstance(grid, tuple | list) else (grid,)
    whole = all(isinstance(n, int | np.integer) and not isinstance(n, bool) for n in sides)
    if len(sides) != 2 or not whole or min(sides) < 1:
        raise ValueError(
            f"Expected a grid as (rows, columns), each at least 1. Received: {grid!r}."
        )
    return int(sides[0]), int(sides[1])


def _checked_memory(max_memory):
    if max_memory is None:
        return None
    if (
        isinstance(max_memory, bool)
        or not isinstance(max_memory, int | np.integer)
        or max_memory < 1
    ):
        raise ValueError(f"Expected max_memory in bytes, at least 1. Received: {max_memory!r}.")
    return int(max_memory)


def _check_grid(grid, info, engine):
    """Refuse a grid for a model whose maps have a stride."""
    if grid is not None and engine.map is not None and engine.map_grid is None:
        raise ValueError(
            f"Expected a model whose maps are grids of blocks, such as PaQ-2-PiQ. "
            f"Received: {info.name} with grid {grid}. Use a stride, or that model."
        )
