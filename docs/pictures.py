"""The images of the README, made by the shipped weights.

    python docs/pictures.py map          # an image and a copy, half of it blurred: maps and scores
    python docs/pictures.py varjpeg      # plain JPEG and VarJPEG in files of one size
    python docs/pictures.py report       # the page of kiqa report; needs Chromium or Chrome
    python docs/pictures.py              # all

The images that are shown come with scikit-image. ``--output DIR`` writes
elsewhere than to ``docs/assets``. What stands beside them is computed.
"""

import argparse
import io
import shutil
import subprocess
import sys
import tempfile
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
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_WINDOW_SIZE = "1280,760"
_MILLISECONDS = 8000  # of the page's own clock, for what it draws


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


def report_picture() -> bytes:
    """The page of kiqa report, of images and of copies with defects, as a browser shows it."""
    from skimage import data

    import kiqa
    from kiqa.data.distortions import distort

    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        raise FileNotFoundError(
            f"Expected a browser, one of {', '.join(_BROWSERS)}. Received: none. Install Chromium."
        )
    rng = np.random.default_rng(0)
    shown = {"astronaut": data.astronaut(), "cat": data.chelsea(), "coffee": data.coffee(),
             "rocket": data.rocket(), "retina": data.retina()[300:1100, 200:1300]}  # fmt: skip
    changes = (("cat", "gaussian_blur", 4), ("coffee", "overexposure", 2),
               ("rocket", "gaussian_noise", 30), ("astronaut", "jpeg", 6))  # fmt: skip
    for name, kind, level in changes:
        shown[f"{name}_{kind}"] = distort(shown[name], kind, level, rng=rng)
    with tempfile.TemporaryDirectory() as folder:
        images = Path(folder, "images")
        images.mkdir()
        for name, pixels in shown.items():
            Image.fromarray(pixels).save(images / f"{name}.png")
        kiqa.report(images, Path(folder, "report.html"), best=3, maps=False)
        taken = Path(folder, "report.png")
        subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             f"--window-size={_WINDOW_SIZE}", f"--virtual-time-budget={_MILLISECONDS}",
             f"--user-data-dir={folder}/profile", f"--screenshot={taken}",
             Path(folder, "report.html").as_uri()],
            check=True, capture_output=True,
        )  # fmt: skip
        return taken.read_bytes()


PICTURES = {"map": map_picture, "varjpeg": varjpeg_picture, "report": report_picture}


def png_of(figure: Figure | bytes) -> bytes:
    """Return a figure, or a PNG file, as a PNG file of few colours."""
    if isinstance(figure, bytes):
        return few_colours(figure)
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
    if unknown := set(arguments.names) - set(PICTURES):
        parser.error(f"expected names of {', '.join(PICTURES)}, got {', '.join(sorted(unknown))}")
    for name in arguments.names or PICTURES:
        try:
            write_atomically(arguments.output / f"{name}.png", png_of(PICTURES[name]()))
        except FileNotFoundError as error:
            sys.exit(f"{name}: {error}")


if __name__ == "__main__":
    main()
