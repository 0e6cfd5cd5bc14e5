"""The images of the README, made by the shipped weights.

    python docs/pictures.py map          # an image and a copy, half of it blurred: maps and scores
    python docs/pictures.py varjpeg      # plain JPEG and VarJPEG in files of one size
    python docs/pictures.py              # both

The images that are shown come with scikit-image. ``--output DIR`` writes
elsewhere than to ``docs/assets``. What stands beside them is computed.
"""

import argparse
import io
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from kiqa.io.files import write_atomically

ASSETS = Path(__file__).parent / "assets"
_SIGMA = 3.0  # of the blur, in pixels
_JPEG_QUALITY = 10
_BEST = 0.25  # part of the image that is called best
_WINDOW = 160  # side of the part that is shown, round its middle
_COLOURS = 255  # of the PNG files
_DOTS = 120  # pixels per inch


def map_picture() -> Figure:
    """An image, and a copy of which the left half is blurred: maps and scores."""
    from skimage import data

    import kiqa
    from kiqa.data.distortions.basic import gaussian_blur
    from kiqa.plotting import plot_overlay

    image = data.astronaut()
    half = image.shape[1] // 2
    copy = image.copy()
    copy[:, :half] = gaussian_blur(image, _SIGMA)[:, :half]
    figure = Figure(figsize=(11, 3), layout="constrained")
    axes = figure.subplots(1, 4, width_ratios=(1, 1, 1, 1))
    named = (("as it is", image), ("left half blurred", copy))
    for (left, right), (name, pixels) in zip(axes.reshape(2, 2), named, strict=True):
        left.imshow(pixels)
        left.set(xticks=[], yticks=[])
        left.set_title(f"{name}: score {kiqa.score(pixels):.2f}")
        quality = kiqa.quality_map(pixels, stride=4)
        plot_overlay(pixels, quality, ax=right, colorbar=pixels is copy)
        right.set_title(f"its map, mean {quality.mean():.2f}")
    return figure


def varjpeg_picture() -> Figure:
    """An image as plain JPEG and, in a file no larger, as VarJPEG; and where that put its bits."""
    from skimage import data

    from kiqa.reproduce.varjpeg.images import psnr
    from kiqa.varjpeg import Settings, SizeSearch, coded_jpeg, decode, prepare, steps

    image = data.chelsea()
    prepared = prepare(image, None, settings=Settings())
    plain = coded_jpeg(prepared, _JPEG_QUALITY)
    file = SizeSearch(prepared).largest_within(len(plain.data))
    traced = steps(prepared, file)
    best = traced.qualities >= np.quantile(traced.qualities, 1 - _BEST)
    rows, columns = (
        slice(middle - _WINDOW // 2, middle + _WINDOW // 2)
        for middle in np.argwhere(best).mean(axis=0).astype(int)
    )
    figure = Figure(figsize=(11, 3.75), layout="constrained")
    axes = figure.subplots(1, 3, width_ratios=(image.shape[1] / image.shape[0], 1, 1))
    axes[0].imshow(image)
    axes[0].contour(best, levels=[0.5], colors="white", linewidths=1.5)
    axes[0].set_title("the quarter that the map finds best")
    shown = (("JPEG", plain, decode(plain.data)), ("VarJPEG", file, traced.decoded))
    for ax, (name, coded, pixels) in zip(axes[1:], shown, strict=True):
        ax.imshow(pixels[rows, columns], interpolation="nearest")
        part, whole = psnr(pixels, image, best), psnr(pixels, image)
        title = f"PSNR {part:.1f} dB in that quarter, {whole:.1f} dB in all"
        ax.set_title(f"{name}, {len(coded.data):,} bytes\n{title}", fontsize=9)
    for ax in axes:
        ax.set(xticks=[], yticks=[])
    return figure


PICTURES = {"map": map_picture, "varjpeg": varjpeg_picture}


def png_of(figure: Figure) -> bytes:
    """Return a figure as a PNG file of few colours."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=_DOTS)
    return few_colours(drawn.getvalue())


def few_colours(png: bytes) -> bytes:
    """Return a PNG file with at most 255 colours, about a third as large."""
    with Image.open(io.BytesIO(png)) as image:
        few = image.convert("RGB").quantize(_COLOURS, dither=Image.Dither.FLOYDSTEINBERG)
    written = io.BytesIO()
    few.save(written, "PNG", optimize=True)
    return written.getvalue()


def main() -> None:
    """Make the images that are named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PICTURES)}")
    parser.add_argument("--output", type=Path, default=ASSETS, metavar="DIR")
    arguments = parser.parse_args()
    for name in arguments.names or PICTURES:
        write_atomically(arguments.output / f"{name}.png", png_of(PICTURES[name]()))


if __name__ == "__main__":
    main()
