"""Which images a network was trained on, as data that a weights file holds.

A `TrainingPart` is one set of images of one data set: how many, a hash of
their names, the split and part that they are of, what their scores were, and
what they did: fit the weights, or choose the epoch. Where a published split
does not hold exactly these names, the part has a fingerprint of each, so that
whoever evaluates the network can tell for each image whether it was trained
on (`kiqa.data.trained` does).

Public names: `TrainingPart`, `names_sha256`, `fingerprint`, `pack_fingerprints`.
"""

import base64
import binascii
import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from kiqa.io.weights.manifest import WeightsError

SCORES = ("human", "proxy", "pseudo", "teacher", "unknown")
USES = ("train", "val")

_BYTES = 4  # of a fingerprint: of 10,000 names one in 400,000 others has one of theirs
_TEXTS = ("dataset", "split", "split_sha256", "part", "fingerprints", "through")


@dataclass(frozen=True)
class TrainingPart:
    """Images that a network, or one that it was made with, was trained on.

    Attributes:
        use: ``"train"``: they fitted the weights; ``"val"``: they chose the
            epoch.
        images: Number of images, at least 1.
        names_sha256: `names_sha256` of their names.
        scores: What they were rated by: ``"human"`` (mean opinion scores or
            votes of people), ``"proxy"`` (a full-reference metric),
            ``"pseudo"`` (a rule), ``"teacher"`` (another network) or
            ``"unknown"`` (a file that does not say).
        about: The same in a sentence.
        dataset: Key of `kiqa.data.DATASETS`, the name of a collection such as
            ``"cid22"``, or ``None`` for files of no known one.
        split: Name of the published split that they are a part of, or
            ``None`` where it is another one.
        split_sha256: Of the file of that split.
        part: The part of it that they are in.
        fingerprints: `pack_fingerprints` of the names, where the images are
            not exactly that part; ``None`` where they are.
        through: Name of the network that saw them, if it was not this one but
            one that it started from, learned from or works with.
    """

    use: str
    images: int
    names_sha256: str
    scores: str
    about: str
    dataset: str | None = None
    split: str | None = None
    split_sha256: str | None = None
    part: str | None = None
    fingerprints: str | None = None
    through: str | None = None

    def __post_init__(self):
        if self.use not in USES:
            _refuse("use", f"one of {USES}", self.use)
        if type(self.images) is not int or self.images < 1:
            _refuse("images", "a positive number", self.images)
        if self.scores not in SCORES:
            _refuse("scores", f"one of {SCORES}", self.scores)
        for name in ("about", "names_sha256"):
            if not isinstance(getattr(self, name), str) or not getattr(self, name):
                _refuse(name, "text", getattr(self, name))
        for name in _TEXTS:
            value = getattr(self, name)
            if value is not None and (not isinstance(value, str) or not value):
                _refuse(name, "text or nothing", value)
        for name in ("names_sha256", "split_sha256"):
            value = getattr(self, name)
            if value is not None and not is_sha256(value):
                _refuse(name, "64 hexadecimal digits", value)
        if self.fingerprints is None and None in (self.split, self.split_sha256, self.part):
            _refuse("fingerprints", "there without split, split_sha256 and part", None)
        if len(self.members()) > self.images:
            _refuse("fingerprints", f"at most {self.images}, one an image", len(self.members()))

    def members(self) -> frozenset[bytes]:
        """Fingerprints of the names, empty if there are none.

        Raises:
            WeightsError: If they are damaged.
        """
        try:
            packed = base64.b64decode(self.fingerprints or "", validate=True)
        except (binascii.Error, ValueError) as error:
            raise WeightsError(
                f"Expected fingerprints in base64. Received: {error}. Get the file again."
            ) from error
        if len(packed) % _BYTES:
            _refuse("fingerprints", f"a multiple of {_BYTES} bytes", len(packed))
        return frozenset(packed[at : at + _BYTES] for at in range(0, len(packed), _BYTES))

    def to_json(self) -> dict[str, Any]:
        """The fields that are set, of JSON types."""
        return {key: value for key, value in asdict(self).items() if value is not None}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "TrainingPart":
        """Make a part of `to_json`'s values.

        Raises:
            WeightsError: If a field is missing, unknown or of the wrong kind.
        """
        known = [field.name for field in fields(cls)]
        if not isinstance(values, Mapping) or not set(values) <= set(known):
            _refuse("trained_on", f"entries with the keys {known}", values)
        try:
            return cls(**values)
        except TypeError as error:
            raise WeightsError(
                f"Expected entries of trained_on with use, images, names_sha256, scores and "
                f"about. Received: {dict(values)} ({error}). Export the file again."
            ) from error


def names_sha256(names: Iterable[str]) -> str:
    """Return the sha256 of names of images, sorted, each once, one a line."""
    return hashlib.sha256(os.fsencode("\n".join(sorted(set(names))))).hexdigest()


def fingerprint(name: str) -> bytes:
    """Return the first bytes of a name's sha256."""
    return hashlib.sha256(os.fsencode(name)).digest()[:_BYTES]


def pack_fingerprints(names: Iterable[str]) -> str:
    """Return the fingerprints of names, sorted, in base64: 5.3 characters a name."""
    return base64.b64encode(b"".join(sorted({fingerprint(name) for name in names}))).decode()


def is_sha256(value: object) -> bool:
    """Tell whether a value is a sha256 in lower-case hexadecimal digits."""
    return isinstance(value, str) and len(value) == 64 and not set(value) - set("0123456789abcdef")


def _refuse(field: str, expected: str, received: object) -> None:
    raise WeightsError(
        f"Expected {field} of a part in trained_on to be {expected}. Received: {received!r}. "
        "Make it with kiqa.data.trained, or export the file again."
    )
