"""``kiqa map``: where an image is good and where it is bad, as image and numbers."""

import argparse
import os
import sys
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from functools import partial
from pathlib import Path

from kiqa.arguments import Output, add_flag, add_number, add_output, grid_of
from kiqa.cli.engines import add_engine, engine_options
from kiqa.cli.inputs import (
    Input,
    add_memory,
    add_paths,
    add_reference,
    collect,
    distinguish,
)
from kiqa.cli.maps.made import NORMALISED, Made, Pair, Wanted, make, prepare
from kiqa.cli.targets import described, status
from kiqa.constants import DEFAULT_MAPPER, DEFAULT_SCORER
from kiqa.io.messages import tell
from kiqa.io.outputs import check_targets, make_folder, named
from kiqa.io.text import printable
from kiqa.startup import load_quietly

_MOST = 4  # images of one call of a worker; their maps wait in memory


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_paths(parser, model=DEFAULT_MAPPER)
    cells = parser.add_mutually_exclusive_group()
    add_number(
        cells,
        "--stride",
        "pixels between the map's cells (default: 4; the aggregator has its own; of a WaDIQaM the "
        "patch's side, 32)",
        low=1,
    )
    cells.add_argument(
        "--grid",
        type=grid_of,
        metavar="ROWSxCOLUMNS",
        help="blocks of the map, for PaQ-2-PiQ (default: 32x32) and lite (24x24)",
    )
    add_reference(parser)
    add_memory(parser)
    add_flag(
        parser,
        "--normalise",
        "for PaQ-2-PiQ: spread the values over 0..100 as its authors do (fits their network)",
    )
    overlay = "write the map over the image, with a colour bar, as PNG"
    add_output(parser, "--overlay", Output.SHARED, "DIR", overlay)
    add_output(parser, "--npz", Output.SHARED, "DIR", "write the map's values as .npz")
    page = "write one self-contained page with all images and the values under the cursor"
    add_output(parser, "--html", Output.FILE, "FILE", page)
    add_flag(
        parser,
        "--resume",
        "go on with the --html page of an interrupted or killed run: images that are on it "
        "are not mapped again",
    )
    add_engine(parser)


def run(arguments: argparse.Namespace) -> int:
    """Map, and return the exit status."""
    if not (arguments.overlay or arguments.npz or arguments.html):
        raise ValueError("Expected at least one of --overlay DIR, --npz DIR and --html FILE.")
    if arguments.resume and not arguments.html:
        raise ValueError("Expected --html FILE with --resume: the page says what is finished.")

    from kiqa.cli.html import Heading, page
    from kiqa.io.images.kinds import no_image
    from kiqa.scoring import MAP_STRIDE, Scorer
    from kiqa.scoring.pairs import check_references, reference_for

    own = arguments.html and no_image(arguments.html) and arguments.html
    inputs = collect(arguments.paths, leave_out=[own])
    references: list[str | None] = [None] * len(inputs)
    if arguments.reference is not None:
        references = [reference_for(item.name, arguments.reference) for item in inputs]
    pairs = list(zip(distinguish(inputs), references, strict=True))
    targets = [path for item, _ in pairs for path in _targets(item, arguments).values()]
    check_targets([*targets, *filter(None, [arguments.html])])
    engine = engine_options(arguments)
    scorer = Scorer(
        arguments.model,
        stride=arguments.stride,
        default_stride=MAP_STRIDE,
        grid=arguments.grid,
        max_memory=arguments.memory,
    )
    scorer.check_maps()
    load_quietly(scorer)
    info = scorer.info
    paired = arguments.reference is not None
    check_references(paired, needed=scorer.needs_reference, model=scorer.model)
    if arguments.normalise and info.scale != "0..100":
        raise ValueError(
            f"Expected a model of the scale 0..100 with --normalise. Received: {info.name} of the "
            f"scale {info.scale}. Leave --normalise out."
        )
    for folder in _folders(arguments).values():
        make_folder(folder)
    html: AbstractContextManager = nullcontext()
    if arguments.html:
        html = page(
            arguments.html,
            Heading(
                model=info.name,
                sha256=scorer.map_sha256,
                scale=NORMALISED if arguments.normalise else info.scale,
                higher_is_better=info.higher_is_better,
                stride=scorer.map_stride,
                grid=scorer.grid,
            ),
            resume=arguments.resume,
        )
    done = errors = 0
    try:
        with html as add:
            known = frozenset(add.keys if add else ())
            wanted = Wanted(
                ends=tuple(_folders(arguments)),
                heading=add and add.heading,
                normalise=arguments.normalise,
                known=known,
                unwritten=_unwritten(pairs, arguments) if known else frozenset(),
            )
            tell(
                f"each number is the mean of a map by {info.name}; kiqa score is by "
                f"{DEFAULT_SCORER} unless --model names another"
            )
            with closing(_made(scorer, pairs, wanted, **engine)) as results:
                for (item, _), made in zip(pairs, results, strict=True):
                    error = made.error or _refused(item, made, arguments, add)
                    if error is not None:
                        tell(error)
                        errors += 1
                        continue
                    done += 1
                    if not made.known:
                        told = f"  ({made.note})" if made.note else ""
                        sys.stdout.write(f"{made.mean:8.4f}  {printable(item.path)}{told}\n")
                        sys.stdout.flush()
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"The maps of {done} of {len(inputs)} images are written."
        ) from None
    return status(errors, f"{errors} of {len(inputs)} images could not be mapped")


