"""Encode at a quality and decode: exact round trips, plain JPEG at Delta 0, metadata."""

from io import BytesIO

import cv2
import jpeglib
import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from kiqa.varjpeg import (
    Settings,
    StreamError,
    block_tables,
    coded,
    coded_jpeg,
    decode,
    inspect_stream,
    prepare,
    read_jpeg,
)
from kiqa.varjpeg.entropy import as_levels
from kiqa.varjpeg.markers import Segment, join, parse
from kiqa.varjpeg.transform import backward, pixels_of

SIZES = ((64, 96), (61, 83), (8, 8), (1, 1), (3, 40))
FORMS = ("thesis", "compatible")
KINDS = ("4:4:4", "4:2:0")
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def scan_of(data):
    """Entropy-coded bytes of any form, and the tables before them."""
    start = data.index(b"\xff\xd8\xff")
    markers = parse(data[start:])
    return markers.scan, [s for s in markers.segments if s.marker in (0xC0, 0xC4, 0xDB, 0xDA)]


@pytest.mark.parametrize("huffman", ["optimised", "standard"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("gray", [False, True])
def test_without_delta_the_data_are_those_of_plain_jpeg(prepared, form, kind, huffman, gray):
    """Issue 4: identical entropy-coded data; what is added is the stated overhead."""
    made = prepared(61, 83, gray=gray, form=form, subsampling=kind, huffman=huffman, delta=0)
    for quality in (1, 35, 80, 99):
        ours, plain = coded(made, quality), coded_jpeg(made, quality)
        assert scan_of(ours.data) == scan_of(plain.data)
        assert len(ours.data) - len(plain.data) == ours.overhead
        np.testing.assert_array_equal(decode(ours.data), decode(plain.data))


def test_overhead_of_the_thesis_numbers(prepared):
    """Eight centroids: 31 + 4 + 16 bytes, and 8 of the signature."""
    assert coded(prepared(64, 96, form="compatible"), 50).overhead == 51
    assert coded(prepared(64, 96, form="thesis"), 50).overhead == 59
    assert coded_jpeg(prepared(64, 96), 50).overhead == 0


@pytest.mark.parametrize("quality", [1, 20, 50, 75, 95, 100])
@pytest.mark.parametrize("kind", KINDS)
def test_plain_jpeg_is_near_pillows(prepared, picture, encode, viewers, quality, kind):
    """The same tables and nearly the same size as Pillow's file of the same pixels."""
    made = prepared(61, 83, subsampling=kind)
    ours = coded_jpeg(made, quality)
    number = {"4:4:4": 0, "4:2:0": 2}[kind]
    other = encode(picture(61, 83), "JPEG", quality=quality, subsampling=number, optimize=True)
    tables = [{s for s in parse(data).segments if s.marker == 0xDB} for data in (ours.data, other)]
    assert tables[0] == tables[1]
    assert abs(len(ours.data) - len(other)) < 0.06 * len(other) + 20
    difference = viewers.pillow(ours.data).astype(int) - viewers.pillow(other)
    assert (
        np.sqrt(np.mean(difference**2))
        < 0.2 * np.sqrt(np.mean((viewers.pillow(other).astype(int) - picture(61, 83)) ** 2)) + 1.0
    )


@pytest.mark.parametrize("kind", [*KINDS, "gray"])
@pytest.mark.parametrize("size", SIZES)
def test_plain_jpeg_is_decoded_as_by_pillow(prepared, encode, picture, viewers, size, kind):
    """Issue 4 asks for two levels; there is no difference, for our files and Pillow's."""
    gray = kind == "gray"
    made = prepared(*size, gray=gray, subsampling="4:4:4" if gray else kind)
    pixels = picture(*size)[..., 1] if gray else picture(*size)
    options = {} if gray else {"subsampling": {"4:4:4": 0, "4:2:0": 2}[kind]}
    for quality in (5, 60, 95):
        for data in (
            coded_jpeg(made, quality).data,
            encode(pixels, "JPEG", quality=quality, **options),
        ):
            np.testing.assert_array_equal(decode(data), viewers.pillow(data))


@pytest.mark.parametrize("gray", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", SIZES)
def test_the_thesis_form_is_reconstructed_exactly(prepared, size, kind, gray):
    """Levels and block qualities come back; each block has its own table's steps."""
    made = prepared(*size, gray=gray, form="thesis", subsampling=kind)
    data = coded(made, 33.3).data
    info = inspect_stream(data)
    read = read_jpeg(data[8:])
    planes = []
    for component, values in enumerate(made.coefficients):
        expected = np.clip(np.floor(np.float32(33.3) + 15 * made.means[component] + 0.5), 1, 99)
        np.testing.assert_array_equal(info.qualities[component], expected)
        steps = block_tables(info.qualities[component], component)
        levels = as_levels(values / steps)
        np.testing.assert_array_equal(read.levels[component], levels)
        side = size if component == 0 or kind == "4:4:4" else tuple(-(-s // 2) for s in size)
        planes.append(backward(levels * steps.astype(np.int32), side))
    np.testing.assert_array_equal(decode(data), pixels_of(planes, size))


def test_better_blocks_are_nearer_to_the_picture(prepared, picture):
    """The error by block falls with its quality: at 48 less than at 33."""
    made = prepared(160, 240, form="thesis", sigma=0.05)
    data = coded(made, 20).data
    qualities = inspect_stream(data).qualities[0]
    assert qualities.min() == 20 and qualities.max() >= 33
    error = (decode(data).astype(float) - picture(160, 240)) ** 2
    own = coded_jpeg(made, 20)
    plain = (decode(own.data).astype(float) - picture(160, 240)) ** 2
    inside = np.kron(qualities >= 30, np.ones((8, 8))) > 0
    assert error[inside].mean() < 0.9 * plain[inside].mean()
    lowest = np.kron(qualities == 20, np.ones((8, 8))) > 0
    np.testing.assert_allclose(error[lowest], plain[lowest])


def test_the_thesis_form_is_no_jpeg_to_others(prepared, viewers):
    """Pillow and OpenCV refuse it, with any suffix: nobody sees wrong contrasts."""
    data = coded(prepared(64, 96, form="thesis"), 50).data
    with pytest.raises(UnidentifiedImageError):
        viewers.pillow(data)
    assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) is None


@pytest.mark.parametrize("form", FORMS)
def test_the_stream_says_what_it_is(prepared, form):
    """`inspect_stream` decodes no pixel."""
    made = prepared(61, 83, form=form, subsampling="4:2:0", delta=20, clusters=3, sigma=0.2)
    encoded = coded(made, 41.7)
    info = inspect_stream(encoded.data)
    assert (info.form, info.size, info.components) == (form, (61, 83), 3)
    assert (info.subsampling, info.overhead) == ("4:2:0", encoded.overhead)
    assert (info.parameters.quality, info.parameters.delta) == (float(np.float32(41.7)), 20)
    np.testing.assert_array_equal(info.parameters.centroids, made.trace.codes)
    assert [q.shape for q in info.qualities] == [(8, 11), (4, 6), (4, 6)]
    assert encoded.quality == info.parameters.quality and encoded.form == form
    assert encoded.bpp == 8 * len(encoded.data) / (61 * 83)
    plain = inspect_stream(coded_jpeg(made, 50).data)
    assert (plain.form, plain.parameters, plain.qualities) == ("plain", None, [])


@pytest.mark.parametrize("form", [*FORMS, "plain"])
@pytest.mark.parametrize("orientation", [1, 2, 6, 7])
def test_metadata_are_kept(encode, picture, disc, form, orientation):
    """Profile, EXIF and orientation, byte by byte; our pixels are upright."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = orientation, "a title"
    source = encode(picture(40, 56), "PNG", exif=exif, icc_profile=SRGB)
    settings = Settings(form="compatible" if form == "plain" else form)
    size = (56, 40) if orientation > 4 else (40, 56)
    made = prepare(source, disc(*size), settings=settings)
    data = (coded_jpeg(made, 80) if form == "plain" else coded(made, 80)).data
    info = inspect_stream(data)
    assert (info.metadata.icc, info.metadata.exif) == (SRGB, exif.tobytes()[6:])
    shown = decode(data)
    assert shown.shape == (*size, 3)
    if form != "thesis":
        with Image.open(BytesIO(data)) as image:
            assert image.info["icc_profile"] == SRGB
            assert dict(image.getexif()) == dict(exif)
            np.testing.assert_array_equal(ImageOps.exif_transpose(image), shown)
    with Image.open(BytesIO(source)) as image:
        expected = np.asarray(ImageOps.exif_transpose(image)).astype(int)
    assert np.abs(expected - shown).mean() < 6


@pytest.mark.parametrize("form", FORMS)
def test_the_same_input_gives_the_same_file(prepared, form):
    """Byte by byte."""
    one, other = (coded(prepared(64, 96, form=form), 30).data for _ in range(2))
    assert one == other


@pytest.mark.parametrize("form", FORMS)
def test_all_blocks_have_quality_1_and_99_at_the_ends(prepared, form):
    """q~ = 1 - Delta and q~ = 99; not beyond."""
    made = prepared(64, 96, form=form)
    assert np.max(inspect_stream(coded(made, -14).data).qualities[0]) == 1
    assert np.min(inspect_stream(coded(made, 99).data).qualities[0]) == 99
    for quality in (-14.1, 99.1, float("nan")):
        with pytest.raises(ValueError, match="a quality from 1 - Delta to 99"):
            coded(made, quality)


@pytest.mark.parametrize("quality", [0, 101, 50.5, True])
def test_plain_qualities_are_whole(prepared, quality):
    """1 to 100."""
    with pytest.raises(ValueError, match="whole number from 1 to 100"):
        coded_jpeg(prepared(8, 8), quality)


def test_what_is_not_read_is_refused(encode, picture):
    """Not as garbage: the kind of file is named."""
    with pytest.raises(StreamError, match="progressive"):
        decode(encode(picture(24, 40), "JPEG", progressive=True))
    with pytest.raises(StreamError, match="begins with"):
        inspect_stream(encode(picture(24, 40), "PNG"))


def test_bytes_of_any_kind_are_taken(prepared):
    """bytearray and memoryview, as files and buffers give them."""
    data = coded(prepared(16, 16), 50).data
    for kind in (bytearray, memoryview):
        np.testing.assert_array_equal(decode(kind(data)), decode(data))


def test_segments_that_others_add_never_matter(prepared):
    """Two hundred APP4 segments and comments; libjpeg's binding gives up at fifty."""
    plain = coded_jpeg(prepared(61, 83), 60).data
    markers = parse(plain)
    more = [Segment(marker, bytes([number])) for number in range(200) for marker in (0xE4, 0xFE)]
    added = join([*more, *markers.segments], markers.scan)
    np.testing.assert_array_equal(decode(added), decode(plain))


def test_decoding_costs_no_more_than_is_allowed(prepared):
    """The header alone decides; an argument raises the limit."""
    plain = coded_jpeg(prepared(61, 83), 60).data
    with pytest.raises(StreamError, match=r"of 83x61 pixels.*--memory \(max_bytes of"):
        decode(plain, max_bytes=100_000)
    for enough in (1_000_000, None):
        assert decode(plain, max_bytes=enough).shape == (61, 83, 3)


def test_what_libjpeg_cannot_read_is_a_stream_error(prepared, monkeypatch):
    """Whatever its binding raises."""

    def fail(path):
        raise OSError("bad\nthings")

    monkeypatch.setattr(jpeglib, "read_dct", fail)
    with pytest.raises(StreamError, match="libjpeg can read, received bad things"):
        decode(coded_jpeg(prepared(61, 83), 60).data)
