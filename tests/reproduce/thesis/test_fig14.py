"""``thesis-fig14``: an image by VarJPEG."""

import numpy as np
import pytest
from PIL import Image

from kiqa.reproduce.thesis.fig14 import FIG_14


@pytest.mark.slow
def test_figure_14_is_drawn(photo, tmp_path, capsys, run):
    """Six panels in a file, and the bitrate that was asked for."""
    Image.fromarray(photo[40:200, 120:312]).save(tmp_path / "a.png")
    out = tmp_path / "out"
    assert run(FIG_14, "--image", tmp_path / "a.png", "--bpp", 0.8, "--output", out) == 0
    printed = capsys.readouterr().out
    assert float(printed.split(" bpp")[0]) == pytest.approx(0.8, abs=0.02)
    assert "59 bytes overhead" in printed
    with Image.open(out / "thesis-fig14.png") as picture:
        assert picture.size[0] > 1000
        assert np.asarray(picture.convert("L")).std() > 20
