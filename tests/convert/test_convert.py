"""From the authors' checkpoint over ``kiqa convert`` to ``kiqa score``, against NumPy."""

import json

import numpy as np
import pytest
from PIL import Image

from kiqa.cli.main import main
from kiqa.io.map_files import QualityMap

pytestmark = pytest.mark.usefixtures("eager")


@pytest.fixture
def folders(tmp_path, monkeypatch, pair):
    """``bad/sub`` and ``good/sub`` with a pair, an identical pair and one below a patch."""
    monkeypatch.chdir(tmp_path)
    bad, good = (image[:, :75] for image in pair)  # 100x75 pixels: 3x2 patches and a rest
    for folder, image in (("bad", bad), ("good", good)):
        (tmp_path / folder / "sub").mkdir(parents=True)
        Image.fromarray(image).save(tmp_path / folder / "sub" / "a.png")
        Image.fromarray(good).save(tmp_path / folder / "same.bmp")
        Image.fromarray(good[:31]).save(tmp_path / folder / "small.png")
    return bad, good


def _rows(capsys):
    return {row["path"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}


@pytest.mark.slow
@pytest.mark.parity
@pytest.mark.parametrize("mode", ["nr", "fr"])
def test_scores_and_maps_of_the_command_line(folders, twin, capsys, mode):
    """Scores to 1e-4, maps patch by patch in their places, what is too small an error."""
    bad, good = folders
    layers = twin.random_tensors(mode, seed=3)
    twin.write_chainer("model.model", layers)
    convert = ["convert", "deepiqa", "model.model", "--pooling", "weighted"]
    assert main([*convert, "--output", "model.h5"]) == 0
    capsys.readouterr()
    options = ["--model", "model.h5", *(["--reference", "good"] if mode == "fr" else [])]
    assert main(["score", "bad", *options, "--format", "jsonl"]) == 1
    rows = _rows(capsys)
    for name, image in (("bad/sub/a.png", bad), ("bad/same.bmp", good)):
        images = [image, good] if mode == "fr" else [image]
        quality, weight, score = twin.original(layers, *map(twin.blocks, images), weighted=True)
        assert np.ptp(weight) > 0.1 * weight.max()
        assert rows[name]["score"] == pytest.approx(score, rel=1e-4)
        assert rows[name]["scale"] == "0..100 DMOS"
        assert rows[name]["higher_is_better"] is False
        if mode == "fr":
            assert rows[name]["reference"] == name.replace("bad", "good")
    assert "32x32" in rows["bad/small.png"]["error"]
    assert main(["map", "bad/same.bmp", *options, "--npz", "out", "--html", "page.html"]) == 0
    values = QualityMap.load("out/same.bmp.npz").values
    np.testing.assert_allclose(values, quality.reshape(3, 2), atol=1e-3)
