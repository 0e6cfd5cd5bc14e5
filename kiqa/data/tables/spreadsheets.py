"""Cells of an Excel workbook (``.xlsx``) as text, read by pandas with openpyxl.

Public names: :func:`read_sheet`.
"""

import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LARGEST = 64_000_000  # unpacked bytes; published score files are far below
_CELLS = 10_000_000  # of a sheet, from A1 to its last row and column, empty ones too
_WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_HIDDEN = re.compile(rb"""\br\s*=\s*["'][^"']{0,99}&""")
_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{0,3})(\d{1,9})["']""")


def read_sheet(path: str | Path, sheet: str | None) -> list[tuple[int, list[str]]]:
    """Read one sheet of a workbook.

    Formulas give the value stored with them. Numbers have at most the 15 digits
    that Excel keeps, whole numbers no decimals.

    Args:
        path: The ``.xlsx`` file.
        sheet: Name of the sheet, in any case; ``None`` is the first one.

    Returns:
        For each row its number, from 1, and its cells as stripped text from
        column A on, ``""`` where a cell is empty; all rows are equally long.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is no workbook, or lacks the sheet; the
            message lists the sheets found.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"Expected a workbook (.xlsx) at {path}, found no file.")
    with _opened(path) as workbook:
        names = {name.lower(): name for name in workbook.sheet_names}
        name = workbook.sheet_names[0] if sheet is None else names.get(sheet.lower())
        if name is not None:
            table = workbook.parse(name, header=None, dtype=object, na_filter=False)
            rows = table.itertuples(index=False, name=None)
            return [
                (number, [str(cell).strip() for cell in row]) for number, row in enumerate(rows, 1)
            ]
    raise ValueError(f"Expected a sheet {sheet!r} in {path}, received {sorted(names)}.")


def _check_extent(sheet: bytes) -> None:
    """Refuse a sheet whose last cell is so far off that the empty ones before it fill memory.

    Other parts of a workbook pass. So that places can be seen, they are written plainly.
    """
    written = [word.encode(code) for word in ("sheetData", "DOCTYPE") for code in _WIDE]
    if any(word in sheet for word in (*written, b"<!DOCTYPE")) or _HIDDEN.search(sheet):
        raise ValueError("a part is not written as spreadsheets write it")
    if b"sheetData" not in sheet:
        return
    rows = columns = 1
    for match in _PLACE.finditer(sheet):
        column = 0
        for letter in match[1].upper():
            column = 26 * column + letter - ord("A") + 1
        rows, columns = max(rows, int(match[2])), max(columns, column)
    cells = max(rows * columns, sheet.count(b"<c"))
    if cells > _CELLS:
        raise ValueError(f"it has a sheet of {cells} cells, more than {_CELLS}, most of them empty")


@contextmanager
def _opened(path: Path) -> Iterator:
    import pandas

    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if sum(part.file_size for part in parts) > _LARGEST:
                raise ValueError(f"it unpacks to more than {_LARGEST} bytes")
            for part in parts:
                _check_extent(archive.read(part))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and the like, which are not read
            with pandas.ExcelFile(path, engine="openpyxl") as workbook:
                yield workbook
    # openpyxl hands on whatever its readers of ZIP and XML raise.
    except Exception as error:
        raise ValueError(
            f"Expected an Excel workbook (.xlsx), received {path}, which cannot be read: {error}. "
            "Get the file again, or save it as .xlsx."
        ) from error
