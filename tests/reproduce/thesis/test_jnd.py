"""``python -m kiqa.reproduce thesis-fig15`` and ``thesis-fig16`` on a small ladder."""

import csv
import json

import pytest
from PIL import Image

from kiqa.reproduce.thesis.jnd import FIG_15, FIG_16, measure_ladder, read_mos
from kiqa.varjpeg.jnd.versions import Version, read_versions, reference_of, write_versions

QUALITIES = (95, 75, 50, 25, 10, 3)


@pytest.fixture(scope="module")
def ladder(tmp_path_factory, photo):
    """Two images; 'VarJPEG' is plain JPEG with a few bytes said to be its own."""
    folder = tmp_path_factory.mktemp("jnd") / "ladder"
    versions = []
    for image, top in (("sub/a.jpg", 60), ("b.jpg", 160)):
        reference = reference_of(folder, image)
        reference.parent.mkdir(parents=True)
        picture = Image.fromarray(photo[top : top + 64, 100:196])
        picture.save(reference)
        for codec in ("varjpeg", "jpeg"):
            (folder / image / codec).mkdir()
            for number, quality in enumerate(QUALITIES):
                file = f"{image}/{codec}/{number:03d}.jpg"
                picture.save(folder / file, quality=quality)
                size = (folder / file).stat().st_size
                versions.append(
                    Version(image, codec, number, file, file, quality, size,
                            20 if codec == "varjpeg" else 0, 8 * size / (64 * 96), 24.0, 96, 64,
                            "1e5", "")
                )  # fmt: skip
    write_versions(folder, versions)
    return folder


def votes(path, answers):
    """Write votes: for each image the first noticed versions, '' for never."""
    rows = [f"{image},p{i},{v}" for image, own in answers.items() for i, v in enumerate(own)]
    path.write_text("\n".join(["image,participant,version", *rows, ""]))
    return path


@pytest.mark.slow
def test_votes_of_people(ladder, tmp_path, capsys, run):
    """The bitrates at the JND, the MOS, the counts, and all files."""
    ours = votes(tmp_path / "v.csv", {"sub/a.jpg": [3, 4, 4, 5], "b.jpg": [2, 2, 3, 3]})
    theirs = votes(tmp_path / "j.csv", {"sub/a.jpg": [2, 3, 4, 5], "b.jpg": ["", "", "", 1]})
    scores = tmp_path / "mos.csv"
    scores.write_text("Image_Name,MOS,SD\na.jpg,3.25,0.1\nz.jpg,1,1\n")
    out = tmp_path / "out"
    arguments = ["--ladder", ladder, "--varjpeg-votes", ours, "--jpeg-votes", theirs]
    assert run(FIG_15, *arguments, "--mos", scores, "--output", out) == 0
    printed = capsys.readouterr().out
    assert "votes: v.csv and j.csv" in printed and "more than 25 %" in printed
    assert "1 of 2 images compared" in printed
    assert "left out: 1, JND not reached with jpeg" in printed
    assert str(out / "thesis-fig15.png") in printed
    with (out / "thesis-fig15.csv").open() as stream:
        first, second = csv.DictReader(stream)
    sizes = {(e.image, e.codec, e.version): e.bpp for e in read_versions(ladder)}
    assert (first["varjpeg_version"], first["jpeg_version"]) == ("4", "3")
    assert float(first["varjpeg_bpp"]) == sizes["sub/a.jpg", "varjpeg", 4]
    assert float(first["jpeg_bpp"]) == sizes["sub/a.jpg", "jpeg", 3]
    assert first["mos"] == "3.25" and second["mos"] == "" and second["saving_bpp"] == ""
    summary = json.loads((out / "thesis-fig15.json").read_text())
    assert summary["simulated"] is False and summary["quantile"] == 0.25
    assert summary["compared"] == summary["benefit"] == 1
    with Image.open(out / "thesis-fig15.png") as picture:
        assert picture.size[0] > 1000


