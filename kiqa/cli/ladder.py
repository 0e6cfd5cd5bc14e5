"""``kiqa ladder``: images at many bitrates, for a study of just noticeable differences."""

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
from kiqa.cli.targets import report, shown, status, write_line
from kiqa.constants import DEFAULT_MAPPER, VARJPEG
from kiqa.io.outputs import check_targets
from kiqa.io.text import printable


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_paths(parser, model=DEFAULT_MAPPER)
    add_output(parser, "--output", Output.FOLDER, "DIR", "the ladder", type=Path, required=True)
    add_number(
        parser, "--versions", "versions of an image by VarJPEG", default=VARJPEG.versions, low=1
    )
    add_coding(parser, form="thesis")  # what Figures 15 and 16 compare with JPEG


def run(arguments: argparse.Namespace) -> int:
    """Write the ladders, and return the exit status."""
    from kiqa.io.images.kinds import no_source

    found = distinguish(collect(arguments.paths, judge=no_source))
    inputs = {item.name: item for item in found}
    declare_importance(arguments, inputs)

    from kiqa.varjpeg.jnd.versions import reference_of

    errors, references = 0, []
    for name in list(inputs):
        try:
            references.append(reference_of(arguments.output, name))
        except ValueError as error:  # of a name that a table of versions cannot hold
            errors += report(inputs.pop(name), error)
    check_targets(references)
    settings = settings_of(arguments)
    importance = importance_of(arguments)

    from kiqa.io.images.cost import loading_limit
    from kiqa.varjpeg.ladder import write_ladder

    ladders = write_ladder(
        [(name, item.path) for name, item in inputs.items()],
        arguments.output,
        settings=settings,
        n=arguments.versions,
        importance=importance,
        max_bytes=loading_limit(arguments.memory),
    )
    for name, result in shown(ladders, total=len(inputs)):
        if isinstance(result, Exception):
            errors += report(inputs[name], result)
            continue
        done = f"{result} versions" if result else "already there"
        write_line(f"{done}  {printable(str(arguments.output / name))}")
    return status(errors, f"{errors} of {len(found)} images have no ladder")
