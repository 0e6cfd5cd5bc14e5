"""Boxes of participants: the two forms, the vote map, and the blur."""

import json

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from kiqa.data.local_quality import Box, ground_truth, read_boxes, vote_map

HEADER = "image_name,participant,left,top,right,bottom,none"
ROWS = ["sub/a.jpg,p1,1,2,5,4,0", "b.jpg,p1,,,,,1", "sub/a.jpg,p1,0,0,2,3,", "sub/a.jpg,p2,,,,,1"]


def _csv(path, *rows, header=HEADER):
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def _json(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def _corners(images):
    return {
        image.name: {name: [box[:4] for box in own] for name, own in image.boxes.items()}
        for image in images
    }


def test_both_forms_say_the_same(tmp_path):
    """CSV rows in any order and the JSON of the same study give equal boxes."""
    expected = {
        "sub/a.jpg": {"p1": [(1, 2, 5, 4), (0, 0, 2, 3)], "p2": []},
        "b.jpg": {"p1": []},
    }
    assert _corners(read_boxes(_csv(tmp_path / "a.csv", *ROWS))) == expected
    assert _corners(read_boxes(_json(tmp_path / "a.json", expected))) == expected


def test_columns_are_found_in_any_order_and_case(tmp_path):
    """The header decides; further columns are ignored."""
    header = "NONE,Bottom,right,top,left,seconds,participant,image_name"
    images = read_boxes(_csv(tmp_path / "a.csv", "0,4,5,2,1,9.5,p1,a.jpg", header=header))
    assert _corners(images) == {"a.jpg": {"p1": [(1, 2, 5, 4)]}}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("a.jpg,p1,5,2,1,4,0", "left < right.*left 5.*line 2"),
        ("a.jpg,p1,1,4,5,4,0", "top < bottom.*line 2"),
        ("a.jpg,p1,1,2,5.5,4,0", "whole pixels.*line 2, received 1,2,5.5,4"),
        ("a.jpg,p1,,,,,0", "empty with none = 1.*line 2"),
        ("a.jpg,p1,1,2,5,4,1", "line 2, received 1,2,5,4 with none = '1'"),
        ("a.jpg,p1,1,2,5,4,yes", "with none = 'yes'"),
        ("a.jpg,,1,2,5,4,0", "participant in .* line 2"),
        (",p1,1,2,5,4,0", "image_name in .* line 2"),
        ("../a.jpg,p1,1,2,5,4,0", "relative to the folder.*line 2"),
        ("a.jpg,p1,1,2,5,4", "7 columns in every row.*line 2"),
    ],
)
def test_wrong_rows_are_refused_with_their_line(tmp_path, row, said):
    """Reversed corners, empty boxes, fractions and missing names are told with the line."""
    with pytest.raises(ValueError, match=said):
        read_boxes(_csv(tmp_path / "a.csv", row))


def test_box_and_none_exclude_each_other(tmp_path):
    """A participant cannot both mark an area and say that there is none, in either order."""
    box, none = "a.jpg,p1,1,2,5,4,0", "a.jpg,p1,,,,,1"
    for rows in ([box, none], [none, box], [none, none]):
        with pytest.raises(ValueError, match="received both or the row twice .*line 3"):
            read_boxes(_csv(tmp_path / "a.csv", *rows))


def test_missing_columns_are_refused_with_those_found(tmp_path):
    """The message lists the columns of the file."""
    header = "image_name,participant,x,y,w,h"
    with pytest.raises(ValueError, match=r"received \['image_name', .*'h'\].*'left'.* missing"):
        read_boxes(_csv(tmp_path / "a.csv", "a.jpg,p1,1,2,3,4", header=header))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "JSON file of boxes"),
        ("{}", "image names"),
        ("[]", "image names"),
        ({"a.jpg": {}}, "at least one participant in .*image 'a.jpg'"),
        ({"a.jpg": {"p1": [[1, 2, 3]]}}, "image 'a.jpg', participant 'p1'"),
        ({"a.jpg": {"p1": [[1, 2, 3.5, 4]]}}, "whole pixels"),
        ({"a.jpg": {"p1": None}}, "empty list means"),
        ({"a.jpg": {"p1": [[3, 2, 1, 4]]}}, "left 3.*image 'a.jpg', participant 'p1'"),
        ('{"a.jpg": {"p1": [], "p1": []}}', "'p1' is there more than once"),
    ],
)
def test_wrong_json_is_refused(tmp_path, content, said):
    """What is no table of boxes is refused with the image and the participant."""
    with pytest.raises(ValueError, match=said):
        read_boxes(_json(tmp_path / "a.json", content))


@pytest.mark.parametrize("name", ["gone.csv", "gone.json"])
def test_missing_files_are_named(tmp_path, name):
    """A table that is not there is an error of its own."""
    with pytest.raises(FileNotFoundError, match=name):
        read_boxes(tmp_path / name)


def test_unknown_participants_are_refused(tmp_path):
    """A name that is not on the study's list is told with its line."""
    path = _csv(tmp_path / "a.csv", *ROWS, "b.jpg,p9,0,0,1,1,0")
    assert len(read_boxes(path, participants=["p1", "p2", "p9", "p10"])) == 2
    with pytest.raises(ValueError, match="2 participants .*line 6, received 'p9'"):
        read_boxes(path, participants=["p1", "p2"])


def test_vote_map_counts_each_participant_once():
    """Overlapping boxes of one participant count once, those who marked nothing divide."""
    boxes = {"p1": [(0, 0, 3, 2), (1, 1, 4, 3)], "p2": [(2, 0, 4, 2)], "p3": [], "p4": []}
    votes = vote_map(boxes, height=4, width=5, participants=4)
    assert votes.dtype == np.float32
    # Thesis, equation 11, counted by hand: quarters.
    expected = [[1, 1, 2, 1, 0], [1, 1, 2, 2, 0], [0, 1, 1, 1, 0], [0, 0, 0, 0, 0]]
    np.testing.assert_array_equal(votes, np.array(expected) / 4)


def test_whole_image_is_one_box():
    """Right and bottom are exclusive: 0, 0, width, height is all of the image."""
    assert np.all(vote_map({"p1": [(0, 0, 5, 4)]}, height=4, width=5, participants=1) == 1)


@pytest.mark.parametrize("box", [(-1, 0, 2, 2), (0, 0, 6, 2), (0, -1, 2, 2), (0, 0, 2, 5)])
def test_boxes_outside_the_image_are_refused_with_both(box):
    """A box that leaves the image is told with the image's size and its line."""
    with pytest.raises(ValueError, match=r"image of 5x4 pixels, received left .*a.csv line 7"):
        vote_map({"p1": [Box(*box, "a.csv line 7")]}, height=4, width=5, participants=1)


@pytest.mark.parametrize("participants", [0, 1])
def test_too_few_participants_are_refused(participants):
    """There must be somebody, and all who have boxes."""
    boxes = {"p1": [(0, 0, 1, 1)], "p2": []} if participants else {}
    with pytest.raises(ValueError, match=f"received {participants} participants"):
        vote_map(boxes, height=4, width=5, participants=participants)


def test_ground_truth_is_the_blurred_vote_map():
    """The absolute scale stays: nothing is stretched to 1."""
    boxes = {"p1": [(0, 0, 20, 30)], "p2": []}
    truth = ground_truth(boxes, height=30, width=40, participants=2)
    votes = vote_map(boxes, height=30, width=40, participants=2)
    np.testing.assert_allclose(truth, gaussian_filter(votes.astype(float), 4.0), atol=1e-6)
    assert truth.max() == pytest.approx(0.5, abs=1e-4)
