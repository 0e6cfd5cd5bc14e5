"""What a loaded image is: pixels, and where they come from.

Used through `kiqa.io.images`.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class LoadedImage:
    """Pixels of one image and where they come from.

    Attributes:
        pixels: Array ``(H, W, 3)``, RGB, uint8, upright. May be read-only.
        path: The path as given, or None for all else.
        sha256: Hex digest of the encoded bytes; of the pixel bytes for arrays
            and Pillow images.
        format: Pillow's name of the file format, such as ``"HEIF"``;
            ``"RAW"`` for camera raw, None for arrays.
        mode: Pillow's name of the mode as stored, such as ``"CMYK"``.
        exif_orientation: 1..8; 1 when absent or invalid.
        converted: What was changed, in the order of the changes, such as
            ``"Display P3 to sRGB"``; also that a colour profile was left out
            because it cannot be used.
        icc: Whether a colour profile was present.
    """

    pixels: np.ndarray
    path: str | None
    sha256: str
    format: str | None
    mode: str
    exif_orientation: int = 1
    converted: tuple[str, ...] = ()
    icc: bool = False

    @property
    def width(self) -> int:
        """Width in pixels, after orientation."""
        return self.pixels.shape[1]

    @property
    def height(self) -> int:
        """Height in pixels, after orientation."""
        return self.pixels.shape[0]

    def provenance(self) -> dict:
        """Return how the image was stored and changed, ready for JSON."""
        return {
            "format": self.format,
            "mode": self.mode,
            "exif_orientation": self.exif_orientation,
            "converted": list(self.converted),
            "icc": self.icc,
        }
