"""``kiqa models`` in its three forms."""

import csv
import io
import json

import pytest

from kiqa.cli.main import main
from kiqa.scoring.catalogue import COLUMNS, model_table


@pytest.mark.slow
def test_three_forms_of_one_table(capsys):
    """Table for people; JSON and CSV with every column of `kiqa.model_table`."""
    assert main(["models"]) == 0
    table, *absent = capsys.readouterr().out.split("\n\n")
    table = table.splitlines()
    assert main(["models", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows == model_table()
    assert main(["models", "--format", "csv"]) == 0
    read = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(table) - 2 == len(rows) == len(read)
    without = [row for row in rows if row["weights"].startswith("none: ")]
    assert [f"{row['name']}, weights: {row['weights']}" for row in without] == [
        text.strip() for text in absent
    ]
    assert tuple(read[0]) == COLUMNS
    line = next(line for line in table if line.startswith("| gmsd"))
    assert [cell.strip() for cell in line.split("|")][5:9] == ["lower", "6", "yes", "yes"]
