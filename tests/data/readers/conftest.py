"""Files in the layout of a data set: empty ones, and workbooks."""

import pytest
from openpyxl import Workbook


@pytest.fixture(scope="session")
def touch():
    """The function ``touch(folder, names)``: the folder with these empty files in it."""

    def touch(folder, names):
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            (folder / name).touch()

    return touch


@pytest.fixture(scope="session")
def write_workbook():
    """The function ``write_workbook(path, rows, *, sheet="Sheet7")``."""

    def write_workbook(path, rows, *, sheet="Sheet7"):
        workbook = Workbook()
        workbook.active.title = sheet
        for row in rows:
            workbook.active.append(row)
        workbook.save(path)

    return write_workbook
