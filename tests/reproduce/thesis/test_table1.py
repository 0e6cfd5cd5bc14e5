"""``thesis-table1``: the five instances of Patchnet."""

import csv
import json

import pytest

from kiqa.reproduce.__main__ import main
from kiqa.reproduce.thesis.table1 import table_rows


@pytest.mark.slow
def test_table_1_stands_beside_the_thesis(workdir, tmp_path, capsys):
    """Ours with an interval where predictions are there, the thesis's digits, and both means."""
    assert main(["thesis-table1", "--workdir", str(workdir), "--output", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "2 of 5 instances: invented, 80 patches of 8 images" in printed
    with open(tmp_path / "thesis-table1.csv", newline="", encoding="utf-8") as file:
        first, second, mean = csv.DictReader(file)
    assert first["SROCC"].startswith("0.7500 (0.") and second["SROCC"] == "0.7500"
    assert (first["thesis's MSE"], second["thesis's PLCC"]) == ("0.0611", "0.748")
    # Thesis, Table 1: (.677 + .670 + .654 + .649 + .678) / 5.
    assert mean["thesis's SROCC"] == "0.666"
    result = json.loads((tmp_path / "thesis-table1.json").read_text())
    assert list(result["intervals"]) == ["1"] and len(result["published"]) == 5


def test_table_1_takes_more_instances_than_the_thesis():
    """An instance that the thesis has not has empty cells there."""
    ours = {"Instance": "6", "MSE": 0.1, "MAE": 0.2, "SROCC": 0.3, "PLCC": 0.4}
    (row,) = table_rows({"table": [ours]}, {})
    assert row["MSE"] == "0.1000" and row["thesis's MSE"] is None


@pytest.mark.parametrize("command", ["thesis-table1", "thesis-fig8"])
@pytest.mark.parametrize(
    "change",
    [{"instances": [3]}, {"instances": {}}, {"table": 4}, {"table": [{"Instance": "1"}]},
     {"data": []}, {"settings": {}}, {"instances": [{"instance": "../x", "history": []}]}, None],
)  # fmt: skip
def test_a_damaged_run_is_one_line(workdir, tmp_path, capsys, command, change):
    """Whatever stands in its file; the command that writes it again is named."""
    file = workdir / "table1.json"
    run = json.loads(file.read_text())
    file.write_text("[" * 100_000 if change is None else json.dumps(run | change))
    assert main([command, "--workdir", str(workdir), "--output", str(tmp_path / "o")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "table1.json" in line and "--resume" in line
