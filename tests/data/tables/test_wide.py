"""Wide tables of ratings, one column per subject or one per image."""

import pytest

from kiqa.data.tables import read_long

COLUMNS = ("subject", "image", "rating")
SAME = [("s1", "a.jpg", "1"), ("s2", "a.jpg", "2"), ("s1", "b.jpg", "3"), ("s3", "b.jpg", "4.5")]


def _read(tmp_path, text):
    path = tmp_path / "wide.csv"
    path.write_text(text)
    rows = read_long(path, COLUMNS, ("session",))
    return sorted(tuple(row[name] for name in COLUMNS) for _, row in rows)


@pytest.mark.parametrize(
    "text",
    [
        "image,s1,s2,s3\na.jpg,1,2,\nb.jpg,3,NaN,4.5\n",
        ",s1,s2,s3\na.jpg,1,2,\nb.jpg,3,NA,4.5\n",
        ";s1;s2;s3\na.jpg;1;2;\nb.jpg;3;;4,5\n",
        "subject,a.jpg,b.jpg\ns1,1,3\ns2,2,\ns3,,4.5\n",
        ",a.jpg,b.jpg\ns1,1,3\ns2,2,-\ns3,n/a,4.5\n",
        ",name,s1,s2,s3\n0,a.jpg,1,2,\n1,b.jpg,3,,4.5\n",
        ",stimuli,s1,s2,s3\n0,a.jpg,1,2,\n1,b.jpg,3,,4.5\n",
        "subject,image,rating\ns1,a.jpg,1\ns2,a.jpg,2\ns1,b.jpg,3\ns3,b.jpg,4.5\n",
    ],
    ids=["images down", "no name", "semicolons", "subjects down", "by suffixes", "index",
         "index and another name", "long"],
)  # fmt: skip
def test_all_forms_give_the_same_ratings(tmp_path, text):
    """What was not rated is no row."""
    assert _read(tmp_path, text) == sorted(SAME)


def test_names_of_subjects_tell_what_the_rows_are(tmp_path):
    """As in tables that neither name their first column nor have suffixes."""
    found = _read(tmp_path, ",Subject1,Subject2\ni00,1,2\ni01,3,4\n")
    assert found[0] == ("Subject1", "i00", "1") and len(found) == 4
    found = _read(tmp_path, ",i00,i01\nObserver 1,1,2\nObserver 2,3,4\n")
    assert found[0] == ("Observer 1", "i00", "1") and len(found) == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (",x,y\nu,1,2\nv,3,4\n", "a wide table of 2 rows and 2 columns. Name its first column"),
        ("image,s1,s2,MOS\na.jpg,1,2,1.5\n", "received also ['MOS']. Remove"),
        ("image,s1,s2\na.jpg,,\n", "Expected ratings in the wide table"),
        ("image,s1,note\na.jpg,1,good\n", "['subject', 'rating'] missing"),
        ("image,subject,score\na.jpg,s1,5\n", "['rating'] missing"),
    ],
)
def test_what_does_not_tell_is_refused_by_its_form(tmp_path, text, said):
    """No guess at what is an image."""
    with pytest.raises(ValueError) as caught:
        _read(tmp_path, text)
    assert said in str(caught.value) and "wide.csv" in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    """As by the other reader."""
    with pytest.raises(FileNotFoundError, match=r"absent\.csv"):
        read_long(tmp_path / "absent.csv", COLUMNS)
