"""``kiqa map``: where an image is good and where it is bad, as image and numbers."""

import argparse
import hashlib
import os
import re
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

from kiqa.arguments import Output, add_output
from kiqa.cli.inputs import (
    Input,
    add_count,
    add_memory,
    add_paths,
    add_reference,
    collect,
    distinguish,
)
from kiqa.cli.targets import report
from kiqa.constants import DEFAULT_MAPPER
from kiqa.io.messages import tell
from kiqa.io.outputs import check_targets, make_folder, named
from kiqa.io.text import printable
from kiqa.startup import load_quietly


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_paths(parser, model=DEFAULT_MAPPER)
    cells = parser.add_mutually_exclusive_group()
    add_count(
        cells,
        "--stride",
        "pixels between the map's cells (default: 4; the aggregator has its own; of a WaDIQaM the "
        "patch's side, 32)",
    )
    cells.add_argument(
        "--grid",
        type=_grid,
        metavar="ROWSxCOLUMNS",
        help="blocks of the map, for PaQ-2-PiQ (default: 32x32) and lite (24x24)",
    )
    add_reference(parser)
    add_memory(parser)
    parser.add_argument(
        "--normalise",
        action="store_true",
        help="for PaQ-2-PiQ: spread the values over 0..100 as its authors do (fits their network)",
    )
    overlay = "write the map over the image, with a colour bar, as PNG"
    add_output(parser, "--overlay", Output.SHARED, "DIR", overlay)
    add_output(parser, "--npz", Output.SHARED, "DIR", "write the map's values as .npz")
    page = "write one self-contained page with all images and the values under the cursor"
    add_output(parser, "--html", Output.FILE, "FILE", page)
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on with the --html page of an interrupted or killed run: images that are on it "
        "are not mapped again",
    )


def run(arguments: argparse.Namespace) -> int:
    """Map, and return the exit status."""
    if not (arguments.overlay or arguments.npz or arguments.html):
        raise ValueError("Expected at least one of --overlay DIR, --npz DIR and --html FILE.")
    if arguments.resume and not arguments.html:
        raise ValueError("Expected --html FILE with --resume: the page says what is finished.")

    from kiqa.cli.html import page
    from kiqa.io.files import is_of_the_disk
    from kiqa.io.images.kinds import no_image
    from kiqa.scoring import MAP_STRIDE, Scorer, read_ahead, usable_workers
    from kiqa.scoring.pairs import check_references, reference_for

    own = arguments.html and no_image(arguments.html) and arguments.html
    inputs = collect(arguments.paths, leave_out=[own])
    references: list[str | None] = [None] * len(inputs)
    if arguments.reference is not None:
        references = [reference_for(item.name, arguments.reference) for item in inputs]
    pairs = list(zip(distinguish(inputs), references, strict=True))
    targets = [path for item, _ in pairs for path in _targets(item, arguments).values()]
    check_targets([*targets, *filter(None, [arguments.html])])
    scorer = Scorer(
        arguments.model,
        stride=arguments.stride,
        default_stride=MAP_STRIDE,
        grid=arguments.grid,
        max_memory=arguments.memory,
    )
    load_quietly(scorer)
    scorer.check_maps()
    info = scorer.info
    paired = arguments.reference is not None
    check_references(paired, needed=scorer.needs_reference, model=scorer.model)
    if arguments.normalise and info.scale != "0..100":
        raise ValueError(
            f"Expected a model of the scale 0..100 with --normalise. Received: {info.name} of the "
            f"scale {info.scale}. Leave --normalise out."
        )
    for folder in filter(None, (arguments.overlay, arguments.npz)):
        make_folder(folder)
    html: AbstractContextManager = nullcontext()
    if arguments.html:
        html = page(
            arguments.html,
            model=info.name,
            scale=info.scale,
            higher_is_better=info.higher_is_better,
            stride=scorer.map_stride,
            resume=arguments.resume,
        )
    done = errors = 0
    try:
        with html as add:
            load = partial(
                _load,
                settings=_settings(scorer, arguments),
                page=add,
                max_bytes=scorer.max_bytes,
            )
            for item, loaded in read_ahead(load, pairs, workers=usable_workers()):
                if loaded is None:  # on the page already
                    done += 1
                    continue
                try:
                    if isinstance(loaded, Exception):
                        raise loaded
                    image, reference, key = loaded
                    quality_map = scorer.map(image, reference=reference)
                    if arguments.normalise:
                        quality_map = _normalised(quality_map)
                    _write(item, image, quality_map, reference, arguments, add, key)
                except Exception as error:  # one bad or too large image is never the end
                    if is_of_the_disk(error):
                        raise
                    errors += report(item, error)
                    continue
                done += 1
                note = scorer.note(image)
                told = f"  ({note})" if note else ""
                sys.stdout.write(f"{quality_map.mean():8.4f}  {printable(item.path)}{told}\n")
                sys.stdout.flush()
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"The maps of {done} of {len(inputs)} images are written."
        ) from None
    if errors:
        tell(f"{errors} of {len(inputs)} images could not be mapped")
    return 1 if errors else 0


