"""The HTML page: complete without a network, exact values, names made harmless."""

import base64
import io
import re
import resource
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from kiqa.cli.html import MAP_SIDE, Heading, page
from kiqa.cli.html.parts import card
from kiqa.io.images import load_image
from kiqa.io.map_files import QualityMap
from kiqa.io.outputs import OutputError

HEADING = Heading("net <1>", "0" * 64, "0..1", higher_is_better=True, stride=4)


def _add(add, name="a.png", values=None, size=(96, 100), reference=None):
    if values is None:
        values = np.linspace(0, 1, 90, dtype=np.float32).reshape(9, 10)
    image = load_image(np.full((*size, 3), 90, np.uint8))
    quality_map = QualityMap(values, 4, 31.5, size, "net", "0" * 64)
    add(card(add.heading, name, image, quality_map, reference=reference))


def _page(path, **options):
    with page(path, HEADING) as add:
        _add(add, **options)
    return path.read_text(encoding="utf-8")


def test_page_refers_to_nothing_outside(tmp_path):
    """Every image is a data URI; there is no link, and the policy forbids loading."""
    text = _page(tmp_path / "page.html")
    sources = re.findall(r'(?:src|href|srcset)\s*=\s*"([^"]*)"', text)
    assert len(sources) == 2
    assert all(source.startswith("data:image/") for source in sources)
    assert not re.search(r"https?:|url\(|@import|fetch\(|XMLHttpRequest", text)
    assert "default-src 'none'" in text


def test_page_names_the_reference(tmp_path):
    """Of a full-reference model each image says what it was compared with, made harmless."""
    assert "Reference" not in _page(tmp_path / "page.html")
    text = _page(tmp_path / "page.html", reference="good/<a>.png")
    assert "Reference good/&lt;a&gt;.png" in text


def test_values_on_the_page_are_those_of_the_map(tmp_path):
    """The embedded codes give the cells back to 1e-5, row by row."""
    text = _page(tmp_path / "page.html")
    codes = base64.b64decode(re.search(r'data-values="([^"]*)"', text)[1])
    values = np.frombuffer(codes, "<u2") / 65535
    assert 'data-rows="9" data-columns="10"' in text
    np.testing.assert_allclose(values, np.linspace(0, 1, 90), atol=1e-5)


def test_overlay_lies_where_the_cells_are(tmp_path):
    """Cell (0, 0) at stride 4 is centred on pixel 31.5, so the overlay starts 30 pixels in."""
    style = re.search(
        r'style="left:([\d.]+)%;top:([\d.]+)%;width:([\d.]+)%;height:([\d.]+)%"',
        _page(tmp_path / "page.html"),
    )
    left, top, width, height = map(float, style.groups())
    assert (left, top) == pytest.approx((100 * 30 / 100, 100 * 30 / 96), abs=1e-3)
    assert (width, height) == pytest.approx((100 * 40 / 100, 100 * 36 / 96), abs=1e-3)


def test_large_maps_are_thinned_and_large_photos_shrunk(tmp_path):
    """Of a large map every k-th cell is on the page, of a large image a smaller copy."""
    values = np.tile(np.linspace(0, 1, 484, dtype=np.float32), (10, 1))
    text = _page(tmp_path / "page.html", values=values, size=(100, 2000))
    assert 'data-rows="5" data-columns="242"' in text
    assert MAP_SIDE >= 242
    codes = base64.b64decode(re.search(r'data-values="([^"]*)"', text)[1])
    np.testing.assert_allclose(np.frombuffer(codes, "<u2")[:242] / 65535, values[0, ::2], atol=1e-5)
    photo = base64.b64decode(re.search(r"data:image/jpeg;base64,([^\"]*)", text)[1])
    assert Image.open(io.BytesIO(photo)).size == (1280, 64)


def test_names_are_text_and_not_markup(tmp_path):
    """Markup, quotes, dollar signs and bytes that are no UTF-8 in names do no harm."""
    text = _page(tmp_path / "page.html", name='<script>"x"</script> $photo \udcff.png')
    assert "&lt;script&gt;&quot;x&quot;&lt;/script&gt; $photo \ufffd.png" in text
    assert text.count("<script>") == 1
    assert "net &lt;1&gt;" in text


