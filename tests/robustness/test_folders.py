"""Folders as people have them: sidecars, videos, kiqa's own files, hidden and very deep ones."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kiqa.cli.main import main

from .files import encoded, iso_media

PIXELS = np.random.default_rng(0).integers(0, 256, (80, 96, 3), np.uint8)
NO_IMAGES = {
    ".DS_Store": b"\0\0\0\1Bud1",
    "._a.jpg": b"\0\5\x16\7\0\2\0\0Mac OS X",
    "Thumbs.db": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "a.xmp": b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>",
    "b.xmp": b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>",
    "a.aae": b"<?xml version='1.0'?><plist>",
    "film.mp4": iso_media(b"isom", b"mp42"),
    "film.mov": iso_media(b"qt  "),
    "page.html": b"<!DOCTYPE html><html>",
    "rows.jsonl": b'{"path": "a"}\n',
    "a.jpg.npz": b"PK\x03\x04",
    "notes": b"no suffix",
}


@pytest.fixture
def folder(tmp_path, monkeypatch, stand_in):
    """A folder ``d`` of two images, one without a suffix, and of what is none."""
    monkeypatch.chdir(tmp_path)
    Path("d/.thumbnails").mkdir(parents=True)
    for name, content in NO_IMAGES.items():
        Path("d", name).write_bytes(content)
    Path("d/.thumbnails/a.jpg").write_bytes(encoded(PIXELS, "JPEG"))
    Path("d/a.jpg").write_bytes(encoded(PIXELS, "JPEG"))
    Path("d/scan0001").write_bytes(encoded(PIXELS, "TIFF"))
    return tmp_path


@pytest.mark.parametrize("argv", [
    ["score", "d"], ["map", "d", "--npz", "o", "--stride", "16"],
    ["compress", "d", "--quality", "50", "--stride", "16", "--output", "o"],
], ids=lambda argv: argv[0])  # fmt: skip
def test_what_is_no_image_is_skipped_and_counted(folder, capsys, argv):
    """In one line, exit status 0."""
    assert main(argv) == 0
    out, err = capsys.readouterr()
    assert err.startswith("kiqa: 13 files skipped: 3 hidden, 2 .xmp, ")
    assert err.count("\n") == 1 + (argv[0] == "map")
    assert out.count("d/a.jpg") + out.count("o/a.jpg") == 1
    assert "scan0001" in out


def test_images_with_a_fault_are_no_sidecars(folder, capsys):
    """What is called an image is tried, and so is what kiqa knows as one of another format."""
    Path("d/text.jpg").write_bytes(b"no image")
    Path("d/empty.png").touch()
    Path("d/phone.heic").write_bytes(iso_media(b"heic", b"mif1"))
    Path("d/phone").write_bytes(iso_media(b"heic", b"mif1"))
    Path("d/drawing.psd").write_bytes(b"8BPS\0\1" + bytes(60))
    assert main(["score", "d"]) == 1
    out = capsys.readouterr().out
    for name in ("text.jpg", "empty.png", "phone.heic", "phone:", "drawing.psd"):
        assert f"d/{name}" in out
    assert out.count("HEIC") == 2


def test_what_is_named_is_tried(folder, capsys):
    """By its path or by a pattern."""
    assert main(["score", "d/a.xmp", "d/*.mp4"]) == 1
    out, err = capsys.readouterr()
    assert "d/a.xmp" in out and "a video" in out
    assert "skipped" not in err


@pytest.mark.slow
def test_own_outputs_are_no_inputs(folder, capsys):
    """Overlays, maps and pages in the folder of the images, whatever they are called."""
    for name in NO_IMAGES:
        Path("d", name).unlink()
    own = ["--overlay", "d", "--npz", "d", "--html", "d/p.html", "--stride", "16"]
    assert main(["map", "d", *own]) == 0
    Path("d/a.jpg.png").rename("d/renamed.png")
    before = {path: path.read_bytes() for path in Path("d").iterdir() if path.is_file()}
    capsys.readouterr()
    assert main(["map", "d", *own]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    added = {path for path in Path("d").iterdir() if path.is_file()} - set(before)
    assert {path.name for path in added} == {"a.jpg.png"}
    assert main(["score", "d", "--output", "d/rows.jsonl"]) == 0
    assert main(["score", "d", "--output", "d/rows.jsonl", "--resume"]) == 0
    assert Path("d/rows.jsonl").read_text().count("\n") == 2


def test_compressed_images_are_images_but_not_compressed_again(folder, capsys):
    """Compressing in place twice adds nothing the second time."""
    Path("e").mkdir()
    Image.fromarray(PIXELS).save("e/a.png")
    argv = ["compress", "e", "--quality", "50", "--stride", "16", "--output", "e"]
    assert main(argv) == main(argv) == 0
    assert sorted(os.listdir("e")) == ["a.jpg", "a.png"]
    capsys.readouterr()
    assert main(["score", "e"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
def test_a_pipe_in_a_folder_waits_for_nobody(folder, capsys):
    """Without a suffix it is skipped, with one it has a row that says what it is."""
    os.mkfifo("d/pipe")
    os.mkfifo("d/pipe.jpg")
    assert main(["score", "d"]) == 1
    out, err = capsys.readouterr()
    assert "pipe.jpg is no regular file" in out and "1 no regular file" in err


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="paths of Windows are shorter")
def test_very_deep_folders_give_rows_and_maps(folder, capsys):
    """990 levels; outputs are as deep."""
    place = os.getcwd()
    os.mkdir("deep")
    os.chdir("deep")
    for _ in range(990):
        os.mkdir("x")
        os.chdir("x")
    Image.fromarray(PIXELS).save("a.png")
    os.chdir(place)
    assert main(["score", "deep", "--output", "rows.jsonl"]) == 0
    assert Path("rows.jsonl").read_text().count("x/") == 990
    assert main(["map", "deep", "--npz", "o", "--stride", "16"]) == 0
    assert os.path.isfile("o/" + "x/" * 990 + "a.png.npz")
    for folder in ("deep", "o"):
        _remove(folder)


def _remove(folder):
    """`shutil.rmtree`, which pytest uses as well, goes only so deep."""
    inner = [folder + "/x" * level for level in range(990, -1, -1)]
    for path in inner:
        for name in os.listdir(path):
            os.remove(os.path.join(path, name))
        os.rmdir(path)
