"""``kiqa decompress``: PNG of both forms and of plain JPEG, upright."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from kiqa.cli.main import main
from kiqa.varjpeg import Settings, coded, coded_jpeg, decode, prepare

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.fixture
def streams(tmp_path, monkeypatch, photo, encode):
    """A working folder with ``in``: a stream of each kind, turned, with a profile."""
    monkeypatch.chdir(tmp_path)
    Path("in/sub").mkdir(parents=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    source = encode(photo[:60, :90], "PNG", icc_profile=SRGB, exif=exif)
    importance = np.arange(5400.0).reshape(90, 60)
    for form, name in (("compatible", "a.jpg"), ("thesis", "sub/b.vjpg")):
        made = prepare(source, importance, settings=Settings(form=form))
        Path("in", name).write_bytes(coded(made, 50).data)
    Path("in/plain.jpg").write_bytes(coded_jpeg(made, 50).data)
    return tmp_path


def _files(folder):
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*.*"))


def test_every_kind_is_decoded(streams, capsys):
    """The pixels of `decode`, the profile, and no orientation that would turn them again."""
    assert main(["decompress", "in", "--output", "out"]) == 0
    assert _files("out") == ["a.png", "plain.png", "sub/b.png"]
    for name in ("a.jpg", "plain.jpg", "sub/b.vjpg"):
        with Image.open(Path("out", name).with_suffix(".png")) as image:
            assert image.info["icc_profile"] == SRGB and image.getexif().get(0x0112, 1) == 1
            np.testing.assert_array_equal(np.asarray(image), decode(Path("in", name).read_bytes()))
            assert image.size == (60, 90)
    out, err = capsys.readouterr()
    assert err == "" and [line.split() for line in out.splitlines()] == [
        ["60x90", "compatible", "quality", "50.000", "out/a.png"],
        ["60x90", "plain", "out/plain.png"],
        ["60x90", "thesis", "quality", "50.000", "out/sub/b.png"],
    ]


def test_memory_bounds_what_is_decoded(streams, capsys, monkeypatch):
    """By --memory, which the message names; without it by half of what is free, not by 2 GiB."""
    assert main(["decompress", "in/sub/b.vjpg", "--output", "x.png", "--memory", "100K"]) == 1
    first, _ = capsys.readouterr().err.splitlines()
    assert "at most 0 MiB to decode" in first and "Raise --memory" in first
    monkeypatch.setattr("kiqa.varjpeg.codec._BYTES_A_PIXEL", 1 << 20)  # 5 GiB for 60x90
    monkeypatch.setattr("kiqa.io.memory.free_memory", lambda: 16 << 30)
    assert main(["decompress", "in/sub/b.vjpg", "--output", "x.png"]) == 0
    assert main(["decompress", "in/sub/b.vjpg", "--output", "y.png", "--memory", "4G"]) == 1
    assert main(["decompress", "in/sub/b.vjpg", "--output", "y.png", "--memory", "6G"]) == 0


def test_gray_stays_gray(streams, photo):
    """One channel in the PNG file too."""
    made = prepare(photo[:40, :40, 0], np.ones((40, 40)), settings=Settings())
    Path("gray.jpg").write_bytes(coded(made, 50).data)
    assert main(["decompress", "gray.jpg", "--output", "x.png"]) == 0
    with Image.open("x.png") as image:
        assert image.mode == "L" and image.size == (40, 40)


def test_bad_files_are_reported_and_left_out(streams, capsys, encode, photo):
    """Cut off, changed, progressive, no image, empty; the others are decoded."""
    thesis = Path("in/sub/b.vjpg").read_bytes()
    bad = {
        "changed.vjpg": (thesis[:200] + bytes([thesis[200] ^ 1]) + thesis[201:], "fetch it again"),
        "cut.vjpg": (thesis[:-40], "cut off"),
        "empty.jpg": (b"", "Expected a JPEG or VarJPEG stream"),
        "notes.jpg": (b"no image", "begins with b'no image'"),
        "progressive.jpg": (encode(photo[:40], "JPEG", progressive=True), "received progressive"),
    }
    for name, (content, _) in bad.items():
        Path("in", name).write_bytes(content)
    assert main(["decompress", "in", "--output", "out"]) == 1
    *reports, last = capsys.readouterr().err.splitlines()
    for line, (name, (_, said)) in zip(reports, bad.items(), strict=True):
        assert line.startswith(f"kiqa: in/{name}: ") and said in line
    assert last == "kiqa: 5 of 8 files could not be decoded"
    assert _files("out") == ["a.png", "plain.png", "sub/b.png"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gone", "--output", "out"], "gone"),
        (["in", "--output", "x.png"], "x.png for 3 inputs"),
        (["in/a.jpg", "--output", "x.jpg"], "file ending in .png"),
        (["picture.png", "--output", "."], "replaces no input"),
    ],
)
def test_input_errors_are_one_line_and_status_2(streams, refused, arguments, said):
    """Nothing is written."""
    Path("picture.png").touch()
    assert said in refused("decompress", *arguments)


def test_equal_stems_keep_their_suffix(streams):
    """a.jpg and a.vjpg become two files."""
    Path("in/a.vjpg").write_bytes(Path("in/sub/b.vjpg").read_bytes())
    assert main(["decompress", "in/a.jpg", "in/a.vjpg", "--output", "out"]) == 0
    assert _files("out") == ["a.jpg.png", "a.vjpg.png"]


def test_help(capsys):
    """Says what it takes."""
    with pytest.raises(SystemExit) as end:
        main(["decompress", "--help"])
    out = capsys.readouterr().out
    assert end.value.code == 0 and "--output" in out and "VarJPEG of either form" in out
