"""``kiqa decompress``: VarJPEG and baseline JPEG to PNG."""

import argparse
from io import BytesIO
from pathlib import Path

from kiqa.arguments import Output, add_output
from kiqa.cli.inputs import add_memory, collect, distinguish
from kiqa.cli.targets import output_paths, report, shown, status, write_line
from kiqa.io.text import printable


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="file, folder or glob in quotes")
    written = "folder, or one .png file"
    add_output(parser, "--output", Output.EITHER, "DIR|FILE", written, type=Path, required=True)
    add_memory(parser, doing="decoding it")


def run(arguments: argparse.Namespace) -> int:
    """Decode, and return the exit status."""
    from kiqa.io.images.kinds import no_stream

    inputs = distinguish(collect(arguments.paths, judge=no_stream))
    targets = output_paths(inputs, arguments.output, suffix=".png")

    from PIL import Image

    from kiqa.io.files import is_of_the_disk, write_atomically
    from kiqa.io.images import MAX_BYTES
    from kiqa.io.images.sources import read_file
    from kiqa.io.memory import memory_limit
    from kiqa.varjpeg.codec import decode_with_info

    errors = 0
    for item, path in shown(zip(inputs, targets, strict=True), total=len(inputs)):
        try:
            data = read_file(item.path, MAX_BYTES)
            pixels, info = decode_with_info(data, max_bytes=arguments.memory or memory_limit())
            written = BytesIO()
            profile = {"icc_profile": info.metadata.icc} if info.metadata.icc else {}
            Image.fromarray(pixels).save(written, "PNG", **profile)
            write_atomically(path, written.getvalue())
        except (ValueError, OSError, MemoryError) as error:
            if is_of_the_disk(error):
                raise
            errors += report(item, error)
            continue
        quality = f"  quality {info.parameters.quality:.3f}" if info.parameters else ""
        height, width = pixels.shape[:2]
        write_line(f"{width}x{height}  {info.form}{quality}  {printable(str(path))}")
    return status(errors, f"{errors} of {len(inputs)} files could not be decoded")
