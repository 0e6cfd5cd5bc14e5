"""``python -m kiqa.reproduce NAME [options]``: run one reproduction.

Without a name the names are listed; ``--list`` says of each where its stored
result lies, or why there is none, and ``--index`` prints that as the page
``docs/results/README.md``. Exit status 0: done; 1: done, but images could not be
scored; 2: unknown name, wrong option, wrong or missing input (one line on
stderr); 130: interrupted.
"""

import argparse
import sys
from collections.abc import Sequence
from pkgutil import resolve_name

from kiqa.interrupts import end, entry, interrupt_status
from kiqa.io.messages import tell
from kiqa.reproduce.command import Command
from kiqa.reproduce.stored_results import index_page, listing
from kiqa.running import claimed, failure

# Each name with its module and the `kiqa.reproduce.command.Command` in it.
NAMES = {
    "accuracy": "accuracy:ACCURACY",
    "bursts": "bursts:COMMAND",
    "compare": "compare:COMPARE",
    "defect-limits": "defects:LIMITS",
    "defects": "defects:DEFECTS",
    "degradations": "robustness.degradations:DEGRADATIONS",
    "history-robustness": "robustness.histories:HISTORY",
    "interval-coverage": "robustness.coverage:COVERAGE",
    "lite-ablation": "lite.ablation:ABLATION",
    "local-sensitivity": "local_sensitivity:COMMAND",
    "out-of-domain": "out_of_domain:COMMAND",
    "paq2piq-table2": "paq2piq.tables:TABLE_2",
    "paq2piq-table3": "paq2piq.tables:TABLE_3",
    "paq2piq-table4": "paq2piq.tables:TABLE_4",
    "paq2piq-fig1": "paq2piq.examples:FIG_1",
    "paq2piq-fig2": "paq2piq.examples:FIG_2",
    "paq2piq-fig3": "paq2piq.examples:FIG_3",
    "paq2piq-fig4": "paq2piq.study:FIG_4",
    "paq2piq-fig5": "paq2piq.study:FIG_5",
    "paq2piq-fig7": "paq2piq.study:FIG_7",
    "paq2piq-fig8": "paq2piq.study:FIG_8",
    "paq2piq-fig9": "paq2piq.networks:FIG_9",
    "paq2piq-fig10": "paq2piq.images:FIG_10",
    "paq2piq-fig11": "paq2piq.images:FIG_11",
    "paq2piq-rules": "paq2piq.rules:COMMAND",
    **{f"rnn-fig{number}": f"rnn_biqa.figures:FIG_{number}" for number in (1, 2, 3)},
    **{f"rnn-table{number}": f"rnn_biqa.tables:TABLE_{number}" for number in range(1, 8)},
    "sizes": "robustness.sizes:SIZES",
    "thesis-table1": "thesis.table1:COMMAND",
    "thesis-table2": "thesis.correlations:TABLE_2",
    "thesis-table3": "thesis.correlations:TABLE_3",
    "thesis-table4": "thesis.correlations:TABLE_4",
    "thesis-fig1": "thesis.comparators:FIG_1",
    "thesis-fig2": "thesis.comparators:FIG_2",
    "thesis-fig7": "thesis.architectures:FIG_7",
    "thesis-fig8": "thesis.figures:FIG_8",
    "thesis-fig9": "thesis.figures:FIG_9",
    "thesis-fig10": "thesis.local:FIG_10",
    "thesis-fig11": "thesis.local:FIG_11",
    "thesis-fig12": "thesis.architectures:FIG_12",
    "thesis-fig13": "thesis.figures:FIG_13",
    "thesis-fig14": "thesis.fig14:FIG_14",
    "thesis-fig15": "thesis.jnd:FIG_15",
    "thesis-fig16": "thesis.jnd:FIG_16",
    "thesis-fig17": "thesis.figures:FIG_17",
    "thesis-konpatch": "thesis.konpatch:EXAMPLES",
    "thesis-examples": "thesis.figures:EXAMPLES",
    "varjpeg-forms": "varjpeg.forms:COMMAND",
    "varjpeg-regions": "varjpeg.regions:COMMAND",
    "wadiqam-table1": "wadiqam.tables:TABLE_1",
    "wadiqam-table2": "wadiqam.tables:TABLE_2",
    "wadiqam-table3": "wadiqam.tables:TABLE_3",
    "wadiqam-table4": "wadiqam.tables:TABLE_4",
    "wadiqam-table5": "wadiqam.tables:TABLE_5",
    "wadiqam-table6": "wadiqam.tables:TABLE_6",
    "wadiqam-table7": "wadiqam.tables:TABLE_7",
    "wadiqam-table8": "wadiqam.tables:TABLE_8",
    "wadiqam-depth": "wadiqam.tables:DEPTH",
    "wadiqam-fig3": "wadiqam.maps:FIG_3",
    "wadiqam-fig4": "wadiqam.maps:FIG_4",
    "wadiqam-fig5": "wadiqam.maps:FIG_5",
    "wadiqam-fig6": "wadiqam.curves:FIG_6",
    "wadiqam-fig7": "wadiqam.curves:FIG_7",
    "wadiqam-fig8": "wadiqam.curves:FIG_8",
    "wadiqam-fig9": "wadiqam.reduced:FIG_9",
    "wadiqam-proxy": "wadiqam.proxy:COMMAND",
}

