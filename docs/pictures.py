"""The pictures of the README, made by the shipped weights from images that scikit-image brings along.

    python docs/pictures.py map          # an image and a copy with a blurred rectangle: maps, scores
    python docs/pictures.py varjpeg      # JPEG and VarJPEG of the same size
    python docs/pictures.py              # both

``--output DIR`` writes elsewhere than ``docs/assets``. Nothing is chosen by
eye: what the captions say is computed.
"""

import argparse
import io
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from kiqa.io.files import write_atomically

ASSETS = Path(__file__).parent / "assets"
_RECTANGLE = (slice(40, 300), slice(270, 500))  # rows and columns that are blurred
_SIGMA = 3.0
_BPP = 0.4
_COLOURS = 255  # of the PNG files, which stay below 300 KB
_MARGIN = {"left": 0.01, "right": 0.99, "top": 0.93, "bottom": 0.02, "wspace": 0.03, "hspace": 0.16}


def map_picture() -> Figure:
    """An image and a copy of it with a blurred rectangle, each with its map and score."""
    from skimage import data

    import kiqa
    from kiqa.data.distortions.basic import gaussian_blur
    from kiqa.plotting import plot_overlay

    image = data.astronaut()
    copy = image.copy()
    copy[_RECTANGLE] = gaussian_blur(image, _SIGMA)[_RECTANGLE]
    scorer = kiqa.Scorer("lite")
    figure = Figure(figsize=(9.6, 4.9))
    axes = figure.subplots(2, 4, width_ratios=(1, 1, 0.05, 0.9))
    for row, pixels, name in zip(axes, (image, copy), ("image", "a part of it blurred"), strict=True):
        found = scorer.row(pixels)
        row[0].imshow(pixels)
        row[0].set_title(name, fontsize=10)
        plot_overlay(pixels, kiqa.quality_map(pixels, stride=4), ax=row[1], colorbar=False)
    return figure


def varjpeg_picture() -> Figure:
    """A part of an image as JPEG and as VarJPEG, files of the same size."""
    raise NotImplementedError


PICTURES = {"map": map_picture, "varjpeg": varjpeg_picture}


def png_of(figure: Figure) -> bytes:
    """Return a figure as a PNG file of few colours."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=100)
    with Image.open(drawn) as image:
        few = image.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
    written = io.BytesIO()
    few.save(written, "PNG", optimize=True)
    return written.getvalue()


def main() -> None:
    """Make the pictures that are named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PICTURES)}")
    parser.add_argument("--output", type=Path, default=ASSETS, metavar="DIR")
    arguments = parser.parse_args()
    for name in arguments.names or PICTURES:
        write_atomically(arguments.output / f"{name}.png", png_of(PICTURES[name]()))


if __name__ == "__main__":
    main()
