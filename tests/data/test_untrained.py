"""Images that a network was trained on are left out of evaluations, and said so."""

import pytest

from kiqa.data.splits import read_split
from kiqa.data.trained import (
    trained_on,
)

SPLIT = read_split("biq2021-kiqa")
PARTS = {part: [name for name in SPLIT if SPLIT[name] == part] for part in ("train", "val", "test")}
MOS = {"scores": "human", "about": "MOS"}


def test_training_and_validation_images_are_left_out_and_told(records, described, kept_of):
    """The message says how many, of what, with whose scores, and the option."""
    parts = trained_on(records(PARTS["train"]), records(PARTS["val"]), **MOS)
    names, kept, told = kept_of(records(SPLIT), described(parts))
    assert names == [name for name in SPLIT if SPLIT[name] == "test"]
    assert kept.note == {"trained_on_met": 3000, "trained_on_included": False}
    (line,) = told
    for part in ("3000 of 4000", "net", "train of biq2021-kiqa: human", "val of", "--include-tr"):
        assert part in line


def test_include_leaves_nothing_out_and_says_so(records, described, kept_of):
    """All images, and the note for the result."""
    model = described(trained_on(records(PARTS["train"]), **MOS))
    names, kept, told = kept_of(records(PARTS["train"][:3]), model, include=True)
    assert names == PARTS["train"][:3]
    assert kept.note == {"trained_on_met": 3, "trained_on_included": True}
    assert "3 of 3 images were trained on by net" in told[0] and told[0].endswith("included")


def test_nothing_left_is_an_error_with_the_option(records, described, kept_of):
    """An evaluation on the training part itself."""
    model = described(trained_on(records(PARTS["train"]), **MOS))
    with pytest.raises(ValueError, match="not trained on. Received: 5 of 5.*--include-trained"):
        kept_of(records(PARTS["train"][:5]), model)


def test_unseen_images_are_not_spoken_of(records, described, kept_of):
    """The test part: nothing to say, whatever the order."""
    model = described(trained_on(records(PARTS["train"]), **MOS))
    names, kept, told = kept_of(records(PARTS["test"]), model)
    assert (names, kept.met, told) == (PARTS["test"], 0, [])


def test_other_data_sets_may_have_the_same_names(records, described, kept_of):
    """KADID-10k's I01.png is not TID's; but the names are told: a copy may have them."""
    model = described(trained_on(records(["I01.png"], "kadid10k"), **MOS))
    names, kept, told = kept_of(records(["I01.png", "I02.png"], "tid2013"), model)
    assert names == ["I01.png", "I02.png"] and kept.met == 0
    (line,) = told
    assert "1 of 2 images have the names" in line and "net (kadid10k: human scores): if" in line
    with pytest.raises(ValueError, match="1 of 1"):
        kept_of(records(["I01.png"], "kadid10k"), model)


def test_other_versions_of_a_scene_go_with_it(records, described, kept_of):
    """A distorted copy of a reference that was trained on, and the patches of a picture."""
    model = described(trained_on(records(["I01_1.png"], "kadid10k"), **MOS))
    images = records(["I01_1.png", "I01_2.png", "I02_1.png"], "kadid10k", ["I01", "I01", "I02"])
    assert kept_of(images, model)[0] == ["I02_1.png"]
    model = described(trained_on(records(["a/1.jpg"], "live-fb"), **MOS))
    patches = ["a/1_patch_1.jpg", "a/2_patch_1.jpg"]
    images = records(patches, "live-fb-patches", ["a/1.jpg", "a/2.jpg"])
    assert kept_of(images, model)[0] == ["a/2_patch_1.jpg"]


def test_model_that_does_not_say_is_told(records, described, kept_of):
    """Nothing is left out, and that is no secret."""
    names, _, told = kept_of(records(["a.jpg"]), described(None))
    assert names == ["a.jpg"] and "what net was trained on is not known" in told[0]


def test_split_that_is_gone_is_an_error(records, described, kept_of):
    """No image is taken for unseen because nobody can tell."""
    (part,) = trained_on(records(PARTS["train"]), **MOS)
    values = part.to_json() | {"split": "biq2021-later"}
    with pytest.raises(ValueError, match="published split biq2021-later"):
        kept_of(records(["a.jpg"]), described([type(part).from_json(values)]))
    kept_of(records(["a.jpg"], "tid2013"), described([type(part).from_json(values)]))
