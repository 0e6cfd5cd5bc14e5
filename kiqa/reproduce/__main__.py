"""``python -m kiqa.reproduce NAME [options]``: run one reproduction.

Without a name the names are listed. Exit status 0: done; 2: unknown name,
wrong option or wrong input (one line on stderr); 130: interrupted.
"""

import importlib
import sys
from collections.abc import Sequence

NAMES = {
    "local-sensitivity": "kiqa.reproduce.local_sensitivity",
}


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
    name, *options = argv
    if name not in NAMES:
        return _fail(f"Expected one of {', '.join(NAMES)}, received {name!r}.", 2)
    try:
        return importlib.import_module(NAMES[name]).main(options)
    except (ValueError, OSError) as error:
        return _fail(str(error), 2)
    except KeyboardInterrupt:
        return _fail("interrupted", 130)


def _listing():
    lines = ["usage: python -m kiqa.reproduce NAME [options]", "", "names:"]
    for name, module in NAMES.items():
        summary = importlib.import_module(module).build_parser().description
        lines.append(f"  {name:<20} {summary}")
    return "\n".join([*lines, "", "python -m kiqa.reproduce NAME --help lists the options.", ""])


def _fail(message, status):
    sys.stderr.write(f"kiqa.reproduce: {' '.join(message.split())}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
