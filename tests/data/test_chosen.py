"""The images that a command was told to take."""

from dataclasses import replace

import pytest
from PIL import Image

from kiqa.data import DATASETS
from kiqa.data.chosen import at_random, scored_images, scored_parts

NAMES = [f"ss01 ({number}).jpg" for number in range(4)]


@pytest.fixture
def biq(tmp_path):
    """BIQ2021 with four images and a split of its own."""
    (tmp_path / "Images").mkdir()
    for name in NAMES:
        Image.new("RGB", (8, 8)).save(tmp_path / "Images" / name)
    rows = "".join(f"{name},0.{i}5\n" for i, name in enumerate(NAMES, 1))
    (tmp_path / "Train (Images and MOS).csv").write_text(f"Image Name,MOS\n{rows}")
    sets = zip(NAMES, ("train", "train", "val", "test"), strict=True)
    (tmp_path / "split.csv").write_text(
        "image_name,set\n" + "".join(f"{name},{part}\n" for name, part in sets)
    )
    return tmp_path


def _names(records):
    return [record.name for record in records]


def test_own_split_and_all(biq):
    """Without a split the data set's own is used; "all" is every image."""
    assert _names(scored_images("biq2021", biq)) == NAMES[3:]
    assert _names(scored_images("biq2021", biq, part="train")) == NAMES[:2]
    assert _names(scored_images("biq2021", biq, part="all")) == NAMES


def test_parts_come_in_the_order_asked_for(biq):
    """Several parts of one reading."""
    validation, train = scored_parts("biq2021", biq, ("val", "train"))
    assert (_names(validation), _names(train)) == (NAMES[2:3], NAMES[:2])


def test_split_file_stands_over_the_own(biq, tmp_path):
    """Images that the split does not name are in no part; missing ones are told."""
    split = tmp_path / "mine.csv"
    split.write_text(f"image_name,set\n{NAMES[0]},test\nelse.jpg,test\n")
    told = []
    records = scored_images("biq2021", biq, split=split, report=told.append)
    assert _names(records) == NAMES[:1]
    assert told == [f"1 images of the split are not in {biq}"]


def test_no_split_names_the_option(monkeypatch, biq):
    """A data set without a split needs --split, unless all images are taken."""
    records = [replace(record, set=None) for record in scored_images("biq2021", biq, part="all")]
    monkeypatch.setitem(DATASETS, "biq2021", lambda root: records)
    with pytest.raises(ValueError, match="biq2021 in .* has none of its own. Add --split FILE"):
        scored_images("biq2021", biq, part="val")
    assert scored_images("biq2021", biq, part="all") == records


def test_a_split_that_the_reader_drew_is_told(tmp_path):
    """Of one's own images without a column set; not where all, or a split, was asked for."""
    names = [f"{number}.png" for number in range(20)]
    for name in names:
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    rows = [f"{name},{5 * number}" for number, name in enumerate(names)]
    (tmp_path / "mos.csv").write_text("\n".join(["image_name,mos", *rows]))
    told = []
    assert len(scored_images("mos-csv", tmp_path, report=told.append)) == 5
    assert len(told) == 1 and "no column set" in told[0] and "--set all" in told[0]
    assert len(scored_images("mos-csv", tmp_path, part="all", report=told.append)) == 20
    split = tmp_path / "split.csv"
    split.write_text("image_name,set\n" + "".join(f"{name},test\n" for name in names))
    assert len(scored_images("mos-csv", tmp_path, split=split, report=told.append)) == 20
    rows = [f"{row},test" for row in rows]
    (tmp_path / "mos.csv").write_text("\n".join(["image_name,mos,set", *rows]))
    assert len(scored_images("mos-csv", tmp_path, report=told.append)) == 20
    assert len(told) == 1


@pytest.mark.parametrize(
    ("dataset", "part", "said"), [("tid", "test", "'tid'"), ("biq2021", "dev", "'dev'")]
)
def test_unknown_names_are_refused(biq, dataset, part, said):
    """A data set or part that does not exist is named with those that do."""
    with pytest.raises(ValueError, match=f"Expected one of .*{said}"):
        scored_images(dataset, biq, part=part)


def test_some_at_random_keep_their_order():
    """So many of them, the same ones for a seed; all of them without a number."""
    items = list(range(50))
    some = at_random(items, 20, seed=3)
    assert len(set(some)) == 20 and some == sorted(some) and some == at_random(items, 20, seed=3)
    assert some != at_random(items, 20, seed=4)
    assert at_random(items, None, seed=3) == items
    with pytest.raises(ValueError, match="--limit from 1 to 50. Received: 51"):
        at_random(items, 51, seed=3)
