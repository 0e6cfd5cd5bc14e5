"""A weights file that was found: where it is, its hash, and what it says of itself."""

from dataclasses import dataclass
from pathlib import Path

from kiqa.io.weights.details import Details


@dataclass(frozen=True)
class WeightsInfo:
    """A weights file and what it says of itself.

    Attributes:
        path: The file.
        sha256: Hexadecimal hash of its bytes.
        details: Its description.
    """

    path: Path
    sha256: str
    details: Details

    @property
    def name(self) -> str:
        """The model's name."""
        return self.details.name

    @property
    def version(self) -> str:
        """Version of the weights."""
        return self.details.version

    @property
    def scale(self) -> str:
        """Range of the output as text, such as ``"0..1"``."""
        return self.details.scale

    @property
    def higher_is_better(self) -> bool:
        """Direction of the output."""
        return self.details.higher_is_better
