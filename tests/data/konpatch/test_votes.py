"""Votes from files, arrays and callables, and the labels made of them."""

import numpy as np
import pytest

from kiqa.data.konpatch.votes import (
    PatchSample,
    label_patches,
    read_votes,
    take_votes,
    write_vote_template,
)

SAMPLE = PatchSample(
    x=np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), np.uint8),
    image=np.array(["a.jpg", "a.jpg", "b, c.jpg", "b, c.jpg"]),
    row=np.array([0, 5, 0, 7], np.int32),
    col=np.array([3, 3, 0, 1], np.int32),
    mos=np.array([0.8, 0.8, 0.4, 0.4], np.float32),
)


def _write(path, header, rows):
    path.write_text(header + "\n" + "\n".join(rows) + "\n")
    return path


def test_counted_votes_are_read_in_any_order(tmp_path):
    """Rows find their patches by image, row and column."""
    path = _write(
        tmp_path / "lab.csv",
        "Votes_Total,votes_yes,IMAGE,row,col",
        ['3,2,"b, c.jpg",7,1', '1,0,"b, c.jpg",0,0', "10,9,a.jpg,0,3", "2,1,a.jpg,5,3"],
    )
    votes = read_votes(path, SAMPLE)
    assert votes.yes.tolist() == [9, 1, 0, 2]
    assert votes.total.tolist() == [10, 2, 1, 3]
    assert votes.source == "human: lab.csv"


def test_single_votes_are_added_up(tmp_path):
    """One row a vote; patches may have different numbers of voters."""
    rows = ["a.jpg,0,3,p1,1", "a.jpg,0,3,p2,0", "a.jpg,5,3,p1,0", '"b, c.jpg",0,0,p2,1',
            '"b, c.jpg",7,1,p1,1']  # fmt: skip
    votes = read_votes(_write(tmp_path / "v.csv", "image,row,col,participant,vote", rows), SAMPLE)
    assert votes.yes.tolist() == [1, 0, 1, 1]
    assert votes.total.tolist() == [2, 1, 1, 1]


def test_a_filled_in_template_is_read(tmp_path):
    """The patch list goes out and comes back with votes."""
    path = write_vote_template(SAMPLE, tmp_path / "v.csv")
    with pytest.raises(ValueError, match="as vote in .* line 2, received ''"):
        read_votes(path, SAMPLE)
    path.write_text(path.read_text().replace(",,\n", ",me,1\n"))
    assert read_votes(path, SAMPLE).yes.tolist() == [1, 1, 1, 1]


def test_votes_on_other_patches_are_refused_with_counts(tmp_path):
    """Patches without votes and votes without patches are counted and shown."""
    rows = ["a.jpg,0,3,1,1", "a.jpg,5,4,1,1", "z.jpg,5,4,1,1"]
    path = _write(tmp_path / "v.csv", "image,row,col,votes_yes,votes_total", rows)
    with pytest.raises(ValueError, match=r"3 patches have no vote .*'a\.jpg', 5, 3") as caught:
        read_votes(path, SAMPLE)
    assert "2 votes belong to no patch ([('a.jpg', 5, 4), ('z.jpg', 5, 4)])" in str(caught.value)
    assert "4 patches of this set" in str(caught.value)


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        ("image,row,col,votes_yes,votes_total", "a.jpg,0,3,2,1", "received 2 of 1"),
        ("image,row,col,votes_yes,votes_total", "a.jpg,0,3,0,0", "received 0 of 0"),
        ("image,row,col,votes_yes,votes_total", "a.jpg,0,3,nan,1", "votes_yes in .*'nan'"),
        ("image,row,col,votes_yes,votes_total", "a.jpg,0,3,1,1\na.jpg,0,3,1,1", "line 3 again"),
        ("image,row,col,participant,vote", "a.jpg,0,3,p,2", "received 2 of 1"),
        ("image,row,col,participant,vote", "a.jpg,0,3,p,1\na.jpg,0,3,p,0", "line 3 again"),
        ("image,row,col,participant,vote", "a.jpg,0.5,3,p,1", "as row in .*'0.5'"),
        ("image,row,col,vote", "a.jpg,0,3,1", r"only \['image', 'row', 'col', 'vote'\]"),
        ("image,row,vote", "a.jpg,0,1", r"\['col'\] missing"),
    ],
)
def test_wrong_vote_files_are_refused(tmp_path, header, row, message):
    """Each kind of mistake says which line or column it is in."""
    path = _write(tmp_path / "v.csv", header, [row])
    with pytest.raises(ValueError, match=message):
        read_votes(path, SAMPLE)


def test_arrays_of_one_or_more_voters():
    """One column a voter; nothing is claimed about their origin."""
    one = take_votes(SAMPLE, np.array([1, 0, 1, 0]), per_patch=1, seed=0)
    many = take_votes(SAMPLE, [[1, 1], [0, 1], [0, 0], [True, False]], per_patch=1, seed=0)
    assert (one.yes.tolist(), one.total.tolist()) == ([1, 0, 1, 0], [1] * 4)
    assert (many.yes.tolist(), many.total.tolist()) == ([2, 1, 0, 1], [2] * 4)
    assert one.source == "array: origin not stated"


def test_a_callable_sees_the_sample_and_votes_as_a_program():
    """Its votes are called pseudo-votes, with its name."""

    def likes_b(sample):
        return np.char.startswith(sample.image, "b")

    votes = take_votes(SAMPLE, likes_b, per_patch=1, seed=0)
    assert votes.yes.tolist() == [0, 0, 1, 1]
    assert votes.source == "pseudo-votes: callable likes_b"


def test_pseudo_votes_are_called_so():
    """The source begins with the word and has the number and the seed."""
    votes = take_votes(SAMPLE, "pseudo", per_patch=10, seed=3)
    assert votes.total.tolist() == [10] * 4
    assert votes.source == "pseudo-votes: detail and MOS, 10 a patch, seed 3"


@pytest.mark.parametrize(
    ("votes", "message"),
    [
        (np.ones(3), r"shape \(4,\) or \(4, voters\).*received shape \(3,\)"),
        (np.ones((4, 0)), r"shape \(4, 0\)"),
        (np.array([0, 1, 0.5, np.nan]), "2 others, 0.5 first"),
    ],
)
def test_wrong_arrays_are_refused(votes, message):
    """Another number of patches, no voter, or no vote."""
    with pytest.raises(ValueError, match=message):
        take_votes(SAMPLE, votes, per_patch=1, seed=0)


def test_lab_labels_are_formula_3():
    """The image's score where most votes are yes, else 0; a draw is no."""
    labels = label_patches(SAMPLE.mos, np.array([1, 0, 1, 2]), np.array([1, 1, 2, 3]), label="lab")
    np.testing.assert_array_equal(labels, np.array([0.8, 0, 0, 0.4], np.float32))
    assert labels.dtype == np.float32


def test_crowd_labels_are_the_fraction_of_yes():
    """The image's score does not enter."""
    labels = label_patches(
        SAMPLE.mos, np.array([0, 3, 5, 10]), np.array([10, 10, 10, 10]), label="crowd"
    )
    np.testing.assert_array_equal(labels, np.array([0, 0.3, 0.5, 1], np.float32))


def test_an_unknown_kind_of_label_is_refused():
    """The kinds there are stand in the message."""
    with pytest.raises(ValueError, match=r"\['lab', 'crowd'\], received 'mean'"):
        label_patches(SAMPLE.mos, np.ones(4), np.ones(4), label="mean")
