"""Marker segments: baseline files pass, all else is refused before a decoder sees it."""

import re
import struct
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from kiqa.varjpeg import decode
from kiqa.varjpeg.entropy import read_jpeg
from kiqa.varjpeg.markers import Segment, StreamError, join, parse

SOF, DHT, DQT, DRI, SOS, APP0, APP1, APP2, APP14, COM = (
    0xC0, 0xC4, 0xDB, 0xDD, 0xDA, 0xE0, 0xE1, 0xE2, 0xEE, 0xFE,
)  # fmt: skip


@pytest.fixture(scope="module")
def plain(encode, picture):
    """A plain 4:4:4 JPEG of 40x24 pixels."""
    return encode(picture(24, 40), "JPEG", quality=80, subsampling=0)


def changed(data, marker, change):
    """The file with the payload of its first segment of a kind changed, or left out by None."""
    markers, segments, done = parse(data), [], False
    for segment in markers.segments:
        if segment.marker == marker and not done:
            done = True
            payload = change(bytearray(segment.payload))
            if payload is None:
                continue
            segment = Segment(marker, bytes(payload))
        segments.append(segment)
    return join(segments, markers.scan)


def put(at, value):
    """A change that writes bytes at a place."""

    def change(payload):
        payload[at : at + len(value)] = value
        return payload

    return change


def refused(data, message, *, limit=200_000):
    """Refused with this message and without memory."""
    tracemalloc.start()
    try:
        with pytest.raises(StreamError, match=message):
            parse(data)
        assert tracemalloc.get_traced_memory()[1] < limit + 3 * len(data)
    finally:
        tracemalloc.stop()


