"""Degradations, with a scorer that is easily foreseen."""

import json

from PIL import Image

from kiqa.reproduce.__main__ import main
from kiqa.reproduce.robustness.degradations import STEPS


def test_degradations_of_brightness(tmp_path, photo, capsys):
    """Underexposure always darkens; overexposure never."""
    Image.fromarray(photo[:64, :64]).save(tmp_path / "a.png")
    output = tmp_path / "out"
    arguments = ["degradations", "--data", str(tmp_path), "--output", str(output)]
    assert main(arguments) == 0
    assert "black 0.000" in capsys.readouterr().out
    found = json.loads((output / "degradations.json").read_text())
    falls = {row["distortion"]: row["falls"] for row in found["distortions"]}
    assert set(falls) == set(STEPS)
    assert falls["underexposure"] == 1
    assert falls["overexposure"] == 0


def test_a_model_that_refuses_flat_images_ends_no_run(
    tmp_path, photo, capsys, monkeypatch, brightness
):
    """What it refuses of the images that show nothing is said; the levels are not lost."""

    def score(self, pixels):
        if pixels.std() == 0:
            raise ValueError("Expected an image with structure.")
        return float(pixels.mean() / 255)

    monkeypatch.setattr(brightness, "score", score)
    Image.fromarray(photo[:64, :64]).save(tmp_path / "a.png")
    output = tmp_path / "out"
    assert main(["degradations", "--data", str(tmp_path), "--output", str(output)]) == 0
    assert "black refused, gray refused, white refused" in capsys.readouterr().out
    nothing = json.loads((output / "degradations.json").read_text())["nothing"]
    assert nothing["black"] is None
    assert 0.4 < nothing["uniform noise"] < 0.6
