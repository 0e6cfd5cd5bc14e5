"""``kiqa map``: where an image is good and where it is bad, as image and numbers."""

import argparse
import os
import re
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

from kiqa.arguments import add_text
from kiqa.cli.inputs import Input, add_count, add_paths, add_reference, collect, distinguish
from kiqa.constants import DEFAULT_MAPPER
from kiqa.io.messages import shortened
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
    parser.add_argument(
        "--normalise",
        action="store_true",
        help="for PaQ-2-PiQ: spread the values over 0..100 as its authors do (fits their network)",
    )
    overlay = "write the map over the image, with a colour bar, as PNG"
    add_text(parser, "--overlay", "DIR", overlay)
    add_text(parser, "--npz", "DIR", "write the map's values as .npz")
    page = "write one self-contained page with all images and the values under the cursor"
    add_text(parser, "--html", "FILE", page)


def run(arguments: argparse.Namespace) -> int:
    """Map, and return the exit status."""
    if not (arguments.overlay or arguments.npz or arguments.html):
        raise ValueError("Expected at least one of --overlay DIR, --npz DIR and --html FILE.")
    inputs = collect(arguments.paths, leave_out=[arguments.html])

    from kiqa.cli.html import page
    from kiqa.scoring import MAP_STRIDE, Scorer, read_ahead, usable_workers
    from kiqa.scoring.pairs import check_references, reference_for

    references: list[str | None] = [None] * len(inputs)
    if arguments.reference is not None:
        references = [reference_for(item.name, arguments.reference) for item in inputs]
    pairs = list(zip(distinguish(inputs), references, strict=True))
    scorer = Scorer(
        arguments.model, stride=arguments.stride, default_stride=MAP_STRIDE, grid=arguments.grid
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
        os.makedirs(folder, exist_ok=True)
    html: AbstractContextManager = nullcontext()
    if arguments.html:
        html = page(
            arguments.html,
            model=info.name,
            scale=info.scale,
            higher_is_better=info.higher_is_better,
            stride=scorer.map_stride,
        )
    done = errors = 0
    try:
        with html as add:
            for item, images in read_ahead(_load, pairs, workers=usable_workers()):
                try:
                    if isinstance(images, Exception):
                        raise images
                    image, reference = images
                    quality_map = scorer.map(image, reference=reference)
                    if arguments.normalise:
                        quality_map = _normalised(quality_map)
                except Exception as error:  # one bad or too large image is never the end
                    errors += 1
                    sys.stderr.write(f"kiqa: {_report(item, error)}\n")
                    continue
                _write(item, image, quality_map, reference, arguments, add)
                done += 1
                sys.stdout.write(f"{quality_map.mean():8.4f}  {item.path}\n")
                sys.stdout.flush()
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"The maps of {done} of {len(inputs)} images are written."
        ) from None
    if errors:
        sys.stderr.write(f"kiqa: {errors} of {len(inputs)} images could not be mapped\n")
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


def _load(pair: tuple[Input, str | None]):
    """The input with its image and reference, or with the exception that loading them raised."""
    from kiqa.io.images import load_image

    item, reference = pair
    at = item.path
    try:
        images = [load_image(at), None]
        if reference is not None:
            at = reference
            images[1] = load_image(at)
    except Exception as error:  # told when its turn comes
        if at != item.path and isinstance(error, ValueError | OSError):
            return item, ValueError(f"{item.path}: reference: {error}")
        return item, error
    return item, images


def _report(item: Input, error: Exception) -> str:
    """One line that names the file."""
    text = shortened(error)
    if not text or not isinstance(error, ValueError | OSError):
        text = f"{type(error).__name__}: {text}".rstrip(": ")
    return text if item.path in text else f"{item.path}: {text}"


def _write(item: Input, image, quality_map, reference, arguments, add) -> None:
    """Write what was asked for; the suffix is added, so a.jpg and a.png stay apart."""
    if arguments.npz:
        quality_map.save(Path(arguments.npz, f"{item.name}.npz"))
    if arguments.overlay:
        from kiqa.cli.html import limits
        from kiqa.plotting import plot_blend, plot_overlay, save_figure

        plot = plot_overlay if quality_map.row_edges is None else plot_blend
        ax = plot(image.pixels, quality_map, limits=limits(quality_map.scale))
        ax.set_title(f"{os.path.basename(item.name)}   mean {quality_map.mean():.3f}")
        save_figure(ax, Path(arguments.overlay, f"{item.name}.png"))
    if add:
        add(item.name, image, quality_map, reference=reference and reference.path)
