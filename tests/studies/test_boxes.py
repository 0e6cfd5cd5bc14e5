"""The page on local quality: boxes drawn, changed and deleted, in pixels of the upright image."""

import pytest
from PIL import Image

from kiqa.data.local_quality import read_boxes
from kiqa.studies.boxes import write_boxes_study

STRANGE = 'Größe, "x" & <script>alert(1)</script>.png'
DISABLED = "document.getElementById('{}').disabled"


@pytest.fixture
def start(tmp_path, chromium):
    """Write a page with images by name and size, and begin it as Ann."""

    def begin(images, person="Ann", exif=None):
        files = []
        for number, (name, size) in enumerate(images.items()):
            file = tmp_path / f"{number}.png"
            Image.new("RGB", size, (200, 150, 20 * number)).save(file)
            files.append((name, file))
        tab = chromium.open(write_boxes_study(files, tmp_path / "page.html").path)
        tab.enter(person)
        return tab

    return begin


def _at(tab, x, y):
    """The point of the window at a place of the image, which is shown at full size."""
    left, top, width, height = tab.place("#frame")
    return left + x, top + y


def _draw(tab, *points, modifiers=0):
    tab.drag(*(_at(tab, *point) for point in points), modifiers=modifiers)


def _boxes(tab):
    """The boxes on the screen as the page says them to a screen reader."""
    return tab.js("""Array.from(document.querySelectorAll(".box"), node => {
      const [left, right, top, bottom] = node.ariaLabel.match(/[0-9]+/g).slice(1).map(Number);
      return [left, top, right, bottom];
    })""")


def _saved(tab):
    if tab.js("document.getElementById('end').hidden"):
        tab.click("#pause")
    return {
        image.name: {who: [tuple(box[:4]) for box in own] for who, own in image.boxes.items()}
        for image in read_boxes(tab.saved())
    }


def test_boxes_are_drawn_changed_and_come_back(start):
    """Drawing in any direction, moving, sizing and a box in a box, by mouse alone."""
    tab = start({"a.png": (400, 300)})
    _draw(tab, (10, 20), (50, 60), (110, 90))
    assert _boxes(tab) == [[10, 20, 110, 90]]
    _draw(tab, (390, 290), (300, 250), (200, 200))
    assert _boxes(tab)[1] == [200, 200, 390, 290]
    _draw(tab, (60, 50), (70, 60), (90, 80))  # moves the first one
    assert _boxes(tab)[0] == [40, 50, 140, 120]
    _draw(tab, (140, 120), (150, 130), (160, 150))  # its corner
    assert _boxes(tab)[0] == [40, 50, 160, 150]
    _draw(tab, (40, 100), (30, 100), (20, 100))  # its left edge
    assert _boxes(tab)[0] == [20, 50, 160, 150]
    _draw(tab, (60, 70), (70, 80), (80, 90), modifiers=8)
    assert _boxes(tab)[2] == [60, 70, 80, 90]
    assert tab.js("document.getElementById('count').innerText") == "Photograph 1 of 1"
    tab.click("#next")
    assert tab.text("#state") == "Done. Thank you!"
    boxes = [(20, 50, 160, 150), (200, 200, 390, 290), (60, 70, 80, 90)]
    assert _saved(tab) == {"a.png": {"Ann": boxes}}


def test_boxes_end_at_the_image(start):
    """Drawing and moving beyond the border stop there, and a click makes no box."""
    tab = start({"a.png": (400, 300)})
    _draw(tab, (200, 100), (300, 200), (900, 900))
    _draw(tab, (100, 100), (102, 101))
    assert _boxes(tab) == [[200, 100, 400, 300]]
    _draw(tab, (300, 200), (200, 100), (-400, -400))
    assert _boxes(tab) == [[0, 0, 200, 200]]


def test_boxes_by_keys_alone(start):
    """A new box, moved and sized by pixels, the next one by Tab, one deleted, and on."""
    tab = start({"a.png": (400, 300)})
    tab.key("b")
    assert _boxes(tab) == [[150, 112, 250, 187]]
    tab.key("ArrowRight", "ArrowUp")
    tab.key("ArrowLeft", "ArrowDown", modifiers=8)
    assert _boxes(tab) == [[151, 111, 250, 187]]
    tab.key("b", "ArrowLeft", "Tab")
    assert tab.js("document.activeElement.id") != "stage"
    tab.js("document.querySelector('.box').focus()")
    tab.key("Delete")
    assert _boxes(tab) == [[149, 112, 249, 187]]
    tab.key("Enter")
    assert _saved(tab) == {"a.png": {"Ann": [(149, 112, 249, 187)]}}


