"""What all pages share: nothing from outside, names made harmless, answers that last."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from kiqa.data.local_quality import read_boxes
from kiqa.studies.boxes import write_boxes_study
from kiqa.studies.page import check_name

STRANGE = '</script><b>"x"\', $ö&.png'


@pytest.fixture
def images(tmp_path):
    """Three small images by name, one name full of markup."""
    folder = tmp_path / "images"
    (folder / "sub").mkdir(parents=True)
    names = ["a.png", "sub/b.jpg", "c.png"]
    for i, name in enumerate(names):
        Image.new("RGB", (200 + 10 * i, 100), (60 * i, 90, 120)).save(folder / name)
    return [(STRANGE if name == "c.png" else name, folder / name) for name in names]


def _text(path):
    return path.read_text(encoding="utf-8")


def test_page_refers_to_nothing_outside(images, tmp_path):
    """No address, no loading, and a policy that forbids both."""
    page = write_boxes_study(images, tmp_path / "page.html", note="Ask <b>me</b>")
    text = _text(page.path)
    assert not re.search(r"https?:|url\(|@import|fetch\(|XMLHttpRequest|src=", text)
    assert "default-src 'none'; img-src data:;" in text
    assert "Ask &lt;b&gt;me&lt;/b&gt;" in text
    assert (page.items, page.size) == (3, page.path.stat().st_size)


def test_names_cannot_end_the_script(images, tmp_path):
    """The names come back from the page's data, and no markup of theirs is in it."""
    text = _text(write_boxes_study(images, tmp_path / "page.html").path)
    content = re.search(r'<script type="application/json" id="study">(.*?)</script>', text)[1]
    assert [item["name"] for item in json.loads(content)["items"]] == [name for name, _ in images]
    assert text.count("</script>") == 3 + 2


def test_identity_follows_the_content(images, tmp_path):
    """The same study is the same, other images or names are another one."""
    first = write_boxes_study(images, tmp_path / "1.html", note="one").study
    assert write_boxes_study(images, tmp_path / "2.html", note="two").study == first
    assert write_boxes_study(images[:2], tmp_path / "3.html").study != first
    renamed = [("z.png", images[0][1]), *images[1:]]
    assert write_boxes_study(renamed, tmp_path / "4.html").study != first


def test_page_appears_whole_or_not_at_all(images, tmp_path):
    """An image that cannot be read leaves the former page and no other file."""
    path = tmp_path / "out" / "page.html"
    write_boxes_study(images, path)
    former = path.read_bytes()
    with pytest.raises(FileNotFoundError):
        write_boxes_study([*images, ("d.png", tmp_path / "d.png")], path)
    assert path.read_bytes() == former
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("name", ["", " a.png", "a.png\n", "\udcff.png"])
def test_names_that_a_table_would_change_are_refused(name):
    """Blanks at the ends are cut by every reader, and bytes that are no text cannot be saved."""
    with pytest.raises(ValueError, match="Rename the file"):
        check_name(name)


def test_no_or_doubled_images_are_refused(images, tmp_path):
    """The messages say so."""
    with pytest.raises(ValueError, match="at least one image"):
        write_boxes_study([], tmp_path / "page.html")
    with pytest.raises(ValueError, match="distinct names"):
        write_boxes_study([images[0]] * 2, tmp_path / "page.html")


@pytest.mark.slow
def test_answers_are_downloaded_and_outlive_the_browser(images, new_browser, tmp_path):
    """Names that need quotes come back; the next browser goes on where the former one was."""
    page = write_boxes_study(images, tmp_path / "page.html").path
    person = 'Ann "A", B'
    with new_browser(tmp_path / "profile") as browser:
        tab = browser.open(page)
        assert tab.found() == ""
        tab.enter(person)
        for number in (1, 2):
            tab.ready(f"Photograph {number} of 3")
            tab.click("#none")
            tab.key("Enter")
        tab.ready("Photograph 3 of 3")
        tab.close()
    with new_browser(tmp_path / "profile") as browser:
        tab = browser.open(page)
        tab.enter("somebody else")
        assert tab.text("#count") == "Photograph 1 of 3"
        tab.reload()
        tab.js("document.getElementById('who').focus()")
        tab.call("Input.insertText", text=f"  {person} ")
        assert tab.found().startswith("2 of 3 photographs are answered already")
        tab.enter(person)
        tab.ready("Photograph 3 of 3")
        tab.click("#none")
        tab.click("#next")
        assert tab.text("#state") == "Done. Thank you!"
        file = tab.saved()
        assert tab.text("#saved").startswith(f"Saved 3 of 3 photographs as {file.name}")
        outside = [
            event["request"]["url"]
            for event in tab.events("Network.requestWillBeSent")
            if not event["request"]["url"].startswith(("file:", "data:", "blob:"))
        ]
        assert outside == []
    found = {image.name: image.boxes for image in read_boxes(file)}
    assert found == {name: {person: []} for name, _ in images}
    assert file.name.startswith("boxes-Ann_A_B-")


