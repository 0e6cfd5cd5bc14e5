"""Where a command scores: in this process, or on workers of Ray."""

import argparse
import math
from typing import Any

from kiqa.arguments import add_number


def add_engine(parser: argparse.ArgumentParser) -> None:
    """Add --engine, --address, --gpus-per-worker and --workers to a command."""
    group = parser.add_argument_group("engine")
    group.add_argument(
        "--engine",
        choices=("threads", "ray"),
        default="threads",
        help="threads: this process; ray: workers on this machine or a cluster, with kiqa[ray], "
        "of which one that ends loses nothing (default: %(default)s)",
    )
    group.add_argument(
        "--address",
        metavar="auto|HOST:PORT",
        help="a cluster that is there, for --engine ray (default: one on this machine, for as long "
        "as the command runs)",
    )
    group.add_argument(
        "--gpus-per-worker",
        type=_share,
        default=0.0,
        metavar="X",
        help="for --engine ray: GPUs of each worker, also parts of one (default: none)",
    )
    add_number(
        group,
        "--workers",
        "decoding threads (default: the cores, at most 8); with --engine ray processes with a "
        "network each (default: one for each core, or each share of a GPU)",
        low=1,
    )


def engine_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what the options of `add_engine` say, as arguments of `kiqa.scoring.score_paths`.

    Raises:
        ValueError: If they do not fit together.
        ConnectionError: If no cluster answers; no model has been loaded then.
        ImportError: If Ray is asked for and not installed.
    """
    from kiqa.scoring.paths import check_engine

    check_engine(arguments.engine, arguments.address, arguments.gpus_per_worker)
    names = ("engine", "address", "gpus_per_worker", "workers")
    options = {name: getattr(arguments, name) for name in names}
    if arguments.engine == "ray":
        from kiqa.scoring.cluster.session import reached

        options["address"] = reached(arguments.address)
    return options


def _share(text):
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number of at least 0, got {text!r}")
    return value