def _made(
    scorer, pairs: Sequence[Pair], wanted: Wanted, *, engine: str, workers: int | None, **options
) -> Generator[Made]:
    """What is made of each image, in order, by threads and the network here, or by workers."""
    preparing, making = partial(prepare, wanted=wanted), partial(make, wanted=wanted)
    if engine == "ray":
        from kiqa.scoring.cluster.jobs import Lost, done_by_workers

        paths = [item.path for item, _ in pairs]
        results = done_by_workers(
            scorer, preparing, making, pairs, paths, most=_MOST, workers=workers, **options
        )
        for result in results:
            lost = isinstance(result, Lost)
            yield Made(error=result.told(result.item[0].path)) if lost else result
        return
    from kiqa.scoring import read_ahead, usable_workers

    for loaded in read_ahead(
        partial(preparing, scorer), pairs, workers=workers or usable_workers()
    ):
        yield making(scorer, loaded)


def _folders(arguments) -> dict[str, str]:
    """The folders that were named, by the end of the names in them."""
    folders = {".npz": arguments.npz, ".png": arguments.overlay}
    return {end: folder for end, folder in folders.items() if folder}


def _targets(item: Input, arguments) -> dict[str, Path]:
    """The files of one image; the suffix is added, so a.jpg and a.png stay apart."""
    return {end: named(folder, item.name, end) for end, folder in _folders(arguments).items()}


def _unwritten(pairs: Sequence[Pair], arguments) -> frozenset[str]:
    """Names of images of which a file is not there yet."""
    return frozenset(
        item.name
        for item, _ in pairs
        if not all(map(os.path.isfile, _targets(item, arguments).values()))
    )


def _refused(item: Input, made: Made, arguments, add) -> str | None:
    """Write what was made; why it could not be, for one name is never the end. A full disk is."""
    from kiqa.io.files import is_of_the_disk

    if made.known:
        return None
    try:
        _write(item, made, arguments, add)
    except Exception as error:
        if is_of_the_disk(error):
            raise
        return described(item, error)
    return None


def _write(item: Input, made: Made, arguments, add) -> None:
    """Write what was asked for; the page last, since it says what is finished."""
    from kiqa.io.files import write_atomically

    for end, path in _targets(item, arguments).items():
        write_atomically(path, made.files[end])
    if made.card is not None:
        add(made.card)
