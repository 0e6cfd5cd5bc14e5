"""Ladders: bitrates as in the thesis, and the folder that a study takes."""

import hashlib
import json
from dataclasses import asdict

import numpy as np
import pytest
from PIL import Image, ImageCms

from kiqa.io.images.sources import read_file
from kiqa.studies import write_jnd_study
from kiqa.varjpeg import Settings, SizeSearch, bitrate_ladder, coded, decode, jpeg_ladder, prepare
from kiqa.varjpeg import read_source as source_of
from kiqa.varjpeg.jnd.versions import read_versions, reference_of
from kiqa.varjpeg.ladder import ImportanceSource, write_ladder


@pytest.fixture(scope="module")
def ramp():
    """Importance for write_ladder: rises to the right."""

    def of(name, pixels):
        return np.tile(np.arange(float(pixels.shape[1])), (len(pixels), 1))

    return ImportanceSource(of)


@pytest.fixture
def images(tmp_path, picture, encode):
    """Two JPEG files, one in a folder, and one that is none: names and paths."""
    pixels = picture(64, 80)
    contents = {
        "a.jpg": encode(pixels, "JPEG", quality=80, subsampling=0),
        "sub/b.jpg": encode(pixels[:, ::-1], "JPEG", quality=80, subsampling=0),
        "torn.jpg": encode(pixels, "JPEG")[:400],
    }
    listed = []
    for name, content in contents.items():
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        listed.append((name, path))
    return listed


@pytest.mark.slow
@pytest.mark.parametrize("form", ["thesis", "compatible"])
def test_bitrates_are_equally_spaced_from_the_sources(encode, picture, disc, form):
    """Section 6.3: from the source's bitrate down to 2 % of it, each file just below its target."""
    data = encode(picture(240, 320), "JPEG", quality=85, subsampling=0)
    options = {"importance": disc(240, 320), "form": form}
    ladder = bitrate_ladder(data, 12, **options)
    floor = len(SizeSearch(prepare(data, disc(240, 320), settings=Settings(form=form))).floor.data)
    targets = np.linspace(len(data), max(0.02 * len(data), floor), 12)
    sizes = [len(encoded.data) for encoded in ladder]
    assert len(ladder) == 12 and all(encoded.form == form for encoded in ladder)
    assert all(0.97 * target <= size <= target for size, target in zip(sizes, targets, strict=True))
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.slow
def test_two_percent_is_reached_where_the_floor_is_lower(picture, disc):
    """Of an image with much to code; that of a small smooth one ends at its floor."""
    noise = np.random.default_rng(0).normal(0, 12, (240, 320, 3))
    pixels = np.clip(picture(240, 320) + noise, 0, 255).astype(np.uint8)
    ladder = bitrate_ladder(pixels, 3, importance=disc(240, 320))
    sizes = [len(encoded.data) for encoded in ladder]
    assert ladder[0].quality == 99  # arrays have no bitrate: the ceiling
    assert 0.97 * 0.02 * sizes[0] <= sizes[2] <= 0.02 * sizes[0]
    assert sizes[1] == pytest.approx(0.51 * sizes[0], rel=0.02)


def test_the_ceiling_is_the_highest(encode, picture, disc):
    """A PNG file is larger than any JPEG; a file smaller than the floor gives the floor."""
    png = encode(picture(64, 80), "PNG")
    assert bitrate_ladder(png, 2, importance=disc(64, 80))[0].quality == 99
    flat = encode(np.zeros((64, 80, 3), np.uint8), "PNG")
    tiny = source_of(flat)
    made = prepare(tiny._replace(upright=picture(64, 80)), disc(64, 80), settings=Settings())
    ladder = bitrate_ladder(made, 3)
    floor = SizeSearch(made).floor.data
    assert len(flat) < len(floor) and [encoded.data for encoded in ladder] == [floor] * 3


@pytest.mark.parametrize("n", [1, 0, -3, 2.5, True])
def test_other_numbers_of_versions_are_refused(picture, n):
    """At least two."""
    with pytest.raises(ValueError, match="at least 2 versions, received"):
        bitrate_ladder(picture(16, 16), n, importance=np.ones((16, 16)))
    with pytest.raises(ValueError, match="at least 2 versions, received"):
        next(write_ladder([("a.png", "a.png")], "never made", settings=Settings(), n=n))


def test_the_thesiss_number_is_the_default():
    """100 versions, section 6.3."""
    import inspect

    assert inspect.signature(bitrate_ladder).parameters["n"].default == 100


