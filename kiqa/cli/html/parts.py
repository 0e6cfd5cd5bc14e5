"""The parts of a page of maps: what stands before, for each image, and after.

The page needs no network: images, values, style and script are inside, and
its content security policy forbids everything else. Its parts are written
image by image (`kiqa.cli.html.page`).
"""

import base64
import hashlib
import io
import math
import os
from dataclasses import dataclass
from functools import partial
from html import escape

import numpy as np
from PIL import Image

from kiqa.io.assets import asset, filled, page_head
from kiqa.io.images import LoadedImage
from kiqa.io.map_files import QualityMap
from kiqa.io.scales import limits
from kiqa.io.text import printable
from kiqa.plotting.colours import css_gradient, map_colours

PHOTO_SIDE = 1280  # longest side of an image on the page
MAP_SIDE = 320  # most cells a side on the page; of larger maps every k-th
_TOP_CODE = 65535
_filled = partial(filled, "kiqa.cli")


@dataclass(frozen=True)
class Heading:
    """What a page says of all its images; a page of another heading is not continued.

    Attributes:
        model: Name of the model.
        sha256: Hash of the weights file that makes the maps.
        scale: Text such as ``"0..1"`` or ``"0..100 normalised"``; its ends are
            the ends of the colours.
        higher_is_better: Direction of the values.
        stride: Pixels between cells; 0 for grids of blocks.
        grid: Rows and columns of blocks; ``None`` where nobody chose them.
    """

    model: str
    sha256: str
    scale: str
    higher_is_better: bool
    stride: int
    grid: tuple[int, int] | None = None


def head(heading: Heading) -> str:
    """Return the HTML before the images."""
    low, high = limits(heading.scale)
    unit = heading.scale.partition(" ")[2]
    return _filled(
        "maps_head.html",
        head=page_head(
            f"Quality maps by {shown(heading.model)}",
            _filled("maps.css", gradient=css_gradient()),
        ),
        model=shown(heading.model),
        sha256=heading.sha256[:12],
        unit=shown(f" {unit}") if unit else "",
        better="higher is better" if heading.higher_is_better else "lower is better",
        low=f"{low:g}",
        high=f"{high:g}",
        middle=f"{(low + high) / 2:g}",
        cells=_cells(heading),
    )


def _cells(heading: Heading) -> str:
    if heading.grid is not None:
        return "one value per block, {} rows of {}".format(*heading.grid)
    return f"one value every {heading.stride} pixels" if heading.stride else "one value per block"


def foot() -> str:
    """Return the HTML after the images."""
    return _filled("maps_foot.html", script=asset("kiqa.cli", "maps.js"))


def card(
    heading: Heading,
    name: str,
    image: LoadedImage,
    quality_map: QualityMap,
    *,
    reference: str | None = None,
    key: str = "",
) -> str:
    """Return the HTML of one image.

    Args:
        heading: Of the page.
        name: What the image is called.
        image: The image.
        quality_map: Its map.
        reference: Path of the image it was compared with.
        key: What tells it from other images.
    """
    low, high = limits(heading.scale)
    step = math.ceil(max(quality_map.values.shape) / MAP_SIDE)
    values = quality_map.values[::step, ::step]
    # In the image pixel i covers [i, i + 1); a shown cell keeps its centre and grows.
    places = []
    for edges, cells in zip(quality_map.edges(), values.shape, strict=True):
        size = edges[1] - edges[0]
        places.append((edges[0] - (step - 1) / 2 * size, cells * step * size))
    (top, height), (left, width) = places
    unit = np.clip((values - low) / (high - low), 0, 1)
    codes = np.round(unit * _TOP_CODE).astype("<u2")
    compared = f'<p class="soft">Reference {shown(reference)}</p>\n' if reference else ""
    return _filled(
        "maps_card.html",
        key=escape(key),
        name_sha256=hashlib.sha256(os.fsencode(name)).hexdigest(),
        name=shown(name),
        compared=compared,
        score=f"{quality_map.mean():.3f}",
        position=f"{100 * min(max((quality_map.mean() - low) / (high - low), 0), 1):.2f}",
        width=image.width,
        height=image.height,
        rows=values.shape[0],
        columns=values.shape[1],
        left=f"{100 * left / image.width:.4f}",
        top=f"{100 * top / image.height:.4f}",
        map_width=f"{100 * width / image.width:.4f}",
        map_height=f"{100 * height / image.height:.4f}",
        photo=_photo(image.pixels),
        overlay=_overlay(unit),
        values=base64.b64encode(codes.tobytes()).decode("ascii"),
    )


def shown(name: str) -> str:
    """Return a name harmless in HTML; bytes that are no UTF-8 become question marks."""
    return escape(printable(name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")))


def _photo(pixels: np.ndarray) -> str:
    photo = Image.fromarray(pixels)
    photo.thumbnail((PHOTO_SIDE, PHOTO_SIDE), Image.Resampling.LANCZOS, reducing_gap=3)
    return _encode(photo, format="JPEG", quality=85)


def _overlay(unit: np.ndarray) -> str:
    """Palette PNG with one pixel a cell."""
    picture = Image.fromarray(np.round(unit * 255).astype(np.uint8))
    picture.putpalette(map_colours().tobytes())
    return _encode(picture, format="PNG", optimize=True)


def _encode(picture: Image.Image, **options) -> str:
    data = io.BytesIO()
    picture.save(data, **options)
    return base64.b64encode(data.getvalue()).decode("ascii")
