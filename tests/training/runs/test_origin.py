"""What a network in a training's chain was trained on is compared with what judges the run."""

import keras
import pytest

from kiqa.data import untrained
from kiqa.data.splits import read_split
from kiqa.data.trained import names_trained_on
from kiqa.io.weights import Details, export_h5
from kiqa.training.runs.origin import Judged, report_seen


@pytest.fixture
def network(tmp_path):
    """The function ``network(dataset, train, val) -> file`` of a network trained on these names."""

    def make(dataset, *, train=(), val=(), told=True):
        parts = tuple(
            names_trained_on(names, dataset=dataset, use=use, scores="human", about="MOS")
            for use, names in (("train", train), ("val", val))
            if names
        )
        x = keras.Input((3,))
        details = Details(
            "net", "1", "0..1", higher_is_better=True, trained_on=parts if told else None
        )
        return export_h5(keras.Model(x, keras.layers.Dense(1)(x)), tmp_path / "net.h5", details)

    return make


def _told(model, *, val=(), test=()):
    parts = {part: [Judged(n, n) for n in names] for part, names in (("val", val), ("test", test))}
    lines = []
    report_seen(model, parts, role="initial", report=lines.append)
    return lines


def test_images_that_fitted_weights_are_counted(network):
    """One line for each part; a network of other images, or none, says nothing."""
    file = network("live", train=["a.bmp", "b.bmp"])
    first, second = _told(file, val=["a.bmp", "b.bmp", "c.bmp"], test=["b.bmp"])
    assert first.startswith("initial net was trained on 2 of 3 val images, by their names in live")
    assert second.startswith("initial net was trained on 1 of 1 test images")
    assert _told(file, val=["c.bmp"], test=["d.bmp"]) == []
    assert _told(None, val=["a.bmp"]) == _told("imagenet", val=["a.bmp"]) == []


def test_images_that_chose_the_epoch_may_choose_again(network):
    """A network is continued on its own split; but they are no test."""
    (line,) = _told(network("live", train=["a.bmp"], val=["b.bmp"]), val=["b.bmp"], test=["b.bmp"])
    assert line.startswith("initial net was trained on 1 of 1 test images")


def test_a_scene_counts(network):
    """Not the name of a distorted image, but that of its reference."""
    lines = []
    judged = {"val": [Judged("a_blurred.bmp", "a.bmp"), Judged("c.bmp", "c.bmp")]}
    report_seen(network("live", train=["a.bmp"]), judged, role="Patchnet", report=lines.append)
    assert len(lines) == 1 and lines[0].startswith("Patchnet net was trained on 1 of 2 val images")


def test_what_is_not_known_is_said(network, monkeypatch):
    """Of a file that does not say it, and of a split that this kiqa does not have."""
    assert _told(network("live", told=False), val=["a.bmp"]) == [
        "what initial net was trained on is not known: its file does not say it"
    ]
    shipped = [Judged("x.jpg", "x.jpg")]
    monkeypatch.setattr(untrained, "published_splits", lambda: ())
    lines = []
    report_seen("wadiqam_nr", {"val": shipped}, role="initial", report=lines.append)
    assert len(lines) == 1 and "trained on val is not known: Expected the published" in lines[0]


def test_a_fold_is_no_test_of_what_was_trained_on_all_of_it():
    """A fold's test part is of the shipped network's training part, its val only of its val."""
    split = read_split("biq2021-kiqa-fold1")
    val, test = ([n for n, part in split.items() if part == name] for name in ("val", "test"))
    (line,) = _told("wadiqam_nr", val=val, test=test)
    assert "on 867 of 867 test images, by their names in biq2021: numbers on test are too" in line
