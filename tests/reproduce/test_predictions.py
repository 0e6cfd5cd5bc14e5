"""Predictions with their MOS, from tables."""

import numpy as np
import pytest

from kiqa.reproduce.predictions import (
    Predicted,
    arrays_of,
    read_predictions,
    read_together,
)


@pytest.fixture
def table(tmp_path):
    """The function ``table(name, *lines)``: a CSV file of these lines."""

    def table(name, *lines):
        path = tmp_path / name
        path.write_text("\n".join([*lines, ""]))
        return path

    return table


@pytest.fixture
def rated(table):
    """Three images, one of them without a prediction."""
    lines = ["a.jpg,0.5,7,", "b.jpg,0.75,,torn", "c.jpg,1,9,"]
    return table("predictions.csv", "name,mos,predicted,error", *lines)


def test_images_with_a_prediction_are_read(rated):
    """MOS, score and, where no scenes are named, the image as its own scene."""
    assert read_predictions(rated) == {
        "a.jpg": Predicted(0.5, 7.0, "a.jpg"),
        "c.jpg": Predicted(1.0, 9.0, "c.jpg"),
    }


def test_scenes_are_drawn_as_one_where_two_images_show_one(table, rated):
    """An empty cell is the image alone; without scenes single images are drawn."""
    lines = ["a,0,1,x", "b,1,2,x", "c,2,3,"]
    said = read_predictions(table("scenes.csv", "name,mos,predicted,content", *lines))
    mos, scores, groups = arrays_of(said)
    assert np.array_equal(mos, [0, 1, 2]) and np.array_equal(scores, [1, 2, 3])
    assert groups == ["x", "x", "c"]
    assert arrays_of(read_predictions(rated))[-1] is None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("d.jpg,inf,1,", "finite number in the column mos. Received: 'inf'"),
        ("d.jpg,1,nan,", "finite number in the column predicted. Received: 'nan'"),
        ("d.jpg,1,high,", "finite number in the column predicted. Received: 'high'"),
        ("a.jpg,1,1,", "every image once. Received: 'a.jpg'"),
    ],
)
def test_impossible_predictions_are_refused(rated, line, message):
    """Numbers that are none, and an image twice: file and line are named."""
    with rated.open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(ValueError, match=f"{message} in .*predictions.csv, line 5"):
        read_predictions(rated)


def test_a_file_without_any_prediction_is_refused(table):
    """All rows are of images that could not be scored."""
    path = table("none.csv", "name,mos,predicted", "a.jpg,1,", "b.jpg,2,")
    with pytest.raises(ValueError, match=r"images with a prediction in .*none.csv. Received: none"):
        read_predictions(path)


def test_scores_from_elsewhere_take_the_mos_of_the_other_file(rated, table):
    """On either side, other columns and order; images that the other file lacks are left out."""
    foreign = table("mine.csv", "score,seconds,Image_Name", "3,1,x.jpg", "4,1,c.jpg", "5,1,a.jpg")
    expected = {"a.jpg": Predicted(0.5, 5.0, "a.jpg"), "c.jpg": Predicted(1.0, 4.0, "c.jpg")}
    own = read_predictions(rated)
    assert read_together([rated, foreign]) == [own, expected]
    assert read_together([foreign, rated]) == [expected, own]


def test_scores_from_elsewhere_that_do_not_fit_are_refused(rated, table):
    """Without any MOS, of other images, and with other columns; each file is named."""
    mine = table("mine.csv", "image_name,score", "a.jpg,1")
    with pytest.raises(ValueError, match="a column mos in one of the files"):
        read_together([mine, mine])
    for lines, message in (
        (["image_name,score", "x/a.jpg,1"], r"such as 'a.jpg'. Received: .*other.csv.* 'x/a.jpg'"),
        (["image,quality", "a.jpg,1"], r"\['image_name', 'score'\] in .*rename its columns"),
        (["image_name,score", "a.jpg,good"], "score. Received: 'good' in .*other.csv, line 2"),
    ):
        with pytest.raises(ValueError, match=message):
            read_together([rated, table("other.csv", *lines)])
