"""Names that have no engine, and what the message then says."""

import pytest

from kiqa.comparators import FITTED
from kiqa.io.weights import WeightsError
from kiqa.scoring import Scorer
from kiqa.scoring.engines import describe, without_map


@pytest.fixture
def no_weights(tmp_path, monkeypatch):
    """A search that finds no weights."""
    monkeypatch.setattr("kiqa.io.weights.manifest.weight_folders", lambda: [tmp_path])


@pytest.mark.parametrize("name", [name for name in FITTED if FITTED[name].convert])
def test_a_comparator_without_its_file_says_how_to_make_it(no_weights, name):
    """The command that trains it, and the one that converts a published file."""
    with pytest.raises(WeightsError, match=f"kiqa.train_comparator {name} .*kiqa convert {name}"):
        Scorer(name).info  # noqa: B018


def test_one_that_nobody_published_is_trained(no_weights):
    """No conversion is named where there is none."""
    with pytest.raises(WeightsError, match=r"kiqa.train_comparator cnniqa .* --workdir DIR\.$"):
        describe("cnniqa")


def test_an_unknown_name_lists_both_kinds():
    """Weights files and comparators without."""
    with pytest.raises(WeightsError, match=r"'patchnet'.*Without weights there are .*'ssim'"):
        describe("cornio")


def test_a_path_is_a_path(tmp_path):
    """A file named like a comparator is what is asked for."""
    with pytest.raises(FileNotFoundError, match="psnr.h5"):
        describe(tmp_path / "psnr.h5")


def test_no_stride_without_map():
    """Refused by name."""
    with pytest.raises(ValueError, match="fish rates whole images only"):
        without_map(describe("fish"), 4, least_side=8, score=lambda pixels: 0.0)
