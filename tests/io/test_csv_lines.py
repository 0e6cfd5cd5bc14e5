"""CSV that every reader takes back."""

import csv
import io

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from kiqa.io.csv_lines import csv_line, write_csv_file
from kiqa.io.text import unescaped

CELLS = st.lists(
    st.text(st.characters(codec=None) | st.sampled_from('\r\n",\udce9')), min_size=2, max_size=4
)


@given(CELLS)
def test_any_cells_come_back(cells):
    """Carriage returns and quotes too; the line ends with one line feed."""
    line = csv_line(cells)
    line.encode("utf-8")
    assert line.endswith("\n") and not line.endswith("\r\n")
    (row,) = csv.reader(io.StringIO(line, newline=""))
    assert [unescaped(cell) for cell in row] == cells


def test_numbers_and_nothing_are_not_touched():
    """A negative number is no formula."""
    assert csv_line([-1.5, None, True, "-1.5"], spreadsheet=True) == "-1.5,,True,'-1.5\n"


def test_files_are_read_by_pandas(tmp_path):
    """Names of any bytes are texts there."""
    path = write_csv_file(tmp_path / "a.csv", ("name", "value"), [("a\rb", 1), ("c\udce9", 2)])
    table = pd.read_csv(path)
    assert table["name"].tolist() == ["a\rb", "c\\udce9"]
    assert table["value"].tolist() == [1, 2]
