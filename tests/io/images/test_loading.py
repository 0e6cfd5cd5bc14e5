"""The one loader: what awkward files become, and what is refused."""

import hashlib
import io
import json
import struct
import threading
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageFile, ImageOps

from kiqa.io.images import ImageError, load_image

# What each EXIF orientation asks for, as rotations and mirrors of the array.
UPRIGHT = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a.swapaxes(0, 1), 2),
    8: lambda a: np.rot90(a, 1),
}


@pytest.fixture(scope="module")
def good(awkward_folder):
    """Folder of usable files."""
    return awkward_folder / "good"


@pytest.fixture(scope="module")
def crop(photo):
    """The pixels that the files of `good` were made of."""
    return photo[100:197, 100:183]


def over_white(color, alpha):
    """Composite in floating point: the definition."""
    alpha = alpha / 255.0
    return np.rint(color * alpha + 255.0 * (1.0 - alpha))


def alpha_ramp(crop):
    """The alpha channel of the awkward files."""
    return np.linspace(0, 255, crop.size // 3).astype(np.uint8).reshape(*crop.shape[:2], 1)


def test_lossless_rgb_is_unchanged(good, crop):
    """PNG, BMP and lossless WebP give the very pixels, with nothing converted."""
    for name in ("rgb.png", "photo.bmp", "photo.webp"):
        loaded = load_image(good / name)
        np.testing.assert_array_equal(loaded.pixels, crop, err_msg=name)
        assert loaded.pixels.dtype == np.uint8
        assert loaded.converted == ()
        assert (loaded.height, loaded.width) == (97, 83)


def test_path_bytes_and_text_path_agree(good):
    """A path, its text and its bytes give the same pixels and hash; bytes have no path."""
    path = good / "RGB_UPPER.JPG"
    by_path, by_text, by_bytes = map(load_image, (path, str(path), path.read_bytes()))
    assert by_path.sha256 == by_bytes.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (by_path.path, by_text.path, by_bytes.path) == (str(path), str(path), None)
    np.testing.assert_array_equal(by_path.pixels, by_bytes.pixels)
    np.testing.assert_array_equal(by_path.pixels, np.asarray(Image.open(path)))


def test_gray_is_repeated(good, crop):
    """Gray becomes three equal channels of the gray values, also from a JPEG."""
    luma = np.asarray(Image.fromarray(crop).convert("L"))
    loaded = load_image(good / "gray.png")
    np.testing.assert_array_equal(loaded.pixels, np.dstack([luma] * 3))
    assert (loaded.mode, loaded.converted) == ("L", ("gray to RGB",))
    jpeg = load_image(good / "gray.jpg").pixels
    assert np.abs(jpeg[..., 0].astype(int) - luma).mean() < 3
    assert np.ptp(jpeg, axis=2).max() == 0


def test_one_bit_is_black_and_white(good):
    """A 1-bit image has the levels 0 and 255, as stored."""
    loaded = load_image(good / "one_bit.png")
    stored = np.asarray(Image.open(good / "one_bit.png"))
    np.testing.assert_array_equal(loaded.pixels[..., 1], np.where(stored, 255, 0))
    assert loaded.converted == ("1-bit to RGB",)


@pytest.mark.parametrize(("name", "channels"), [("la.png", 1), ("rgba.png", 3)])
def test_alpha_is_composited_over_white(good, crop, name, channels):
    """Every level of transparency lets white through, to the nearest level."""
    loaded = load_image(good / name)
    expected = over_white(crop[..., :channels].astype(float), alpha_ramp(crop))
    np.testing.assert_array_equal(loaded.pixels, np.broadcast_to(expected, crop.shape))
    assert loaded.converted[-1] == "alpha over white"
    assert np.all(loaded.pixels[0, 0] == 255)  # alpha 0 hides its colour


def test_palette(good):
    """A palette is looked up; its transparent entry becomes white."""
    image = Image.open(good / "palette.png")
    entries = np.array(image.getpalette(), np.uint8).reshape(-1, 3)
    indices = np.asarray(image)
    loaded = load_image(good / "palette.png")
    np.testing.assert_array_equal(loaded.pixels, entries[indices])
    assert loaded.converted == ("palette to RGB",)

    entries[3] = 255
    loaded = load_image(good / "palette_transparent.png")
    assert np.any(indices == 3)
    np.testing.assert_array_equal(loaded.pixels, entries[indices])
    assert loaded.converted == ("palette to RGB", "alpha over white")


@pytest.mark.parametrize(("name", "tolerance"), [("cmyk.tif", 1.5), ("cmyk.jpg", 8)])
def test_cmyk_is_not_inverted(good, crop, name, tolerance):
    """CMYK comes back as the colours it was made of, also from Adobe's inverted JPEG."""
    loaded = load_image(good / name)
    assert np.abs(loaded.pixels.astype(int) - crop).mean() < tolerance
    assert (loaded.mode, loaded.converted) == ("CMYK", ("CMYK to RGB",))


def test_16_bits_scale_to_8(good, crop):
    """16-bit gray and colour made by 257 * v come back as v, none of them white."""
    gray = load_image(good / "gray16.png")
    np.testing.assert_array_equal(gray.pixels, np.dstack([crop[..., 0]] * 3))
    assert gray.converted == ("gray to RGB", "16-bit to 8-bit")
    color = load_image(good / "rgb16.png")
    np.testing.assert_array_equal(color.pixels, crop)
    assert color.converted == ("16-bit to 8-bit",)


def test_16_bit_rounding(png_bytes):
    """All 65536 levels become round(v / 257), not the cut of v / 256."""
    levels = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    expected = np.rint(levels / 257.0)
    planes = np.dstack([levels, levels.T, levels[::-1]])
    for pixels, color_type in ((levels[..., None], 0), (planes, 2)):
        loaded = load_image(png_bytes(pixels, color_type)).pixels
        np.testing.assert_array_equal(loaded[..., 0], expected)
    np.testing.assert_array_equal(loaded, np.rint(planes / 257.0))


@pytest.mark.parametrize(("name", "channels"), [("la16.png", 1), ("rgba16.png", 3)])
def test_16_bit_alpha(good, crop, name, channels):
    """16-bit alpha is composited before the bits are dropped."""
    expected = over_white(crop[..., :channels].astype(float), alpha_ramp(crop))
    loaded = load_image(good / name)
    np.testing.assert_array_equal(loaded.pixels, np.broadcast_to(expected, crop.shape))
    assert loaded.converted == ("16-bit to 8-bit", "alpha over white")


@pytest.mark.parametrize("color_type", [0, 2], ids=["gray", "rgb"])
def test_16_bit_transparent_colour(png_bytes, color_type):
    """The one transparent colour of a 16-bit PNG becomes white, its neighbours stay."""
    pixels = np.full((2, 2, 3 if color_type else 1), 1000, np.uint16)
    pixels[0, 1, 0] = 1001  # differs in the lower 8 bits only
    key = struct.pack(f">{pixels.shape[2]}H", *pixels[0, 0])
    chunk = b"tRNS" + key
    chunk = struct.pack(">I", len(key)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    loaded = load_image(png_bytes(pixels, color_type, extra=chunk))
    np.testing.assert_array_equal(loaded.pixels[..., 0], [[255, 4], [255, 255]])


@pytest.mark.parametrize(
    ("photometric", "byteorder"),
    [("minisblack", "<"), ("minisblack", ">"), ("miniswhite", "<"), ("rgb", "<"), ("rgb", ">")],
)
def test_16_bit_tiff(photometric, byteorder):
    """16-bit TIFF of either byte order keeps its levels; white-is-zero is turned round."""
    values = np.random.default_rng(0).integers(0, 65536, (7, 5, 3)).astype(np.uint16)
    if photometric != "rgb":
        values = values[..., 0]
    stream = io.BytesIO()
    tifffile.imwrite(stream, values, photometric=photometric, byteorder=byteorder)
    shown = 65535.0 - values if photometric == "miniswhite" else values.astype(float)
    expected = np.rint(shown / 257).reshape(7, 5, -1)
    loaded = load_image(stream.getvalue()).pixels
    np.testing.assert_array_equal(loaded, np.broadcast_to(expected, (7, 5, 3)))


def test_16_bit_layout_that_the_decoders_read_differently_is_refused():
    """Premultiplied 16-bit alpha is refused with a remedy, not shown with wrong colours."""
    values = np.random.default_rng(0).integers(0, 30000, (7, 5, 4)).astype(np.uint16)
    stream = io.BytesIO()
    tifffile.imwrite(stream, values, photometric="rgb", extrasamples=["assocalpha"])
    with pytest.raises(ImageError, match="16-bit RGB or RGBA PNG"):
        load_image(stream.getvalue())


def test_12_bit_gray_is_refused():
    """TIFF gray of 12 bits is refused, since scaling it by 16 bits would darken it."""
    stream = io.BytesIO()
    Image.fromarray(np.full((2, 2), 4095, np.uint16)).save(stream, "TIFF")
    entry = struct.pack("<HHI", 258, 3, 1)  # BitsPerSample, one short
    assert entry + b"\x10" in stream.getvalue()
    twelve = stream.getvalue().replace(entry + b"\x10", entry + b"\x0c")
    with pytest.raises(ImageError, match="8 or 16"):
        load_image(twelve)


def test_deep_pgm():
    """A 16-bit PGM scales to 8 bits like the other 16-bit grays."""
    values = np.array([[0, 1000, 65535]], ">u2")
    loaded = load_image(b"P5 3 1 65535\n" + values.tobytes())
    np.testing.assert_array_equal(loaded.pixels[0, :, 2], [0, 4, 255])


def test_one_pixel(good):
    """An image of one pixel loads as such."""
    assert load_image(good / "one_pixel.png").pixels.tolist() == [[[10, 20, 30]]]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
def test_exif_orientation(good, crop, orientation, suffix):
    """All eight orientations stand upright in JPEG, PNG and TIFF, as Pillow's own turn does."""
    path = good / f"exif{orientation}.{suffix}"
    loaded = load_image(path)
    stored = np.asarray(Image.open(good / "RGB_UPPER.JPG")) if suffix == "jpg" else crop
    np.testing.assert_array_equal(loaded.pixels, UPRIGHT[orientation](stored))
    twin = ImageOps.exif_transpose(Image.open(path))
    np.testing.assert_array_equal(loaded.pixels, np.asarray(twin))
    assert loaded.exif_orientation == orientation
    assert ("orientation" in loaded.converted) == (orientation != 1)
    assert (loaded.height, loaded.width) == ((97, 83) if orientation < 5 else (83, 97))


def test_invalid_orientation_is_ignored(crop, encode):
    """An orientation that EXIF does not define changes nothing."""
    exif = Image.Exif()
    exif[0x0112] = 9
    loaded = load_image(encode(crop, "PNG", exif=exif))
    assert loaded.exif_orientation == 1
    np.testing.assert_array_equal(loaded.pixels, crop)


@pytest.mark.parametrize("damage", [b"Exif\0\0", b"Exif\0\0no TIFF header", b"Exif\0\0II*\0\xff"])
def test_damaged_exif_is_ignored(crop, encode, damage):
    """An image whose EXIF data are garbage loads as it is stored."""
    content = encode(crop, "JPEG", quality=90, exif=damage)
    loaded = load_image(content)
    assert loaded.exif_orientation == 1
    np.testing.assert_array_equal(
        loaded.pixels, load_image(encode(crop, "JPEG", quality=90)).pixels
    )


def test_first_frame_of_an_animation(good):
    """Of an animation the first frame is taken, and that is recorded."""
    loaded = load_image(good / "animated.gif")
    with Image.open(good / "animated.gif") as image:
        first = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(loaded.pixels, first)
    assert loaded.converted == ("palette to RGB", "first frame")
    assert loaded.pixels.std() > 10  # the second frame is of one colour


def test_provenance_is_json(good, crop, encode):
    """Provenance has the promised fields, survives JSON and tells of a colour profile."""
    fields = load_image(good / "exif6.jpg").provenance()
    assert json.loads(json.dumps(fields)) == {
        "format": "JPEG",
        "mode": "RGB",
        "exif_orientation": 6,
        "converted": ["orientation"],
        "icc": False,
    }
    assert load_image(encode(crop, "PNG", icc_profile=b"profile")).provenance()["icc"] is True


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("truncated.jpg", "truncated"),
        ("truncated.png", "truncated"),
        ("truncated16.png", "truncated"),
        ("header_only.jpg", "JPEG that cannot be read"),
        ("damaged.png", "cannot be decoded"),
        ("zero_bytes.jpg", "0 bytes"),
        ("text.jpg", "first bytes b'This is "),
        ("bomb.png", "60000x60000"),
        ("float.tif", "mode F"),
    ],
)
def test_bad_file_is_refused(awkward_folder, name, words):
    """Each damaged file is an ImageError that names the file and the reason on one line."""
    path = awkward_folder / "bad" / name
    with pytest.raises(ImageError) as caught:
        load_image(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: expected")
    assert words in message
    assert "received" in message
    assert "\n" not in message


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_every_truncation_is_refused(crop, encode, kind):
    """Cut anywhere before the last pixels' bytes, a file never loads in part."""
    whole = encode(crop, kind)
    for share in (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98):
        with pytest.raises(ImageError):
            load_image(whole[: int(share * len(whole))])


def test_missing_file_and_folder(tmp_path):
    """A path to nothing is FileNotFoundError, a folder an ImageError; both name it."""
    with pytest.raises(FileNotFoundError, match="nowhere.jpg"):
        load_image(tmp_path / "nowhere.jpg")
    with pytest.raises(ImageError, match="folder"):
        load_image(tmp_path)


def test_pixel_limit(good):
    """The limit counts pixels, is inclusive, and is an argument."""
    assert load_image(good / "rgb.png", max_pixels=97 * 83).width == 83
    with pytest.raises(ImageError, match="at most 8050 pixels, received 83x97 = 8051"):
        load_image(good / "rgb.png", max_pixels=8050)


def test_pillows_own_limit_neither_warns_nor_changes(good, monkeypatch):
    """Our limit stands alone: Pillow's global one may be smaller and keeps its value."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert load_image(good / "rgb.png").width == 83
    assert load_image(good / "RGB_UPPER.JPG").width == 83
    assert Image.MAX_IMAGE_PIXELS == 10


def test_tolerance_of_truncated_files_is_refused(good, monkeypatch):
    """If another library told Pillow to fill in truncated files, the loader says so."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with pytest.raises(ImageError, match="LOAD_TRUNCATED_IMAGES"):
        load_image(good / "rgb.png")


def test_arrays(crop):
    """uint8 RGB passes unchanged, gray is repeated, alpha goes over white."""
    loaded = load_image(crop)
    np.testing.assert_array_equal(loaded.pixels, crop)
    assert (loaded.path, loaded.format) == (None, None)
    assert loaded.sha256 == hashlib.sha256(crop.tobytes()).hexdigest()
    for gray in (crop[..., 0], crop[..., :1]):
        np.testing.assert_array_equal(load_image(gray).pixels, np.dstack([crop[..., 0]] * 3))
    alpha = alpha_ramp(crop)
    seen = load_image(np.dstack([crop, alpha]), mode="RGBA").pixels
    np.testing.assert_array_equal(seen, over_white(crop.astype(float), alpha))


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.full((4, 5, 3), 0.25), "float64 of shape (4, 5, 3), values 0.25 to 0.25"),
        (np.full((4, 5, 3), 999, np.uint16), "uint16 of shape (4, 5, 3), values 999 to 999"),
        (np.zeros((4, 5, 2), np.uint8), "(4, 5, 2)"),
        (np.zeros((1, 4, 5, 3), np.uint8), "(1, 4, 5, 3)"),
        (np.zeros((0, 5, 3), np.uint8), "(0, 5, 3)"),
        ([[[1, 2, 3]]], "list"),
    ],
    ids=["float", "uint16", "two channels", "batch", "empty", "list"],
)
def test_wrong_array_is_refused(array, words):
    """Other types and shapes are refused with what was received."""
    with pytest.raises(ImageError) as caught:
        load_image(array)
    assert words in str(caught.value)


def test_threads_agree(good):
    """Eight threads that load all files at once get what one thread gets."""
    paths = sorted(good.iterdir())
    expected = [load_image(path).pixels for path in paths]
    wrong = []

    def work():
        for path, pixels in zip(paths, expected, strict=True):
            if not np.array_equal(load_image(path).pixels, pixels):
                wrong.append(path)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
