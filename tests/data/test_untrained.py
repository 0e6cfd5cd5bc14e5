"""Images that a network was trained on are left out of evaluations, and said so."""

from pathlib import Path

import pytest

from kiqa.data.records import ScoredImage
from kiqa.data.splits import read_split
from kiqa.data.trained import (
    trained_on,
)
from kiqa.data.untrained import untrained
from kiqa.io.weights import Details

SPLIT = read_split("biq2021-kiqa")
PARTS = {part: [name for name in SPLIT if SPLIT[name] == part] for part in ("train", "val", "test")}
MOS = {"scores": "human", "about": "MOS"}


def _records(names, dataset="biq2021", contents=None):
    return [
        ScoredImage(name, Path(name), 0.5, None, content, dataset, (0.0, 1.0))
        for name, content in zip(names, contents or names, strict=True)
    ]


def _model(parts, name="net"):
    return Details(name, "1", "0..1", higher_is_better=True, trained_on=parts)


def _kept(records, *models, include=False):
    told = []
    kept = untrained(records, models, include=include, report=told.append)
    return [record.name for record in kept.images], kept, told


def test_training_and_validation_images_are_left_out_and_told():
    """The message says how many, of what, with whose scores, and the option."""
    parts = trained_on(_records(PARTS["train"]), _records(PARTS["val"]), **MOS)
    names, kept, told = _kept(_records(SPLIT), _model(parts))
    assert names == [name for name in SPLIT if SPLIT[name] == "test"]
    assert kept.note == {"trained_on_met": 3000, "trained_on_included": False}
    (line,) = told
    for part in ("3000 of 4000", "net", "train of biq2021-kiqa: human", "val of", "--include-tr"):
        assert part in line


def test_include_leaves_nothing_out_and_says_so():
    """All images, and the note for the result."""
    model = _model(trained_on(_records(PARTS["train"]), **MOS))
    names, kept, told = _kept(_records(PARTS["train"][:3]), model, include=True)
    assert names == PARTS["train"][:3]
    assert kept.note == {"trained_on_met": 3, "trained_on_included": True}
    assert "3 of 3 images were trained on by net" in told[0] and told[0].endswith("included")


def test_nothing_left_is_an_error_with_the_option():
    """An evaluation on the training part itself."""
    model = _model(trained_on(_records(PARTS["train"]), **MOS))
    with pytest.raises(ValueError, match="not trained on. Received: 5 of 5.*--include-trained"):
        _kept(_records(PARTS["train"][:5]), model)


def test_unseen_images_are_not_spoken_of():
    """The test part: nothing to say, whatever the order."""
    model = _model(trained_on(_records(PARTS["train"]), **MOS))
    names, kept, told = _kept(_records(PARTS["test"]), model)
    assert (names, kept.met, told) == (PARTS["test"], 0, [])


def test_other_data_sets_may_have_the_same_names():
    """KADID-10k's I01.png is not TID's."""
    model = _model(trained_on(_records(["I01.png"], "kadid10k"), **MOS))
    assert _kept(_records(["I01.png"], "tid2013"), model)[0] == ["I01.png"]
    with pytest.raises(ValueError, match="1 of 1"):
        _kept(_records(["I01.png"], "kadid10k"), model)


def test_other_versions_of_a_scene_go_with_it():
    """A distorted copy of a reference that was trained on, and the patches of a picture."""
    model = _model(trained_on(_records(["I01_1.png"], "kadid10k"), **MOS))
    records = _records(["I01_1.png", "I01_2.png", "I02_1.png"], "kadid10k", ["I01", "I01", "I02"])
    assert _kept(records, model)[0] == ["I02_1.png"]
    model = _model(trained_on(_records(["a/1.jpg"], "live-fb"), **MOS))
    patches = ["a/1_patch_1.jpg", "a/2_patch_1.jpg"]
    records = _records(patches, "live-fb-patches", ["a/1.jpg", "a/2.jpg"])
    assert _kept(records, model)[0] == ["a/2_patch_1.jpg"]


def test_model_that_does_not_say_is_told():
    """Nothing is left out, and that is no secret."""
    names, _, told = _kept(_records(["a.jpg"]), _model(None))
    assert names == ["a.jpg"] and "what net was trained on is not known" in told[0]


def test_split_that_is_gone_is_an_error():
    """No image is taken for unseen because nobody can tell."""
    (part,) = trained_on(_records(PARTS["train"]), **MOS)
    values = part.to_json() | {"split": "biq2021-later"}
    with pytest.raises(ValueError, match="published split biq2021-later"):
        _kept(_records(["a.jpg"]), _model([type(part).from_json(values)]))
