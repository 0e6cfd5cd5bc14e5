"""The patch page: the sample's own pixels, one question each, votes that fit the sample."""

import re
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from kiqa.data.konpatch import build_konpatch
from kiqa.data.konpatch.votes import read_votes
from kiqa.data.records import ScoredImage
from kiqa.studies.patches import assign, write_patches_study

NAMES = ['Größe, "x" <script>.png', "b.png"]
OPTIONS = {"images": 2, "patches_per_image": 3, "seed": 4}


@pytest.fixture
def records(tmp_path, photo):
    """Two photographs, one with a name full of markup, one turned by EXIF."""
    found = []
    for number, name in enumerate(NAMES):
        exif = Image.Exif()
        exif[0x0112] = 6 if number else 1
        Image.fromarray(photo[: 120 + 20 * number]).save(tmp_path / name, exif=exif)
        found.append(ScoredImage(name, tmp_path / name, 0.0, None, name, "folder", (0.0, 1.0)))
    return found


def _sample(records, **options):
    """The patches as `read_votes` wants them: build_konpatch hands them to a callable."""
    found = []

    def none(sample):
        found.append(sample)
        return np.zeros(len(sample.image), int)

    build_konpatch(records, **(OPTIONS | options), votes=none)
    return found[0]


def _patch(tab):
    """The patch on the screen."""
    data = tab.js(
        "Array.from(document.getElementById('patch').getContext('2d')"
        ".getImageData(0, 0, 64, 64).data)"
    )
    return np.array(data, np.uint8).reshape(64, 64, 4)[..., :3]


def _index(tab, sample):
    (found,) = np.flatnonzero((sample.x == _patch(tab)).all((1, 2, 3)))
    return int(found)


def test_votes_come_back(records, chromium, tmp_path):
    """Yes and no by keys and buttons; each patch has exactly the pixels of the sample."""
    sample = _sample(records)
    assert len({patch.tobytes() for patch in sample.x}) == 6
    page = write_patches_study(records, tmp_path / "p.html", mode="lab", **OPTIONS)
    assert page.items == 6
    tab = chromium.open(page.path)
    tab.enter("")
    given = {}
    ways = ["y", "n", "ArrowRight", "ArrowLeft", "#yes", "#no"]
    for done, way in enumerate(ways):
        tab.ready(f"Piece {done + 1} of 6")
        assert tab.js("document.getElementById('progress').value") == pytest.approx(done / 6)
        given[_index(tab, sample)] = int(way in ("y", "ArrowRight", "#yes"))
        if way.startswith("#"):
            tab.click(way)
        else:
            tab.key(way)
    assert tab.text("#state") == "Done. Thank you!"
    file = tab.saved()
    votes = read_votes(file, sample)
    assert votes.yes.tolist() == [given[index] for index in range(6)]
    assert set(votes.total.tolist()) == {1}
    built = build_konpatch(records, **OPTIONS, votes=file)
    np.testing.assert_array_equal(built.x, sample.x)


def test_backspace_takes_back_and_reopening_goes_on(records, chromium, tmp_path):
    """The former answer is marked, the new one counts, and a reload goes on at the open piece."""
    page = write_patches_study(records, tmp_path / "p.html", mode="lab", **OPTIONS).path
    tab = chromium.open(page)
    tab.enter("")
    tab.key("Backspace")
    tab.ready("Piece 1 of 6")
    for number in (2, 3):
        tab.key("y")
        tab.ready(f"Piece {number} of 6")
    tab.key("Backspace")
    tab.ready("Piece 2 of 6")
    assert tab.text("#hint") == "Your answer so far: yes. Answer anew, or go forward."
    assert tab.js("document.getElementById('yes').getAttribute('aria-pressed')") == "true"
    tab.key("n")
    tab.ready("Piece 3 of 6")
    assert tab.reload()
    assert tab.found().startswith("2 of 6 pieces are answered already")
    tab.enter("")
    tab.ready("Piece 3 of 6")
    assert sorted(line[-4:] for line in tab.csv().splitlines()[1:]) == [",1,0", ",1,1"]


def test_keys_that_are_held_answer_once(records, chromium, tmp_path):
    """A key kept down does not run through the study."""
    page = write_patches_study(records, tmp_path / "p.html", mode="lab", **OPTIONS).path
    tab = chromium.open(page)
    tab.enter("")
    tab.key("y")
    tab.ready("Piece 2 of 6")
    tab.key("y", "y", repeat=True)
    tab.key("y")
    tab.ready("Piece 3 of 6")
    assert len(tab.csv().splitlines()) == 1 + 2