@pytest.mark.parametrize("kind", ["4:4:4", "4:2:0"])
def test_plain_jpeg_has_every_quality(picture, prepared, kind):
    """99 down to 1; Delta 0 at the same quality has the same pixels."""
    ladder = jpeg_ladder(picture(40, 56), subsampling=kind)
    assert [encoded.quality for encoded in ladder] == list(range(99, 0, -1))
    assert all(encoded.form == "plain" and encoded.overhead == 0 for encoded in ladder)
    flat = prepared(40, 56, subsampling=kind, delta=0)
    for number in (0, 49, 98):
        expected = decode(coded(flat, 99 - number).data)
        np.testing.assert_array_equal(decode(ladder[number].data), expected)
    same = jpeg_ladder(prepared(40, 56, subsampling=kind))
    assert [a.data for a in ladder] == [b.data for b in same]


@pytest.mark.slow
@pytest.mark.parametrize(("form", "suffix"), [("compatible", "jpg"), ("thesis", "vjpg")])
def test_the_folder_is_what_a_study_takes(tmp_path, images, ramp, form, suffix):
    """Files, views, references and the table; an image that is none is told and left out."""
    folder = tmp_path / "ladder"
    settings = Settings(form=form)
    told = dict(write_ladder(images, folder, settings=settings, n=4, importance=ramp))
    assert told["a.jpg"] == told["sub/b.jpg"] == 4 + 99
    assert isinstance(told["torn.jpg"], ValueError)
    rows = read_versions(folder)
    assert {row.image for row in rows} == {"a.jpg", "sub/b.jpg"}
    of_a = [row for row in rows if row.image == "a.jpg"]
    ours = [row for row in of_a if row.codec == "varjpeg"]
    assert [row.file for row in ours] == [f"a.jpg/varjpeg/{i:03d}.{suffix}" for i in range(4)]
    assert [row.quality for row in of_a if row.codec == "jpeg"] == list(range(99, 0, -1))
    source = source_of(images[0][1])
    for row in of_a:
        data = (folder / row.file).read_bytes()
        assert (row.bytes, row.width, row.height) == (len(data), 80, 64)
        assert row.bpp == pytest.approx(8 * len(data) / (64 * 80))
        assert row.source_bpp == pytest.approx(source.bpp)
        assert row.overhead == (0 if row.codec == "jpeg" else 51 + 8 * (form == "thesis"))
    for row in (ours[0], ours[3], of_a[-1]):
        with Image.open(folder / row.view) as view:  # what a browser shows
            np.testing.assert_array_equal(
                np.asarray(view), decode((folder / row.file).read_bytes())
            )
    assert ours[0].view == ("a.jpg/varjpeg/000.png" if form == "thesis" else ours[0].file)
    with Image.open(reference_of(folder, "a.jpg")) as reference:
        np.testing.assert_array_equal(np.asarray(reference), source.upright)
    assert json.loads((folder / "settings.json").read_text()) == {
        **asdict(settings),
        "versions": 4,
        "importance": "",
    }
    assert not (folder / "torn.jpg").exists()


def test_a_ladder_trusts_its_own_streams(tmp_path, images, ramp, monkeypatch):
    """Whatever decoding them is estimated to take."""
    monkeypatch.setattr("kiqa.varjpeg.codec._BYTES_A_PIXEL", 1 << 20)
    settings = Settings(form="thesis")
    told = dict(write_ladder(images[:1], tmp_path, settings=settings, n=2, importance=ramp))
    assert told == {"a.jpg": 101}


@pytest.mark.parametrize("form", ["thesis", "compatible"])
def test_a_study_takes_turned_images_with_a_profile(tmp_path, encode, picture, ramp, form):
    """All files are upright, without EXIF, and name the source's colours for the browser."""
    exif = Image.Exif()
    exif[0x0112] = 6
    path, folder = tmp_path / "a.jpg", tmp_path / "l"
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path.write_bytes(encode(picture(64, 80), "JPEG", exif=exif, icc_profile=icc))
    settings = Settings(form=form)
    list(write_ladder([("a.jpg", path)], folder, settings=settings, n=2, importance=ramp))
    rows = read_versions(folder)
    assert {(row.width, row.height) for row in rows} == {(64, 80)}
    for file in (reference_of(folder, "a.jpg"), *(folder / row.view for row in rows)):
        with Image.open(file) as shown:
            assert shown.size == (64, 80) and not shown.getexif()
            assert shown.info["icc_profile"] == icc
    for codec in ("jpeg", "varjpeg"):
        assert write_jnd_study(folder, tmp_path / f"{codec}.html", codec=codec).path.is_file()


