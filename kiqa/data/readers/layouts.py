"""Finding the parts of a data set's published folders, whatever their case.

Public names: :func:`data_folder`, :func:`find_entry`, :func:`find_images`,
:func:`mat_variable`, :func:`missing_scores`, :func:`number_or_none`,
:func:`published_folder`, :func:`text_lines`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from kiqa.data.tables import match_columns, read_text
from kiqa.io.mat_files import read_mat
from kiqa.io.outputs import declare_inputs


def data_folder(root: str | Path, page: str, holds: str) -> Path:
    """Return the folder of a data set.

    Args:
        root: Where it should be.
        page: Where it can be downloaded.
        holds: What the folder holds, for the message.

    Returns:
        The folder.

    Raises:
        FileNotFoundError: If there is none.
    """
    root = Path(root)
    if not root.is_dir():
        raise FileNotFoundError(
            f"Expected the folder of a data set at {root}, found none. Download it: {page} and "
            f"unpack it there, so that the folder holds {holds}."
        )
    return root


def published_folder(root: str | Path, inner: str, page: str, holds: str) -> Path:
    """Return the folder of a data set: the one given, or the one in it with the published name.

    Args:
        root: The folder, or the one that holds it.
        inner: Its published name.
        page: As for `data_folder`.
        holds: As for `data_folder`.

    Returns:
        The folder.

    Raises:
        FileNotFoundError: If ``root`` is none.
    """
    root = data_folder(root, page, f"{inner}/ with {holds}")
    return find_entry(root, [inner]) or root


def find_entry(folder: Path, names: Sequence[str]) -> Path | None:
    """Return the first of the names in a folder, whatever its case, or ``None``.

    A file is declared as an input of the command that is running.
    """
    if not folder.is_dir():
        return None
    entries = {entry.name.lower(): entry for entry in folder.iterdir()}
    found = next((entries[name.lower()] for name in names if name.lower() in entries), None)
    declare_inputs([found] if found is not None and found.is_file() else [])
    return found


def missing_scores(root: Path, names: Sequence[str], page: str) -> NoReturn:
    """Raise the ``FileNotFoundError`` of a folder without its score file."""
    raise FileNotFoundError(
        f"Expected {' or '.join(repr(name) for name in names)} in {root}, found neither it nor "
        f"another spelling of it. Download it: {page}"
    )


def find_images(names: Sequence[str | None], folder: Path) -> list[Path | None]:
    """Find image files by name, exactly or else without case.

    Args:
        names: Each ``name`` or ``below/name``.
        folder: Where to look.

    Returns:
        The path of each, ``None`` for what is not there.

    Raises:
        FileNotFoundError: If the folder is missing.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"Expected a folder of images at {folder}, found none.")
    listed: dict[str, tuple[dict[str, Path], dict[str, Path]]] = {}

    def entries(below: str) -> tuple[dict[str, Path], dict[str, Path]]:
        if below not in listed:
            inner = find_images([below], folder)[0] if below else folder
            found = list(inner.iterdir()) if inner is not None and inner.is_dir() else []
            listed[below] = (
                {entry.name: entry for entry in found},
                {entry.name.lower(): entry for entry in found},
            )
        return listed[below]

    def find(name: str) -> Path | None:
        below, _, last = name.rpartition("/")
        exact, folded = entries(below)
        return exact.get(last, folded.get(last.lower()))

    return [None if name is None else find(name) for name in names]


def mat_variable(folder: Path, key: str, page: str, *, file: str | None = None) -> list:
    """Return the elements of one variable of a MATLAB file.

    Args:
        folder: Where the file lies.
        key: Name of the variable.
        page: Where the file can be downloaded.
        file: Name of the file; ``None`` is the variable's with ``.mat``.

    Returns:
        The elements as a flat list.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it cannot be read or lacks the variable.
    """
    name = file or f"{key}.mat"
    path = find_entry(folder, [name])
    if path is None:
        missing_scores(folder, [name], page)
    try:
        found = read_mat(path)
    except (ValueError, OSError) as error:
        raise ValueError(
            f"Expected a MATLAB 5 file at {path}, received one that SciPy cannot read: {error}. "
            f"Download it again: {page}"
        ) from error
    variables = [variable for variable in found if not variable.startswith("__")]
    return list(found[match_columns(variables, (key,), where=str(path))[key]].ravel())


def text_lines(file: Path) -> list[tuple[str, list[str]]]:
    """Read a text file of words separated by blanks.

    Args:
        file: The file, UTF-8 or UTF-16.

    Returns:
        For each line that is not empty its place (``"info.txt line 3"``) and
        its words.
    """
    lines = enumerate(read_text(file).splitlines(), 1)
    return [(f"{file.name} line {n}", line.split()) for n, line in lines if line.strip()]


def number_or_none(text: str) -> float | None:
    """Return the number that a text is, or ``None``."""
    try:
        return float(text)
    except ValueError:
        return None
