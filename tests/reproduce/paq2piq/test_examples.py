"""``paq2piq-fig1`` to ``paq2piq-fig3``: examples."""

import numpy as np
import pytest
from PIL import Image

from kiqa.data.distortions import gaussian_noise
from kiqa.reproduce.__main__ import main
from kiqa.reproduce.paq2piq.examples import error_by_activity


@pytest.fixture
def images(photo, tmp_path):
    """A folder with three images of two sizes."""
    folder = tmp_path / "images"
    folder.mkdir()
    for number, cut in enumerate((photo[:96, :128], photo[64:160, :128], photo[:64, :160])):
        Image.fromarray(cut).save(folder / f"{number}.png")
    return folder


def test_noise_is_masked_by_structure():
    """Equal noise counts more where the image is calm."""
    pixels = np.full((64, 64, 3), 128, np.uint8)
    pixels[:, 32:] = np.random.default_rng(0).integers(0, 256, (64, 32, 1))
    worse = gaussian_noise(pixels, 10, np.random.default_rng(1))
    calm, busy = error_by_activity(pixels, worse)
    # The mean of three channels has noise of 10 / sqrt(3), on nothing and on about 74.
    assert calm == pytest.approx(10 / np.sqrt(3), rel=0.1)
    assert busy == pytest.approx(10 / np.sqrt(3) / 74, rel=0.3)


def test_figure_1(stand_in, images, tmp_path, csv_rows):
    """Two compressed images and one with noise; what each was before and after."""
    given = [word for number in range(3) for word in ("--image", str(images / f"{number}.png"))]
    out = ["--model", "patchnet", "--output", str(tmp_path)]
    assert main(["paq2piq-fig1", *given, *out]) == 0
    rows = csv_rows(tmp_path / "paq2piq-fig1.csv")
    assert [row["distortion"] for row in rows] == ["JPEG, quality 12"] * 2 + [
        "noise of 20 gray levels"
    ]
    assert all(row["before"] != row["after"] for row in rows)
    assert (tmp_path / "paq2piq-fig1.png").stat().st_size > 10_000
    assert main(["paq2piq-fig1", *given[:2], *out]) == 2


def test_figure_2(stand_in, images, tmp_path, csv_rows):
    """The first image is blurred, unless it is blurred already."""
    given = ["--image", str(images / "0.png")] * 2
    out = ["--model", "patchnet", "--output", str(tmp_path)]
    assert main(["paq2piq-fig2", *given, *out]) == 0
    first, second = (float(row["fish"]) for row in csv_rows(tmp_path / "paq2piq-fig2.csv"))
    assert first < second
    assert main(["paq2piq-fig2", *given, "--blur", "0", *out]) == 0
    first, second = (float(row["fish"]) for row in csv_rows(tmp_path / "paq2piq-fig2.csv"))
    assert first == second
    assert main(["paq2piq-fig2", *given[:2], *out]) == 2


def test_figure_3(images, tmp_path, capsys):
    """Of a folder; one that is broken is left out, and the status says so."""
    out = ["--output", str(tmp_path)]
    assert main(["paq2piq-fig3", "--images", str(images), "--count", "2", *out]) == 0
    assert (tmp_path / "paq2piq-fig3.png").stat().st_size > 10_000
    (images / "3.png").write_bytes((images / "0.png").read_bytes()[:500])
    assert main(["paq2piq-fig3", "--images", str(images), *out]) == 1
    assert "3.png" in capsys.readouterr().err
    assert main(["paq2piq-fig3", *out]) == 2
    assert main(["paq2piq-fig3", "--images", str(tmp_path / "none"), *out]) == 2
