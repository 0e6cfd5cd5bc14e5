"""What a weights file says of itself: the JSON in its root attribute ``kiqa``.

One dataclass for whoever writes a file and whoever reads it. Both Kerases
ignore the attribute.

Public names: `Details`, `Companion`, `Origin`, and the patch grids
`SLIDING_WINDOW`, `ALL_PATCHES` and `NONE_AT_BORDER`.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from kiqa.io.weights.manifest import WeightsError, check_name
from kiqa.io.weights.trained_on import TrainingPart, is_sha256

SLIDING_WINDOW = "sliding window"
ALL_PATCHES = "non-overlapping"
NONE_AT_BORDER = "non-overlapping, none that ends at the border"
GRIDS = (SLIDING_WINDOW, ALL_PATCHES, NONE_AT_BORDER)


@dataclass(frozen=True)
class Companion:
    """Another weights file without which a model is not whole.

    Attributes:
        name: Its model's name; the file is ``NAME.h5``.
        sha256: Of the file.
    """

    name: str
    sha256: str

    def __post_init__(self):
        _check("name of a companion", self.name, str)
        check_name(self.name)
        if not is_sha256(self.sha256):
            _refuse("sha256 of a companion", "64 hexadecimal digits", self.sha256)


@dataclass(frozen=True)
class Origin:
    """What a network started from, or was converted from.

    Attributes:
        name: Of the network or the file, without folders.
        sha256: Of the file; its first 16 digits where no more are known, or
            ``None`` where the file is not (``"imagenet"``).
        project: Program whose checkpoint was converted, or ``None``: the
            weights were trained further.
    """

    name: str
    sha256: str | None = None
    project: str | None = None

    def __post_init__(self):
        _check("name of an origin", self.name, str)
        if "/" in self.name or "\\" in self.name:
            _refuse("name of an origin", "a name without folders", self.name)
        digits = self.sha256
        if digits is not None and not (
            isinstance(digits, str) and len(digits) in (16, 64) and is_sha256(digits.ljust(64, "0"))
        ):
            _refuse("sha256 of an origin", "64 or 16 hexadecimal digits", digits)
        if self.project is not None:
            _check("project of an origin", self.project, str)


def _optional(kind):
    return field(default=None, metadata={"kind": kind})


@dataclass(frozen=True)
class Details:
    """The description of a weights file.

    Attributes:
        name: The model's name, by which it is looked up.
        version: Version of the weights.
        scale: Range of the output, such as ``"0..1"``.
        higher_is_better: Direction of the output.
        mode: How the network is used: a key of `kiqa.scoring.engines.ENGINES`,
            or what else it is, such as ``"rnn-features"``.
        pooling: How places become one score: ``"mean"``, ``"max"``,
            ``"weighted"``, ``"average"``, ``"rnn"``.
        patch_grid: Which patches of an image are looked at, one of `GRIDS`.
        trained_on: Which images the network, and every network in its chain,
            was trained on; empty for none, ``None`` for not known, as of
            converted files.
        origin: What it started or was converted from; ``None``: random
            weights, or not known.
        companions: Files that belong to it, by what they are: ``"head"``,
            ``"body"``, ``"extractor"``, ``"patchnet"``.
        stride: Pixels between cells, where the network fixes it.
        maps: Maps of the aggregator's stack, in order.
        fish: The aggregator's form of FISH, ``"sliding"`` or ``"blocks"``.
        form: RNN-BIQA and CORNIA: how an image becomes patches
            (`kiqa.maps.gaze.GazeForm`; ``{"patches": n}``).
        masked: RNN-BIQA: whether padding is masked.
        multi_resolution: RNN-BIQA: whether the half-size image is looked at.
        backbone: RNN-BIQA: kind of feature extractor.
        assumed_sd: RNN-BIQA: deviation of votes, 0..100, where none was known.
        patch_scores: PaQ-2-PiQ: what the scores of patches were, in words.
        body: PaQ-2-PiQ: of a head, the file whose head it is.
        input_range: Of a converted network, in words.
        variant: EfficientNet-Lite: ``"lite0"`` or ``"lite2"``.
        working_area: lite: pixels that an image is resampled to.
        percentiles: lite: scores of the training images at 0, 1, ... 100 per
            cent.
        interval: lite: ``edges`` of the scores and ``half_widths`` of the
            interval between them.
        instance: Patchnet's protocol: number of the instance.
        best_epoch: Patchnet's protocol: the epoch whose weights these are.
    """

    name: str
    version: str
    scale: str
    higher_is_better: bool
    mode: str = "patch"
    pooling: str | None = _optional(str)
    patch_grid: str | None = _optional(str)
    trained_on: tuple[TrainingPart, ...] | None = None
    origin: Origin | None = None
    companions: Mapping[str, Companion] = field(default_factory=dict)
    stride: int | None = _optional(int)
    maps: tuple[str, ...] | None = None
    fish: str | None = _optional(str)
    form: Mapping[str, Any] | None = _optional(dict)
    masked: bool | None = _optional(bool)
    multi_resolution: bool | None = _optional(bool)
    backbone: str | None = _optional(str)
    assumed_sd: float | None = _optional(float)
    patch_scores: str | None = _optional(str)
    body: str | None = _optional(str)
    input_range: str | None = _optional(str)
    variant: str | None = _optional(str)
    working_area: int | None = _optional(int)
    percentiles: tuple[float, ...] | None = None
    interval: Mapping[str, Any] | None = _optional(dict)
    instance: int | None = _optional(int)
    best_epoch: int | None = _optional(int)

    def __post_init__(self):
        for name in ("name", "version", "scale", "mode"):
            _check(name, getattr(self, name), str)
        _check("higher_is_better", self.higher_is_better, bool)
        check_name(self.name)
        for each in fields(self):
            value = getattr(self, each.name)
            if "kind" in each.metadata and value is not None:
                _check(each.name, value, each.metadata["kind"])
        if self.patch_grid is not None and self.patch_grid not in GRIDS:
            _refuse("patch_grid", f"one of {GRIDS}", self.patch_grid)
        if self.stride is not None and self.stride < 1:
            _refuse("stride", "at least 1", self.stride)
        for name, kind in (
            ("trained_on", TrainingPart),
            ("maps", str),
            ("percentiles", float),
        ):
            value = getattr(self, name)
            if value is not None:
                if not isinstance(value, list | tuple) or not all(
                    isinstance(item, kind) for item in value
                ):
                    _refuse(name, f"a list of {kind.__name__}", value)
                object.__setattr__(self, name, tuple(value))
        if self.origin is not None:
            _check("origin", self.origin, Origin)
        _check("companions", self.companions, dict)
        for role, companion in self.companions.items():
            _check("a companion's role", role, str)
            _check(f"the companion {role!r}", companion, Companion)

    def to_json(self) -> str:
        """Return the text of the attribute: what is set, keys in order.

        Raises:
            WeightsError: If JSON cannot hold a value.
        """
        try:
            return json.dumps(self._values(), sort_keys=True, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise WeightsError(
                f"Expected details that JSON can hold. Received: {self!r} ({error}). Use text, "
                "numbers, lists and dicts."
            ) from error

    def _values(self):
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        values = {key: value for key, value in values.items() if value is not None}
        if self.trained_on is not None:
            values["trained_on"] = [part.to_json() for part in self.trained_on]
        if self.origin is not None:
            known = vars(self.origin).items()
            values["origin"] = {key: value for key, value in known if value is not None}
        values["companions"] = {role: vars(each) for role, each in self.companions.items()}
        if not self.companions:
            del values["companions"]
        return values

    @classmethod
    def from_json(cls, text: str | bytes) -> "Details":
        """Read the text of the attribute.

        Raises:
            WeightsError: If it is no JSON of this form; the message names the
                keys that are missing, unknown or of the wrong kind.
        """
        try:
            values = json.loads(text)
        except (ValueError, TypeError) as error:
            raise _damaged(f"{error!r}") from error
        known = {each.name for each in fields(cls)}
        if not isinstance(values, dict):
            raise _damaged(repr(values))
        missing = [key for key in ("name", "version", "scale", "higher_is_better")
                   if key not in values]  # fmt: skip
        unknown = sorted(set(values) - known)
        if missing or unknown:
            raise _damaged(f"{missing} missing, {unknown} unknown")
        try:
            if values.get("trained_on") is not None:
                values["trained_on"] = tuple(map(TrainingPart.from_json, values["trained_on"]))
            if values.get("origin") is not None:
                values["origin"] = Origin(**values["origin"])
            if "companions" in values:
                values["companions"] = {
                    role: Companion(**each) for role, each in values["companions"].items()
                }
            return cls(**values)
        except (TypeError, AttributeError) as error:
            raise _damaged(f"{error}") from error


def _damaged(what):
    return WeightsError(
        "Expected the attribute 'kiqa' to be JSON with name, version, scale, higher_is_better "
        f"and the other fields of kiqa.io.weights.details.Details. Received: {what}. Export the "
        "file again with this version of kiqa."
    )


def _check(name, value, kind):
    good = isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool)
    if kind is float:
        good = type(value) in (int, float) and math.isfinite(value)
    if not good or value == "":
        _refuse(name, f"a {kind.__name__}", value)


def _refuse(name, expected, received):
    raise WeightsError(f"Expected {name} to be {expected}. Received: {received!r}.")
