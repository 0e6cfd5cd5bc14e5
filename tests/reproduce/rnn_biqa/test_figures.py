"""``rnn-fig1`` to ``rnn-fig3``."""

import pytest
from PIL import Image

from kiqa.reproduce.__main__ import main


@pytest.mark.parametrize("number", [1, 3])
def test_patches_in_their_order(photo, tmp_path, number):
    """Of one image, no network needed."""
    Image.fromarray(photo[:230, :300]).save(tmp_path / "a.png")
    arguments = [f"rnn-fig{number}", "--image", str(tmp_path / "a.png")]
    assert main([*arguments, "--output", str(tmp_path)]) == 0
    with Image.open(tmp_path / f"rnn-fig{number}.png") as figure:
        assert figure.width > 700 and len(figure.convert("L").getcolors()) > 100


def test_the_recurrent_network(tmp_path, csv_rows, capsys):
    """Two GRUs over the sequence, two over what is left; parameters as the card counts them."""
    options = ["--features", "64", "--patches", "5", "--output", str(tmp_path)]
    assert main(["rnn-fig2", *options]) == 0
    rows = {row["name"]: row for row in csv_rows(tmp_path / "rnn-fig2.csv")}
    shapes = [rows[f"gru{number}"]["shape"] for number in (1, 2, 3, 4)]
    assert shapes == ["5 x 256", "128", "64", "32"]
    assert {rows[f"gru{number}"]["kind"] for number in (1, 2, 3, 4)} == {"recurrent"}
    # (64 + 1) 64 + 3 (256 (64 + 256 + 2) + 128 (256 + 128 + 2) + 64 (128 + 64 + 2) + 32 (64 + 32
    # + 2)) + 33, and the mean and variance of each feature.
    gru = 3 * (256 * 322 + 128 * 386 + 64 * 194 + 32 * 98)
    assert f"{65 * 64 + gru + 33 + 2 * 64:,} parameters" in capsys.readouterr().out
