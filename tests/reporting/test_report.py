"""`kiqa.report`: from a folder, rows or paths to a page."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import kiqa


def test_a_folder_with_all_below_it(collection):
    """The best are named, the errors too."""
    found = kiqa.report("d", "o/p.html", best="34%")
    assert (found.images, found.groups) == (3, 1)
    assert found.chosen == ("a.png", "c.png")
    assert [name for name, _ in found.errors] == ["bad.jpg"]
    assert found.defects["underexposed"] == 2
    assert found.path == Path("o/p.html") and found.path.is_file()


def test_paths_and_an_empty_folder(collection):
    """Names are those of the files; nothing at all is an error."""
    assert kiqa.report(["d/sub/b.png"], "p.html", best=1, maps=False).chosen == ("b.png",)
    Path("e").mkdir()
    with pytest.raises(FileNotFoundError, match="at least one image"):
        kiqa.report("e", "p.html")
    with pytest.raises(FileNotFoundError, match="gone, not there"):
        kiqa.report("gone", "p.html")
    assert kiqa.report("d/sub/b.png", "r.html", best=1, maps=False).chosen == ("b.png",)
    with pytest.raises(ValueError, match="1 errors, the first: d/bad.jpg"):
        kiqa.report(["d/bad.jpg"], "q.html")
    assert not Path("q.html").exists()


def test_an_input_is_never_the_page(collection):
    """A page over an image of the folder is refused by the name of what it is."""
    with pytest.raises(ValueError, match="Expected a number of images"):
        kiqa.report("d", "p.html", best="some")


def test_names_with_markup_are_data(collection, photo):
    """Nothing of a name is markup, and nothing ends the data."""
    name = '</script><img src=x onerror="alert(1)">&amp;.png'.replace("/", "_")
    Image.fromarray(photo).save(f"d/{name}")
    Image.fromarray(photo).save("d/<!--.png")
    kiqa.report("d", "p.html", maps=False)
    text = Path("p.html").read_text(encoding="utf-8")
    assert "<img src=x" not in text and "<!--.png" not in text
    assert "\\u003c!--.png" in text
    assert text.count("</script>") == 2 + 5  # data, program, and a thumbnail each


@pytest.fixture
def opened(collection, photo, chromium):
    """A page with an image of low score and no defect, and one partly white; opens one by name."""
    for name in ("a.png", "sub/b.png", "c.png", "bad.jpg"):
        Path("d", name).unlink()
    rng = np.random.default_rng(0)
    sharp = photo.astype(float) * 0.6
    sharp[:, photo.shape[1] // 2 :] += 60  # a step, as sharp as can be
    Image.fromarray(sharp.astype(np.uint8)).save("d/low.png")
    white = rng.integers(150, 240, photo.shape, np.uint8)
    white[: len(white) // 4] = 255
    Image.fromarray(white).save("d/white.png")
    for number in range(3):
        other = rng.integers(100 + 20 * number, 250, photo.shape, np.uint8)
        Image.fromarray(other).save(f"d/{number}.png")
    kiqa.report("d", "p.html")
    tab = chromium.open(Path("p.html").resolve(), ready="document.querySelectorAll('.card').length")

    def open_image(name):
        tab.js(f"show(images.find(image => image.name === {name!r})); undefined")
        return tab

    return open_image


@pytest.mark.slow
def test_page_says_what_a_value_means(opened):
    """Verdicts, units and floors; which model drew the map, and what not to compare it with."""
    tab = opened("white.png")
    reasons = tab.text("#reasons")
    assert "within the limit" in reasons and "good" not in reasons
    (white,) = [line for line in reasons.splitlines() if "clipped" in line]
    assert re.search(r"\t24.\d+ % of the area\tat most 5.86\toverexposed", white)
    assert re.fullmatch(r"0\.\d{4}", tab.text("#score"))
    tab.click("#show-map")
    assert tab.text("#map-about").startswith("Map by stand-in. Compare its values with each other")
    assert tab.text("#interval") == "" and tab.js("document.getElementById('one-label').hidden")
    assert tab.js("document.getElementById('unexplained').hidden")


@pytest.mark.slow
def test_page_owns_up_to_a_score_without_a_reason(opened):
    """A low one; the floor of a measure is named, and the interval of a model that has one."""
    tab = opened("low.png")
    assert tab.js("open.percentile") < 25 and tab.js("open.defects") == []
    assert tab.text("#unexplained") == "No measure explains this score."
    tab.js("Object.assign(open, {interval: [0.25, 0.5], percentile: 25}); open.reasons[0] = 0")
    tab.js("show(open)")
    assert "0 pixels: below what is measured" in tab.text("#reasons")
    assert tab.text("#interval") == "of similar images, 90 % within 0.2500 to 0.5000"
    assert tab.js("document.getElementById('unexplained').hidden")


@pytest.mark.slow
def test_page_is_accessible(collection, chromium):
    """axe-core finds nothing wrong: in light and dark, wide and narrow, and with an image open."""
    axe = pytest.importorskip("axe_core_python.base").AXE_FILE_PATH.read_text(encoding="utf-8")
    kiqa.report("d", "p.html", best=1)
    tab = chromium.open(Path("p.html").resolve(), ready="document.querySelectorAll('.card').length")
    tab.js(f"{axe}; undefined")
    wrong = "axe.run().then(found => found.violations.map(each => `${each.impact}: ${each.id}`))"
    for place in ("page", "image"):
        if place == "image":
            tab.click(".card")
            tab.until("document.getElementById('dialog').open")
        for scheme, width in itertools.product(("light", "dark"), (1300, 390)):
            media = [{"name": "prefers-color-scheme", "value": scheme}]
            tab.call("Emulation.setEmulatedMedia", features=media)
            tab.call(
                "Emulation.setDeviceMetricsOverride",
                width=width, height=850, deviceScaleFactor=1, mobile=False,
            )  # fmt: skip
            assert tab.js(wrong) == [], (place, scheme, width)
    tab.js("document.getElementById('dialog').append(new Image())")
    assert tab.js(wrong) == ["critical: image-alt"]
