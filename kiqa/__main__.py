"""``python -m kiqa`` is the command `kiqa`, and what the command itself starts."""

from kiqa.interrupts import end, entry


def main() -> None:
    """Run the command line of this process, and end the process."""
    end(entry("kiqa", _load))


def _load():
    from kiqa.cli.main import main as run

    return run


if __name__ == "__main__":
    main()
