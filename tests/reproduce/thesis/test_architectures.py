"""Figures 7 and 12: the numbers that they are drawn from."""

import pytest

from kiqa.reproduce.__main__ import main
from kiqa.reproduce.thesis.architectures import changing


def test_patchnet_has_the_layers_of_the_thesis(tmp_path, capsys, csv_rows):
    """Seven convolutions, three poolings, four dense layers; its shapes and parameters."""
    assert main(["thesis-fig7", "--output", str(tmp_path)]) == 0
    rows = csv_rows(tmp_path / "thesis-fig7.csv")
    kinds = [row["kind"] for row in rows]
    assert [kinds.count(kind) for kind in ("convolution", "pooling", "dense")] == [7, 3, 4]
    assert rows[0]["shape"] == "64 x 64 x 3" and rows[-1]["shape"] == "1"
    assert rows[-6]["name"] == "group3_pool" and rows[-6]["shape"] == "3 x 3 x 128"
    assert "1,631,809 parameters" in capsys.readouterr().out
    assert (tmp_path / "thesis-fig7.png").stat().st_size > 1000


@pytest.mark.slow
def test_the_aggregator_is_drawn_by_its_blocks(aggregator_once, tmp_path, capsys, csv_rows):
    """Of a 512x512 image 113 x 113 cells, halved five times; DenseNet-169's 12,644,545."""
    size = ["--height", "512", "--width", "512"]
    assert main(["thesis-fig12", *size, "--output", str(tmp_path)]) == 0
    rows = {row["name"]: row for row in csv_rows(tmp_path / "thesis-fig12.csv")}
    assert rows["maps"]["shape"] == "113 x 113 x 3"
    assert rows["conv5"]["shape"] == "3 x 3 x 1664" and rows["quality_map"]["shape"] == "3 x 3 x 1"
    assert rows["pool4"]["kind"] == "pooling" and rows["conv4"]["kind"] == "convolution"
    assert len(rows) < 20 and "12,644,545 parameters" in capsys.readouterr().out


def test_what_changes_nothing_is_not_drawn():
    """Of no kind, no parameters, the shape of the stage before; the first one stays."""
    rows = (
        ("in", "other", 0, (4,)),
        ("drop", "other", 0, (4,)),
        ("norm", "other", 8, (4,)),
        ("one", "pooling", 0, (2,)),
        ("beside", "pooling", 0, (2,)),
    )
    names = ("name", "kind", "parameters", "shape")
    stages = [dict(zip(names, row, strict=True)) for row in rows]
    assert [stage["name"] for stage in changing(stages)] == ["in", "norm", "one", "beside"]