# What is said of all names at once: of their stored results.
_STORED = {"--list": lambda: listing(NAMES), "--index": index_page}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the reproduction named first on the command line.

    Args:
        argv: Arguments; ``None`` takes those of the process.

    Returns:
        Exit status.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    if not argv or argv[0] in ("-h", "--help"):
        sys.stdout.write(_listing())
        return 0
    if argv[0] in _STORED:
        sys.stdout.write(_STORED[argv[0]]())
        return 0
    name, *options = argv
    if name not in NAMES:
        return _fail(f"error: Expected one of {', '.join(NAMES)}. Received: {name!r}.", 2)
    try:
        return run_named(name, options)
    except Exception as error:
        return _fail(failure(error, program="kiqa.reproduce"), 2)
    except KeyboardInterrupt as error:
        return _fail("; ".join(["interrupted", *filter(None, error.args)]), interrupt_status())


def command_of(name: str) -> Command:
    """Return the command of a name.

    Args:
        name: A key of `NAMES`.

    Returns:
        The command.
    """
    return resolve_name(f"kiqa.reproduce.{NAMES[name]}")


def reproduction_parser(name: str) -> argparse.ArgumentParser:
    """Return the parser of a reproduction's command line.

    Args:
        name: A key of `NAMES`.
    """
    command = command_of(name)
    parser = argparse.ArgumentParser(
        prog=f"python -m kiqa.reproduce {name}", description=f"{command.summary}."
    )
    command.add_options(parser)
    return parser


def run_named(name: str, options: Sequence[str]) -> int:
    """Run one reproduction; errors are raised.

    Args:
        name: A key of `NAMES`.
        options: As on the command line.

    Returns:
        The exit status, 0 or 1.

    Raises:
        ValueError: If the input is wrong.
        OSError: If a file is not there or cannot be written.
        SystemExit: If an option is wrong; argparse has printed why.
    """
    arguments = reproduction_parser(name).parse_args(options)
    with claimed(arguments):
        return command_of(name).run(arguments)


def _listing():
    lines = ["usage: python -m kiqa.reproduce NAME [options]", "", "names:"]
    lines += [f"  {name:<20} {command_of(name).summary}" for name in NAMES]
    more = [
        "python -m kiqa.reproduce NAME --help lists the options.",
        "python -m kiqa.reproduce --list says where the stored result of each lies.",
    ]
    return "\n".join([*lines, "", *more, ""])


def _fail(message, status):
    tell(message, name="kiqa.reproduce")
    return status


if __name__ == "__main__":
    end(entry("kiqa.reproduce", lambda: main))