def test_order_is_the_participants_own(chromium, tmp_path):
    """One name always gives one order, another name another one."""
    pixels = np.zeros((8, 8, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    images = [(f"{i}.png", tmp_path / "a.png") for i in range(12)]
    tab = chromium.open(write_boxes_study(images, tmp_path / "page.html").path)
    orders = []
    for name in ("Ann", "Ben", "Ann"):
        tab.enter(name)
        for number in range(4):
            tab.ready(f"Photograph {number + 1} of 12")
            tab.click("#none")
            tab.click("#next")
        tab.ready("Photograph 5 of 12")
        orders.append(set(re.findall(r"^\d+\.png", tab.csv(), re.M)))
        tab.js("window.confirm = () => true")
        tab.click("#forget")
    assert orders[0] == orders[2] != orders[1]


def test_page_asks_before_unsaved_answers_are_left(images, chromium, tmp_path):
    """It does until the file is saved, also after a restart, and again after a change."""
    tab = chromium.open(write_boxes_study(images, tmp_path / "page.html").path)
    assert not tab.reload()
    tab.enter("Ann")
    tab.click("#none")
    tab.click("#next")
    assert tab.reload()
    tab.enter("Ann")
    tab.click("#pause")
    assert tab.text("#state") == "Pause"
    tab.saved()
    assert not tab.reload()
    tab.enter("Ann")
    tab.click("#none")
    assert tab.reload()


def test_two_tabs_of_one_participant_are_reported(images, chromium, tmp_path):
    """Not those of two participants."""
    page = write_boxes_study(images, tmp_path / "page.html").path
    tabs = [chromium.open(page) for _ in range(3)]
    for tab, person in zip(tabs, ("Ann", "Ben", "Ann"), strict=True):
        tab.enter(person)
    tabs[0].until("!document.getElementById('notice').hidden")
    assert "also open in another tab, with the same participant" in tabs[0].text("#notice")
    assert tabs[1].js("document.getElementById('notice').hidden")


def test_nothing_can_be_answered_before_it_is_shown(images, chromium, tmp_path):
    """While a photograph is decoded no control works, so no answer goes to the wrong one."""
    tab = chromium.open(write_boxes_study(images, tmp_path / "page.html").path)
    tab.js("""(() => {
      const decode = Image.prototype.decode;
      window.waiting = [];
      Image.prototype.decode = function () {
        return new Promise(go => waiting.push(go)).then(() => decode.call(this));
      };
    })()""")
    tab.enter("Ann", ready=False)
    for number in (1, 2):
        tab.until("waiting.length")
        assert tab.js("document.getElementById('work').ariaBusy") == "true"
        for selector in ("#none", "#add", "#delete", "#undo", "#next", "#stage"):
            tab.click(selector)
        tab.key("b", "Delete", "Enter", "ArrowLeft")
        assert tab.text("#count") == f"Photograph {number} of 3"
        tab.js("waiting.splice(0).forEach(go => go())")
        tab.ready(f"Photograph {number} of 3")
        assert tab.js("document.querySelectorAll('.box').length") == 0
        assert not tab.js("document.getElementById('none').checked")
        tab.click("#none")
        tab.click("#next")
    assert tab.csv().count("\n") == 3


def test_browser_without_storage_is_reported(images, chromium, tmp_path):
    """The study works all the same."""
    page = write_boxes_study(images, tmp_path / "page.html").path
    tab = chromium.open(page)
    script = tab.call(
        "Page.addScriptToEvaluateOnNewDocument",
        source="delete window.BroadcastChannel;"
        "indexedDB.open = () => { throw new Error('storage is off'); }",
    )
    tab.load(page)
    assert "keeps no answers for this page (storage is off)" in tab.text("#notice")
    tab.enter("Ann")
    tab.click("#none")
    tab.click("#next")
    assert tab.csv().count("\n") == 2
    tab.call("Page.removeScriptToEvaluateOnNewDocument", **script)
    tab.call(
        "Page.addScriptToEvaluateOnNewDocument",
        source="IDBObjectStore.prototype.put = () => { throw new Error('storage is full'); }",
    )
    assert tab.load(page)
    tab.enter("Ann")
    tab.click("#none")
    assert "does not keep your answers (storage is full)" in tab.text("#notice")
    notice, bar, stage = (tab.place(name) for name in ("#notice", "#pause", "#stage"))
    assert bar[1] >= notice[3]
    tab.click("#notice button")
    assert tab.place("#stage")[3] == stage[3] + notice[3]
    tab.click("#next")
    tab.ready("Photograph 2 of 3")
    assert tab.js("document.getElementById('notice').hidden")
    assert tab.csv().count("\n") == 2
