"""``kiqa study``: a page for each experiment, and mistakes that leave no file."""

import json
import os
import re

import pytest
from PIL import Image

from kiqa.cli import study
from kiqa.cli.main import main
from kiqa.varjpeg.jnd.versions import Version, reference_of, write_versions


@pytest.fixture(scope="module")
def png(encode, photo):
    """A file of the photo."""
    return encode(photo, "PNG")


@pytest.fixture
def work(tmp_path, monkeypatch, png):
    """Folders `ladder`, `photos` and `empty` in the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "photos" / "sub").mkdir(parents=True)
    for name in ("a.png", "sub/b.png", "c.png"):
        (tmp_path / "photos" / name).write_bytes(png)
    (tmp_path / "photos" / "notes.txt").write_text("no image")
    versions = []
    for image in ("a.png", "b.png"):
        for number in range(4):
            file = f"{image}/jpeg/{number:03}.jpg"
            (tmp_path / "ladder" / image / "jpeg").mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (64, 48)).save(tmp_path / "ladder" / file)
            versions.append(
                Version(image, "jpeg", number, file, file, 99 - number, 96, 0, 0.25, 24.0, 64, 48,
                        "1e5", "")
            )  # fmt: skip
        Image.new("RGB", (64, 48)).save(reference_of(tmp_path / "ladder", image))
    write_versions(tmp_path / "ladder", versions)
    return tmp_path


def _content(path):
    text = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'id="study">(.*?)</script>', text)[1])


def test_jnd_page(work, capsys):
    """Images, their chosen versions, and what was written."""
    arguments = ["ladder", "--codec", "jpeg", "--versions", "2", "--part", "2/2"]
    assert main(["study", "jnd", *arguments, "--output", "out/j.html"]) == 0
    content = _content(work / "out/j.html")
    assert content["kind"] == "jnd-jpeg"
    assert [(item["name"], item["versions"]) for item in content["items"]] == [("b.png", [0, 3])]
    out, err = capsys.readouterr()
    assert out.startswith("out/j.html: 1 image, 0.0 MB, study " + content["id"])
    assert err == ""


def test_a_page_in_the_ladder_is_written_again(work, capsys):
    """What the ladder does not name is no input; what it names is."""
    command = ["study", "jnd", "ladder", "--codec", "jpeg", "--output"]
    assert main([*command, "ladder/j.html"]) == main([*command, "ladder/j.html"]) == 0
    (work / "ladder/settings.json").write_text("{}")
    for name in ("versions.csv", "settings.json", "a.png/reference.png", "a.png/jpeg/001.jpg"):
        before = (work / "ladder" / name).read_bytes()
        assert main([*command, f"ladder/{name}"]) == 2
        assert "replaces no input" in capsys.readouterr().err
        assert (work / "ladder" / name).read_bytes() == before


def test_patch_page_says_what_the_votes_fit(work, capsys):
    """A plain folder gives all its images; the options for the reader are printed."""
    arguments = ["photos", "--patches-per-image", "2", "--seed", "7", "--mode", "crowd"]
    assert main(["study", "patches", *arguments, "--output", "p.html"]) == 0
    content = _content(work / "p.html")
    assert (content["participants"], content["mode"], len(content["items"])) == (10, "crowd", 4)
    assert {item["name"] for item in content["items"]} == {"a.png", "c.png"}
    out, _ = capsys.readouterr()
    assert "images=2, patches_per_image=2, seed=7, label='crowd'" in out


def test_boxes_page_takes_all_images_below(work, capsys):
    """Names are relative to the folder, other files are left out, the note is shown."""
    assert main(["study", "boxes", "photos", "--output", "photos/b.html", "--note", "Room 1"]) == 0
    names = [item["name"] for item in _content(work / "photos/b.html")["items"]]
    assert sorted(names) == ["a.png", "c.png", "sub/b.png"]
    assert '<p class="note">Room 1</p>' in (work / "photos/b.html").read_text(encoding="utf-8")
    assert capsys.readouterr().err == "kiqa: 1 file skipped: 1 .txt\n"


def test_large_pages_are_reported(work, capsys, monkeypatch):
    """The page is written all the same, with advice on standard error."""
    monkeypatch.setattr(study, "_LARGE", 1000)
    assert main(["study", "jnd", "ladder", "--codec", "jpeg", "--output", "j.html"]) == 0
    assert (work / "j.html").exists()
    assert "Take --versions N or --part I/N." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("jnd photos --codec jpeg", "Expected a ladder with its table versions.csv at photos"),
        ("jnd ladder --codec varjpeg", "at least 2 versions in varjpeg of every image in ladder"),
        ("jnd ladder --codec jpeg --part 3/3", "Expected at most 2 parts"),
        ("jnd ladder --codec jpeg --versions 1", "Expected at least 2 versions"),
        ("patches nowhere", "nowhere"),
        ("patches empty", "empty"),
        ("patches photos --images 3", "3"),
        ("patches photos --mode crowd --participants 9", "at least 10 participants"),
        ("patches photos --participant 2", "a participant from 1 to 1, received 2"),
        ("patches photos --magnify 99", "magnify 1 to 16 times, received 99"),
        ("patches --data photos", "Expected --dataset with --data"),
        ("patches --data nowhere --dataset spaq", "the folder of a data set at nowhere"),
        ("patches photos --dataset koniq10k", "Expected --data ROOT with --dataset"),
        ("boxes nowhere", "Expected a folder of images. Received: nowhere."),
        ("boxes photos/a.png", "Expected a folder of images. Received: photos/a.png."),
        ("boxes empty", "empty"),
    ],
)
def test_mistakes_leave_no_file(work, capsys, arguments, message):
    """Exit status 2, one line that says what was expected, and no page."""
    assert main(["study", *arguments.split(), "--output", "out/page.html"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("kiqa: error: ")
    assert message in line
    assert not list(work.glob("out/*"))


def test_damaged_image_is_named(work, capsys):
    """A page with a picture missing is not written."""
    (work / "photos" / "d.png").write_bytes(b"no image")
    assert main(["study", "boxes", "photos", "--output", "b.html"]) == 2
    assert "d.png" in capsys.readouterr().err
    assert not (work / "b.html").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "jnd",
        "jnd ladder --output j.html",
        "jnd ladder --codec webp --output j.html",
        "jnd ladder --codec jpeg --part 2 --output j.html",
        "jnd ladder --codec jpeg --part 3/2 --output j.html",
        "patches --output p.html",
        "patches photos --data photos --output p.html",
        "patches photos --images 0 --output p.html",
        "boxes photos",
    ],
)
def test_usage_errors(work, capsys, arguments):
    """What argparse refuses has exit status 2 as well."""
    with pytest.raises(SystemExit) as stopped:
        main(["study", *arguments.split()])
    assert stopped.value.code == 2
    assert "usage: kiqa study" in capsys.readouterr().err
    assert not list(work.glob("*.html"))


@pytest.mark.skipif(os.name != "posix", reason="bytes in names")
@pytest.mark.parametrize("kind", ["patches", "boxes", "jnd"])
def test_a_name_that_fits_no_table_is_left_out(work, capsys, kind):
    """It is said in a line, the status is 1, and the page has the others."""
    for name in ("caf\udce9.png", " blank.png"):
        Image.new("RGB", (80, 72), "red").save(work / "photos" / name)
    about = {"width": 64, "height": 48, "image_sha256": "1e5", "importance_sha256": ""}
    versions = [
        Version(image, "jpeg", number, "v.jpg", "v.jpg", 99, 96, 0, 0.25, 24.0, **about)
        for image in ("caf\udce9.png", "a.png")
        for number in range(2)
    ]
    for image in ("caf\udce9.png", "a.png"):
        (work / "ladder" / image).mkdir(exist_ok=True)
        Image.new("RGB", (64, 48)).save(reference_of(work / "ladder", image))
    Image.new("RGB", (64, 48)).save(work / "ladder" / "v.jpg")
    write_versions(work / "ladder", versions)
    arguments = {"patches": ["photos", "--patches-per-image", "1"], "boxes": ["photos"],
                 "jnd": ["ladder", "--codec", "jpeg"]}[kind]  # fmt: skip
    assert main(["study", kind, *arguments, "--output", "p.html"]) == 1
    out, err = capsys.readouterr()
    told = [line for line in err.splitlines() if "is left out" in line]
    assert len(told) == (1 if kind == "jnd" else 2)
    assert "caf\\" in err and "p.html" in out
    names = {item["name"] for item in _content(work / "p.html")["items"]}
    assert names == {"patches": {"a.png", "c.png"}, "boxes": {"a.png", "c.png", "sub/b.png"},
                     "jnd": {"a.png"}}[kind]  # fmt: skip
    if kind == "patches":
        assert "without the images left out" in out


def test_a_rating_page(work, capsys):
    """Images of a folder, golden ones and ones to learn with; the line says what is shown."""
    for folder in ("gold", "learn"):
        (work / folder).mkdir()
        Image.new("RGB", (20, 10)).save(work / folder / f"{folder}.png")
    command = ["study", "ratings", "photos", "--golden", "gold", "--training", "learn"]
    numbers = ["--contents", "5", "--repeats", "1", "--golden-images", "1", "--session", "4"]
    assert main([*command, *numbers, "--output", "r.html"]) == 0
    out = capsys.readouterr().out
    assert "5 showings of session 4, of them 1 twice and 1 golden; 1 before, a survey after" in out
    assert out.startswith("r.html: 6 showings, ")
    assert _content(work / "r.html")["session"] == 4
    assert main([*command, "--output", "s.html"]) == 2
    err = capsys.readouterr().err
    assert "Received: 210 showings" in err
    advice = re.search(r"Take (.*) \(", err)[1].split()
    assert advice == "--contents 7 --repeats 3 --golden-images 1".split()
    assert main([*command, *advice, "--output", "s.html"]) == 0
