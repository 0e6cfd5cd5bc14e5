"""The JND page: first noticed versions by mouse and keyboard, and never an empty image."""

import json
import re

import pytest
from PIL import Image

from kiqa.io.images import ImageError
from kiqa.studies.jnd import spaced, write_jnd_study
from kiqa.varjpeg.jnd import read_jnd_votes

NAMES = ["a.png", 'sub/Größe, "x" & <script>alert(1)</script>.png', "c d.jpg"]
PIXEL = "document.getElementById('{}').getContext('2d').getImageData(5, 5, 1, 1).data[0]"


def _number(tab):
    """Which image is shown: the references differ in their gray."""
    return tab.js(PIXEL.format("reference")) - 20


def _version(tab):
    """Which version is shown."""
    return round((tab.js(PIXEL.format("test")) - 100) / 10)


def _slide(tab, share):
    """Drag the slider's thumb from the left to a share of the way."""
    left, top, width, height = tab.place("#slider")
    y = top + height / 2
    tab.drag((left + 10, y), (left + width / 3, y), (left + 10 + share * (width - 20), y))


@pytest.mark.parametrize("codec", ["varjpeg", "jpeg"])
def test_votes_by_mouse_and_keyboard_come_back(ladder, chromium, tmp_path, codec):
    """Fourth version by keys, half way by the slider, and never; names are unharmed."""
    tab = chromium.open(write_jnd_study(ladder(NAMES), tmp_path / "j.html", codec=codec).path)
    person = 'Jörg "J", <b>'
    tab.enter(person)
    expected = {}
    for done in range(3):
        tab.ready(f"Image {done + 1} of 3")
        assert tab.js("document.getElementById('progress').value") == pytest.approx(done / 3)
        number = _number(tab)
        if number == 0:
            tab.key("ArrowRight", "ArrowRight", "End", "Home", "PageUp", "ArrowRight", "ArrowUp")
            expected[NAMES[0]] = {person: 4}
            assert tab.text("#hint") == "Step 5 of 12"
            assert _version(tab) == 4
            tab.key("Enter")
        elif number == 1:
            _slide(tab, 0.5)
            shown = int(re.match(r"Step (\d+) of 12", tab.text("#hint"))[1]) - 1
            assert 4 <= shown <= 7
            assert _version(tab) == shown
            expected[NAMES[1]] = {person: shown}
            tab.click("#noticed")
        else:
            _slide(tab, 1.0)
            assert _version(tab) == 11
            expected[NAMES[2]] = {person: None}
            tab.click("#never")
    assert tab.text("#state") == "Done. Thank you!"
    votes = read_jnd_votes(tab.saved(), counts=dict.fromkeys(NAMES, 12))
    assert votes == expected


def test_answers_need_a_look(ladder, chromium, tmp_path):
    """Noticing needs a moved slider, never noticing the last step; going back is allowed."""
    page = write_jnd_study(ladder(NAMES), tmp_path / "j.html", codec="jpeg").path
    tab = chromium.open(page)
    tab.enter("Ann")
    disabled = "document.getElementById('{}').disabled"
    assert tab.js(disabled.format("noticed"))
    assert tab.js(disabled.format("never"))
    tab.key("Enter", "ArrowLeft")
    tab.click("#never")
    tab.ready("Image 1 of 3")
    tab.key("ArrowRight")
    assert not tab.js(disabled.format("noticed"))
    assert tab.js(disabled.format("never"))
    tab.key("End", "ArrowLeft")
    assert not tab.js(disabled.format("never"))
    tab.key("Home", "Enter")
    tab.ready("Image 2 of 3")
    assert tab.csv().endswith(",Ann,0\n")


def test_back_changes_an_answer_and_reopening_goes_on(ladder, chromium, tmp_path):
    """The former answer is told, the new one replaces it, and a reload loses neither."""
    page = write_jnd_study(ladder(["a.png", "b.png"]), tmp_path / "j.html", codec="jpeg").path
    tab = chromium.open(page)
    tab.enter("Ann")
    tab.key("ArrowRight", "ArrowRight", "Enter")
    tab.ready("Image 2 of 2")
    tab.click("#back")
    tab.ready("Image 1 of 2")
    assert tab.text("#hint").startswith("Your answer so far: step 3.")
    assert _version(tab) == 0
    tab.key("ArrowRight", "Enter")
    tab.ready("Image 2 of 2")
    assert tab.reload()
    tab.enter("Ann")
    tab.ready("Image 2 of 2")
    tab.key("End")
    tab.click("#never")
    assert sorted(tab.csv().splitlines()[1:], key=len)[1].endswith(",1")
    assert ",Ann,\n" in tab.csv()


def test_a_choice_of_versions_keeps_their_numbers(ladder, chromium, tmp_path):
    """The vote is the number in versions.csv, not the step of the slider."""
    page = write_jnd_study(ladder(["a.png"]), tmp_path / "j.html", codec="jpeg", versions=5).path
    tab = chromium.open(page)
    tab.enter("Ann")
    tab.key("ArrowRight", "ArrowRight")
    assert tab.text("#hint") == "Step 3 of 5"
    assert _version(tab) == 6
    tab.key("Enter")
    assert read_jnd_votes(tab.saved()) == {"a.png": {"Ann": 6}}


