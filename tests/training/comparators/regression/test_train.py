"""The training of a learned comparator, on small crops."""

from dataclasses import replace

import numpy as np
import pytest

from kiqa.data.readers.biq2021 import biq2021
from kiqa.data.splits import select
from kiqa.io.weights import load_model, read_info
from kiqa.scoring import Scorer
from kiqa.training.comparators.regression.forms import FORMS
from kiqa.training.comparators.regression.settings import RegressionSettings
from kiqa.training.comparators.regression.train import epoch_plan, train_regression
from kiqa.training.runs.images import ImageStore

FORM = FORMS["cnniqa"]
SMALL = RegressionSettings(batch_size=4, pieces=6, epochs=3, learning_rate=3e-3)


@pytest.fixture
def parts(tmp_path, photo, biq2021_tree, blurrier):
    """8 images to train and 4 to validate, blurrier the lower their MOS."""
    images = blurrier([photo[index : index + 64, 50:120] for index in range(12)])
    root = biq2021_tree(tmp_path / "biq", images, ["val", "train", "train"] * 4)
    records = biq2021(root)
    return select(records, "train"), select(records, "val")


def test_batches_are_pieces_with_their_images_scores(parts):
    """Each image once, its pieces beside each other; the same again, other ones next epoch."""
    train, _ = parts
    images = ImageStore([r.path for r in train], smallest=32, keep_bytes=0)
    mos = np.array([r.mos01 for r in train], np.float32)
    plan = epoch_plan(FORM, images, mos, SMALL, epoch=0)
    pieces, targets = plan.make(1)
    assert len(plan) == 2 and pieces.shape == (24, 32, 32, 1) and pieces.dtype == np.float32
    np.testing.assert_array_equal(targets[:, 0], np.repeat(mos[plan.order[1]], 6))
    np.testing.assert_array_equal(plan.make(1)[0], pieces)
    again = epoch_plan(FORM, images, mos, SMALL, epoch=1)
    assert not np.array_equal(again.make(1)[0], pieces)


@pytest.mark.slow
def test_it_learns_goes_on_and_its_file_scores(parts, tmp_path, last_arrays):
    """From data to a file of the scorer's; continued, it is the uninterrupted run, bit by bit."""
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert train_regression(FORM, *parts, SMALL, workdir=whole)["epochs"] == 3
    info = read_info(whole / "cnniqa.h5")
    assert (info.details.mode, info.details.pooling) == ("cnniqa", "mean")
    assert [part.images for part in info.details.trained_on] == [8, 4]
    assert np.isfinite(Scorer(info.path).score(parts[1][0].path))
    train_regression(FORM, *parts, replace(SMALL, epochs=1), workdir=cut)
    assert train_regression(FORM, *parts, SMALL, workdir=cut, resume=True)["epochs"] == 3
    for one, two in zip(last_arrays(whole), last_arrays(cut), strict=True):
        np.testing.assert_array_equal(one, two)
    one, two = (load_model(folder / "cnniqa.h5").get_weights() for folder in (whole, cut))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


@pytest.mark.slow
def test_two_devices_take_the_steps_of_one(
    parts, tmp_path, one_then_two, shares, no_dropout, last_arrays
):
    """Each device gets half of a batch; variables and moments agree to 1e-5 in the mean."""
    found = []
    for devices in one_then_two:
        folder = tmp_path / str(len(devices))
        settings = replace(SMALL, epochs=1, clip_norm=0.5, devices=devices)
        train_regression(FORM, *parts, settings, workdir=folder)
        assert shares == ([12] * 4 if devices else [24] * 2)
        found.append(last_arrays(folder))
    for one, two in zip(*found, strict=True):
        assert np.mean(np.abs(one - two)) < 1e-5


def test_too_few_images_are_refused(parts, tmp_path):
    """Before anything is written."""
    train, validation = parts
    with pytest.raises(ValueError, match="Received: 3 and 4"):
        train_regression(FORM, train[:3], validation, SMALL, workdir=tmp_path / "run")
    assert not (tmp_path / "run").exists()
