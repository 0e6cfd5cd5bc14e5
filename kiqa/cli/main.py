"""Parser and error handling of the command `kiqa`.

Exit status: 0 all well; 1 finished, but some images could not be handled (or
`kiqa doctor` found something broken); 2 usage or input error, with one line
on stderr; 130 interrupted by Ctrl-C, 143 by SIGTERM, 129 by SIGHUP. An
exception that is a defect is one line too; ``python -X dev -m kiqa`` shows its traceback.
"""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from functools import cache

from kiqa import __version__
from kiqa.cli.collection.options import with_percent
from kiqa.cli.commands import COMMANDS
from kiqa.interrupts import interrupt_status
from kiqa.io.messages import tell
from kiqa.running import claimed, failure


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; None takes `sys.argv`.

    Returns:
        The exit status.
    """
    parser = command_parser()
    # argparse ends by SystemExit with status 2 on a usage error, 0 on --help.
    arguments = parser.parse_args(with_percent(sys.argv[1:] if argv is None else argv))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A file name may hold bytes that the terminal's encoding lacks.
            stream.reconfigure(errors="backslashreplace")
    try:
        with claimed(arguments):
            status = arguments.module.run(arguments)
            if sys.stdout is not None:  # started without a standard output
                sys.stdout.flush()
    except KeyboardInterrupt as interrupt:
        tell(f"interrupted. {interrupt}".rstrip())
        return interrupt_status()
    except BrokenPipeError:  # the reader (head, less) has gone
        _let_exit_flush()
        return 0
    except Exception as error:
        tell(failure(error, program="kiqa"))
        _let_exit_flush()
        return 2
    return status


def _let_exit_flush() -> None:
    """Drop what standard output cannot take, or Python's flush at exit complains again."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except AttributeError:  # started without a standard output
        return


@cache
def command_parser() -> argparse.ArgumentParser:
    """Return the parser of `kiqa`, with those of its commands; it is made once."""
    parser = argparse.ArgumentParser(
        prog="kiqa",
        description="Local no-reference image quality: score images, map their quality, and "
        "compress them by it.",
        epilog="Exit status: 0 all well, 1 finished with errors in single files, 2 usage or "
        "input error, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"kiqa {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        own = commands.add_parser(
            command.name,
            help=command.help,
            description=command.description,
            epilog=command.epilog,
        )
        command.module.add_options(own)
        own.set_defaults(module=command.module)
    return parser
