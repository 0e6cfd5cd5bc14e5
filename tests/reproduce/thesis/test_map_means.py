"""Means of FISH maps, kept in rows."""

import numpy as np
import pytest
from PIL import Image

from kiqa.maps.fish import fish
from kiqa.maps.sliding_fish import fish_map
from kiqa.reproduce.thesis.map_means import MeanOfMap, fish_rows


def test_fish_rows_are_the_means_of_the_exact_maps(photograph, tmp_path):
    """Equal to the mean over windows; done rows, also of a copy, are not computed again."""
    Image.new("RGB", (40, 40)).save(tmp_path / "small.png")
    paths, file = [photograph, tmp_path / "small.png"], tmp_path / "rows.jsonl"
    row, small = fish_rows(paths, stride=32, output=file)
    pixels = np.array(Image.open(photograph))
    windows = [pixels[y : y + 64, x : x + 64] for y in (0, 32, 64) for x in (0, 32, 64, 96)]
    assert row["score"] == pytest.approx(np.mean([fish(window) for window in windows]), abs=1e-5)
    assert small["score"] is None and str(paths[1]) in small["error"]
    copy = tmp_path / "copy.png"
    copy.write_bytes(photograph.read_bytes())
    before = file.read_text().replace(str(row["score"]), "7.0")
    file.write_text(before)
    assert [r["score"] for r in fish_rows([copy], stride=32, output=file)] == [7.0]
    assert file.read_text() == before
    (other,) = fish_rows([photograph], stride=64, output=file)
    assert other["score"] == pytest.approx(fish_map(pixels, stride=64).mean())


def test_a_scorer_gives_the_mean_of_its_map(stand_in, photograph):
    """Not the model's own score."""
    scorer = MeanOfMap("patchnet", default_stride=8)
    (row,) = scorer([photograph])
    assert row["score"] == scorer.map(photograph).mean()
    assert row["stride"] == 8


def test_the_stride_is_that_of_the_map():
    """FISH's map has its own, which no default changes."""
    assert MeanOfMap("fish", default_stride=16).stride == 4
