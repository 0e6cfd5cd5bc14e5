"""Splits and folds, on invented records."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kiqa.data.records import ScoredImage
from kiqa.data.splits import (
    assign_split,
    counted_split,
    k_folds,
    published_splits,
    random_split,
    read_split,
    write_split,
)

RECORDS = [
    ScoredImage(f"{scene}-{i}.png", Path("x"), 0.5, None, str(scene), "invented", (0.0, 1.0))
    for scene in range(20)
    for i in range(3)
]


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("biq2021-kiqa", {"train": 2600, "val": 400, "test": 1000}),
        ("cid22-kiqa", {"train": 88, "test": 30}),
        ("biq2021-kiqa-6000", {"train": 4300, "val": 700, "test": 1000}),
        ("biq2021-kiqa-6000-fold1", {"train": 2866, "val": 700, "test": 1434}),
        ("biq2021-kiqa-6000-fold2", {"train": 2867, "val": 700, "test": 1433}),
        ("biq2021-kiqa-6000-fold3", {"train": 2867, "val": 700, "test": 1433}),
        ("koniq10k-official", {"train": 7058, "val": 1000, "test": 2015}),
    ],
)
def test_published_splits_have_their_numbers(name, counts):
    """The package data is complete; the numbers are the published ones."""
    assert name in published_splits()
    assert Counter(read_split(name).values()) == counts


def test_folds_of_the_larger_split_are_made_by_their_rule():
    """k_folds of its sorted train part, seed 0; val is its own, and nothing of its test part."""
    whole = read_split("biq2021-kiqa-6000")
    train, val = (
        sorted(name for name in whole if whole[name] == part) for part in ("train", "val")
    )
    for number, held_out in enumerate(k_folds(len(train), 3, 0), 1):
        held = {train[index] for index in held_out}
        wanted = {name: "test" if name in held else "train" for name in train}
        assert read_split(f"biq2021-kiqa-6000-fold{number}") == wanted | dict.fromkeys(val, "val")


def test_a_split_survives_writing_and_reading(tmp_path):
    """Names with blanks, commas and quotes come back, in their order."""
    split = {"ss01 (1).jpg": "train", 'a, "b".jpg': "test", "c.jpg": "val"}
    assert list(read_split(write_split(split, tmp_path / "s.csv")).items()) == list(split.items())


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a.jpg,train\nb.jpg,training\n", r"'training' for 'b\.jpg' in .*line 3"),
        ("a.jpg,train\nb.jpg,val\na.jpg,test\n", r"'a\.jpg' \(lines \[2, 4\]\)"),
    ],
    ids=["unknown set", "name twice"],
)
def test_a_wrong_split_file_names_its_lines(tmp_path, rows, message):
    """Unknown sets and repeated names are refused."""
    path = tmp_path / "s.csv"
    path.write_text("image_name,set\n" + rows)
    with pytest.raises(ValueError, match=message):
        read_split(path)


def test_an_unknown_split_lists_the_published_ones():
    """A misspelt name is answered with the names there are."""
    with pytest.raises(FileNotFoundError, match="biq2021-kiqa"):
        read_split("biq2021")


def test_writing_an_unknown_set_is_refused(tmp_path):
    """No file is written that could not be read."""
    with pytest.raises(ValueError, match="'dev'"):
        write_split({"a.jpg": "dev"}, tmp_path / "s.csv")
    assert not (tmp_path / "s.csv").exists()


def test_a_failed_write_leaves_the_old_split(tmp_path, monkeypatch):
    """On a full disk the file that was there stays, and nothing half-written beside it."""
    path = write_split({"a.jpg": "train"}, tmp_path / "s.csv")

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kiqa.io.csv_lines.csv.writer", full)
    with pytest.raises(OSError, match="No space"):
        write_split({"a.jpg": "test"}, path)
    assert read_split(path) == {"a.jpg": "train"} and list(tmp_path.iterdir()) == [path]


def test_assign_split_sets_what_it_names():
    """Records it does not name lose their set; their order stays."""
    records = [replace(record, set="test") for record in RECORDS[:4]]
    split = {record.name: "train" for record in records[:3]}
    assigned = assign_split(records, split)
    assert [record.set for record in assigned] == ["train"] * 3 + [None]
    assert [record.name for record in assigned] == [record.name for record in records]


def test_copies_are_in_the_set_of_what_they_were_made_of():
    """No split names them."""
    copy = replace(RECORDS[0], name="0-0.png (history 2)")
    assigned = assign_split([copy, RECORDS[1]], {"0-0.png": "train"})
    assert [record.set for record in assigned] == ["train", None]


def test_assign_split_refuses_an_unknown_set():
    """A record is never put where no part of the package looks for it."""
    with pytest.raises(ValueError, match=r"'training' for '0-0\.png'"):
        assign_split(RECORDS, {"0-0.png": "training"})


def test_assign_split_lists_names_without_a_record():
    """A split of other images is refused, unless missing ones are allowed."""
    split = {"0-0.png": "train", "gone.png": "test"}
    with pytest.raises(ValueError, match=r"1 of 2 that match none: \['gone\.png'\]"):
        assign_split(RECORDS, split)
    assert assign_split(RECORDS, split, allow_unmatched=True)[0].set == "train"
    with pytest.raises(ValueError, match="1 of 1"):
        assign_split(RECORDS, {"gone.png": "test"}, allow_unmatched=True)


def test_assign_split_refuses_a_leak():
    """Two images of one content in two sets are an error."""
    with pytest.raises(ValueError, match=r"1 contents in several: \['0'\]"):
        assign_split(RECORDS, {"0-0.png": "train", "0-1.png": "test"})


def test_random_split_keeps_contents_together():
    """Shares are of contents, every record has a set, no content has two."""
    fractions = {"train": 0.5, "val": 0.2, "test": 0.3}
    split = random_split(RECORDS, fractions=fractions, seed=3)
    assert Counter(split.values()) == {"train": 30, "val": 12, "test": 18}
    assert {r.name for r in RECORDS} == split.keys()
    assert len({(r.content, split[r.name]) for r in RECORDS}) == 20


def test_random_split_depends_on_the_seed_only():
    """The order of records does not matter, another seed does."""
    split = random_split(RECORDS, seed=3)
    assert random_split(RECORDS[::-1], seed=3) == split
    assert random_split(RECORDS, seed=4) != split


@pytest.mark.parametrize(
    ("fractions", "message"),
    [
        ({"train": 0.5, "test": 0.4}, "add up to 1"),
        ({"train": 1.2, "test": -0.2}, "positive"),
        ({"train": 0.5, "dev": 0.5}, "'dev'"),
        ({"train": 0.99, "val": 0.01}, "'val' would be empty"),
    ],
)
def test_random_split_refuses_wrong_fractions(fractions, message):
    """Each wrong argument is named."""
    with pytest.raises(ValueError, match=message):
        random_split(RECORDS, fractions=fractions, seed=0)


def test_random_split_refuses_names_that_occur_twice():
    """A split is by name, so names must be distinct."""
    with pytest.raises(ValueError, match="distinct"):
        random_split(RECORDS + RECORDS[:1], seed=0)


def test_counted_split_has_the_numbers_asked_for():
    """Numbers are of contents; the seed alone decides; fractions say the same."""
    split = counted_split(RECORDS, {"train": 12, "val": 3, "test": 5}, seed=1)
    assert Counter(split.values()) == {"train": 36, "val": 9, "test": 15}
    assert len({(r.content, split[r.name]) for r in RECORDS}) == 20
    fractions = {"train": 0.6, "val": 0.15, "test": 0.25}
    assert random_split(RECORDS, fractions=fractions, seed=1) == split
    assert counted_split(RECORDS[::-1], {"train": 12, "val": 3, "test": 5}, seed=1) == split
    assert counted_split(RECORDS, {"train": 12, "val": 3, "test": 5}, seed=2) != split


@pytest.mark.parametrize(
    "counts",
    [(17, 6, 6), (15, 5, 5), (698, 232, 232), (23, 6), (20, 5)],
    ids=["LIVE", "TID2013", "LIVE In the Wild", "LIVE whole", "TID2013 whole"],
)
def test_counted_split_makes_those_of_the_wadiqam_paper(counts):
    """Ten seeds, ten splits; every reference is in one set, with all its versions."""
    records = [
        replace(RECORDS[0], name=f"{content}-{version}", content=str(content))
        for content in range(sum(counts))
        for version in range(2)
    ]
    counts = dict(zip(("train", "val", "test"), counts, strict=False))
    splits = [counted_split(records, counts, seed=seed) for seed in range(10)]
    assert len({tuple(split.items()) for split in splits}) == 10
    for split in splits:
        assigned = assign_split(records, split)  # raises if a content is torn
        assert Counter(r.set for r in assigned) == {k: 2 * n for k, n in counts.items()}


@pytest.mark.parametrize(
    "counts", [{"train": 12, "test": 7}, {"train": 20, "test": 0}, {}, {"train": 12, "dev": 8}]
)
def test_counted_split_refuses_numbers_that_do_not_fit(counts):
    """Missing references change the numbers; nothing is dropped silently."""
    with pytest.raises(ValueError, match="20 contents|'dev'"):
        counted_split(RECORDS, counts, seed=0)


def test_k_folds_are_a_partition_of_equal_parts():
    """Every sample once; sizes differ by one at most."""
    folds = k_folds(103, 5, 7)
    assert sorted(np.concatenate(folds)) == list(range(103))
    assert sorted(len(fold) for fold in folds) == [20, 20, 21, 21, 21]
    assert any(np.any(a != b) for a, b in zip(folds, k_folds(103, 5, 8), strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(folds, k_folds(103, 5, 7), strict=True))


def test_k_folds_never_divide_a_group():
    """Groups of 1 to 15 samples end up whole, in parts of 30 but for one or two."""
    groups = np.repeat([f"image {i}" for i in range(15)], np.arange(1, 16))
    folds = k_folds(len(groups), 4, 0, groups=groups)
    assert sorted(np.concatenate(folds)) == list(range(len(groups)))
    members = [set(groups[fold]) for fold in folds]
    assert sum(len(part) for part in members) == 15
    sizes = [len(fold) for fold in folds]
    assert max(sizes) - min(sizes) <= 2


@pytest.mark.parametrize(
    ("n", "k", "groups", "message"),
    [
        (3, 4, None, "k=4 for 3 samples"),
        (3, 1, None, "k=1"),
        (4, 3, [0, 0, 1, 1], "2 groups"),
        (4, 2, [0, 1], "4 group labels"),
    ],
)
def test_k_folds_refuse_what_cannot_be(n, k, groups, message):
    """Too many parts, too few, or labels that do not fit."""
    with pytest.raises(ValueError, match=message):
        k_folds(n, k, 0, groups=groups)