def test_page_appears_whole_or_not_at_all(tmp_path):
    """An error within leaves the former page, and beside it what was added, to go on with."""
    path, part = tmp_path / "page.html", tmp_path / "page.html.part"
    path.write_text("former")
    with pytest.raises(OSError, match="full"), page(path, HEADING) as add:
        raise OSError("disk full")
    assert path.read_text() == "former" and list(tmp_path.iterdir()) == [path]
    with pytest.raises(OSError, match="full"), page(path, HEADING) as add:
        _add(add)
        raise OSError("disk full")
    assert path.read_text() == "former" and "<article" in part.read_text(encoding="utf-8")
    before = part.read_bytes()
    with (
        pytest.raises(OutputError, match="the same model"),
        page(path, replace(HEADING, model="another"), resume=True),
    ):
        pass
    assert part.read_bytes() == before
    with page(path, HEADING, resume=True) as add:
        _add(add, name="b.png")
    assert path.read_text(encoding="utf-8").count("<article") == 2 and not part.exists()


def test_a_card_that_the_disk_does_not_take_leaves_the_page_as_it_was(tmp_path):
    """Not half of it, neither now nor when the file is closed."""
    path, part = tmp_path / "page.html", tmp_path / "page.html.part"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.raises(OSError, match="large"), page(path, HEADING) as add:
        _add(add)
        whole = part.read_bytes()
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 100, limits[1]))
        try:
            _add(add)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert part.read_bytes() == whole
    with page(path, HEADING, resume=True) as add:
        _add(add, name="b.png")
    assert path.read_text(encoding="utf-8").count("<article") == 2


def test_interrupted_page_holds_what_was_added(tmp_path):
    """After Ctrl-C the page is complete with the images until then."""
    path = tmp_path / "page.html"
    with pytest.raises(KeyboardInterrupt), page(path, HEADING) as add:
        _add(add)
        raise KeyboardInterrupt
    text = path.read_text(encoding="utf-8")
    assert text.count("<article") == 1
    assert text.endswith("</html>\n")


def test_scales_without_an_end_are_drawn(tmp_path):
    """Of FISH, up to what the aggregator divides by."""
    with page(tmp_path / "p.html", replace(HEADING, scale=">=0")) as add:
        _add(add, values=np.full((3, 4), 15, np.float32))
    assert "50.00%" in (tmp_path / "p.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "other",
    [{"model": "other"}, {"sha256": "1" * 64}, {"scale": "0..1 normalised"}, {"stride": 8},
     {"higher_is_better": False}, {"grid": (5, 9), "stride": 0}, {"grid": (9, 5), "stride": 0}],
    ids=str,
)  # fmt: skip
def test_a_page_of_another_heading_is_not_continued(tmp_path, other):
    """Whatever holds for all images is in it, so that no page mixes scales, grids or models."""
    path = tmp_path / "page.html"
    heading = replace(HEADING, grid=(5, 5), stride=0) if "grid" in other else HEADING
    with page(path, heading) as add:
        _add(add)
    before = path.read_bytes()
    with (
        pytest.raises(OutputError, match="grid, scale and version"),
        page(path, replace(heading, **other), resume=True),
    ):
        pass
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("killed", [False, True])
def test_an_image_that_is_added_again_takes_its_place(tmp_path, killed):
    """A page has one card of each name, also if a killed run has left two."""
    path, part = tmp_path / "page.html", tmp_path / "page.html.part"
    fresh, dark = tmp_path / "fresh.html", np.zeros((9, 10), np.float32)
    with page(path, HEADING) as add:
        for name in ("a.png", "b.png", "c.png"):
            _add(add, name=name)
    if killed:
        with pytest.raises(OSError), page(path, HEADING, resume=True) as add:
            _add(add, name="b.png", values=dark)
            raise OSError("killed")
        assert part.read_bytes().count(b"<article") == 4
    with page(path, HEADING, resume=True) as add:
        _add(add, name="d.png")
        if not killed:
            _add(add, name="b.png", values=dark)
    with page(fresh, HEADING) as add:
        for name, values in (("a.png", None), ("b.png", dark), ("c.png", None), ("d.png", None)):
            _add(add, name=name, values=values)
    assert path.read_bytes() == fresh.read_bytes()
    assert sorted(tmp_path.iterdir()) == [fresh, path]
