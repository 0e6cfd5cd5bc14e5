"""``python -m kiqa.reproduce thesis-fig14``, ``varjpeg-forms`` and ``varjpeg-regions``."""

import argparse
import csv
import json

import numpy as np
import pytest
from PIL import Image

from kiqa.reproduce.thesis.fig14 import FIG_14
from kiqa.reproduce.varjpeg.forms import COMMAND as FORMS
from kiqa.reproduce.varjpeg.forms import compare_forms
from kiqa.reproduce.varjpeg.images import blurred_outside, psnr
from kiqa.reproduce.varjpeg.regions import COMMAND as REGIONS
from kiqa.reproduce.varjpeg.regions import compare_regions
from kiqa.varjpeg import read_source


def run(command, *arguments):
    """Run a command as ``python -m kiqa.reproduce`` does."""
    parser = argparse.ArgumentParser()
    command.add_options(parser)
    return command.run(parser.parse_args([str(argument) for argument in arguments]))


@pytest.fixture(scope="module")
def images(tmp_path_factory, photo):
    """A folder with two photographs of 160x192 pixels, and another file."""
    folder = tmp_path_factory.mktemp("photographs")
    for name, top in (("a.png", 40), ("b.png", 200)):
        Image.fromarray(photo[top : top + 160, 120:312]).save(folder / name)
    (folder / "notes.txt").write_text("no image")
    return folder


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


def test_sharp_region_gains_at_equal_size(photo):
    """With a perfect map, against plain JPEG; and no file is larger than the baseline's."""
    pixels, mask = blurred_outside(photo[:256, 100:356], "some photograph")
    rows = compare_regions(pixels, mask, mask, qualities=(50,))
    assert [(row["baseline"], row["form"]) for row in rows] == [
        ("jpeg", "compatible"), ("jpeg", "thesis"), ("mozjpeg", "compatible"), ("mozjpeg", "thesis")
    ]  # fmt: skip
    assert all(row["varjpeg_bytes"] <= row["bytes"] for row in rows)
    compatible, thesis = rows[:2]
    assert thesis["varjpeg_region_psnr"] > thesis["region_psnr"] + 0.05
    assert thesis["varjpeg_region_ssim"] > thesis["region_ssim"]
    assert compatible["varjpeg_region_psnr"] > compatible["region_psnr"]


def test_photograph_is_blurred_outside_the_mask_only(photo):
    """Sharp pixels are the photograph's own; the rest has lost its detail."""
    pixels, mask = blurred_outside(photo, "x")
    assert 0.05 < mask.mean() < 0.3
    assert np.abs(pixels[mask].astype(int) - photo[mask]).max() <= 2
    detail = [np.abs(np.diff(p.astype(float), axis=0))[~mask[1:]].mean() for p in (photo, pixels)]
    assert detail[1] < 0.6 * detail[0]
    again, _ = blurred_outside(photo, "x")
    other, _ = blurred_outside(photo, "y")
    assert np.array_equal(again, pixels) and not np.array_equal(other, pixels)


def test_psnr_by_hand():
    """10 log10(255^2 / mean squared error), of the mask only where one is given."""
    first = np.zeros((2, 2, 3), np.uint8)
    second = first.copy()
    second[0, 0] = 51  # 255 / 5
    assert psnr(first, second) == pytest.approx(10 * np.log10(25 * 4))
    mask = np.array([[True, False], [False, False]])
    assert psnr(first, second, mask) == pytest.approx(10 * np.log10(25))
    assert psnr(first, second, ~mask) == float("inf")


def test_forms_command_writes_a_table(images, tmp_path, capsys):
    """A row for each q~ in print, for each image and q~ in the CSV."""
    out = tmp_path / "out"
    assert run(FORMS, "--images", images, "--stride", 16, "--output", out) == 0
    printed = capsys.readouterr().out
    assert "2 images" in printed and "mean over q~" in printed
    with (out / "varjpeg-forms.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["image"] for row in rows] == ["a.png"] * 4 + ["b.png"] * 4
    summary = json.loads((out / "varjpeg-forms.json").read_text())
    assert sorted(summary["by_quality"]) == ["20", "35", "50", "70"]
    mean = np.mean([float(row["extra"]) for row in rows])
    assert summary["mean_extra"] == pytest.approx(mean, abs=1e-5)


def test_regions_command_writes_gains_and_losses(images, tmp_path, capsys):
    """Twelve groups: two baselines, three qualities, two forms."""
    out = tmp_path / "out"
    assert run(REGIONS, "--images", images, "--limit", 1, "--stride", 16, "--output", out) == 0
    assert "whole SSIM" in capsys.readouterr().out
    groups = json.loads((out / "varjpeg-regions.json").read_text())["groups"]
    assert len(groups) == 12
    for group in groups:
        assert group["images"] == 1 and 0.9 < group["bytes"] <= 1
        low, high = group["whole_psnr_interval"]
        assert low <= group["whole_psnr"] <= high


def test_images_that_are_not_there(images, tmp_path):
    """An empty folder, and a part without a split."""
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(FileNotFoundError, match="Expected images in"):
        run(FORMS, "--images", empty)
    with pytest.raises(ValueError, match="Expected --split with --set test"):
        run(FORMS, "--images", images, "--set", "test")


def test_figure_14_is_drawn(images, tmp_path, capsys):
    """Six panels in a file, and the bitrate that was asked for."""
    out = tmp_path / "out"
    assert run(FIG_14, "--image", images / "a.png", "--bpp", 0.8, "--output", out) == 0
    printed = capsys.readouterr().out
    assert float(printed.split(" bpp")[0]) == pytest.approx(0.8, abs=0.02)
    assert "59 bytes overhead" in printed
    with Image.open(out / "thesis-fig14.png") as picture:
        assert picture.size[0] > 1000
        assert np.asarray(picture.convert("L")).std() > 20
