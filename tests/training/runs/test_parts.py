"""Nothing is trained on that a run is judged by."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from kiqa.data.records import ScoredImage
from kiqa.data.splits import read_split
from kiqa.training.runs.parts import (
    keep_split,
    refuse_judged,
    refuse_shared_contents,
    require_enough,
    unrated_images,
)


def _rows(*contents):
    return [{"image_name": f"{c}.png", "content": c} for c in contents]


def test_parts_without_a_shared_content_pass():
    """Also where a part is empty, and where one part has a content twice."""
    refuse_shared_contents({"train": _rows("a", "a", "b"), "val": _rows("c"), "test": []})


def test_contents_in_two_parts_are_counted_and_named():
    """Three of them at most."""
    parts = {"train": _rows(*"abcde"), "val": _rows("f"), "test": _rows(*"edcba")}
    with pytest.raises(ValueError) as caught:
        refuse_shared_contents(parts)
    assert "5 in both train and test, such as ['a', 'b', 'c']" in str(caught.value)


def test_a_split_of_an_earlier_run_stays(tmp_path):
    """The same draw again is no fault; another one is refused before anything is written."""
    drawn = {"a.png": "train", "b.png": "val", "c.png": "test"}
    file = keep_split(drawn, tmp_path)
    assert read_split(file) == drawn and keep_split(drawn, tmp_path) == file
    before = file.read_bytes()
    with pytest.raises(ValueError, match="another draw.*another --workdir"):
        keep_split(drawn | {"a.png": "val", "b.png": "train"}, tmp_path)
    assert file.read_bytes() == before


@pytest.mark.parametrize(("train", "validation"), [(3, 3), (4, 2)])
def test_less_than_a_batch_or_a_correlation_is_refused(train, validation):
    """With both numbers, and what is counted."""
    settings = SimpleNamespace(batch_size=4)
    require_enough(range(4), range(3), settings)
    message = f"at least 4 stacks to train.*Received: {train} and {validation}"
    with pytest.raises(ValueError, match=message):
        require_enough(range(train), range(validation), settings, what="stacks")


def _image(path, content):
    return ScoredImage(path.name, path, 0.5, None, content, "live", (0.0, 1.0))


def test_unrated_images_of_val_and_test_are_refused(tmp_path):
    """By their file, their name or their scene; those of train may be there."""
    train, val, test = (_image(tmp_path / f"{name}.bmp", f"{name}.png") for name in "abc")
    parts = {"train": [train], "val": [val], "test": [test]}
    refuse_judged([train.path, tmp_path / "d.bmp"], parts)
    (tmp_path / "link.bmp").symlink_to(test.path)
    for file in ("b.bmp", "elsewhere/c.bmp", "link.bmp", "b.png"):
        with pytest.raises(ValueError, match=f"1 of them.*{Path(file).name}"):
            refuse_judged([train.path, tmp_path / file], parts)


def test_excluded_images_are_not_trained_on_without_scores(tmp_path, capsys):
    """What ``--exclude`` names is no part of ``--unrated`` either; how many is said."""
    (tmp_path / "split.csv").write_text("image_name,set\na.png,train\nb.png,train\n")
    (tmp_path / "excluded.csv").write_text("image_name\nb.png\n")
    for name in "ab":
        (tmp_path / f"{name}.png").write_bytes(b"not read here")
    arguments = SimpleNamespace(unrated=tmp_path, unrated_split=None, exclude=None)
    assert [path.name for path in unrated_images(arguments)] == ["a.png", "b.png"]
    arguments.exclude = [str(tmp_path / "excluded.csv")]
    assert [path.name for path in unrated_images(arguments)] == ["a.png"]
    assert "1 of 2 images are excluded by excluded.csv" in capsys.readouterr().err
