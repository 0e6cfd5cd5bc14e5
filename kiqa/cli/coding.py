"""Options of the commands that code images, and where an image matters."""

import argparse
from collections.abc import Callable, Iterable
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kiqa.arguments import add_number
from kiqa.cli.inputs import add_memory
from kiqa.cli.map_sources import stored_map, stored_paths
from kiqa.constants import VARJPEG
from kiqa.io.outputs import declare_inputs

if TYPE_CHECKING:
    from kiqa.varjpeg import Settings
    from kiqa.varjpeg.ladder import ImportanceSource

_FORMS = ("compatible", "thesis")  # of kiqa.varjpeg, which --help does not import
_SUBSAMPLINGS = ("4:4:4", "4:2:0")
_HUFFMAN = ("optimised", "standard")
_HALF = 127  # lighter than this is inside a mask


def add_coding(parser: argparse.ArgumentParser, *, form: str = _FORMS[0]) -> None:
    """Add the options that become `kiqa.varjpeg.Settings`, and the maps.

    Args:
        parser: To add to.
        form: Default of ``--form``.
    """
    parser.add_argument(
        "--form",
        choices=_FORMS,
        default=form,
        help="compatible: a JPEG for every viewer; thesis: .vjpg, which only kiqa decodes "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--delta",
        type=float,
        default=VARJPEG.delta,
        metavar="D",
        help="quality that the most important parts have more (default: %(default)g)",
    )
    add_number(
        parser,
        "--clusters",
        "centroids that the file keeps of the map",
        default=VARJPEG.clusters,
        metavar="K",
        low=1,
    )
    parser.add_argument(
        "--subsampling", choices=_SUBSAMPLINGS, default="4:4:4", help="default: %(default)s"
    )
    parser.add_argument(
        "--huffman",
        choices=_HUFFMAN,
        default="optimised",
        help="tables of the entropy coding (default: %(default)s)",
    )
    add_number(
        parser,
        "--stride",
        "of the quality map, in pixels, where the model leaves it open; 4 is over ten times faster "
        "and places the centroids nearly alike",
        default=1,
        low=1,
    )
    add_memory(parser)
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--maps",
        type=Path,
        metavar="DIR|FILE",
        help="take the map from here instead of making it: .npz of kiqa map --npz, or .npy with "
        "one value per pixel",
    )
    where.add_argument(
        "--saliency",
        type=Path,
        metavar="DIR|FILE",
        help="file of the image's size instead of a map; lighter is more important",
    )
    where.add_argument(
        "--mask",
        type=Path,
        metavar="DIR|FILE",
        help="the same, where all lighter than half is important and nothing else",
    )


def settings_of(arguments: argparse.Namespace) -> "Settings":
    """Return the `kiqa.varjpeg.Settings` of the options."""
    from kiqa.varjpeg import Settings

    names = {field.name for field in fields(Settings)}
    return Settings(**{name: value for name, value in vars(arguments).items() if name in names})


def importance_of(arguments: argparse.Namespace) -> "ImportanceSource":
    """Return what says where images matter.

    Args:
        arguments: Parsed options of `add_coding` and --model.

    Returns:
        The function, which raises `FileNotFoundError` for an image without
        map or saliency file, and where it is from: the name of an option, or
        the model and the beginning of its sha256.

    Raises:
        FileNotFoundError: If the file, folder or model is not there.
        ValueError: If the model makes no map.
    """
    from kiqa.varjpeg.ladder import ImportanceSource

    for option, of in _FROM_FILES.items():
        place = getattr(arguments, option)
        if place and not place.exists():
            raise FileNotFoundError(f"Expected a file or folder. Received: {place}, not there.")
        if place:
            return ImportanceSource(
                partial(of, arguments), f"--{option}", False, partial(_file, arguments)
            )
    if arguments.delta == 0:  # nothing depends on the map
        return ImportanceSource(name="none", by_model=False)
    from kiqa.scoring import Scorer
    from kiqa.startup import load_quietly

    scorer = Scorer(arguments.model, default_stride=arguments.stride, max_memory=arguments.memory)
    scorer.check_maps()
    load_quietly(scorer)
    source = f"{scorer.info.name}, sha256 {scorer.info.sha256[:12]}"
    return ImportanceSource(lambda name, pixels: scorer.map(pixels), source)


def declare_importance(arguments: argparse.Namespace, names: Iterable[str]) -> None:
    """Declare the files that `importance_of` reads for images of these names as inputs."""
    for name in names:
        declare_inputs(_paths(arguments, name))


def _paths(arguments, name):
    """Where the map, saliency or mask of an image may be."""
    if arguments.maps:
        return stored_paths(arguments.maps, name)
    place = arguments.saliency or arguments.mask
    if place is None:
        return []
    return [place / name, (place / name).with_suffix(".png")] if place.is_dir() else [place]


def _file(arguments, name):
    """Where it is, ``None`` without one."""
    return next((path for path in _paths(arguments, name) if path.is_file()), None)


def _map(arguments, name, pixels):
    return stored_map(arguments.maps, name, pixels.shape[:2])


def _saliency(arguments, name, pixels):
    """Gray values of the saliency file of an image."""
    from kiqa.io.images import load_image
    from kiqa.io.images.cost import loading_limit

    path = _file(arguments, name)
    if path is None:
        places = " or ".join(map(str, _paths(arguments, name)))
        raise FileNotFoundError(
            f"Expected an image for {name} at {places}. Received: no such file."
        )
    return load_image(path, max_bytes=loading_limit(arguments.memory)).pixels.mean(axis=2)


def _mask(arguments, name, pixels):
    return _saliency(arguments, name, pixels) > _HALF


_FROM_FILES: dict[str, Callable] = {"maps": _map, "saliency": _saliency, "mask": _mask}
