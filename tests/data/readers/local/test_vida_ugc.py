"""ViDA-UGC, on a small tree in the published layout."""

import json

import numpy as np
import pytest

from kiqa.data.readers.local.vida_ugc import vida_ugc

# An entry as published (the first one that the competition's page shows), without its texts.
ENTRY = {
    "image": "KONIQ10k_8930347179.jpg", "mos": 2.8, "level": "fair", "width": 512, "height": 384,
    "distortions": [{"id": "1", "distortion": "Low clarity", "coordinates": [10, 245, 988, 930],
                     "position": "the bird perched on the wire"}],
}  # fmt: skip


@pytest.fixture
def tree(tmp_path, write_image):
    """The function ``tree(*entries, name="train_metadata.json")``: the data set's folder."""

    def tree(*entries, name="train_metadata.json"):
        for each in entries:
            write_image(tmp_path / "images" / each["image"])
        (tmp_path / name).write_text(json.dumps(entries))
        return tmp_path

    return tree


def test_boxes_are_thousandths_of_the_sides(tree):
    """Bad inside, good elsewhere; an image without a box is good everywhere."""
    first, second = vida_ugc(tree(ENTRY, {"image": "b.jpg", "distortions": []}))
    assert (first.name, first.path.name, list(first.answers)) == (
        "KONIQ10k_8930347179.jpg", "KONIQ10k_8930347179.jpg", ["all"],
    )  # fmt: skip
    quality = first.answers["all"](384, 512)
    rows, columns = (
        np.flatnonzero((quality == 0).any(axis=1)),
        np.flatnonzero((quality == 0).any(axis=0)),
    )
    assert (rows[0], rows[-1], columns[0], columns[-1]) == (94, 357, 5, 505)
    assert second.answers["all"](6, 8).min() == 1


def test_the_authors_own_files_call_boxes_otherwise(tree):
    """``bboxes``, and any name of the one JSON file."""
    entry = {"image": "a.jpg", "bboxes": [{"coordinates": [0, 0, 500, 1000]}]}
    (image,) = vida_ugc(tree(entry, name="benchmark.json"))
    assert image.answers["all"](4, 4).sum(axis=0).tolist() == [0, 0, 4, 4]


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ([0, 0, 1001, 10], "from 0 to 1000 in train_metadata.json entry 1"),
        ([5, 0, 5, 10], "left < right"),
        ([0, 0, 5], "4 numbers in train_metadata.json entry 1"),
        (None, "4 numbers"),
        ([0, 0, "5", 5], "4 numbers"),
    ],
)
def test_boxes_that_are_none_are_refused(tree, part, said):
    """With the entry."""
    with pytest.raises(ValueError, match=said):
        vida_ugc(tree({"image": "a.jpg", "distortions": [{"coordinates": part}]}))


def test_entries_without_boxes_and_folders_without_metadata(tree, tmp_path):
    """What is there is told."""
    with pytest.raises(FileNotFoundError, match="train_metadata.json"):
        vida_ugc(tmp_path)
    with pytest.raises(ValueError, match="list 'distortions' in .* with image, boxes"):
        vida_ugc(tree({"image": "a.jpg", "boxes": []}))
