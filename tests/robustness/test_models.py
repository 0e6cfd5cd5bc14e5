"""Every model that is shipped, on images that no training had: a score in its scale, or a reason.

Images out of its domain have a note; memory has a bound. The models are those
of ``weights/manifest.json``; a new one is tried without an entry anywhere. Each
is loaded once, and its graph is traced once.
"""

import functools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kiqa.io.memory import MemoryLimitError
from kiqa.io.weights import read_info
from kiqa.scoring.decoding import decode
from kiqa.scoring.engines import ENGINES
from kiqa.scoring.rows import completed_row

from .files import encoded, png

MANIFEST = Path(__file__).parents[2] / "weights" / "manifest.json"
MODELS = sorted(json.loads(MANIFEST.read_text(encoding="utf-8"))["models"])
SCORING = [name for name in MODELS if read_info(name).details.mode in ENGINES]
SCALES = {"0..1": (0, 1), "0..100": (0, 100), ">=0": (0, math.inf)}

SMALL = ("one pixel", "31 pixels", "32 pixels", "63 pixels", "narrow", "a line")
OTHERS = (
    *("upright", "black", "middle gray", "white", "noise", "checkerboard", "half black", "gray"),
    *("alpha", "all transparent", "16 bit", "JPEG of quality 1", "interlaced"),
)
# Comparators that fit distributions refuse what has none, and say so.
STATISTICS = ("brisque", "niqe")
UNTEXTURED = {"black", "middle gray", "white", "all transparent", "checkerboard", "half black"}

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


@functools.cache
def _images(side):
    """Files by name: `SMALL` ones of few pixels, `OTHERS` of at least so many a side."""
    rng = np.random.default_rng(15)
    shape = side, max(side, 192), 3  # NIQE needs two blocks of 96
    noise = rng.integers(0, 256, shape, np.uint8)
    soft = Image.fromarray(noise[::8, ::8]).resize(shape[1::-1], Image.Resampling.BICUBIC)
    soft = np.asarray(soft)
    alpha = np.broadcast_to(np.linspace(0, 255, shape[1]).astype(np.uint8)[:, None], shape)[..., :1]
    board = np.indices(shape).sum(axis=0) % 2 * 255
    left = np.arange(shape[1])[:, None] < side // 2
    pixels = {
        "one pixel": noise[:1, :1],
        "31 pixels": soft[:31, :31],
        "32 pixels": soft[:32, :32],
        "63 pixels": soft[:63, :63],
        "narrow": soft[:33],
        "a line": soft[:1],
        "upright": np.tile(soft[:, :side], (4, 1, 1)),
        "black": np.zeros(shape, np.uint8),
        "middle gray": np.full(shape, 127, np.uint8),
        "white": np.full(shape, 255, np.uint8),
        "noise": noise,
        "checkerboard": board.astype(np.uint8),
        "half black": np.where(left, 0, soft).astype(np.uint8),
        "gray": soft[..., 0],
        "alpha": np.dstack([soft, alpha]),
        "all transparent": np.dstack([soft, 0 * alpha]),
        "16 bit": soft[..., 0].astype(np.uint16) * 257,
    }
    files = {name: encoded(array, "PNG") for name, array in pixels.items()}
    files["JPEG of quality 1"] = encoded(soft, "JPEG", quality=1)
    files["interlaced"] = png(soft, interlaced=True)
    return files


@pytest.fixture(scope="module")
def row(tmp_path_factory, shipped_scorer):
    """The function ``row(model, image)``; of a pair both are the image."""
    folder = tmp_path_factory.mktemp("models")

    def row(name, image):
        scorer = shipped_scorer(name)
        side = max(96, scorer.least_side)
        path = folder / f"{side} {image}"
        path.write_bytes(_images(side)[image])
        return completed_row(
            scorer, decode(path, reference=path if scorer.needs_reference else None)
        )

    return row


@pytest.fixture(scope="module")
def first(row):
    """As ``row``, which is called once for a model and an image."""
    return functools.cache(row)


@pytest.mark.slow
@pytest.mark.parametrize("image", [*SMALL, *OTHERS])
@pytest.mark.parametrize("name", SCORING)
def test_a_score_in_the_scale_or_a_reason(first, row, name, image):
    """Finite and the same again; what is refused says why in one line."""
    found = first(name, image)
    low, high = SCALES[found["scale"]]
    if found["error"] is not None:
        assert found["score"] is None
        assert "\n" not in found["error"] and len(found["error"]) < 600
        assert "xpected" in found["error"] and "eceived" in found["error"]
        assert found["sha256"] is not None  # a verdict about the image, not to be tried again
        return
    assert math.isfinite(found["score"])
    assert low <= found["score"] <= high or found["note"]
    assert row(name, image)["score"] == found["score"]


@pytest.mark.slow
@pytest.mark.parametrize("name", SCORING)
def test_what_is_large_enough_is_scored(first, name):
    """Whatever it shows, but for statistics that an image without texture has not."""
    refused = {image for image in OTHERS if first(name, image)["error"] is not None}
    assert refused <= (UNTEXTURED if name in STATISTICS else set())


def test_every_model_scores_or_belongs_to_one_that_does():
    """So that none of the manifest is left out."""
    companions = {
        companion.name
        for name in SCORING
        for companion in read_info(name).details.companions.values()
    }
    bodies = {
        name
        for name in MODELS
        for companion in read_info(name).details.companions.values()
        if companion.name in SCORING
    }
    assert set(MODELS) == set(SCORING) | companions | bodies


@pytest.mark.parametrize("model", SCORING)
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
@pytest.mark.parametrize("model", SCORING)
def test_meaningless_scores_have_a_note(model, shipped_scorer):
    """Of whatever weights; the score is a number all the same, or refused by what the image is."""
    for why, images in OUTSIDE.items():
        for pixels in images:
            try:
                row = _row(shipped_scorer(model), pixels)
            except ValueError as error:
                assert model in STATISTICS and "with structure" in str(error)
                continue
            assert np.isfinite(row["score"])
            assert row["note"] == f"{why}: out of the domain of {model}"


@pytest.mark.slow
@pytest.mark.parametrize("model", SCORING)
def test_photographs_have_none(model, shipped_scorer, photo):
    """Large enough for every model."""
    assert _row(shipped_scorer(model), photo[:260, :300])["note"] is None


@pytest.mark.slow
@pytest.mark.parametrize("model", SCORING)
def test_tiny_images_are_noted_or_refused(model, shipped_scorer, photo):
    """Below the least side with the sizes, above it with a note."""
    for side in (16, 32, 48):
        pixels = np.ascontiguousarray(photo[:side, :side])
        try:
            row = _row(shipped_scorer(model), pixels)
        except ValueError as error:
            assert side < shipped_scorer(model).least_side and f"{side}x{side}" in str(error)
        else:
            assert side >= shipped_scorer(model).least_side
            assert row["note"] == f"tiny image: out of the domain of {model}"


@pytest.mark.slow
@pytest.mark.parametrize("model", SCORING)
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
