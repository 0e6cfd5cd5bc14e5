"""Ratings as arrays and as CSV: what is read, and what is refused."""

import numpy as np
import pytest

from kiqa.evaluation.study.ratings import Ratings, read_ratings, read_values


def _file(tmp_path, text):
    path = tmp_path / "ratings.csv"
    path.write_text(text)
    return path


def test_columns_by_name_sessions_and_repeats(tmp_path):
    """Columns in any order and case; without a session column a subject has one."""
    path = _file(tmp_path, "Rating,IMAGE,subject,Repeat\n70,a,eve,\n60,a,eve,1\n5.5,b,adam,no\n")
    ratings = read_ratings(path)
    assert ratings.rating.tolist() == [70, 60, 5.5]
    assert ratings.repeat.tolist() == [False, True, False]
    assert ratings.sessions == [("adam", "1"), ("eve", "1")]
    assert ratings.session_code.tolist() == [1, 1, 0]
    assert ratings.subjects.tolist() == ["adam", "eve"] and ratings.images.tolist() == ["a", "b"]


def test_session_names_count_within_a_subject(tmp_path):
    """The same session name of two subjects is two sessions, and images may come again."""
    path = _file(tmp_path, "subject,session,image,rating\ne,1,a,7\ne,2,a,6\nf,1,a,5\n")
    ratings = read_ratings(path)
    assert ratings.sessions == [("e", "1"), ("e", "2"), ("f", "1")]
    assert ratings.session_code.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("e,a,good", "line 2: rating 'good' of 'a'"),
        ("e,a,", "line 2: rating '' of 'a'"),
        ("e,a,nan", "line 2: rating 'nan'"),
        ("e,a,inf", "line 2: rating 'inf'"),
        ("e,a,101", "a number from 0 to 100.*line 2: rating '101'"),
        (",a,5", "line 2: no subject"),
        ("e,,5", "line 2: no image"),
        ("e,a,5\ne,a,6", "1 ratings that occur again: 'a' by 'e'"),
        ("e,a,5\nf,a,6\ne,b", "fewer in 1 .line 4 first"),
        ("", "Expected rows under the header"),
        ("e,a,5,maybe", "repeat 'maybe'"),
        ("e,a,5,1", "1 repeats without it: 'a' by 'e'"),
        ("e,a,5,0\ne,a,5,1\ne,a,6,1", "1 ratings that occur again"),
        ("f,a,5,0\ne,a,6,1", "1 repeats without it: 'a' by 'e'"),
    ],
)
def test_bad_rows_are_named(tmp_path, rows, message):
    """Text, gaps, duplicates and values off the scale are refused with their place.

    A repeat belongs to a first showing in the same session, once.
    """
    repeat = ",repeat" * (rows.partition("\n")[0].count(",") == 3)
    path = _file(tmp_path, f"subject,image,rating{repeat}\n{rows}\n")
    with pytest.raises(ValueError, match=message):
        read_ratings(path, scale=(0, 100))


def test_missing_column_lists_those_found(tmp_path):
    """The columns that are there are named."""
    with pytest.raises(ValueError, match=r"\['worker', 'image', 'rating'\].*'subject'"):
        read_ratings(_file(tmp_path, "worker,image,rating\ne,a,5\n"))


def test_empty_session_is_refused(tmp_path):
    """Where there is a session column, each row names one."""
    with pytest.raises(ValueError, match="line 3: no session"):
        read_ratings(_file(tmp_path, "subject,session,image,rating\ne,1,a,5\ne,,b,5\n"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rating": [1.0, np.nan]}, "1 that are not, the first nan of 'b' by 'f'"),
        ({"rating": ["5", "good"]}, "ratings that are numbers.*'good'"),
        ({"image": ["a"]}, "one shape"),
        ({"repeat": [0, 0]}, "repeat as bool"),
        ({"subject": ["e", ""]}, "a subject for every rating"),
    ],
)
def test_arrays_are_checked(change, message):
    """Arrays that a program made are checked as files are."""
    arrays = {"subject": ["e", "f"], "session": ["1", "1"], "image": ["a", "b"]}
    arrays |= {"rating": [1.0, 2.0], "repeat": [False, False]}
    with pytest.raises(ValueError, match=message):
        Ratings(**{name: np.array(values) for name, values in (arrays | change).items()})


def test_select_keeps_what_belongs_together():
    """A part of the ratings is a set of ratings."""
    names = np.array(["e", "e", "f"])
    ratings = Ratings(names, names, np.array(["a", "b", "a"]), np.arange(3.0), np.zeros(3, bool))
    part = ratings.select(ratings.image == "a")
    assert part.subject.tolist() == ["e", "f"] and part.rating.tolist() == [0, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,mos\na,5\na,6\n", "each image once.*'a' in line 3"),
        ("image,mos\na,x\n", "'x' in line 2"),
        ("image,mos\na,101\n", "from 0 to 100.*'101' in line 2"),
    ],
)
def test_values_by_name(tmp_path, text, message):
    """Golden scores and acceptance rates: one finite number a name."""
    assert read_values(_file(tmp_path, "mos,image\n5,b\n7,a\n"), "image", "mos") == {"b": 5, "a": 7}
    with pytest.raises(ValueError, match=message):
        read_values(_file(tmp_path, text), "image", "mos", scale=(0, 100))
