"""What is made of an image: bytes that anybody can write, or why there are none."""

import io
import pickle
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from kiqa.cli.html.parts import Heading
from kiqa.cli.inputs import Input
from kiqa.cli.maps.made import Made, Wanted, make, prepare
from kiqa.scoring import Scorer

HEADING = Heading("stand-in", "0" * 64, "0..1", True, 4)


def _made(path, *, reference=None, **options):
    settings = {"ends": (".npz", ".png"), "heading": HEADING, "normalise": False}
    wanted = pickle.loads(pickle.dumps(Wanted(**settings | options)))  # as a worker gets it
    scorer = Scorer(stride=4)
    loaded = prepare(scorer, (Input(str(path), "a.png"), reference), wanted=wanted)
    return pickle.loads(pickle.dumps(make(scorer, loaded, wanted=wanted)))


def _key(made):
    return re.search(r'data-key="(\w{64})"', made.card)[1]


def test_all_that_is_wanted_is_made(stand_in, photos, tmp_path):
    """The files are those of `QualityMap.save` and a PNG; the part of the page has the key."""
    made = _made(photos / "a.png")
    Scorer(stride=4).map(photos / "a.png").save(tmp_path / "a.npz")
    assert made.files[".npz"] == (tmp_path / "a.npz").read_bytes()
    with Image.open(io.BytesIO(made.files[".png"])) as picture:
        assert picture.format == "PNG"
    assert _key(made) != _key(_made(photos / "b.png"))
    assert made.mean == pytest.approx(0.2) and "flat image" in made.note
    assert (made.error, made.known) == (None, False)


def test_what_is_not_wanted_is_not_made(stand_in, photos):
    """No overlay is drawn, and no part of a page."""
    made = _made(photos / "a.png", ends=(".npz",), heading=None)
    assert list(made.files) == [".npz"] and made.card is None


@pytest.mark.slow
def test_an_image_that_is_on_the_page_is_known(stand_in, photos):
    """By content and name."""
    key = _key(_made(photos / "a.png"))
    assert replace(_made(photos / "a.png", known={key}), mean=0) == Made(known=True, mean=0)
    assert _made(photos / "b.png", known={key}).card


def test_an_image_behind_a_url_is_known(stand_in, photos):
    """Once it has been read."""
    memory = pytest.importorskip("fsspec", reason="needs kiqa[remote]").filesystem("memory")
    memory.pipe("/made/a.png", (photos / "a.png").read_bytes())
    made = _made("memory://made/a.png")
    assert _made("memory://made/a.png", known={_key(made)}).known and not made.known


def test_bad_files_are_an_error_that_names_them(stand_in, photos):
    """Of the image, or of its reference."""
    made = _made(photos / "notes.jpg", known={"k"})
    assert made.files == {} and "notes.jpg" in made.error
    made = _made(photos / "a.png", reference=str(photos / "torn.png"))
    assert made.error.startswith(f"{photos / 'a.png'}: reference: ") and "torn.png" in made.error


def test_normalised_values_have_a_scale_of_their_own(stand_in, photos):
    """As PaQ-2-PiQ's authors spread them."""
    made = _made(photos / "a.png", normalise=True, heading=None, ends=(".npz",))
    with np.load(io.BytesIO(made.files[".npz"])) as file:
        assert str(file["scale"]) == "0..100 normalised"