@pytest.mark.slow
def test_simulated_observers_are_named_so(ladder, tmp_path, capsys, run):
    """In print, CSV and JSON; equal files save nothing; the seed repeats everything."""
    for out in ("one", "two"):
        arguments = ["--ladder", ladder, "--simulated", 5, "--seed", 3, "--output", tmp_path / out]
        assert run(FIG_16, *arguments) == 0
    printed = capsys.readouterr().out
    assert "votes: simulated observers, not people (5 an image, seed 3)" in printed
    assert "Wilcoxon signed-rank 1, sign test 1 (0 images differ)" in printed
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == ["thesis-fig16.csv", "thesis-fig16.json", "thesis-fig16.png"]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    summary = json.loads((tmp_path / "one" / "thesis-fig16.json").read_text())
    assert summary["simulated"] is True and summary["votes"] == {"varjpeg": 10, "jpeg": 10}
    assert summary["equal"] == 2 and "not people" in summary["votes_source"]
    assert "not people" in (tmp_path / "one" / "thesis-fig16.csv").read_text()


def test_each_version_is_measured_once(ladder):
    """Every view of the ladder against its own reference, in the order of the versions."""
    seen = []

    def measure(reference, picture):
        seen.append(picture.shape)
        return float(abs(reference.astype(float) - picture).mean())

    measured = measure_ladder(ladder, read_versions(ladder), measure=measure)
    assert len(seen) == 2 * 2 * len(QUALITIES)
    assert list(measured["jpeg"]) == ["sub/a.jpg", "b.jpg"]
    for codec in measured.values():
        for values in codec.values():
            assert values == sorted(values) and values[0] < 3 < values[-1]


def test_a_version_of_another_size_is_named(ladder, photo, tmp_path):
    """The message begins with the file."""
    image = "c.jpg"
    reference = reference_of(tmp_path, image)
    reference.parent.mkdir()
    Image.fromarray(photo[:40, :40]).save(reference)
    Image.fromarray(photo[:40, :41]).save(reference.parent / "0.jpg")
    entry = Version(image, "jpeg", 0, f"{image}/0.jpg", f"{image}/0.jpg", 75, 200, 0, 1.0, 1.0,
                    40, 40, "1e5", "")  # fmt: skip
    with pytest.raises(ValueError, match=r"0\.jpg: Expected two images"):
        measure_ladder(tmp_path, [entry])


@pytest.mark.parametrize(
    "extra",
    [
        [],
        ["--simulated", "0"],
        ["--varjpeg-votes", "v.csv"],
        ["--varjpeg-votes", "v.csv", "--simulated", "3"],
        ["--varjpeg-votes", "v.csv", "--jpeg-votes", "j.csv", "--simulated", "3"],
    ],
)
def test_votes_come_from_one_source(tmp_path, extra, run):
    """Both files or the simulation, before anything is read."""
    with pytest.raises(ValueError, match="either --varjpeg-votes"):
        run(FIG_15, "--ladder", tmp_path, *extra)


def test_votes_of_another_ladder_are_refused(ladder, tmp_path, run):
    """With the line of the file."""
    foreign = votes(tmp_path / "v.csv", {"x.jpg": [1]})
    with pytest.raises(ValueError, match=r"v\.csv line 2, received 'x\.jpg'"):
        run(FIG_15, "--ladder", ladder, "--varjpeg-votes", foreign, "--jpeg-votes", foreign)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,mos\na,1\na,2\n", "again"),
        ("image,mos\na,nan\n", "finite mos"),
        ("image,mos\na,good\n", "'good'"),
        ("name,mos\na,1\n", "image_name"),
        ("image,score\na,1\n", "'mos'.*missing"),
    ],
)
def test_a_wrong_mos_is_refused(tmp_path, text, message):
    """Twice, not finite, no number, no name, no column."""
    (tmp_path / "mos.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_mos(tmp_path / "mos.csv")


def test_scores_of_other_images_are_refused(ladder, tmp_path, run):
    """A file in which no image of the ladder is found is a mistake."""
    (tmp_path / "mos.csv").write_text("image,mos\nx.jpg,1\n")
    with pytest.raises(ValueError, match="at least one image of the ladder"):
        run(FIG_15, "--ladder", ladder, "--simulated", 3, "--mos", tmp_path / "mos.csv")
