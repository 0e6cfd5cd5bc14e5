"""Proxy pairs: the score, its monotony, files that are made once."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kiqa.data.distortions import distort
from kiqa.data.proxy_pairs import RANGES, Proxy, proxy_of, proxy_score, write_proxy_pairs
from kiqa.io.images import load_image


@pytest.fixture
def photographs(tmp_path, photo):
    for name, top in (("a", 0), ("b", 40)):
        Image.fromarray(photo[top : top + 64, :64]).save(tmp_path / f"{name}.png")
    return {"train": [tmp_path / "a.png"], "test": [tmp_path / "b.png"]}


def test_identical_images_score_one(photo):
    """And nothing scores less than zero."""
    assert proxy_score(photo, photo) == 1
    assert 0 <= proxy_score(255 - photo, photo) < 0.3


@pytest.mark.parametrize("kind", RANGES)
def test_score_falls_with_the_level(photo, kind):
    """From the mildest to the most severe level of each kind."""
    levels = np.geomspace(*RANGES[kind], 5).round(0 if kind == "jpeg" else 3)
    scores = [
        proxy_score(distort(photo, kind, float(x), rng=np.random.default_rng(0)), photo)
        for x in levels
    ]
    assert scores == sorted(scores, reverse=True) and scores[0] > 0.8 > 0.6 > scores[-1]


def test_pairs_are_files_with_the_scores_they_have(photographs, tmp_path):
    """Identical pairs and the copies of each kind, their levels in rising parts."""
    table = pd.read_csv(
        write_proxy_pairs(photographs, tmp_path / "pairs", copies=2, seed=1), keep_default_na=False
    )
    same = table["reference"] == table["image"]
    assert table[same]["set"].tolist() == ["train", "train", "test"]
    assert (~same).sum() == 2 * 3 * 2
    for row in table[table["kind"] != ""].itertuples():
        files = [tmp_path / "pairs" / name for name in (row.image, row.reference)]
        images = [load_image(file).pixels for file in files]
        assert proxy_score(*images) == pytest.approx(row.score, abs=1e-6)
    blurs = table[table["kind"] == "gaussian_blur"]["level"].astype(float).to_numpy()
    assert blurs[0] < 2 < blurs[1] and blurs[2] < 2 < blurs[3]


def test_pairs_are_made_once_and_again_the_same(photographs, tmp_path):
    """A second call reads nothing; another folder holds the same; other arguments are refused."""
    first = write_proxy_pairs(photographs, tmp_path / "one", copies=1, seed=1)
    said = []
    assert write_proxy_pairs(photographs, tmp_path / "one", copies=1, seed=1, report=said.append)
    assert said == []
    second = write_proxy_pairs(photographs, tmp_path / "two", copies=1, seed=1)
    assert first.read_text() == second.read_text()
    with pytest.raises(ValueError, match="Use another folder"):
        write_proxy_pairs(photographs, tmp_path / "one", copies=1, seed=2)
    with pytest.raises(ValueError, match="at least 1 copy"):
        write_proxy_pairs(photographs, tmp_path / "three", copies=0, seed=2)
    part, (path, *_) = next(iter(photographs.items()))
    other = tmp_path / f"{path.stem.upper()}.bmp"
    with pytest.raises(ValueError, match="differ without their suffixes"):
        write_proxy_pairs({part: [path, other]}, tmp_path / "four", copies=1, seed=2)


def test_a_table_of_another_origin_is_refused(photographs, tmp_path):
    """Its scores would be called those of the metric."""
    (tmp_path / "pairs").mkdir()
    (tmp_path / "pairs/pairs.csv").write_text("image,reference,score,set\n")
    with pytest.raises(ValueError, match=r"pairs.csv of another origin"):
        write_proxy_pairs(photographs, tmp_path / "pairs", copies=1, seed=1)
    assert [path.name for path in (tmp_path / "pairs").iterdir()] == ["pairs.csv"]


def test_the_folder_says_which_proxy_it_is(photographs, tmp_path):
    """Other proxies give other scores, not in the same folder; a list of its own has none."""
    half = Proxy("half of everything", lambda copy, reference: 0.5)
    table = write_proxy_pairs(photographs, tmp_path / "one", copies=1, seed=1, proxy=half)
    scores = pd.read_csv(table)["score"]
    assert set(scores) == {0.5, 1.0} and proxy_of(table) == "half of everything"
    with pytest.raises(ValueError, match="seed and proxy in"):
        write_proxy_pairs(photographs, tmp_path / "one", copies=1, seed=1)
    assert proxy_of(tmp_path / "pairs.csv") is None
    (tmp_path / "pairs.json").write_text("{}")
    with pytest.raises(ValueError, match="name of a proxy in"):
        proxy_of(tmp_path / "pairs.csv")


def test_images_of_two_sizes_have_no_score(photo):
    """Both shapes are named."""
    with pytest.raises(ValueError, match=r"\(20, 30, 3\)"):
        proxy_score(photo[:20, :30], photo[:21, :30])