def test_no_area_is_an_answer_of_its_own(start):
    """The tick stands alone: drawing takes it away, and boxes lock it."""
    tab = start({STRANGE: (400, 300), "b.png": (400, 300)}, person='Jörg "J", <b>')
    for number in (1, 2):
        tab.ready(f"Photograph {number} of 2")
        assert tab.js(DISABLED.format("next"))
        tab.key("Enter")
        tab.click("#none")
        assert not tab.js(DISABLED.format("next"))
        _draw(tab, (10, 10), (50, 60), (110, 90))
        assert not tab.js("document.getElementById('none').checked")
        assert tab.js(DISABLED.format("none"))
        tab.click("#delete")
        assert tab.js(DISABLED.format("next"))
        tab.click("#none")
        tab.key("Enter")
    assert tab.js("document.querySelectorAll('script:not([type]), #name b, #done b').length") == 1
    assert _saved(tab) == {name: {'Jörg "J", <b>': []} for name in (STRANGE, "b.png")}


def test_undo_goes_back_step_by_step(start):
    """Button and Ctrl+Z take back drawing, moving, ticking and deleting."""
    tab = start({"a.png": (400, 300)})
    states = [_boxes(tab)]
    _draw(tab, (10, 20), (50, 60), (110, 90))
    states.append(_boxes(tab))
    _draw(tab, (60, 50), (70, 60), (90, 80))
    states.append(_boxes(tab))
    tab.click("#delete")
    assert _boxes(tab) == []
    tab.click("#none")
    assert tab.js("document.getElementById('none').checked")
    tab.key("z", modifiers=2)
    assert not tab.js("document.getElementById('none').checked")
    for state in reversed(states):
        if state is states[-1]:
            tab.click("#undo")
        else:
            tab.key("z", modifiers=2)
        assert _boxes(tab) == state
    assert tab.js(DISABLED.format("undo"))


def test_boxes_that_are_being_drawn_survive_a_closed_page(start):
    """Drafts come back after a reload, but count as answers only after Next."""
    tab = start({"a.png": (400, 300), "b.png": (400, 300)})
    _draw(tab, (10, 20), (50, 60), (110, 90))
    assert tab.reload()
    assert tab.found() == ""
    tab.enter("Ann")
    assert _boxes(tab) == [[10, 20, 110, 90]]
    assert tab.csv().count("\n") == 1
    tab.click("#resume")
    tab.ready("Photograph 1 of 2")
    tab.key("Enter")
    tab.ready("Photograph 2 of 2")
    assert _boxes(tab) == []
    assert tab.js("document.getElementById('progress').value") == 0.5
    tab.click("#back")
    tab.ready("Photograph 1 of 2")
    assert _boxes(tab) == [[10, 20, 110, 90]]
    assert tab.csv().count("\n") == 2


def test_large_photographs_fit_the_window_or_are_scrolled(start):
    """Boxes are in pixels of the image either way."""
    tab = start({"a.png": (4000, 2000)})
    left, top, width, height = tab.place("#frame")
    assert width < 1400
    assert width / height == pytest.approx(2, abs=0.01)
    tab.drag((left, top), (left + 20, top + 20), (left + width / 2, top + height / 2))
    assert _boxes(tab) == [[0, 0, 2000, 1000]]
    tab.click("#scale")
    assert tab.place("#frame")[2:] == (4000, 2000)
    tab.key("Escape")
    _draw(tab, (200, 100), (210, 110), (300, 250), modifiers=8)
    assert _boxes(tab)[1] == [200, 100, 300, 250]
    tab.click("#scale")
    assert tab.place("#frame")[2] == width


def test_turned_photographs_have_upright_boxes(awkward_folder, chromium, tmp_path):
    """The box goes round what the participant sees, as kiqa reads the image."""
    file = awkward_folder / "good" / "exif6.jpg"
    with Image.open(file) as image:
        stored = image.size
    tab = chromium.open(write_boxes_study([("e.jpg", file)], tmp_path / "page.html").path)
    tab.enter("Ann")
    width, height = tab.place("#frame")[2:]
    assert (height, width) == stored
    assert width != height
    _draw(tab, (0, 0), (20, 20), (width, height))
    tab.key("Enter")
    assert _saved(tab) == {"e.jpg": {"Ann": [(0, 0, width, height)]}}


def test_several_participants_share_a_computer(start):
    """Each has answers and a file of their own; deleting those of one leaves the others."""
    tab = start({"a.png": (400, 300)}, person="Ann")
    tab.js("window.confirm = () => true")
    for person in ("Ann", "Ben"):
        if person == "Ben":
            tab.enter(person)
        tab.click("#none")
        tab.key("Enter")
        assert _saved(tab) == {"a.png": {person: []}}
        tab.click("#leave")
    assert sorted(key[-3:] for key in tab.stored()) == ["Ann", "Ben"]
    tab.enter("Ann")
    tab.click("#forget")
    assert [key[-3:] for key in tab.stored()] == ["Ben"]
