"""``kiqa map``: files by relative name, fixed scale, bad files reported, nothing overwritten."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kiqa.cli import map as map_command
from kiqa.cli.main import main
from kiqa.io.map_files import QualityMap
from kiqa.scoring import Scorer

GOOD = ["a.png", "b.png", "sub/a.png"]


def _files(folder):
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*.*"))


@pytest.mark.parametrize("model", ["brisque", "psnr"])
def test_a_model_without_maps_is_not_loaded(photos, monkeypatch, refused, model):
    """Its name says it."""
    monkeypatch.setattr(Scorer, "_load", lambda self: pytest.fail("loaded"))
    error = refused("map", "photos", "--model", model, "--npz", "out")
    assert f"a model that makes maps, such as patchnet. Received: {model}, which" in error


@pytest.mark.slow
def test_files_are_named_by_the_relative_path(stand_in, photos, capsys):
    """All outputs of the good images are there; the bad ones are reported, status 1."""
    arguments = ["--npz", "out/n", "--overlay", "out/o", "--html", "out/page.html"]
    assert main(["map", "photos", *arguments]) == 1
    assert _files("out/n") == [f"{name}.npz" for name in GOOD]
    assert _files("out/o") == [f"{name}.png" for name in GOOD]
    assert Path("out/page.html").read_text().count("<article") == 3
    out, err = capsys.readouterr()
    note = "(flat image: out of the domain of stand-in)".split()
    assert [line.split() for line in out.splitlines()] == [
        ["0.2000", "photos/a.png", *note],
        ["0.4353", "photos/b.png", *note],
        ["0.6706", "photos/sub/a.png", *note],
    ]
    first, *reports, last = err.splitlines()
    assert first == (
        "kiqa: each number is the mean of a map by stand-in; kiqa score is by lite unless --model "
        "names another"
    )
    for report, name in zip(
        reports, ["empty.jpg", "notes.jpg", "small.png", "torn.png"], strict=True
    ):
        assert report.startswith("kiqa: ")
        assert f"photos/{name}" in report
    assert last == "kiqa: 4 of 7 images could not be mapped"


def test_map_file_holds_the_map(stand_in, photos):
    """The .npz has the published keys and the values of the scorer at the default stride 4."""
    assert main(["map", "photos/a.png", "--npz", "out"]) == 0
    with np.load("out/a.png.npz") as file:
        keys = "values stride offset image_size model weights_sha256 scale higher_is_better"
        assert set(file) == set(keys.split())
    read = QualityMap.load("out/a.png.npz")
    assert (read.stride, read.offset, read.image_size) == (4, 31.5, (72, 80))
    np.testing.assert_array_equal(read.values, Scorer(stride=4).map("photos/a.png").values)


def test_equal_stems_do_not_overwrite_each_other(stand_in, photos):
    """a.png and a.jpg have maps of their own, as have two a.png from two folders."""
    Image.open("photos/a.png").save("photos/a.jpg")
    assert main(["map", "photos/a.png", "photos/a.jpg", "photos/sub/a.png", "--npz", "out"]) == 0
    assert _files("out") == ["a.jpg.npz", "a.png.npz", "sub/a.png.npz"]


def test_overlay_is_drawn_on_the_scale_of_the_model(stand_in, photos, monkeypatch):
    """The colours run over the model's scale, not over the values of one image."""
    from kiqa import plotting

    seen = []

    def plot(pixels, quality_map, *, limits):
        seen.append(limits)
        return real(pixels, quality_map, limits=limits)

    real = plotting.plot_overlay
    monkeypatch.setattr(plotting, "plot_overlay", plot)
    assert main(["map", "photos/a.png", "--overlay", "out", "--stride", "8"]) == 0
    assert seen == [(0.0, 1.0)]
    with Image.open("out/a.png.png") as picture:
        assert min(picture.size) > 300


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["photos"], "--overlay"),
        (["gone", "--npz", "out"], "gone"),
        (["photos", "--npz", "photos/a.png"], "photos/a.png"),
        (["photos/a.png", "--html", "photos"], "photos"),
    ],
    ids=["no output", "no input", "file as folder", "folder as file"],
)
def test_input_error_is_one_line_and_status_2(stand_in, photos, capsys, arguments, said):
    """What cannot be done is said in one line."""
    assert main(["map", *arguments]) == 2
    err = capsys.readouterr().err
    assert err.startswith("kiqa: error: ")
    assert err.count("\n") == 1
    assert said in err


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("OOM when\nallocating")], ids=repr)
def test_image_that_the_machine_cannot_map_is_not_the_end(
    stand_in, photos, capsys, monkeypatch, error
):
    """Too little memory for one image is one line that names it; the others are mapped."""
    real = Scorer.map

    def fail(self, image, *, reference):
        if getattr(image, "width", 0) == 81:
            raise error
        return real(self, image, reference=reference)

    monkeypatch.setattr(Scorer, "map", fail)
    assert main(["map", "photos/a.png", "photos/b.png", "photos/sub", "--npz", "out"]) == 1
    _, report, last = capsys.readouterr().err.splitlines()
    assert report.startswith(f"kiqa: photos/b.png: {type(error).__name__}")
    assert last == "kiqa: 1 of 3 images could not be mapped"
    assert len(_files("out")) == 2


