"""The training of a head, on small images and a small body."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from kiqa.constants import KONCEPT512
from kiqa.data.readers.biq2021 import biq2021
from kiqa.data.splits import select
from kiqa.data.trained import names_trained_on
from kiqa.io.weights import export_h5, load_model, read_info
from kiqa.models import koncept512
from kiqa.scoring import Scorer
from kiqa.training.comparators.heads.forms import FORMS
from kiqa.training.comparators.heads.settings import HeadSettings
from kiqa.training.comparators.heads.train import epoch_plan, train_head

SMALL = HeadSettings(batch_size=4, epochs=2)


@pytest.fixture
def parts(tmp_path, photo, biq2021_tree):
    """8 images to train and 4 to validate, darker the lower their MOS."""
    images = [(photo[:40, :48] // (1 + index)).astype(np.uint8) for index in range(12)]
    records = biq2021(biq2021_tree(tmp_path / "biq", images, ["val", "train", "train"] * 4))
    return select(records, "train"), select(records, "val")


@pytest.fixture(scope="module")
def trained_body(tmp_path_factory, feature_body):
    """The same body in a file that says which five images it was tuned to."""
    seen = names_trained_on(
        [f"{index}.png" for index in range(5)],
        dataset="koniq10k",
        use="train",
        scores="human",
        about="MOS",
    )
    details = replace(read_info(feature_body).details, name="tuned", trained_on=(seen,))
    return export_h5(load_model(feature_body), tmp_path_factory.mktemp("tuned") / "t.h5", details)


def test_batches_hold_each_image_once():
    """In another order each epoch, each with its own target."""
    features = np.arange(24, dtype=np.float32).reshape(12, 2)
    targets = features[:, :1] / 2
    plan = epoch_plan(features, targets, SMALL, epoch=0)
    inputs, wanted = (np.concatenate(part) for part in zip(*map(plan.make, range(3)), strict=True))
    assert len(plan) == 3 and sorted(inputs[:, 0]) == sorted(features[:, 0])
    np.testing.assert_array_equal(wanted[:, 0], inputs[:, 0] / 2)
    again = epoch_plan(features, targets, SMALL, epoch=1)
    assert not np.array_equal(again.make(0)[0], plan.make(0)[0])


@pytest.mark.slow
def test_features_are_computed_once_and_the_file_scores(
    parts, tmp_path, trained_body, monkeypatch, last_arrays
):
    """The file names its body, and what that was trained on; later runs look at no image.

    Continued, it is the uninterrupted run, bit by bit.
    """
    train, validation = parts
    run = {"workdir": tmp_path / "run", "body": trained_body}
    result = train_head(FORMS["nima"], train, validation, SMALL, **run)
    assert result["epochs"] == 2
    info = read_info(tmp_path / "run" / "nima.h5")
    assert info.details.mode == "nima"
    assert [*(tmp_path / "run").glob("features-nima-*")]  # others look at other views
    assert info.details.companions["body"].sha256 == read_info(trained_body).sha256
    seen = [(part.images, part.through) for part in info.details.trained_on]
    assert seen == [(8, None), (4, None), (5, "tuned")]
    shutil.copy(trained_body, tmp_path / "run" / "tuned.h5")
    assert 0 < Scorer(info.path).score(validation[0].path) < 1
    monkeypatch.setattr("kiqa.comparators.learned.body.PooledBody.features", None)
    more = replace(SMALL, epochs=3)
    assert train_head(FORMS["nima"], train, validation, more, resume=True, **run)["epochs"] == 3
    run["workdir"] = tmp_path / "whole"
    run["workdir"].mkdir()
    for path in (tmp_path / "run").glob("features-*"):
        shutil.copy(path, run["workdir"])
    train_head(FORMS["nima"], train, validation, more, **run)
    for one, two in zip(*map(last_arrays, (tmp_path / "run", run["workdir"])), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMS)
def test_two_devices_take_the_steps_of_one(
    parts, tmp_path, feature_body, one_then_two, shares, no_dropout, last_arrays, monkeypatch, name
):
    """Each device gets half of a batch; variables and moments agree to 1e-5 in the mean.

    KonCept512 is narrow here. Both begin from the same features.
    """
    monkeypatch.setattr(koncept512, "KONCEPT512", replace(KONCEPT512, units=(16, 8, 4)))
    found, features = [], []
    for devices in one_then_two:
        folder = tmp_path / str(len(devices))
        folder.mkdir()
        for path in features:
            shutil.copy(path, folder)
        settings = replace(SMALL, epochs=1, clip_norm=0.5, devices=devices)
        train_head(FORMS[name], *parts, settings, workdir=folder, body=feature_body)
        assert shares == ([2] * 4 if devices else [4] * 2)
        found.append(last_arrays(folder))
        features = list(folder.glob("features-*"))
    for one, two in zip(*found, strict=True):
        assert np.mean(np.abs(one - two)) < 1e-5


def test_too_few_images_are_refused(parts, tmp_path, feature_body):
    """Before anything is written."""
    train, validation = parts
    with pytest.raises(ValueError, match="Received: 3 and 4"):
        train_head(
            FORMS["nima"], train[:3], validation, SMALL, workdir=tmp_path / "run", body=feature_body
        )
    assert not (tmp_path / "run").exists()
