"""`kiqa.report`: from a folder, rows or paths to a page."""

import itertools
from pathlib import Path

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
