"""``thesis-fig1`` and ``thesis-fig2`` on a bundled image."""

import csv

import numpy as np
import pytest
from PIL import Image

from kiqa.comparators.psnr import mse
from kiqa.reproduce.__main__ import main
from kiqa.reproduce.thesis.comparators import of_equal_error


@pytest.fixture
def image(tmp_path, photo):
    """An image of 240 pixels a side."""
    path = tmp_path / "photo.png"
    Image.fromarray(photo[40:280, 100:340]).save(path)
    return path


@pytest.mark.parametrize("kind", ["overexposure", "gaussian_noise", "jpeg"])
def test_errors_are_equal(kind, photo):
    """To a hundredth; JPEG, whose qualities are whole numbers, to a tenth."""
    pixels = photo[40:140, 100:200]
    made, level = of_equal_error(pixels, kind, error=100)
    assert mse(made, pixels) == pytest.approx(100, rel=0.1 if kind == "jpeg" else 0.01)
    assert level > 0


@pytest.mark.slow
def test_figure_1_and_its_table(image, photo, tmp_path, capsys):
    """Every distortion with every metric; the metrics disagree where the error does not."""
    Image.fromarray(photo[40:220, 100:280]).save(image)
    output = tmp_path / "out"
    assert main(["thesis-fig1", "--image", str(image), "--output", str(output)]) == 0
    with open(output / "thesis-fig1.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    errors = np.array([float(row["MSE"]) for row in rows])
    assert len(rows) >= 4 and np.abs(errors - 480).max() < 25
    assert np.ptp([float(row["psnr"]) for row in rows]) < 0.3
    assert np.ptp([float(row["ssim"]) for row in rows]) > 0.2
    with Image.open(output / "thesis-fig1.png") as figure:
        assert min(figure.size) > 300


@pytest.mark.slow
def test_a_flat_image_has_no_such_distortion(tmp_path, capsys):
    """What cannot be reached is left out by name; if all is, that is an error."""
    path = tmp_path / "flat.png"
    Image.new("RGB", (180, 180), (128, 128, 128)).save(path)
    assert main(["thesis-fig1", "--image", str(path), "--output", str(tmp_path)]) == 0
    err = capsys.readouterr().err
    assert "jpeg is left out" in err and "gaussian_blur is left out" in err
    assert "gaussian_noise is left out" not in err


def test_figure_2(image, tmp_path, capsys):
    """Patches of four sizes; an image below the largest is refused with the size."""
    assert main(["thesis-fig2", "--image", str(image), "--output", str(tmp_path)]) == 0
    with Image.open(tmp_path / "thesis-fig2.png") as figure:
        assert min(figure.size) > 300
    Image.new("RGB", (200, 300)).save(image)
    assert main(["thesis-fig2", "--image", str(image), "--output", str(tmp_path)]) == 2
    assert "224x224" in capsys.readouterr().err
