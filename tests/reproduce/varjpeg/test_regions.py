"""``varjpeg-regions``: the sharp region against plain JPEG."""

import json

import pytest

from kiqa.reproduce.varjpeg.images import blurred_outside
from kiqa.reproduce.varjpeg.regions import COMMAND as REGIONS
from kiqa.reproduce.varjpeg.regions import compare_regions


@pytest.mark.slow
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


@pytest.mark.slow
def test_regions_command_writes_gains_and_losses(images, tmp_path, capsys, run):
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
