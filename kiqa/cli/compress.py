"""``kiqa compress``: images as JPEG that spends its bits where they are good."""

import argparse
from pathlib import Path

from kiqa.arguments import Output, add_number, add_output
from kiqa.cli.coding import (
    add_coding,
    declare_importance,
    importance_of,
    settings_of,
)
from kiqa.cli.inputs import add_paths, collect, distinguish
from kiqa.cli.targets import beside_bar, output_paths, report, shown, status, write_line
from kiqa.constants import DEFAULT_MAPPER
from kiqa.io.messages import tell
from kiqa.io.text import printable


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_paths(parser, model=DEFAULT_MAPPER)
    size = parser.add_mutually_exclusive_group(required=True)
    size.add_argument(
        "--quality", type=float, metavar="Q", help="of the least important parts, to 99"
    )
    size.add_argument("--bpp", type=_bpp, metavar="B", help="largest bits per pixel of the file")
    add_number(size, "--bytes", "largest size of the file", low=1)
    written = "folder, or file for one image; the suffix becomes .jpg or .vjpg"
    add_output(parser, "--output", Output.EITHER, "DIR|FILE", written, type=Path, required=True)
    add_coding(parser)


def run(arguments: argparse.Namespace) -> int:
    """Compress, and return the exit status."""
    from kiqa.io.images.kinds import no_source

    inputs = distinguish(collect(arguments.paths, judge=no_source))
    from kiqa.varjpeg import SUFFIXES

    declare_importance(arguments, [item.name for item in inputs])
    targets = output_paths(inputs, arguments.output, suffix=SUFFIXES[arguments.form])
    settings = settings_of(arguments)
    if arguments.quality is not None:
        settings.check_quality(arguments.quality)
    importance = importance_of(arguments)

    from kiqa.io.files import is_of_the_disk, write_atomically
    from kiqa.io.images.cost import loading_limit
    from kiqa.varjpeg import SizeSearch, coded, prepare, read_source

    errors = 0
    for item, path in shown(zip(inputs, targets, strict=True), total=len(inputs)):
        try:
            source = read_source(item.path, max_bytes=loading_limit(arguments.memory))
            where = importance.of(item.name, source.rgb())
            prepared = prepare(source, where, settings=settings)
            if arguments.quality is not None:
                encoded = coded(prepared, arguments.quality)
            else:
                height, width = prepared.size
                wanted = arguments.bytes or arguments.bpp * height * width / 8
                encoded = SizeSearch(prepared).largest_within(wanted)
            write_atomically(path, encoded.data)
        except Exception as error:  # TensorFlow's own kinds, too: one bad image is never the end
            if is_of_the_disk(error):
                raise
            errors += report(item, error)
            continue
        size, before = len(encoded.data), source.file_bytes
        write_line(
            f"{size:9d} bytes  {encoded.bpp:7.4f} bpp  quality {encoded.quality:7.3f}"
            f"  overhead {encoded.overhead}  {printable(str(path))}"
        )
        if before is not None and size > before:
            with beside_bar():
                tell(f"{item.path}: larger than its source: {size} bytes, was {before}")
    return status(errors, f"{errors} of {len(inputs)} images could not be compressed")


def _bpp(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not value > 0:  # nor is NaN
        raise argparse.ArgumentTypeError(f"expected bits per pixel above 0, received {text!r}")
    return value