def test_test_picture_never_empties(ladder, chromium, tmp_path):
    """All versions are decoded before the first can move; each frame shows one of them."""
    page = write_jnd_study(ladder(["a.png"]), tmp_path / "j.html", codec="varjpeg").path
    tab = chromium.open(page)
    tab.js("""(() => {
      const make = window.createImageBitmap;
      window.decoded = 0;
      window.createImageBitmap = (...what) => make(...what).then(picture => {
        decoded++;
        return picture;
      });
    })()""")
    tab.enter("Ann")
    assert tab.js("decoded") == 1 + 12
    tab.js("""(() => {
      const canvas = document.getElementById("test"), context = canvas.getContext("2d");
      window.frames = [];
      window.resized = 0;
      window.changed = 0;
      new MutationObserver(list => { changed += list.length; }).observe(canvas.parentNode,
        { childList: true, subtree: true, attributes: true, attributeFilter: ["width", "height"] });
      (function look() {
        const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
        window.frames.push([Math.min(...data), data[0], canvas.isConnected]);
        requestAnimationFrame(look);
      })();
    })()""")
    for _ in range(3):
        tab.key(*["ArrowRight"] * 11, repeat=True)
        assert _version(tab) == 11
        _slide(tab, 0.4)
        tab.key("Home")
        assert _version(tab) == 0
    tab.until("window.frames.length > 5")
    frames = tab.js("window.frames")
    assert {round(low / 10) for low, _, _ in frames} <= set(range(10, 22))
    assert all(connected for *_, connected in frames)
    assert tab.js("decoded") == 1 + 12
    assert tab.js("changed") == 0


def test_large_pictures_move_together(ladder, chromium, tmp_path):
    """Dragging, wheel and keys show the same part of both, at full size, within the borders."""
    folder = ladder(["a.png"], count=2, size=(1600, 1200))
    tab = chromium.open(write_jnd_study(folder, tmp_path / "j.html", codec="jpeg").path)
    tab.enter("Ann")
    assert re.search(r"of 1600 x 1200 pixels", tab.text("#part"))

    def corners():
        views, pictures = (
            tab.js(
                "Array.from(document.querySelectorAll("
                f"{json.dumps(selector)}), e => e.getBoundingClientRect().toJSON())"
            )
            for selector in (".view", ".view canvas")
        )
        found = [
            (picture["x"] - view["x"], picture["y"] - view["y"])
            for view, picture in zip(views, pictures, strict=True)
        ]
        assert found[0] == found[1]
        assert pictures[0]["width"] == 1600
        return found[0]

    x, y = corners()
    assert x < 0 > y
    left, top, *_ = tab.place(".view")
    tab.drag((left + 50, top + 50), (left + 70, top + 60))
    assert corners() == (x + 20, y + 10)
    tab.key("ArrowRight", modifiers=8)
    assert corners() == (x + 20 - 64, y + 10)
    tab.drag((left + 50, top + 50), (left + 5000, top + 5000))
    assert corners() == (0, 0)
    tab.key("ArrowRight")
    assert corners() == (0, 0)


def test_parts_share_the_images(ladder, tmp_path):
    """Each image is on one page; too many parts are refused."""
    folder = ladder(NAMES, count=2)
    found = []
    for number in (1, 2):
        page = write_jnd_study(folder, tmp_path / "j.html", codec="jpeg", part=(number, 2))
        content = re.search(r'id="study">(.*?)</script>', page.path.read_text("utf-8"))[1]
        found += [item["name"] for item in json.loads(content)["items"]]
    assert sorted(found) == sorted(NAMES)
    with pytest.raises(ValueError, match="at most 3 parts"):
        write_jnd_study(folder, tmp_path / "j.html", codec="jpeg", part=(4, 4))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"codec": "webp"}, "codec among"),
        ({"codec": "jpeg", "versions": 1}, "at least 2 versions"),
        ({"codec": "jpeg", "part": (3, 2)}, "part from 1 to 2"),
    ],
)
def test_wrong_arguments_are_refused(ladder, tmp_path, arguments, message):
    """The message says what was expected, and there is no page."""
    folder = ladder(["a.png"], count=2)
    with pytest.raises(ValueError, match=message):
        write_jnd_study(folder, tmp_path / "j.html", **arguments)
    assert not (tmp_path / "j.html").exists()


def test_incomplete_ladders_are_refused(ladder, tmp_path):
    """A missing file, one of another size, and one version alone are named."""
    folder, page = ladder(["a.png"], count=2), tmp_path / "j.html"
    Image.new("RGB", (64, 40)).save(folder / "a.png/jpeg/001.jpg")
    with pytest.raises(ImageError, match=r"001\.jpg: expected 64x48 pixels"):
        write_jnd_study(folder, page, codec="jpeg")
    (folder / "a.png/varjpeg/001.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"varjpeg.001\.png"):
        write_jnd_study(folder, page, codec="varjpeg")
    table = folder / "versions.csv"
    table.write_text("".join(table.read_text().splitlines(keepends=True)[:2]))
    with pytest.raises(ValueError, match="at least 2 versions in jpeg of every image"):
        write_jnd_study(folder, page, codec="jpeg")
    assert not page.exists()


def test_spaced_keeps_the_ends():
    """First and last are always there, and nothing twice."""
    assert spaced(range(100), 3) == [0, 50, 99]
    assert spaced("abc", None) == spaced("abc", 9) == list("abc")
    for count in range(2, 20):
        chosen = spaced(range(20), count)
        assert (chosen[0], chosen[-1], len(set(chosen))) == (0, 19, count)
