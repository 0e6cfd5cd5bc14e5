"""QGround-100K, on a small tree in the published layout."""

import json

import numpy as np
import pytest

from kiqa.data.readers.local.qground import qground


@pytest.fixture
def root(tmp_path, write_image):
    """Two images, the first annotated by two people; one of them marked two distortions."""
    folder = tmp_path / "qground"
    for name in ("spaq_koniq/07454.jpg", "spaq_koniq/2.jpg"):
        write_image(folder / "images" / name)
    for number in range(3):
        pixels = np.zeros((6, 8, 3), np.uint8)
        pixels[:, number] = (0, 90, 0)  # a colour for a kind
        write_image(folder / "masks" / f"{number}.png", pixels, "RGB")
    entries = [
        {"id": "07454_anna", "image": "spaq_koniq/07454.jpg", "ann_list": [
            {"quality": "it is blurred.", "mask": {"file": "masks/0.png"}}, {"mask": "1.png"}]},
        {"id": "07454_ben", "image": "spaq_koniq/07454.jpg", "ann_list": [{"mask": "2.png"}]},
        {"id": "2_anna", "image": "spaq_koniq/2.jpg", "ann_list": []},
    ]  # fmt: skip
    (folder / "train.json").write_text(json.dumps(entries))
    return tmp_path


def test_each_annotator_has_an_answer(root):
    """What any mask of an annotator marks is bad; an empty list finds nothing."""
    first, second = qground(root)
    assert first.name == "spaq_koniq/07454.jpg" and list(first.answers) == ["anna", "ben"]
    assert np.flatnonzero(first.answers["anna"](6, 8).min(axis=0) == 0).tolist() == [0, 1]
    assert np.flatnonzero(first.answers["ben"](6, 8).min(axis=0) == 0).tolist() == [2]
    assert second.answers["anna"](6, 8).min() == 1
    assert [image.path for image in qground(root / "qground")] == [first.path, second.path]


@pytest.mark.parametrize(
    ("annotations", "error", "said"),
    [
        ([{"mask": "9.png"}], FileNotFoundError, "1 of 1 not there, 9.png"),
        ([{"text": "blurred"}], ValueError, "train.json entry 1. Received: 0 names .* with text"),
        ([{"mask": "1.png", "also": "2.png"}], ValueError, "2 names"),
    ],
)
def test_annotations_without_one_mask_are_refused(root, annotations, error, said):
    """With the entry and its keys."""
    entry = {"id": "2_anna", "image": "spaq_koniq/2.jpg", "ann_list": annotations}
    (root / "qground" / "train.json").write_text(json.dumps([entry]))
    with pytest.raises(error, match=said):
        qground(root)


def test_a_folder_without_annotations_is_refused(tmp_path):
    """With the page to download them from."""
    with pytest.raises(FileNotFoundError, match="QGround-100K"):
        qground(tmp_path)
