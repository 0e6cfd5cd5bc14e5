"""What a network was trained on, as its weights file says it."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from kiqa.data.konpatch import KonPatch
from kiqa.data.records import NOTHING, copy_name
from kiqa.data.split_parts import published_split_sha256
from kiqa.data.splits import read_split
from kiqa.data.trained import (
    files_trained_on,
    in_chain,
    konpatch_trained_on,
    names_trained_on,
    scored_parts,
    trained_on,
)
from kiqa.data.untrained import untrained_files

SPLIT = read_split("biq2021-kiqa")
PARTS = {part: [name for name in SPLIT if SPLIT[name] == part] for part in ("train", "val", "test")}
MOS = {"scores": "human", "about": "MOS"}


def test_parts_of_a_published_split_are_named(records):
    """The split, the hash of its file, the part and the use; no list of images is needed."""
    train, val = trained_on(records(PARTS["train"]), records(PARTS["val"]), **MOS)
    assert (train.dataset, train.split, train.part, train.use) == (
        "biq2021", "biq2021-kiqa", "train", "train",
    )  # fmt: skip
    assert (val.part, val.use, val.images) == ("val", "val", 400)
    assert train.split_sha256 == published_split_sha256("biq2021-kiqa")
    assert train.fingerprints is val.fingerprints is None


def test_fold_is_not_taken_for_the_split_that_it_is_of(records):
    """Of several splits whose part holds all names, the one that holds no others."""
    fold = read_split("biq2021-kiqa-fold2")
    names = [name for name in fold if fold[name] == "train"]
    (part,) = trained_on(records(names), **MOS)
    assert (part.split, part.part, part.fingerprints) == ("biq2021-kiqa-fold2", "train", None)


def test_some_images_of_a_part_have_fingerprints(records, described, kept_of):
    """The part is named, but only they count as trained on."""
    (part,) = trained_on(records(PARTS["train"][:50]), **MOS)
    assert (part.part, part.images, len(part.members())) == ("train", 50, 50)
    names, kept, _ = kept_of(records(PARTS["train"][40:60]), described([part]))
    assert (names, kept.met) == (PARTS["train"][50:60], 10)


def test_images_of_no_published_split_have_fingerprints(records, described, kept_of):
    """Another data set, a split of one's own: each image can still be told."""
    (part,) = trained_on(records(["a.png", "b.png"], "spaq"), **MOS)
    assert (part.dataset, part.split, part.part) == ("spaq", None, None)
    names, *_ = kept_of(records(["b.png", "c.png"], "spaq"), described([part]))
    assert names == ["c.png"]


def test_chain_of_networks_is_part_of_it(records, described):
    """A network is not tested on what its start was trained on; equal images are told once."""
    start = described(
        (
            *trained_on(records(["a.png", "b.png"], "spaq"), **MOS),
            *files_trained_on([Path("far/c.png")], scores="pseudo", about="a rule"),
        ),
        "start",
    )
    own = trained_on(records(["b.png", "a.png"], "spaq"), scores="teacher", about="by start")
    parts = in_chain(own, start, None)
    assert [(part.scores, part.through) for part in parts] == [
        ("teacher", None), ("pseudo", "start"),
    ]  # fmt: skip
    assert [part.through for part in in_chain((), described(parts, "middle"))] == [
        "middle",
        "start",
    ]
    kept = untrained_files(
        [Path("x/c.png"), Path("x/d.png")],
        [described(parts)],
        include=False,
        report=lambda text: None,
    )
    assert kept.images == [Path("x/d.png")]


def test_files_of_a_published_split_get_its_data_set():
    """CID22 is no data set with scores; its split names it."""
    split = read_split("cid22-kiqa")
    train = [Path("some/folder", name) for name in split if split[name] == "train"]
    (part,) = files_trained_on(train, scores="pseudo", about="a rule")
    assert (part.dataset, part.split, part.part, part.fingerprints) == (
        "cid22", "cid22-kiqa", "train", None,
    )  # fmt: skip


def test_konpatch_counts_its_images_once():
    """Patches of two images; pseudo-votes are called so."""
    count = 4
    ones = np.ones(count, np.int32)
    patches = KonPatch(
        x=np.zeros((count, 64, 64, 3), np.uint8), y=np.zeros(count, np.float32),
        image=np.array(["a", "a", "b", "b"]), row=ones, col=ones, mos=np.zeros(count, np.float32),
        votes_yes=ones, votes_total=ones, votes_source="pseudo-votes: rule", label="lab",
        dataset="koniq10k",
    )  # fmt: skip
    (part,) = konpatch_trained_on(patches)
    assert (part.images, part.dataset, part.scores) == (2, "koniq10k", "pseudo")
    assert part.about == "pseudo-votes: rule"


def test_hash_of_the_names_does_not_depend_on_their_order():
    """Nor on how often one is given."""
    one = names_trained_on(["a", "b"], dataset="spaq", use="train", **MOS)
    two = names_trained_on(["b", "a", "a"], dataset="spaq", use="train", **MOS)
    assert one == two


def test_copies_count_as_their_images(records, described):
    """An image and its copies are one image; what shows nothing is none."""
    names = PARTS["train"]
    copies = [copy_name(names[0], "history", 1), copy_name(names[1], "degraded", 12)]
    (part,) = trained_on(records([*names, *copies]), **MOS)
    assert (part.split, part.part, part.fingerprints) == ("biq2021-kiqa", "train", None)
    (part,) = trained_on(records([names[0], copy_name(NOTHING, "degraded", 1)]), **MOS)
    assert part.images == 1


def test_what_a_network_scored_is_told_with_what_it_saw(records):
    """Scores of a teacher are a part of their own; the teacher's images are in the chain."""
    taught = [replace(r, scored_by="patchnet") for r in records(PARTS["train"][:9])]
    parts = trained_on([*records(PARTS["train"]), *taught], **MOS)
    assert [(p.scores, p.images, p.through) for p in parts[:2]] == [
        ("human", 2600, None), ("teacher", 9, None),
    ]  # fmt: skip
    assert "scores by patchnet" in parts[1].about
    assert {part.through for part in parts[2:]} == {"patchnet"}


def test_blended_scores_are_told_for_both_who_gave_them(records):
    """People's and the network's; and what the network saw."""
    names = PARTS["train"]
    blended = [replace(r, taught_by="patchnet") for r in records(names)]
    parts = trained_on(blended, records(PARTS["val"]), **MOS)
    assert [(p.use, p.scores, p.images, p.through) for p in parts[:3]] == [
        ("train", "human", 2600, None),
        ("val", "human", 400, None),
        ("train", "teacher", 2600, None),
    ]  # fmt: skip
    assert parts[2].about.startswith("scores by patchnet of these images, blended with the scores")
    assert {part.through for part in parts[3:]} == {"patchnet"}
    assert scored_parts(blended, records(PARTS["val"]), **MOS) == parts[:3]


def test_without_the_scores_of_people_no_part_says_human(records):
    """A teacher's weight of 1."""
    parts = trained_on([replace(r, scored_by="patchnet") for r in records(["a", "b"])], **MOS)
    assert [part.scores for part in parts if part.through is None] == ["teacher"]