@pytest.mark.slow
def test_an_interrupted_call_is_repeated(tmp_path, images, ramp):
    """Images in the table are left as they are; those that are not are done."""
    folder, settings = tmp_path / "ladder", Settings()
    ladder = write_ladder(images, folder, settings=settings, n=2, importance=ramp)
    assert next(ladder) == ("a.jpg", 101)
    ladder.close()
    assert {row.image for row in read_versions(folder)} == {"a.jpg"}
    before = (folder / "a.jpg/varjpeg/000.jpg").stat().st_mtime_ns
    told = dict(write_ladder(images, folder, settings=settings, n=2, importance=ramp))
    assert (told["a.jpg"], told["sub/b.jpg"]) == (0, 101)
    assert (folder / "a.jpg/varjpeg/000.jpg").stat().st_mtime_ns == before
    assert {row.image for row in read_versions(folder)} == {"a.jpg", "sub/b.jpg"}


@pytest.mark.parametrize(
    "changed",
    [
        {"n": 3},
        {"settings": Settings(delta=20)},
        {"settings": Settings(model="other.h5")},
        {"settings": Settings(stride=4)},
        {"importance": ImportanceSource(name="--mask", by_model=False)},
    ],
    ids=["n", "delta", "model", "stride", "importance"],
)
def test_other_settings_need_another_folder(tmp_path, images, ramp, changed):
    """One study has one kind of ladder."""
    given = {"settings": Settings(), "n": 2, "importance": ramp}
    list(write_ladder(images[:1], tmp_path / "l", **given))
    with pytest.raises(ValueError, match="Write to another folder"):
        list(write_ladder(images, tmp_path / "l", **{**given, **changed}))


@pytest.fixture
def masked(tmp_path, images, ramp):
    """A ladder of one image by a file: a function that writes it again, of other settings."""
    (tmp_path / "m.png").write_bytes(b"one mask")

    def write(file="m.png", **settings):
        path = tmp_path / file
        importance = ImportanceSource(
            ramp.of, "--mask", False, lambda name: path if path.is_file() else None
        )
        settings = Settings(**settings)
        return list(
            write_ladder(images[:1], tmp_path / "l", settings=settings, n=2, importance=importance)
        )

    assert write() == [("a.jpg", 101)]
    return write


def test_a_model_that_does_not_matter_is_not_compared(tmp_path, masked):
    """Nor kept: the importance is from a file."""
    assert masked(model="other.h5", stride=4) == [("a.jpg", 0)]
    kept = json.loads((tmp_path / "l" / "settings.json").read_text())
    assert kept["importance"] == "--mask" and not {"model", "stride"} & set(kept)


def test_a_table_without_hashes_is_refused(tmp_path, masked):
    """Nothing says what its ladders are made from; it stays as it is."""
    table = tmp_path / "l" / "versions.csv"
    silent = "".join(line.rsplit(",", 2)[0] + "\n" for line in table.read_text().splitlines())
    table.write_text(silent)
    with pytest.raises(ValueError, match="image_sha256.*missing"):
        masked()
    assert table.read_text() == silent


def test_another_importance_needs_another_folder(tmp_path, masked):
    """The file is known by its content: changed, moved, gone."""
    rows = read_versions(tmp_path / "l")
    expected = hashlib.sha256(b"one mask").hexdigest()
    assert {row.importance_sha256 for row in rows} == {expected}
    (tmp_path / "moved.png").write_bytes(b"one mask")
    assert masked("moved.png") == [("a.jpg", 0)]
    (tmp_path / "m.png").write_bytes(b"another mask")
    with pytest.raises(ValueError, match=rf"{expected[:12]}\. Received: .*m\.png with "):
        masked()
    with pytest.raises(ValueError, match="Received: no file with none"):
        masked("gone.png")
    assert masked("moved.png") == [("a.jpg", 0)]
    assert read_versions(tmp_path / "l") == rows


def test_the_hash_is_of_the_bytes_that_are_coded(tmp_path, images, ramp, monkeypatch):
    """A file that changes after it was read is another one when the call is repeated."""
    name, path = images[0]
    before = path.read_bytes()

    def read_and_change(path, max_bytes):
        data = read_file(path, max_bytes)
        path.write_bytes(data + b"more")
        return data

    monkeypatch.setattr("kiqa.varjpeg.source.read_file", read_and_change)
    given = {"settings": Settings(), "n": 2, "importance": ramp}
    assert list(write_ladder([(name, path)], tmp_path / "l", **given)) == [(name, 101)]
    rows = read_versions(tmp_path / "l")
    assert {row.image_sha256 for row in rows} == {hashlib.sha256(before).hexdigest()}
    with pytest.raises(ValueError, match="Write to another folder"):
        list(write_ladder([(name, path)], tmp_path / "l", **given))


def test_another_image_of_the_same_name_needs_another_folder(tmp_path, masked, images):
    """Whatever it looks like."""
    path = images[0][1]
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(ValueError, match=r"Received: .*a\.jpg with"):
        masked()
