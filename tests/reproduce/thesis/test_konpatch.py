"""Section 9.2: sheets of patches."""

import pytest
from PIL import Image

from kiqa.reproduce.__main__ import main


def test_half_of_the_patches_were_voted_good(biq, tmp_path, capsys, monkeypatch):
    """Drawn by seed from both groups, the labels above them."""
    drawn = []

    def sheet(patches, labels, *, columns):
        drawn.append((patches, labels))
        return plot_patch_sheet(patches, labels, columns=columns)

    from kiqa import plotting

    plot_patch_sheet = plotting.plot_patch_sheet
    monkeypatch.setattr(plotting, "plot_patch_sheet", sheet)
    options = ["--set", "test", "--patches-per-image", "4", "--columns", "3"]
    command = ["thesis-konpatch", *biq, *options, "--output", str(tmp_path / "out")]
    assert main(command) == 0
    patches, labels = drawn[0]
    assert patches.shape == (12, 64, 64, 3)
    assert (labels[:6] > 0).all() and (labels[6:] == 0).all()
    with Image.open(tmp_path / "out" / "thesis-konpatch.png") as image:
        assert image.width > image.height / 3
    assert main([*command, "--columns", "40"]) == 2
    assert "at least 80 patches voted good" in capsys.readouterr().err


@pytest.mark.slow
def test_without_data_kiqas_own_patches_are_shown(tmp_path, capsys):
    """And half of the pair of options is refused."""
    assert main(["thesis-konpatch", "--output", str(tmp_path)]) == 0
    assert (tmp_path / "thesis-konpatch.png").is_file()
    assert main(["thesis-konpatch", "--dataset", "biq2021"]) == 2
    assert "--data and --dataset together" in capsys.readouterr().err
