"""Options of the commands that code images, and where an image matters."""

import argparse
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kiqa.cli import coding
from kiqa.cli.coding import add_coding, importance_of, settings_of
from kiqa.io.map_files import QualityMap
from kiqa.varjpeg import Settings
from kiqa.varjpeg.entropy import HUFFMAN
from kiqa.varjpeg.segment import FORMS
from kiqa.varjpeg.transform import SUBSAMPLINGS

PIXELS = np.zeros((72, 80, 3), np.uint8)


def parsed(*options):
    """Options of a command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="patchnet")
    add_coding(parser)
    return parser.parse_args([str(option) for option in options])


def test_choices_are_those_of_the_codec():
    """The command line has its own list, since --help imports no codec."""
    assert set(coding._FORMS) == set(FORMS)
    assert (coding._SUBSAMPLINGS, coding._HUFFMAN) == (SUBSAMPLINGS, HUFFMAN)


def test_defaults_are_those_of_the_codec():
    """Without options, Settings()."""
    assert settings_of(parsed()) == Settings()


def test_every_option_becomes_a_setting():
    """Numbers and choices."""
    options = ["--form", "thesis", "--delta", 20, "--clusters", 5, "--subsampling", "4:2:0"]
    options += ["--huffman", "standard", "--stride", 4, "--model", "other.h5"]
    assert settings_of(parsed(*options)) == Settings(
        form="thesis", delta=20, clusters=5, subsampling="4:2:0", huffman="standard", stride=4,
        model="other.h5",
    )  # fmt: skip


@pytest.mark.parametrize(
    "options",
    [["--form", "png"], ["--clusters", "0"], ["--stride", "1.5"], ["--delta", "much"],
     ["--maps", "a", "--mask", "b"]],
    ids=str,
)  # fmt: skip
def test_wrong_options_are_usage_errors(options, capsys):
    """Status 2, and which option it was."""
    with pytest.raises(SystemExit) as end:
        parsed(*options)
    assert end.value.code == 2 and options[0] in capsys.readouterr().err


def test_the_model_makes_the_map(stand_in):
    """At the stride of the options; loaded once."""
    importance = importance_of(parsed("--stride", 8))
    assert importance.name.startswith("stand-in, sha256 ") and importance.by_model
    assert importance.file("a") is None
    made = [importance.of(name, PIXELS + 51) for name in "ab"]
    assert isinstance(made[0], QualityMap) and made[0].values.max() == np.float32(0.2)
    assert [mapper.stride for mapper in stand_in] == [8]


def test_memory_bounds_masks_too(tmp_path):
    """The message names the option."""
    Image.fromarray(PIXELS).save(tmp_path / "a.png")
    where = importance_of(parsed("--memory", "1K", "--mask", tmp_path)).of
    with pytest.raises(ValueError, match="--memory of a command"):
        where("a.png", PIXELS)


def test_without_delta_no_model_is_loaded(stand_in):
    """Nothing depends on the map."""
    importance = importance_of(parsed("--delta", 0))
    assert importance.of("a.png", PIXELS) is None and importance.file("a.png") is None
    assert importance.name == "none" and not importance.by_model
    assert not stand_in


def test_stored_maps_are_found_by_the_images_name(tmp_path, stand_in):
    """.npz of kiqa map and .npy, in folders as the images; or the file itself."""
    quality = QualityMap(np.ones((2, 3), np.float32), 8, 31.5, (72, 80))
    (tmp_path / "sub").mkdir()
    quality.save(tmp_path / "sub" / "a.png.npz")
    np.save(tmp_path / "b.png.npy", np.arange(72.0 * 80).reshape(72, 80))
    importance = importance_of(parsed("--maps", tmp_path))
    where = importance.of
    assert importance.name == "--maps" and not importance.by_model
    assert importance.file("sub/a.png") == tmp_path / "sub" / "a.png.npz"
    assert importance.file("b.png") == tmp_path / "b.png.npy" and importance.file("c") is None
    assert where("sub/a.png", PIXELS).stride == 8
    assert where("b.png", PIXELS).values[1, 1] == 81
    with pytest.raises(FileNotFoundError, match=r"map of c\.png at .*c\.png\.npz or c\.png\.npy"):
        where("c.png", PIXELS)
    one = importance_of(parsed("--maps", tmp_path / "sub" / "a.png.npz"))
    assert one.of("whatever.png", PIXELS).stride == 8
    assert not stand_in


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_pictures_are_found_by_the_images_name(tmp_path, name):
    """The same name, or .png instead of the image's suffix; gray values, or more than half."""
    ramp = np.tile(np.arange(80, dtype=np.uint8) * 3, (72, 1))
    Image.fromarray(ramp).save(tmp_path / "a.png")
    importance = importance_of(parsed("--saliency", tmp_path))
    saliency = importance.of(name, PIXELS)
    assert importance.name == "--saliency" and importance.file(name) == tmp_path / "a.png"
    np.testing.assert_array_equal(saliency, ramp)
    importance = importance_of(parsed("--mask", tmp_path / "a.png"))
    mask = importance.of(name, PIXELS)
    assert importance.name == "--mask" and importance.file(name) == tmp_path / "a.png"
    assert mask.dtype == bool
    np.testing.assert_array_equal(mask, ramp > 127)


@pytest.mark.parametrize("option", ["--maps", "--saliency", "--mask"])
def test_what_is_not_there_is_told_at_once(tmp_path, option):
    """Before any image is read."""
    with pytest.raises(FileNotFoundError, match="gone, not there"):
        importance_of(parsed(option, tmp_path / "gone"))


def test_a_missing_picture_is_told_with_both_places(tmp_path):
    """Of one image."""
    with pytest.raises(FileNotFoundError) as caught:
        importance_of(parsed("--mask", tmp_path)).of("sub/a.jpg", PIXELS)
    for place in ("sub/a.jpg", "sub/a.png"):
        assert str(Path(tmp_path, place)) in str(caught.value)
