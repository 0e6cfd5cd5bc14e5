"""``python -m kiqa.reproduce paq2piq-fig...``: images with their maps."""

import numpy as np
import pytest
from PIL import Image

from kiqa.reproduce.__main__ import main
from kiqa.reproduce.paq2piq.images import largest_errors
from kiqa.scoring import Scorer

pytestmark = pytest.mark.usefixtures("eager")


def _drawn(path):
    """A figure that was written, and that it is not empty."""
    with Image.open(path) as picture:
        assert np.asarray(picture.convert("L")).std() > 5


@pytest.mark.slow
def test_figure_10(biq, models, tmp_path, capsys):
    """Maps of a data set's images, of a file at any grid; P2P-BM has no maps."""
    out = ["--output", str(tmp_path / "o")]
    arguments = ["paq2piq-fig10", "--model", str(models["rm"]), *out]
    data = ["--data", str(biq), "--dataset", "biq2021", "--count", "2"]
    assert main([*arguments, *data]) == 0
    _drawn(tmp_path / "o/paq2piq-fig10.png")
    picture = str(biq / "Images/ss01 (3).jpg")
    assert main([*arguments, "--image", picture, "--grid", "5x7"]) == 0
    capsys.readouterr()
    assert main(["paq2piq-fig10", "--model", str(models["bm"]), *out, *data]) == 2
    assert "rates whole images only" in capsys.readouterr().err


@pytest.mark.slow
def test_figure_11(biq, models, tmp_path, csv_rows):
    """The images with the largest differences to both sides are named and drawn."""
    arguments = ["paq2piq-fig11", "--data", str(biq), "--dataset", "biq2021", "--count", "2",
                 "--output", str(tmp_path / "o"), "--model", str(models["rm"])]  # fmt: skip
    assert main(arguments) == 0
    _drawn(tmp_path / "o/paq2piq-fig11.png")
    scorer = Scorer(models["rm"])
    for row in csv_rows(tmp_path / "o/paq2piq-fig11.csv"):
        score = scorer.score(biq / "Images" / row["name"])
        assert float(row["predicted"]) == pytest.approx(score, rel=1e-5)
        assert row["case"] == ("rated too high" if score > float(row["mos"]) else "rated too low")


def test_figure_11_of_an_evaluation_scores_nothing(biq, evaluation, tmp_path, csv_rows):
    """The images that it has, by its predictions."""
    mos = {f"ss01 ({n}).jpg": 0.2 + 0.1 * n for n in range(5)}
    folder = evaluation("other", mos)
    table = (folder / "predictions.csv").read_text().replace("0.2,0.2,", "0.2,0.9,")
    (folder / "predictions.csv").write_text(table)
    arguments = ["paq2piq-fig11", "--data", str(biq), "--dataset", "biq2021", "--evaluated",
                 str(folder), "--output", str(tmp_path / "o")]  # fmt: skip
    assert main(arguments) == 0
    first = csv_rows(tmp_path / "o/paq2piq-fig11.csv")[0]
    assert (first["name"], first["case"]) == ("ss01 (0).jpg", "rated too high")
    assert float(first["predicted"]) == pytest.approx(90)


def test_figure_11_refuses_other_scales(biq, tmp_path, capsys):
    """A high score would be a bad one, or mean nothing beside a MOS."""
    arguments = ["paq2piq-fig11", "--data", str(biq), "--dataset", "biq2021"]
    assert main([*arguments, "--model", "niqe", "--output", str(tmp_path / "o")]) == 2
    assert "Received: niqe" in capsys.readouterr().err


def test_largest_errors():
    """Largest first, to each side; none of the other side."""
    assert largest_errors([50, 90, 10, 60], [50, 40, 70, 50], 2) == ([1, 3], [2])
    assert largest_errors([1, 2], [0, 0], 5) == ([1, 0], [])