def test_crowd_gives_ten_votes_a_patch(records, chromium, tmp_path):
    """Twelve people share one page; their files together are ten votes of each patch."""
    options = {"images": 1, "patches_per_image": 2, "seed": 0}
    sample = _sample(records, **options)
    path = tmp_path / "p.html"
    page = write_patches_study(records, path, mode="crowd", participants=12, **options).path
    tab = chromium.open(page)
    tab.js("window.confirm = () => true")
    rows = []
    for person in range(1, 13):
        tab.enter(str(person))
        while tab.js("document.getElementById('end').hidden"):
            tab.ready()
            tab.key("y" if person <= 7 and _index(tab, sample) else "n")
        header, *own = tab.csv().splitlines(keepends=True)
        assert len(own) in (1, 2)
        rows += own
        tab.click("#leave")
    (tmp_path / "all.csv").write_text(header + "".join(rows), encoding="utf-8")
    votes = read_votes(tmp_path / "all.csv", sample)
    assert votes.total.tolist() == [10, 10]
    shares = assign(2, participants=12, votes=10, seed=0)
    assert votes.yes.tolist() == [0, int((shares[1] <= 7).sum())]


def test_page_of_one_participant_holds_no_other_patches(records, chromium, tmp_path):
    """It is smaller, its number is set, and its patches are those of the page for all."""
    options = OPTIONS | {"mode": "crowd", "participants": 20}
    shares = assign(6, participants=20, votes=10, seed=4)
    own = write_patches_study(records, tmp_path / "3.html", participant=3, **options)
    whole = write_patches_study(records, tmp_path / "all.html", **options)
    assert own.items == (shares == 3).any(1).sum()
    assert own.size < whole.size
    tab = chromium.open(own.path)
    assert tab.js("document.getElementById('who').value") == "3"
    assert tab.js("document.getElementById('who').readOnly")
    tab.enter("")
    tab.ready(f"Piece 1 of {own.items}")
    tab.load(whole.path)
    tab.enter("3")
    tab.ready(f"Piece 1 of {own.items}")


@pytest.mark.parametrize("number", ["0", "21", "x", "1.5"])
def test_numbers_of_nobody_do_not_start(records, chromium, tmp_path, number):
    """Only whole numbers of participants begin."""
    options = OPTIONS | {"mode": "crowd", "participants": 20}
    tab = chromium.open(write_patches_study(records, tmp_path / "p.html", **options).path)
    tab.enter(number, ready=False)
    assert not tab.js("document.getElementById('start').hidden")
    assert tab.js("document.getElementById('who').validationMessage") == "A number from 1 to 20"


def test_magnified_pixels_are_squares(records, chromium, tmp_path):
    """The patch keeps its 64 x 64 pixels and takes three times the room."""
    page = write_patches_study(records, tmp_path / "p.html", mode="lab", magnify=3, **OPTIONS)
    tab = chromium.open(page.path)
    tab.enter("")
    assert tab.place("#patch")[2:] == (192, 192)
    _index(tab, _sample(records))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "home"}, "mode among"),
        ({"participants": 0}, "at least 1 participants"),
        ({"participants": 7}, "at most 6 participants"),
        ({"mode": "crowd", "participants": 9}, "at least 10 participants"),
        ({"mode": "crowd", "participant": 11}, "participant from 1 to 10"),
        ({"participants": 1, "participant": 2}, "participant from 1 to 1"),
        ({"magnify": 17}, "magnify 1 to 16"),
        ({"images": 3}, "3"),
    ],
)
def test_wrong_arguments_are_refused(records, tmp_path, options, message):
    """The message says what was expected, and there is no page."""
    options = {"mode": "lab"} | OPTIONS | options
    with pytest.raises(ValueError, match=re.escape(message)):
        write_patches_study(records, tmp_path / "p.html", **options)
    assert not (tmp_path / "p.html").exists()


@pytest.mark.parametrize(("people", "votes"), [(1, 1), (4, 1), (10, 10), (13, 10), (30, 10)])
def test_shares_are_fair(people, votes):
    """Every patch gets its votes by different people, who get equally many."""
    shares = assign(32, participants=people, votes=votes, seed=5)
    assert shares.shape == (32, votes)
    assert all(len(set(row)) == votes for row in shares.tolist())
    loads = Counter(shares.ravel().tolist())
    assert set(loads) == set(range(1, people + 1))
    assert max(loads.values()) - min(loads.values()) <= 1
    np.testing.assert_array_equal(shares, assign(32, participants=people, votes=votes, seed=5))
