"""Cells of an Excel workbook (``.xlsx``) as text, with the standard library.

Public names: :func:`read_sheet`.
"""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_LARGEST = 64_000_000  # bytes of one part; published score files are far below


def read_sheet(path: str | Path, sheet: str | None) -> list[tuple[int, list[str]]]:
    """Read one sheet of a workbook.

    Formulas give the value stored with them, dates their number.

    Args:
        path: The ``.xlsx`` file.
        sheet: Name of the sheet, in any case; ``None`` is the first one.

    Returns:
        For each row that is stored its number, from 1, and its cells as
        stripped text from column A on, ``""`` where a cell is empty.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is no workbook, or lacks the sheet; the
            message lists the sheets found.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"Expected a workbook (.xlsx) at {path}, found no file.")
    try:
        with zipfile.ZipFile(path) as archive:
            sheets = dict(_sheets(archive))
            part = next(iter(sheets.values())) if sheet is None else sheets.get(sheet.lower())
            if part is not None:
                return list(_rows(_xml(archive, part), _texts(archive)))
    except (
        *(zipfile.BadZipFile, ElementTree.ParseError, EOFError, NotImplementedError),
        *(KeyError, ValueError, IndexError, AttributeError, RuntimeError, StopIteration),
    ) as error:
        raise ValueError(
            f"Expected an Excel workbook (.xlsx), received {path}, which cannot be read: {error}. "
            "Get the file again, or save it as .xlsx."
        ) from error
    raise ValueError(f"Expected a sheet {sheet!r} in {path}, received {sorted(sheets)}.")


def _xml(archive: zipfile.ZipFile, part: str) -> ElementTree.Element:
    if archive.getinfo(part).file_size > _LARGEST:
        raise ValueError(f"{part} is larger than {_LARGEST} bytes")
    return ElementTree.fromstring(archive.read(part))


def _sheets(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """Yield each sheet's name in lower case and its part of the archive."""
    relations = _xml(archive, "xl/_rels/workbook.xml.rels")
    targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
    for item in _xml(archive, "xl/workbook.xml").iter(f"{_MAIN}sheet"):
        target = targets[item.get(_RELATION)]
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        yield item.get("name").lower(), part


def _texts(archive: zipfile.ZipFile) -> list[str]:
    """The strings that cells refer to by number."""
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    return [_text(item) for item in _xml(archive, "xl/sharedStrings.xml").iter(f"{_MAIN}si")]


def _text(item: ElementTree.Element) -> str:
    """The text of a string, whose parts may be formatted differently."""
    runs = [*item.findall(f"{_MAIN}t"), *item.findall(f"{_MAIN}r/{_MAIN}t")]
    return "".join(run.text or "" for run in runs)


def _rows(root: ElementTree.Element, texts: list[str]) -> Iterator[tuple[int, list[str]]]:
    number = 0
    for row in root.iter(f"{_MAIN}row"):
        number = int(row.get("r", number + 1))
        cells: list[str] = []
        for cell in row.iter(f"{_MAIN}c"):
            place = _column(cell.get("r", "")) if cell.get("r") else len(cells)
            cells += [""] * (place + 1 - len(cells))
            cells[place] = _value(cell, texts).strip()
        yield number, cells


def _column(reference: str) -> int:
    """Number of a column from 0, for a reference such as ``AB12``."""
    number = 0
    for letter in re.match("[A-Z]{1,3}", reference).group():
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1


def _value(cell: ElementTree.Element, texts: list[str]) -> str:
    if cell.get("t") == "inlineStr":
        return _text(cell.find(f"{_MAIN}is"))
    value = cell.findtext(f"{_MAIN}v") or ""
    return texts[int(value)] if cell.get("t") == "s" and value else value
