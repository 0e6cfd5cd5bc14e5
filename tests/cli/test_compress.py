"""``kiqa compress``: files in the folder, targets, maps; bad input is told and left out."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kiqa.cli.main import main
from kiqa.io.map_files import QualityMap
from kiqa.varjpeg import decode, inspect_stream

GOOD = ["a", "b", "sub/a"]


@pytest.fixture(scope="module")
def files(encode, photo):
    """Three images of 120x160 pixels."""
    return [encode(photo[10 * number :, 40:][:120, :160], "PNG") for number in range(len(GOOD))]


@pytest.fixture
def pictures(tmp_path, monkeypatch, files):
    """A working folder with ``in``: three images, one in a folder."""
    monkeypatch.chdir(tmp_path)
    Path("in/sub").mkdir(parents=True)
    for name, content in zip(GOOD, files, strict=True):
        Path(f"in/{name}.png").write_bytes(content)
    return tmp_path


def _files(folder):
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*.*"))


@pytest.mark.parametrize(("form", "suffix"), [("compatible", ".jpg"), ("thesis", ".vjpg")])
def test_a_folder_is_compressed(stand_in, pictures, capsys, form, suffix):
    """Each image under its relative name, one line each, nothing else in the folder."""
    assert main(["compress", "in", "--quality", "40", "--output", "out", "--form", form]) == 0
    assert _files("out") == [f"{name}{suffix}" for name in GOOD]
    out, err = capsys.readouterr()
    assert err == "" and len(out.splitlines()) == 3
    for line, name in zip(out.splitlines(), GOOD, strict=True):
        data = Path("out", name + suffix).read_bytes()
        info = inspect_stream(data)
        assert (info.form, info.parameters.quality, info.size) == (form, 40, (120, 160))
        expected = f"{len(data)} bytes {8 * len(data) / 19200:.4f} bpp quality 40.000 overhead"
        assert line.split() == [*expected.split(), str(info.overhead), f"out/{name}{suffix}"]
        with Image.open(f"in/{name}.png") as image:
            assert np.abs(decode(data).astype(int) - np.asarray(image)).mean() < 8
    assert [mapper.stride for mapper in stand_in] == [1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "least", "most"), [(["--bpp", "1"], 2300, 2400), (["--bytes", "3000"], 2900, 3000)]
)
def test_targets_are_the_largest_size(stand_in, pictures, target, least, most):
    """One bit a pixel of 120x160 is 2400 bytes."""
    assert main(["compress", "in", *target, "--output", "out"]) == 0
    sizes = [Path("out", f"{name}.jpg").stat().st_size for name in GOOD]
    assert all(least <= size <= most for size in sizes)


@pytest.mark.parametrize("bound", ["--bytes=200000", "--bpp=1000", "--bpp=inf"])
def test_a_bound_above_what_images_can_use_gives_the_best(stand_in, pictures, capsys, bound):
    """Quality 99, status 0: a bound is no target."""
    assert main(["compress", "in", bound, "--output", "out"]) == 0
    for line, name in zip(capsys.readouterr().out.splitlines(), GOOD, strict=True):
        assert "quality  99.000" in line and line.endswith(f"out/{name}.jpg")
        assert Path("out", f"{name}.jpg").stat().st_size < 200_000


def test_memory_bounds_what_is_loaded(stand_in, pictures, capsys):
    """The message names the option."""
    options = ["--quality", "40", "--output", "x.jpg"]
    assert main(["compress", "in/a.png", *options, "--memory", "50K"]) == 1
    assert "--memory of a command" in capsys.readouterr().err
    assert main(["compress", "in/a.png", *options, "--memory", "1G"]) == 0


def test_a_file_larger_than_its_source_is_told(stand_in, pictures, capsys):
    """On standard error, with both sizes; the file is written and the status is 0."""
    with Image.open("in/a.png") as image:
        image.save("in/a.jpg", quality=10)
    assert main(["compress", "in/a.jpg", "in/b.png", "--quality", "90", "--output", "out"]) == 0
    size, before = (Path(name).stat().st_size for name in ("out/a.jpg", "in/a.jpg"))
    assert capsys.readouterr().err == (
        f"kiqa: in/a.jpg: larger than its source: {size} bytes, was {before}\n"
    )


@pytest.mark.parametrize("number", ["0", "-1", "nan", "much"])
def test_no_number_of_bits_is_a_usage_error(pictures, capsys, number):
    """Said before anything is mapped."""
    with pytest.raises(SystemExit) as end:
        main(["compress", "in", f"--bpp={number}", "--output", "out"])
    assert end.value.code == 2 and "expected bits per pixel above 0" in capsys.readouterr().err


def test_impossible_targets_say_floor_and_ceiling(stand_in, pictures, capsys):
    """One line per image, status 1, and no file."""
    assert main(["compress", "in", "--bpp=0.0001", "--output", "out"]) == 1
    *lines, last = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    for line, name in zip(lines, GOOD, strict=True):
        assert line.startswith(f"kiqa: in/{name}.png: Expected a target from the floor of ")
        assert " to the ceiling of " in line
    assert last == "kiqa: 3 of 3 images could not be compressed"
    assert not Path("out").exists()


def test_bad_files_are_reported_and_left_out(stand_in, photos, capsys):
    """The others are there; status 1."""
    assert main(["compress", "photos", "--quality", "50", "--output", "out"]) == 1
    assert _files("out") == ["a.jpg", "b.jpg", "sub/a.jpg"]
    *lines, last = capsys.readouterr().err.splitlines()
    reports = [line for line in lines if "larger than its source" not in line]
    assert len(lines) - len(reports) == 3  # flat PNG files of some hundred bytes
    for line, name in zip(
        reports, ["empty.jpg", "notes.jpg", "small.png", "torn.png"], strict=True
    ):
        assert line.startswith("kiqa: ") and f"photos/{name}" in line
    assert last == "kiqa: 4 of 7 images could not be compressed"


def test_one_image_may_have_a_file(stand_in, pictures):
    """In a folder that is made."""
    assert main(["compress", "in/a.png", "--quality", "40", "--output", "new/x.jpg"]) == 0
    assert _files("new") == ["x.jpg"]


def test_stored_maps_move_the_quality(stand_in, pictures):
    """The better half of the map has the better blocks; no model is loaded."""
    for number, name in enumerate(GOOD):
        values = np.zeros((15, 20), np.float32)
        values[:, slice(0, 2) if number % 2 else slice(18, 20)] = 1
        path = Path(f"maps/{name}.png.npz")
        path.parent.mkdir(parents=True, exist_ok=True)
        QualityMap(values, 8, 3.5, (120, 160)).save(path)
    assert main(["compress", "in", "--quality", "40", "--output", "out", "--maps", "maps"]) == 0
    for number, name in enumerate(GOOD):
        qualities = inspect_stream(Path(f"out/{name}.jpg").read_bytes()).qualities[0]
        left, right = qualities[:, :5].mean(), qualities[:, 15:].mean()
        assert (left - right) * (1 if number % 2 else -1) > 5
    assert not stand_in


def test_an_image_without_its_map_is_reported(pictures, capsys):
    """It is told where the map was looked for."""
    np.save("map.npy", np.zeros((120, 160)))
    Path("maps").mkdir()
    np.save("maps/a.png.npy", np.zeros((120, 160)))
    np.save("maps/b.png.npy", np.zeros((12, 16)))
    assert main(["compress", "in", "--quality", "40", "--output", "out", "--maps", "maps"]) == 1
    one, other, _ = capsys.readouterr().err.splitlines()
    assert "in/b.png" in one and "shape (120, 160)" in one
    assert "in/sub/a.png" in other and "maps/sub/a.png.npz or a.png.npy" in other
    assert _files("out") == ["a.jpg"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gone", "--quality", "40", "--output", "out"], "gone"),
        (["in", "--quality", "100", "--output", "out"], "quality from 1 - Delta to 99"),
        (["in", "--quality", "-15", "--output", "out"], "received quality -15.0"),
        (["in", "--quality", "nan", "--output", "out"], "received quality nan"),
        (["in", "--quality", "40", "--delta", "99", "--output", "out"], "Delta in 0..98"),
        (["in", "--quality", "40", "--clusters", "256", "--output", "out"], "clusters in 1..255"),
        (["in", "--quality", "40", "--maps", "gone", "--output", "out"], "gone, not there"),
        (["in", "--quality", "40", "--output", "x.jpg"], "x.jpg for 3 inputs"),
        (["in/a.png", "--quality", "40", "--output", "x.png"], "file ending in .jpg"),
        (["two/b.jpg", "--quality", "40", "--output", "two"], "replaces no input"),
        (["in", "--quality", "40", "--output", "in/a.png/out"], "in/a.png"),
    ],
)
def test_input_errors_are_one_line_and_status_2(stand_in, pictures, refused, arguments, said):
    """Nothing is written, half or whole."""
    Path("two").mkdir()
    with Image.open("in/a.png") as image:
        image.save("two/b.png")
        image.save("two/b.jpg")
    assert said in refused("compress", *arguments)


def test_equal_stems_keep_their_suffix(stand_in, pictures):
    """b.png and b.jpg are two images and become two files, whatever else is there."""
    Path("two").mkdir()
    with Image.open("in/a.png") as image:
        for name in ("b.png", "b.jpg", "c.png"):
            image.save(f"two/{name}")
    assert main(["compress", "two", "--quality", "40", "--output", "out"]) == 0
    assert _files("out") == ["b.jpg.jpg", "b.png.jpg", "c.jpg"]


def test_a_missing_model_is_told(pictures, refused):
    """In one line, status 2."""
    options = ("--quality", "4", "--output", "out", "--model", "no.h5")
    assert "no.h5" in refused("compress", "in", *options)


@pytest.mark.parametrize(
    "arguments",
    [["--output", "out"], ["--quality", "4"], ["--quality", "4", "--bpp", "1", "--output", "out"],
     ["--bytes", "0", "--output", "out"], ["--bytes", "1.5", "--output", "out"]],
    ids=str,
)  # fmt: skip
def test_usage_errors(pictures, arguments):
    """One size and an output are needed."""
    with pytest.raises(SystemExit) as end:
        main(["compress", "in", *arguments])
    assert end.value.code == 2


def test_a_failed_write_leaves_nothing(stand_in, pictures, monkeypatch, capsys):
    """The disk is full at the second image: the first one is whole, no half file beside it."""
    import os

    real, calls = os.replace, []

    def full(*given):
        calls.append(given)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return real(*given)

    monkeypatch.setattr(os, "replace", full)
    assert main(["compress", "in", "--quality", "40", "--output", "out"]) == 2
    assert "No space left" in capsys.readouterr().err
    assert [str(path) for path in sorted(Path("out").rglob("*"))] == ["out/a.jpg"]
    decode(Path("out/a.jpg").read_bytes())


def test_help_names_every_option(capsys):
    """And says what the exit status means."""
    with pytest.raises(SystemExit) as end:
        main(["compress", "--help"])
    out = capsys.readouterr().out
    assert end.value.code == 0
    for option in (
        "--quality", "--bpp", "--bytes", "--output", "--form", "--delta", "--clusters",
        "--subsampling", "--huffman", "--stride", "--maps", "--saliency", "--mask", "--model",
    ):  # fmt: skip
        assert option in out
    assert "exit status" in out


@pytest.mark.slow
def test_a_model_with_a_grid_of_its_own_gives_maps(pictures, shipped_once, capsys):
    """The stride is for models that leave it open; no one gave it."""
    arguments = ["--quality", "40", "--output", "a.jpg"]
    assert main(["compress", "in/a.png", *arguments, "--model", "lite"]) == 0
    assert inspect_stream(Path("a.jpg").read_bytes()).size == (120, 160)
