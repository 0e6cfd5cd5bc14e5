"""``kiqa ladder``: the folder of a study, from images and maps."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kiqa.cli.main import main
from kiqa.varjpeg import inspect_stream
from kiqa.varjpeg.jnd.versions import read_versions


@pytest.fixture
def pictures(tmp_path, monkeypatch, photo):
    """A working folder with ``in``: two images, one in a folder."""
    monkeypatch.chdir(tmp_path)
    Path("in/sub").mkdir(parents=True)
    Image.fromarray(photo[:72, :80]).save("in/a.jpg", quality=90)
    Image.fromarray(photo[100:172, 100:180]).save("in/sub/b.jpg", quality=90)
    return tmp_path


@pytest.mark.slow
def test_a_ladder_of_each_image(stand_in, pictures, capsys):
    """versions.csv lists every file there is."""
    assert main(["ladder", "in", "--output", "out", "--versions", "3", "--delta", "20"]) == 0
    out, err = capsys.readouterr()
    assert err == "" and out == "102 versions  out/a.jpg\n102 versions  out/sub/b.jpg\n"
    rows = read_versions("out")
    found = (path for path in Path("out").rglob("*.*jpg") if path.is_file())
    assert {row.file for row in rows} == {str(path.relative_to("out")) for path in found}
    assert len(rows) == 204
    info = inspect_stream(Path("out/a.jpg/varjpeg/000.vjpg").read_bytes())
    assert (info.form, info.parameters.delta) == ("thesis", 20)
    assert json.loads(Path("out/settings.json").read_text())["versions"] == 3
    assert Path("out/sub/b.jpg/reference.png").is_file()


@pytest.mark.slow
def test_a_repeated_command_leaves_what_is_done(stand_in, pictures, capsys):
    """The image that came later is added."""
    assert main(["ladder", "in/a.jpg", "--output", "out", "--versions", "2"]) == 0
    assert main(["ladder", "in", "--output", "out", "--versions", "2"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "101 versions  out/a.jpg",
        "already there  out/a.jpg",
        "101 versions  out/sub/b.jpg",
    ]
    assert {row.image for row in read_versions("out")} == {"a.jpg", "sub/b.jpg"}


def test_other_options_need_another_folder(stand_in, pictures, capsys):
    """Status 2; the ladder that is there is not touched."""
    assert main(["ladder", "in/a.jpg", "--output", "out", "--versions", "2"]) == 0
    before = Path("out/versions.csv").read_bytes()
    assert main(["ladder", "in", "--output", "out", "--versions", "3"]) == 2
    assert "Write to another folder" in capsys.readouterr().err
    assert Path("out/versions.csv").read_bytes() == before and not Path("out/sub").exists()


def test_a_repeated_command_tells_other_masks(pictures, capsys):
    """Status 2; a model that does not matter is no other setting."""
    Image.new("L", (80, 72), 200).save("m.png")
    command = ["ladder", "in/a.jpg", "--output", "out", "--versions", "2", "--mask", "m.png"]
    assert main(command) == main([*command, "--model", "paq2piq_rm", "--stride", "4"]) == 0
    Image.new("L", (80, 72), 210).save("m.png")
    assert main(command) == 2
    assert "m.png with " in capsys.readouterr().err


@pytest.mark.slow
def test_bad_files_are_reported(stand_in, pictures, capsys):
    """The others have their ladders; status 1."""
    Path("in/torn.jpg").write_bytes(Path("in/a.jpg").read_bytes()[:500])
    Path("in/notes.jpg").write_text("no image")
    Image.new("RGB", (63, 80)).save("in/small.png")
    odd = [r"a\b.jpg"] if os.name == "posix" else []
    for name in odd:
        Path("in", name).write_bytes(Path("in/a.jpg").read_bytes())
    assert main(["ladder", "in", "--output", "out", "--versions", "2"]) == 1
    *reports, last = capsys.readouterr().err.splitlines()
    for line, name in zip(reports, (*odd, "notes.jpg", "small.png", "torn.jpg"), strict=True):
        assert line.startswith("kiqa: ") and (f"in/{name}" in line or name in odd)
    assert last == f"kiqa: {3 + len(odd)} of {5 + len(odd)} images have no ladder"
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "a.jpg", "settings.json", "sub", "versions.csv",
    ]  # fmt: skip


@pytest.mark.slow
def test_masks_and_a_png_of_each_version(pictures):
    """No model is needed; the thesis's form, which no browser shows, has a PNG beside it."""
    Path("masks/sub").mkdir(parents=True)
    mask = np.zeros((72, 80), np.uint8)
    mask[:30, :30] = 255
    Image.fromarray(mask).save("masks/a.png")
    Image.fromarray(mask).save("masks/sub/b.png")
    options = ["--mask", "masks", "--versions", "2", "--subsampling", "4:2:0"]
    assert main(["ladder", "in", "--output", "out", *options]) == 0
    data = Path("out/a.jpg/varjpeg/001.vjpg").read_bytes()
    info = inspect_stream(data)
    assert (info.form, info.subsampling) == ("thesis", "4:2:0")
    assert info.parameters.centroids.max() < 128
    assert Path("out/a.jpg/varjpeg/001.png").is_file()
    options[:2] = ["--form", "compatible", *options[:2]]
    assert main(["ladder", "in/a.jpg", "--output", "other", *options]) == 0
    assert Path("other/a.jpg/varjpeg/001.jpg").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gone", "--output", "out"], "gone"),
        (["in", "--output", "out", "--versions", "1"], "at least 2 versions"),
        (["in", "--output", "out", "--delta", "-1"], "Delta"),
        (["in", "--output", "out", "--saliency", "gone"], "gone, not there"),
        (["in", "--output", "in/a.jpg"], "in/a.jpg"),
    ],
)
def test_input_errors_are_one_line_and_status_2(stand_in, pictures, refused, arguments, said):
    """Nothing is written."""
    assert said in refused("ladder", *arguments)


def test_help(capsys):
    """100 versions unless told otherwise, as in the thesis."""
    with pytest.raises(SystemExit) as end:
        main(["ladder", "--help"])
    out = " ".join(capsys.readouterr().out.split())
    assert end.value.code == 0 and "by VarJPEG (default: 100)" in out and "--clusters" in out