OPTIONS = {
    "4:4:4": {"subsampling": 0},
    "4:2:0": {"subsampling": 2},
    "optimised": {"optimize": True},
    "comment": {"comment": b"a comment"},
    "profile": {"icc_profile": b"\0" * 70000},
    "restart": {"restart_marker_blocks": 2},
    "restart rows": {"restart_marker_rows": 1, "subsampling": 2},
    "best": {"quality": 100},
    "worst": {"quality": 1},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_pillows_baseline_files_pass(encode, picture, viewers, name):
    """With EXIF, profile, comment, restart markers: parsed, joined again, and decoded."""
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encode(picture(45, 60), "JPEG", exif=exif, **OPTIONS[name])
    markers = parse(data)
    assert markers.size == (45, 60) and markers.components == 3 and markers.end == len(data)
    assert join(markers.segments, markers.scan) == data
    assert read_jpeg(data).size == (45, 60)


@pytest.mark.parametrize("fill", [b"\xff", b"\xff" * 1000])
def test_fill_bytes_before_markers_are_skipped(encode, picture, viewers, fill):
    """B.1.1.2: before any segment, a restart marker and the end; the image stays the same."""
    plain = encode(picture(24, 40), "JPEG", quality=80, subsampling=0, restart_marker_blocks=2)
    markers = parse(plain)
    head = b"\xff\xd8" + b"".join(fill + join([segment], b"")[2:-2] for segment in markers.segments)
    scan = re.sub(rb"\xff[\xd0-\xd7]", lambda found: fill + found[0], markers.scan)
    filled = head + scan + fill + b"\xff\xd9"
    found = parse(filled)
    assert (found.segments, found.scan, found.end) == (markers.segments, scan, len(filled))
    assert scan != markers.scan
    for one, other in zip(read_jpeg(filled).levels, read_jpeg(plain).levels, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(decode(filled), viewers.pillow(filled))
    refused(filled[:-1], "fetch it again")


def test_gray_and_subsampling_are_told(encode, picture):
    """Three layouts."""
    gray = parse(encode(picture(9, 9)[..., 0], "JPEG"))
    assert (gray.components, gray.subsampling) == (1, "4:4:4")
    for name, number in (("4:4:4", 0), ("4:2:0", 2)):
        assert parse(encode(picture(9, 9), "JPEG", subsampling=number)).subsampling == name


def test_bytes_after_the_end_are_left_alone(plain):
    """Phones put previews and more there."""
    markers = parse(plain + b"\xff\xd8 more")
    assert markers.end == len(plain) and join(markers.segments, markers.scan) == plain


def test_other_kinds_of_jpeg_are_named(encode, picture):
    """What Pillow and others write, and we do not read."""
    pixels = picture(24, 40)
    refused(encode(pixels, "JPEG", progressive=True), "baseline JPEG, received progressive")
    refused(encode(pixels, "JPEG", subsampling=1), "4:4:4 or 4:2:0, received 3 components")
    refused(encode(Image.fromarray(pixels).convert("CMYK"), "JPEG"), "received 4 components")
    refused(encode(pixels, "JPEG", keep_rgb=True), "YCbCr, received RGB")


@pytest.mark.parametrize(
    ("marker", "name"),
    [(0xC1, "extended"), (0xC3, "lossless"), (0xC9, "arithmetic"), (0xC5, "hierarchical")],
)
def test_other_frames_are_named(plain, marker, name):
    """By their marker."""
    at = plain.index(b"\xff\xc0")
    refused(plain[: at + 1] + bytes([marker]) + plain[at + 2 :], f"received {name}")


def test_every_cut_is_refused(plain):
    """At each byte before the end: cut off or, of the first two bytes, no JPEG at all."""
    for length in range(len(plain)):
        with pytest.raises(StreamError, match=r"fetch it again|Check the file"):
            parse(plain[:length])


@pytest.mark.parametrize(
    "data", [b"", b"\xff", b"\xff\xd9", b"\x89PNG\r\n\x1a\n" + bytes(99), b"GIF89a", bytes(999)]
)
def test_what_is_no_jpeg_is_refused(data):
    """The message shows how it begins."""
    refused(data, "Expected a JPEG or VarJPEG stream, received one that begins with b")


def huffman(counts, symbols, *, kind=0x00):
    """Payload of a Huffman table."""
    return bytes([kind, *counts, *([0] * (16 - len(counts))), *symbols])


@pytest.mark.parametrize(
    "payload",
    [
        huffman([3], [0, 1, 2]),  # three codes of one bit
        huffman([2], [0, 1]),  # all ones is a code
        huffman([1, 2], [0, 1, 2]),
        huffman([0] * 15 + [255], [0] * 254),  # a symbol short
        huffman([], []),  # empty
        huffman([0] * 14 + [128, 129], [0] * 257),  # more symbols than there are
        huffman([1], [12]),  # no DC has 12 bits
        huffman([1], [0], kind=0x20),
        huffman([1], [0], kind=0x04),
        b"\x00",
        b"\x00" + bytes([255] * 16),
    ],
)
def test_impossible_huffman_tables_are_refused(plain, payload):
    """More codes than bits can make, symbols that are missing, other classes and numbers."""
    refused(changed(plain, DHT, lambda _: payload), "Expected a Huffman table, received")


def test_a_full_huffman_table_passes(plain):
    """As many codes as fit beside the one of ones."""
    full = huffman([0] * 7 + [254, 1], [i % 12 for i in range(255)])
    parse(changed(plain, DHT, lambda payload: payload + full))
    over = huffman([0] * 7 + [254, 4], [i % 12 for i in range(258)])
    refused(changed(plain, DHT, lambda payload: payload + over), "Huffman table")


def without(kind):
    """A change that leaves a kind of segment out."""
    return lambda data: join(
        [s for s in parse(data).segments if s.marker != kind], parse(data).scan
    )


def size(height, width):
    """A change of the frame's size."""
    return lambda data: changed(data, SOF, put(1, struct.pack(">HH", height, width)))


def edit(marker, at, value):
    """A change of some bytes of a segment."""
    return lambda data: changed(data, marker, put(at, bytes(value)))


CHANGES = {
    "no quantisation": (without(DQT), "quantisation table for every component"),
    "no Huffman": (without(DHT), "scan whose Huffman tables are there"),
    "no frame": (without(SOF), "scan of all components"),
    "12 bits": (edit(SOF, 0, [12]), "8-bit frame header"),
    "no height": (size(0, 40), "frame header"),
    "no width": (size(24, 0), "frame header"),
    "huge": (size(65535, 65535), "at most 200000000 pixels, received 65535x65535"),
    "long": (size(1, 65535), "at most 65500 pixels a side, received 65535x1"),
    "large": (size(14000, 14000), r"at least \d+ bytes for 14000x14000 pixels, received \d+"),
    "two components": (edit(SOF, 5, [2]), "frame header"),
    "no component": (lambda data: changed(data, SOF, lambda p: p[:5] + b"\0"), "received 0 comp"),
    "factors": (edit(SOF, 7, [0x41]), "4:4:4 or 4:2:0"),
    "zero factors": (edit(SOF, 7, [0x00]), "4:4:4 or 4:2:0"),
    "same name": (edit(SOF, 9, [1]), "different components"),
    "missing table": (edit(SOF, 8, [3]), "quantisation table for every component"),
    "chroma tables": (edit(SOF, 14, [0]), "one quantisation table for both chroma"),
    "16-bit steps": (edit(DQT, 0, [0x10]), "8-bit quantisation table"),
    "table 4": (edit(DQT, 0, [4]), "8-bit quantisation table"),
    "step 0": (edit(DQT, 7, [0]), "8-bit quantisation table"),
    "short table": (lambda data: changed(data, DQT, lambda p: p[:50]), "8-bit quantisation table"),
    "restart": (
        lambda data: join([Segment(DRI, b"1"), *parse(data).segments], parse(data).scan),
        "restart interval",
    ),
    "spectral": (edit(SOS, 7, [1]), "scan of whole blocks"),
    "approximation": (edit(SOS, 9, [0x11]), "scan of whole blocks"),
    "one of three": (
        lambda data: changed(data, SOS, lambda p: b"\x01" + p[1:3] + p[7:]),
        "scan of all components",
    ),
    "order": (edit(SOS, 1, [2, 0x11, 1, 0x00]), "scan of all components"),
    "selector": (edit(SOS, 2, [0x22]), "scan whose Huffman tables are there"),
    "empty scan": (lambda data: changed(data, SOS, lambda p: b""), "scan of all components"),
    "two frames": (
        lambda data: join(
            sorted([*parse(data).segments, *[s for s in parse(data).segments if s.marker == SOF]]),
            parse(data).scan,
        ),
        "8-bit frame header",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_cannot_be_is_refused(plain, name):
    """Fields out of range, tables that are not there, sizes without data."""
    change, message = CHANGES[name]
    refused(change(plain), message)


def test_scans_are_one(plain):
    """A second scan, an unknown marker in the scan, and none at all."""
    start = len(join(parse(plain).segments, b"")) - 2
    refused(plain[:-2] + plain[start - 14 :], "one scan, received the marker FFDA")
    refused(plain[: start + 9] + b"\xff\x01" + plain[start + 9 :], "one scan, received the marker")
    refused(plain[:start] + b"\xff\xd9", "at least 4 bytes for 40x24 pixels, received 0")


def test_unknown_segments_are_refused(plain):
    """Markers that baseline does not have, and a length that is none."""
    refused(plain[:2] + b"\xff\xcc\x00\x04\x00\x00" + plain[2:], "known marker segment")
    refused(plain[:2] + b"\xff\xe5\x00\x01" + plain[2:], "known marker segment")
    refused(plain[:2] + b"\x00\x00\x00\x00" + plain[2:], "a marker at byte 2")


def test_the_words_rgb_and_adobe(plain):
    """Components named RGB, or Adobe's word for no transform, are no YCbCr; its 1 is."""
    adobe = b"Adobe\x00\x64\x00\x00\x00\x00"

    def with_adobe(transform):
        markers = parse(plain)
        segments = [Segment(APP14, adobe + bytes([transform])), *markers.segments]
        return join(segments, markers.scan)

    assert parse(with_adobe(1)).components == 3
    refused(with_adobe(0), "received RGB")
    refused(_renamed(plain), "received RGB")


def _renamed(data):
    markers, segments = parse(data), []
    for marker, payload in markers.segments:
        payload = bytearray(payload)
        if marker == SOF:
            payload[6::3] = b"RGB"
        elif marker == SOS:
            payload[1:7:2] = b"RGB"
        segments.append(Segment(marker, bytes(payload)))
    return join(segments, markers.scan)


@pytest.mark.slow
def test_any_number_of_segments_is_read(plain):
    """Also far more than a file of use has."""
    many = plain[:2] + b"\xff\xfe\x00\x02" * 200_000 + plain[2:]
    assert len(parse(many).segments) == len(parse(plain).segments) + 200_000


def test_long_segments_are_not_written(plain):
    """The length has two bytes."""
    markers = parse(plain)
    with pytest.raises(ValueError, match=r"at most 65533 bytes, received 65534 \(marker FFE1\)"):
        join([Segment(APP1, bytes(65534)), *markers.segments], markers.scan)
    whole = join([Segment(APP1, bytes(65533)), *markers.segments], markers.scan)
    assert parse(whole).segments[0].payload == bytes(65533)


def test_noise_is_refused_or_parsed():
    """Random bytes behind a right beginning: nothing but our error."""
    rng = np.random.default_rng(0)
    for _ in range(300):
        with pytest.raises(StreamError):
            parse(b"\xff\xd8\xff" + rng.bytes(200))
