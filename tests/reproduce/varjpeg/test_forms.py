"""``python -m kiqa.reproduce thesis-fig14``, ``varjpeg-forms`` and ``varjpeg-regions``."""

import csv
import json

import numpy as np
import pytest

from kiqa.reproduce.varjpeg.forms import COMMAND as FORMS
from kiqa.reproduce.varjpeg.forms import compare_forms
from kiqa.varjpeg import read_source


def test_forms_are_compared_at_equal_psnr(photo):
    """Within the issue's 0.1 dB, and the compatible form costs at most 20 % more."""
    pixels = photo[40:232, 120:344]
    importance = np.zeros(pixels.shape[:2], bool)
    importance[60:120, 80:160] = True
    rows = compare_forms(read_source(pixels), importance, qualities=(20, 50))
    assert [row["quality"] for row in rows] == [20, 50]
    for row in rows:
        assert abs(row["compatible_psnr"] - row["thesis_psnr"]) < 0.1
        assert row["extra"] == row["compatible_bytes"] / row["thesis_bytes"] - 1
        assert row["extra"] < 0.2


@pytest.mark.slow
def test_forms_command_writes_a_table(images, tmp_path, capsys, run):
    """A row for each q~ in print, for each image and q~ in the CSV."""
    out = tmp_path / "out"
    assert run(FORMS, "--images", images, "--stride", 16, "--output", out) == 0
    printed = capsys.readouterr().out
    assert "2 images" in printed and "mean over q~" in printed
    with (out / "varjpeg-forms.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["image"] for row in rows] == ["a.png"] * 4 + ["b.png"] * 4
    summary = json.loads((out / "varjpeg-forms.json").read_text())
    assert summary["trained_on_met"] == 0
    assert sorted(summary["by_quality"]) == ["20", "35", "50", "70"]
    mean = np.mean([float(row["extra"]) for row in rows])
    assert summary["mean_extra"] == pytest.approx(mean, abs=1e-5)


@pytest.mark.slow
def test_images_that_are_not_there(images, tmp_path, run):
    """An empty folder, and a part without a split."""
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(FileNotFoundError, match="Expected images in"):
        run(FORMS, "--images", empty)
    with pytest.raises(ValueError, match="Expected --split with --set test"):
        run(FORMS, "--images", images, "--set", "test")
    every = tmp_path / "every.csv"
    every.write_text("image_name\na.png\nb.png\n")
    with pytest.raises(ValueError, match="Exclude fewer"):
        run(FORMS, "--images", images, "--exclude", every)