def test_map_of_nan_is_reported_and_not_written(stand_in, photos, capsys, monkeypatch):
    """Values that are not finite are an error of that image, never a file."""
    monkeypatch.setattr(QualityMap, "mean", lambda self: float("nan"))
    assert main(["map", "photos/a.png", "--npz", "out"]) == 1
    assert "finite" in capsys.readouterr().err
    assert _files("out") == []


def test_full_disk_keeps_finished_maps(stand_in, photos, capsys, monkeypatch):
    """When a map cannot be written, the ones before are there, whole, and the status is 2."""
    replace = os.replace

    def refuse(source, target):
        if "b.png" in str(target):
            raise OSError(28, "No space left on device", str(target))
        replace(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    assert main(["map", "photos", "--npz", "out"]) == 2
    assert _files("out") == ["a.png.npz"]
    err = capsys.readouterr().err
    assert "No space left on device" in err
    assert "b.png.npz" in err


def test_interrupt_keeps_maps_and_page(stand_in, photos, capsys, monkeypatch):
    """Ctrl-C leaves the finished maps and a page of them."""
    write = map_command._write

    def interrupt(item, *rest):
        if item.name == "b.png":
            raise KeyboardInterrupt
        write(item, *rest)

    monkeypatch.setattr(map_command, "_write", interrupt)
    assert main(["map", "photos", "--npz", "out", "--html", "page.html"]) == 130
    assert _files("out") == ["a.png.npz"]
    assert Path("page.html").read_text().count("<article") == 1
    err = capsys.readouterr().err.splitlines()
    assert err[1:] == ["kiqa: interrupted. The maps of 1 of 7 images are written."]


@pytest.mark.slow
def test_files_are_made_of_images_that_are_on_the_page(stand_in, photos, capsys):
    """A resumed run writes what is missing, and the page as it is."""
    assert main(["map", "photos", "--html", "page.html"]) == 1
    text = Path("page.html").read_text()
    argv = ["map", "photos", "--html", "page.html", "--npz", "out", "--resume"]
    assert main(argv) == 1
    assert (
        _files("out") == [f"{name}.npz" for name in GOOD] and Path("page.html").read_text() == text
    )
    Path("out/b.png.npz").unlink()
    capsys.readouterr()
    assert main(argv) == 1
    assert (
        _files("out") == [f"{name}.npz" for name in GOOD] and Path("page.html").read_text() == text
    )
    assert capsys.readouterr().out.count("photos/") == 1


def test_a_page_of_other_settings_is_not_continued(stand_in, photos, capsys):
    """It says the scale and the blocks of all its images; a changed image has one card."""
    argv = ["map", "photos/a.png", "photos/b.png", "--html", "page.html", "--grid", "3x4"]
    assert main(argv) == 0
    Image.new("RGB", (90, 72), "white").save("photos/b.png")
    assert main([*argv, "--resume"]) == 0
    before = Path("page.html").read_bytes()
    assert before.count(b"<article") == 2
    assert main([*argv[:-1], "4x3", "--resume"]) == 2
    assert "Expected a page of the same model, stride, grid" in capsys.readouterr().err
    assert Path("page.html").read_bytes() == before
