"""Every shipped model on images out of its domain, and under a bound on memory."""

from pathlib import Path

import numpy as np
import pytest

from kiqa.io.memory import MemoryLimitError
from kiqa.io.weights import list_models, read_info
from kiqa.scoring.engines import ENGINES

MODELS = [name for name in list_models() if read_info(name).details.mode in ENGINES]
SIZE = (200, 208)
OUTSIDE = {
    "flat image": [np.full((*SIZE, 3), level, np.uint8) for level in (0, 128, 255)],
    "pure noise": [np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8)],
    "graphic of 2 colours": [
        np.repeat(255 * (np.indices((*SIZE, 1))[0] // 16 % 2), 3, axis=2).astype(np.uint8)
    ],
}

DOCS = Path(__file__).parents[2] / "docs"
CARDS = {
    "paq2piq_rm": "paq2piq.md",
    "brisque": "comparators.md",
    "niqe": "comparators.md",
    "cnniqa": "comparators.md",
    "nima": "comparators.md",
    "deepbiq": "comparators.md",
    "cornia": "comparators.md",
}


@pytest.mark.parametrize("model", MODELS)
def test_the_card_says_what_to_expect(model):
    """With the command that measures it; the table has a column for each model."""
    card = (DOCS / CARDS.get(model, f"{model}.md")).read_text()
    assert f"python -m kiqa.reproduce out-of-domain --model {model}`" in card
    assert "reliability.md#out-of-domain" in card and "reliability.md#memory" in card
    assert f"| {model}, " in (DOCS / "reliability.md").read_text()


def _row(one, pixels):
    pair = {"reference": pixels} if one.needs_reference else {}
    return {"score": one.score(pixels, **pair), "note": one.note(pixels)}


@pytest.mark.slow  # loads every network, as those below
@pytest.mark.parametrize("model", MODELS)
def test_meaningless_scores_have_a_note(model, shipped_scorer):
    """Of whatever weights; the score is a number all the same, or refused by what the image is."""
    for why, images in OUTSIDE.items():
        for pixels in images:
            try:
                row = _row(shipped_scorer(model), pixels)
            except ValueError as error:
                assert model in ("brisque", "niqe") and "with structure" in str(error)
                continue
            assert np.isfinite(row["score"])
            assert row["note"] == f"{why}: out of the domain of {model}"


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_photographs_have_none(model, shipped_scorer, photo):
    """Large enough for every model."""
    assert _row(shipped_scorer(model), photo[:260, :300])["note"] is None


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_tiny_images_are_noted_or_refused(model, shipped_scorer, photo):
    """Below the least side with the sizes, above it with a note."""
    for side in (16, 32, 48):
        pixels = np.ascontiguousarray(photo[:side, :side])
        try:
            row = _row(shipped_scorer(model), pixels)
        except ValueError as error:
            assert side < shipped_scorer(model).least_side and f"{side}x{side}" in str(error)
        else:
            assert row["note"] == f"tiny image: out of the domain of {model}"


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_memory_is_estimated_and_bounded(model, shipped_scorer, photo):
    """More for more pixels, never less; what would pass the bound is refused by name."""
    one = shipped_scorer(model)
    sizes = [one.memory(3 * n, 4 * n) for n in (100, 500, 1500, 3000)]
    assert sizes == sorted(sizes) and sizes[0] >= 3 * 300 * 400
    little = one.having(max_memory=1 << 20)
    pixels = photo[:260, :300]
    pair = {"reference": pixels} if one.needs_reference else {}
    with pytest.raises(MemoryLimitError, match=f"300x260 pixels with {model}"):
        little.score(pixels, **pair)