def _normalised(quality_map):
    import numpy as np

    from kiqa.evaluation.study.categories import normalise_scores

    values = normalise_scores(quality_map.values).astype(np.float32)
    return replace(quality_map, values=values, scale="0..100 normalised")


def _grid(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)x(\d+)", text, re.ASCII)
    if match is None or min(grid := (int(match[1]), int(match[2]))) < 1:
        raise argparse.ArgumentTypeError(f"expected ROWSxCOLUMNS such as 20x20, got {text!r}")
    return grid


def _settings(scorer, arguments) -> str:
    """What a map depends on beside the image and its reference."""
    chosen = scorer.info.sha256, scorer.map_stride, arguments.grid, arguments.normalise
    return repr((*chosen, scorer.info.name))


def _load(pair: tuple[Input, str | None], *, settings: str, page, max_bytes: int):
    """The input with its image, reference and key; or the exception that loading them raised.

    ``None`` stands for an image that is on the page.
    """
    from kiqa.io.images import load_image

    item, reference = pair
    at = item.path
    try:
        if page is not None and page.keys and _stored_key(item, reference, settings) in page.keys:
            return item, None
        images = [load_image(at, max_bytes=max_bytes), None]
        if reference is not None:
            at = reference
            images[1] = load_image(at, max_bytes=max_bytes)
    except Exception as error:  # told when its turn comes
        if at != item.path and isinstance(error, ValueError | OSError):
            return item, ValueError(f"{item.path}: reference: {error}")
        return item, error
    return item, (*images, _key(item, [i.sha256 for i in images if i is not None], settings))


def _stored_key(item, reference, settings):
    """The key of images that are not loaded; none of those that cannot be."""
    from kiqa.scoring.decoding import content_hash

    try:
        contents = [content_hash(path) for path in (item.path, reference) if path is not None]
    except (OSError, ValueError):
        return None
    return _key(item, contents, settings)


def _key(item, contents, settings):
    """A hash of all that an image's part of the page depends on."""
    text = "\n".join([*contents, settings, item.name])
    return hashlib.sha256(os.fsencode(text)).hexdigest()


def _targets(item: Input, arguments) -> dict[str, Path]:
    """The files of one image; the suffix is added, so a.jpg and a.png stay apart."""
    folders = {".npz": arguments.npz, ".png": arguments.overlay}
    return {end: named(folder, item.name, end) for end, folder in folders.items() if folder}


def _write(item: Input, image, quality_map, reference, arguments, add, key) -> None:
    """Write what was asked for; the page last, since it says what is finished."""
    targets = _targets(item, arguments)
    if ".npz" in targets:
        quality_map.save(targets[".npz"])
    if ".png" in targets:
        from kiqa.io.scales import limits
        from kiqa.plotting import literal, plot_blend, plot_overlay, save_figure

        plot = plot_overlay if quality_map.row_edges is None else plot_blend
        ax = plot(image.pixels, quality_map, limits=limits(quality_map.scale))
        name = literal(os.path.basename(item.name))
        ax.set_title(f"{name}   mean {quality_map.mean():.3f}")
        save_figure(ax, targets[".png"])
    if add:
        add(item.name, image, quality_map, reference=reference and reference.path, key=key)
