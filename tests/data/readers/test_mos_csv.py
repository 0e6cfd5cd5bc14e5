"""Reader of images of one's own, with their scores in mos.csv."""

import pytest

from kiqa.data.readers.mos_csv import mos_csv, states_sets


@pytest.fixture
def own(tmp_path, touch):
    """A folder with twenty images in two folders, and their scores."""
    names = [f"{'a' if i < 10 else 'b'}/{i}.jpg" for i in range(20)]
    touch(tmp_path / "a", [f"{i}.jpg" for i in range(10)])
    touch(tmp_path / "b", [f"{i}.jpg" for i in range(10, 20)])
    rows = [f"{name},{5 * i},1.5\n" for i, name in enumerate(names)]
    (tmp_path / "mos.csv").write_text("image_name,mos,sd\n" + "".join(rows))
    return tmp_path


def test_scores_deviations_and_images_are_read(own):
    """Names are relative to the folder; the scale is 0..100."""
    records = mos_csv(own)
    assert [record.mos for record in records] == [5.0 * i for i in range(20)]
    assert {(record.sd, record.mos_range) for record in records} == {(1.5, (0.0, 100.0))}
    assert records[12].path == own / "b" / "12.jpg" and records[12].name == "b/12.jpg"
    assert records[-1].mos01 == 0.95


def test_sets_are_drawn_once_and_for_all(own):
    """Without a column: 13, 2 and 5 images, which do not depend on the order of the rows."""
    sets = {record.name: record.set for record in mos_csv(own)}
    assert [list(sets.values()).count(part) for part in ("train", "val", "test")] == [13, 2, 5]
    header, *rows = (own / "mos.csv").read_text().splitlines()
    (own / "mos.csv").write_text("\n".join([header, *reversed(rows)]))
    assert {record.name: record.set for record in mos_csv(own)} == sets


def test_contents_stay_together(own):
    """Images of one content are in one set."""
    lines = (own / "mos.csv").read_text().splitlines()
    rows = [f"{line},scene{i // 2}" for i, line in enumerate(lines[1:])]
    (own / "mos.csv").write_text("\n".join([lines[0] + ",content", *rows]))
    sets = [record.set for record in mos_csv(own)]
    assert sets[::2] == sets[1::2] and len(set(sets)) == 3


def test_stated_sets_are_kept(own):
    """Also empty ones."""
    assert not states_sets(own)
    (own / "mos.csv").write_text("image_name,mos,Set\na/1.jpg,10,val\na/2.jpg,20,\n")
    assert [record.set for record in mos_csv(own)] == ["val", None]
    assert states_sets(own)


def test_too_few_images_are_in_no_set(own):
    """Whoever takes all of them needs none."""
    (own / "mos.csv").write_text("image_name,mos\na/1.jpg,10\na/2.jpg,20\n")
    assert [record.set for record in mos_csv(own)] == [None, None]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("image_name,mos,set\na/1.jpg,1,dev\n", r"Expected a set.*'dev' in mos.csv line 2"),
        ("image_name,mos\na/1.jpg,201\n", "from -100 to 200"),
        ("image_name,score\na/1.jpg,1\n", r"\['mos'\] missing"),
        ("image_name,mos\na/1.jpg,0.15\na/2.jpg,0.9\n", "between 0.15 and 0.9.*by 100"),
        ("image_name,mos\na/1.jpg,0\na/2.jpg,1\n", r"mos.csv, all between 0 and 1, .*0\.\.1"),
        ("image_name,mos\na/1.jpg,1.2\na/2.jpg,4.9\n", r"1.2 and 4.9.*25 \* \(mos - 1\)"),
    ],
)
def test_wrong_tables_are_refused(own, text, error):
    """An unknown set, a score off the scale, a missing column, scores of another scale."""
    (own / "mos.csv").write_text(text)
    with pytest.raises(ValueError, match=error):
        mos_csv(own)


@pytest.mark.parametrize("scores", [(0, 0), (1, 1), (3.1, 3.9), (0.5, 1.5), (4, 6), (0, 5), (1, 6)])
def test_low_scores_of_the_own_scale_are_taken(own, scores):
    """What is as much as one score, or a little of 0..100, tells no other scale."""
    rows = [f"a/{number}.jpg,{score}\n" for number, score in enumerate(scores)]
    (own / "mos.csv").write_text("image_name,mos\n" + "".join(rows))
    assert tuple(record.mos for record in mos_csv(own)) == scores


def test_a_row_without_image(own):
    """Reported, or refused if asked for."""
    (own / "a" / "3.jpg").unlink()
    assert len(mos_csv(own)) == 19
    with pytest.raises(FileNotFoundError, match=r"1 of 20 images are missing.*a/3\.jpg"):
        mos_csv(own, require_complete=True)


def test_what_is_expected_is_said(tmp_path):
    """Of a folder without the table, and of none."""
    with pytest.raises(FileNotFoundError, match="mos.csv.*without mos.csv"):
        mos_csv(tmp_path)
    with pytest.raises(FileNotFoundError, match="mos.csv.*absent, which is no folder"):
        mos_csv(tmp_path / "absent")


def test_scores_of_ratings_may_lie_beyond_the_ends(own):
    """100 (z + 3) / 6, as ``kiqa ratings`` writes them, is not cut off."""
    text = (own / "mos.csv").read_text().replace("a/0.jpg,0,", "a/0.jpg,-38.2,")
    (own / "mos.csv").write_text(text)
    assert mos_csv(own)[0].mos == -38.2
