"""Images that an experiment must not use."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kiqa.data.chosen import scored_parts
from kiqa.data.excluded import excluding, excluding_files
from kiqa.data.records import ScoredImage
from kiqa.data.trained import trained_on
from kiqa.io.weights import Details, export_h5


def _records(count):
    return [
        ScoredImage(f"{n}.png", f"{n}.png", 0.5, None, f"{n}.png", "biq2021", (0.0, 1.0))
        for n in range(count)
    ]


def _names(records):
    return [record.name for record in records]


@pytest.fixture
def sources(tmp_path):
    """Three files that each name images: patches of 0 and 4, a list of 1, a model trained on 2."""
    import keras

    np.savez(tmp_path / "konpatch.npz", image=np.array(["0.png", "4.png", "0.png"]))
    (tmp_path / "images.csv").write_text("set,image_name\ntrain,1.png\nval,other.png\n")
    x = keras.Input((3,), name="x")
    seen = trained_on(_records(3)[2:], scores="human", about="MOS")
    details = Details("m", "1", "0..1", True, trained_on=seen)
    export_h5(keras.Model(x, keras.layers.Dense(1, name="y")(x)), tmp_path / "m.h5", details)
    return [tmp_path / name for name in ("konpatch.npz", "images.csv", "m.h5")]


def test_each_source_takes_its_images_away(sources):
    """Together all of them; each is told in a sentence, and the order stays."""
    told = []
    assert _names(excluding(_records(6), sources, report=told.append)) == ["3.png", "5.png"]
    assert told[:2] == [
        "2 of 6 images are excluded by konpatch.npz",
        "1 of 4 images are excluded by images.csv",
    ]
    assert "1 of 3 images were trained on by m" in told[2]


def test_others_of_the_content_go_as_well(sources):
    """A distorted copy of an image that is named."""
    records = [*_records(2), replace(_records(1)[0], name="copy.png")]
    assert _names(excluding(records, sources[:1], report=print)) == ["1.png"]


def test_nothing_left_and_wrong_files_are_refused(sources, tmp_path):
    """With what is expected."""
    with pytest.raises(ValueError, match=r"images that .*images.csv does not name. Received: 1"):
        excluding(_records(2)[1:], sources[1:2], report=print)
    np.savez(tmp_path / "other.npz", a=np.zeros(2))
    with pytest.raises(ValueError, match="with an array image"):
        excluding(_records(2), [tmp_path / "other.npz"], report=print)
    with pytest.raises(FileNotFoundError, match="gone.csv"):
        excluding(_records(2), [tmp_path / "gone.csv"], report=print)


def test_parts_of_a_data_set_are_drawn_without_them(tmp_path, photo, biq2021_tree):
    """As every training and reproduction reads them."""
    root = biq2021_tree(tmp_path / "biq", [photo[:8, :8]] * 4, ["train", "val", "train", "test"])
    file = tmp_path / "konpatch.csv"
    file.write_text("image_name\nss01 (2).jpg\n")
    parts = scored_parts("biq2021", root, ("train", "all"), exclude=[file])
    assert [len(part) for part in parts] == [1, 3]


def test_files_of_a_plain_folder_go_by_their_names(sources):
    """By all three kinds of sources; a model's names count whatever data set they are of."""
    told = []
    left = excluding_files([Path("a", f"{n}.png") for n in range(6)], sources, report=told.append)
    assert [path.name for path in left] == ["3.png", "5.png"] and len(told) == 3
    assert "2 of 6 images are excluded by konpatch.npz" in told
