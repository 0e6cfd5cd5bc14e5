"""The rating page: a session of PaQ-2-PiQ's study, and what it saves."""

import json
import re
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from kiqa.cli.main import main
from kiqa.evaluation.study.ratings import read_ratings
from kiqa.studies.ratings import session_images, write_ratings_study

OPTIONS = {"contents": 8, "repeats": 2, "golden_images": 1}


@pytest.fixture
def parts(tmp_path):
    """Nine images to rate, two golden ones and one to learn with, each of its own gray."""
    found = {}
    for part, count in (("images", 9), ("golden", 2), ("training", 1)):
        found[part] = []
        for number in range(count):
            path = tmp_path / f"{part}{number}.png"
            Image.new("RGB", (64 + number, 48), (90 + number,) * 3).save(path)
            found[part].append((path.name, path))
    return found


def _study(page):
    text = page.path.read_text(encoding="utf-8")
    return json.loads(re.search(r'id="study">(.*?)</script>', text)[1])


def _write(parts, path, **options):
    return write_ratings_study(path=path, **parts, **(OPTIONS | options))


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ({"contents": 210, "repeats": 5}, "--contents 15"),
        ({"contents": 210, "repeats": 20, "golden_images": 5},
         "--contents 20 --repeats 9 --golden-images 2"),
        ({"contents": 5, "repeats": 3}, "--contents 7"),
        ({"contents": 1, "repeats": 0}, "--contents 2"),
    ],
)  # fmt: skip
def test_too_many_and_too_few_showings_name_the_options_that_fit(parts, tmp_path, options, advice):
    """Nine images and two golden ones; the page of what is advised can be written."""
    with pytest.raises(ValueError, match=rf"Take {advice} \("):
        _write(parts, tmp_path / "p.html", **options)
    words = advice.replace("--", "").replace("-", "_").split()
    fitting = dict(zip(words[::2], map(int, words[1::2]), strict=True))
    page = _write(parts, tmp_path / "p.html", **options | fitting)
    assert page.items == 1 + fitting["contents"]  # and one to learn with


def test_a_session_holds_what_the_study_shows(parts, tmp_path):
    """Training first, five fresh images and a golden one, two of the fresh again, the survey."""
    study = _study(_write(parts, tmp_path / "p.html", session=3))
    items = study["items"]
    assert [item["stage"] for item in items] == [0, *[1] * 8, 2] and study["session"] == 3
    assert items[0]["name"] == "training0.png" and items[-1]["name"] == "survey"
    names = [item["name"] for item in items[1:7]]
    assert len(set(names)) == 6 and sum(name.startswith("golden") for name in names) == 1
    for item in items[7:9]:
        assert item["name"] == items[item["after"]]["name"] and item["name"].startswith("images")
    assert items[7]["name"] != items[8]["name"]


def test_images_are_shown_equally_often(parts, tmp_path):
    """Of any two, the numbers differ by at most one; the same again with the same seed."""
    shown = Counter()
    for session in range(1, 8):
        chosen = session_images(9, 4, session, seed=5)
        assert len(set(chosen)) == 4 and chosen == session_images(9, 4, session, seed=5)
        shown.update(chosen)
        counts = [shown[place] for place in range(9)]
        assert max(counts) - min(counts) <= 1
    assert session_images(9, 4, 1, seed=6) != session_images(9, 4, 1, seed=5)
    first, other = (
        {item["name"] for item in _study(_write(parts, tmp_path / "p.html", session=k))["items"]}
        for k in (1, 2)
    )
    assert first != other


def test_without_golden_images_there_are_more_fresh_ones(parts, tmp_path):
    """The number of showings stays."""
    items = _study(_write(parts | {"golden": []}, tmp_path / "p.html"))["items"]
    assert sum(item["stage"] == 1 for item in items) == 8
    assert len({item["name"] for item in items if item["stage"] == 1}) == 6


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"contents": 13}, "with 9 images and 2 golden ones"),
        ({"golden_images": 3}, "3 golden"),
        ({"contents": 4, "repeats": 3}, "of them 3 repeats"),
        ({"session": 0}, "a session from 1 on"),
    ],
)
def test_what_cannot_be_shown_is_refused(parts, tmp_path, options, said):
    """With the numbers; no page is left."""
    with pytest.raises(ValueError, match=said):
        _write(parts, tmp_path / "p.html", **options)
    assert not (tmp_path / "p.html").exists()


def test_one_name_twice_is_refused(parts, tmp_path):
    """Its ratings could not be told apart."""
    parts["golden"][0] = ("images3.png", parts["golden"][0][1])
    with pytest.raises(ValueError, match="1 names twice"):
        _write(parts, tmp_path / "p.html")


def test_ratings_come_back(parts, chromium, tmp_path, capsys):
    """By slider and keys; training first, a second showing after the first, a survey last."""
    page = _write(parts, tmp_path / "p.html", session=2)
    study = _study(page)
    tab = chromium.open(page.path)
    tab.enter("Ann")
    given = []
    for done in range(9):
        tab.ready(f"Page {done + 1} of 10")
        assert tab.js("document.getElementById('next').disabled")
        assert tab.js("!document.getElementById('learn').hidden") == (done == 0)
        tab.key(*["ArrowRight"] * (done + 1))
        given.append(51 + done)
        tab.key("Enter")
    tab.ready("Page 10 of 10")
    for name in ("device", "distance", "lenses", "clear"):
        tab.js(
            f"(box => {{ box.selectedIndex = 1; box.dispatchEvent(new Event('change')); }})"
            f"(document.getElementById('{name}'))"
        )
    tab.click("#next")
    assert tab.text("#state") == "Done. Thank you!"
    file = tab.saved()
    ratings = read_ratings(file, scale=(0, 100))
    assert len(ratings) == 8 and ratings.sessions == [("Ann", "2")]
    assert sorted(ratings.rating.tolist()) == given[1:]
    names = [item["name"] for item in study["items"] if item["stage"] == 1]
    assert Counter(ratings.image.tolist()) == Counter(names)
    for name in {names[-1], names[-2]}:
        first, second = (
            float(ratings.rating[(ratings.image == name) & (ratings.repeat == again)][0])
            for again in (False, True)
        )
        assert first < second  # shown in this order
    assert '""device"":""phone""' in file.read_text()
    assert np.isfinite(ratings.rating).all()
    rules = ("--identical", "--repeat-limit", "--golden-srocc", "--chance-level")
    off = [word for rule in rules for word in (rule, "off")]
    assert main(["ratings", str(file), "--scale", "0:100", *off]) == 0
    assert "8 ratings of 1 subjects in 1 sessions" in capsys.readouterr().out


def test_a_rating_can_be_taken_back_and_outlives_a_pause(parts, chromium, tmp_path):
    """Back shows it where it was; what is saved is the new one; nobody goes on without one."""
    tab = chromium.open(_write(parts, tmp_path / "p.html").path)
    tab.enter("Ann")
    for place in range(2):
        tab.ready(f"Page {place + 1} of 10")
        tab.key("Enter")
        assert tab.text("#count") == f"Page {place + 1} of 10"
        tab.key("ArrowLeft", "Enter")
    tab.ready("Page 3 of 10")
    tab.click("#back")
    tab.ready("Page 2 of 10")
    assert tab.js("document.getElementById('slider').value") == "49"
    tab.key("PageUp", "Enter")
    tab.ready("Page 3 of 10")
    changed = tab.csv()
    assert re.search(r",(\d+),1,0,", changed)[1] == "59"
    tab.reload()
    tab.enter("Ann")
    tab.ready("Page 3 of 10")
    assert tab.csv() == changed
