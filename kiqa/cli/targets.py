"""Where commands write: one file of one file, a line about each, the form of rows by a name."""

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

from kiqa.cli.inputs import Input
from kiqa.io.messages import shortened, tell
from kiqa.io.outputs import check_targets, named

Item = TypeVar("Item")

_ROW_SUFFIXES = {
    ".csv": "csv",
    ".json": "jsonl",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
_SPREADSHEETS = (".ods", ".xls", ".xlsx")


def output_paths(inputs: Sequence[Input], output: Path, *, suffix: str) -> list[Path]:
    """Name the output file of every input.

    Args:
        inputs: Of `kiqa.cli.inputs.distinguish`.
        output: A folder; or, for one input, a file with the suffix.
        suffix: Of the files written.

    Returns:
        One path for each input: its name in the folder, the suffix replaced.
        Inputs that would become one file keep their suffix: ``a.jpg`` and
        ``a.tif`` become ``a.jpg.png`` and ``a.tif.png``.

    Raises:
        ValueError: If the output has the name of a file that cannot be
            written, or one is an input itself.
    """
    from kiqa.io.images.kinds import names_a_file

    named_file = names_a_file(output)
    if named_file and (len(inputs) > 1 or output.suffix.lower() != suffix):
        raise ValueError(
            f"Expected a folder, or for one input a file ending in {suffix}. Received: {output} "
            f"for {len(inputs)} input{'s' * (len(inputs) > 1)}."
        )
    paths = [output]
    if not named_file:
        paths = [named(output, name, suffix) for name in _stems([item.name for item in inputs])]
    check_targets(paths, inputs=[item.path for item in inputs])
    return paths


def _stems(names):
    """The names without their suffixes, but for those that are then not alone."""
    stems = [os.path.splitext(name)[0] for name in names]
    while True:
        # The case too, which some file systems do not tell.
        count = Counter(stem.casefold() for stem in stems)
        longer = [
            name if count[stem.casefold()] > 1 else stem
            for name, stem in zip(names, stems, strict=True)
        ]
        if longer == stems:
            return stems
        stems = longer


def shown(items: Iterable[Item], *, total: int) -> Iterator[Item]:
    """Yield the items, with a bar where standard error is a terminal; none for a single one."""
    from tqdm import tqdm

    hidden = not sys.stderr.isatty() or total < 2
    yield from tqdm(items, total=total, unit="image", disable=hidden, file=sys.stderr)


def beside_bar() -> AbstractContextManager[None]:
    """Give a context in which lines can be written though there may be a bar: it steps aside."""
    from tqdm import tqdm

    return tqdm.external_write_mode(file=sys.stderr)


def write_line(line: str) -> None:
    """Write a line to standard output at once, beside the bar if there is one."""
    with beside_bar():
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def status(errors: int, told: str) -> int:
    """Tell how many files failed, if any, and return the exit status."""
    if errors:
        tell(told)
    return 1 if errors else 0


def described(item: Input, error: Exception) -> str:
    """Return one line about a file that could not be worked on."""
    text = shortened(error)
    if not text or not isinstance(error, ValueError | OSError):
        text = f"{type(error).__name__}: {text}".rstrip(": ")
    return text if shortened(item.path) in text else f"{item.path}: {text}"


def report(item: Input, error: Exception) -> int:
    """Write one line about a file that could not be worked on; return 1, to count it."""
    with beside_bar():
        tell(described(item, error))
    return 1


def row_form(output: str | None, *, form: str | None, default: str) -> str:
    """Return the form of rows that is asked for, or else that an output's suffix means.

    Args:
        output: A file or folder, or ``None``.
        form: What was asked for, if anything.
        default: The form of suffixes that mean none.

    Returns:
        One of `kiqa.io.rows.opened.ROW_FORMS`.

    Raises:
        ValueError: If the suffix is that of another form, or of a spreadsheet program.
    """
    suffix = os.path.splitext((output or "").rstrip("/"))[1].lower()
    if suffix in _SPREADSHEETS:
        raise ValueError(
            f"Expected an output for rows. Received: {output}, a form of spreadsheet programs, "
            "which kiqa does not write. Name one that ends in .csv, which they open, and add "
            "--spreadsheet."
        )
    meant = _ROW_SUFFIXES.get(suffix)
    if form is not None and meant not in (None, form):
        raise ValueError(
            f"Expected an output whose suffix fits its rows. Received: {output} for "
            f"--format {form}. Name another output, or take --format {meant}."
        )
    return form or meant or default
