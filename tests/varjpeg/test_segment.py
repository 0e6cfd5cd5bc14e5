"""The VarJPEG segment: bits as documented, and refusal of all else."""

import struct
import zlib

import numpy as np
import pytest

from kiqa.varjpeg import decode, inspect_stream
from kiqa.varjpeg.markers import APP9, Segment, StreamError, join, parse
from kiqa.varjpeg.segment import SIGNATURE, Parameters, overhead, single, unwrap, wrap

CODES = np.array([[0, 255], [17, 3], [128, 64]], np.uint8)
APP1, APP2, COM = 0xE1, 0xE2, 0xFE


def parameters(**changes):
    """Valid parameters with changes."""
    values = {
        "form": "thesis",
        "quality": 40.5,
        "delta": 15.0,
        "sigma": single(0.1),
        "normalisation": "max",
        "centroids": CODES,
    }
    return Parameters(**(values | changes))


@pytest.fixture(scope="module")
def plain(encode, picture):
    """A plain JPEG of 40x24 pixels with a JFIF head."""
    return encode(picture(24, 40), "JPEG", quality=80, subsampling=0)


def by_hand(jpeg, *, flags, thesis, metadata=b"", codes=CODES):
    """A file put together from the table at the head of kiqa/varjpeg/segment.py."""
    head_end = 2 + 2 + 16  # SOI, and APP0 of 16 bytes and its marker
    payload = b"VarJPEG\x00" + bytes([1, flags, len(codes)])
    payload += struct.pack(">fff", 40.5, 15.0, 0.1)
    tail = jpeg[head_end:]
    length = struct.pack(">H", 2 + 31 + 2 * len(codes))

    def built(head, covered, checksum):
        fields = struct.pack(">II", covered, checksum) + codes.tobytes()
        return head + b"\xff\xe9" + length + payload + fields + tail

    head = jpeg[:head_end] + metadata if thesis else jpeg[:2]
    covered = len(built(head, 0, 0))
    checksum = zlib.crc32(built(head, covered, 0))
    file = built(jpeg[:head_end] + metadata, covered, checksum)
    return b"\x8bVJPG\r\n\x00" + file if thesis else file


def test_the_head_of_pillow_is_sixteen_bytes(plain):
    """What `by_hand` supposes: APP0 first, of 14 bytes after its length."""
    assert plain[2:6] == b"\xff\xe0\x00\x10" and plain[20:22] == b"\xff\xdb"


@pytest.mark.parametrize("normalisation", ["max", "min-max"])
@pytest.mark.parametrize("form", ["thesis", "compatible"])
def test_the_bytes_are_those_of_the_table(plain, form, normalisation):
    """Bit 0 of the flags is the compatible form, bit 1 min-max."""
    flags = (form == "compatible") + 2 * (normalisation == "min-max")
    given = parameters(form=form, normalisation=normalisation)
    expected = by_hand(plain, flags=flags, thesis=form == "thesis")
    assert wrap(plain, given, []) == expected
    jpeg, markers, read = unwrap(expected)
    assert markers.size == (24, 40) and jpeg == expected[8 if form == "thesis" else 0 :]
    for name in ("form", "quality", "delta", "sigma", "normalisation"):
        assert getattr(read, name) == getattr(given, name)
    np.testing.assert_array_equal(read.centroids, CODES)


@pytest.mark.parametrize(("form", "start"), [("thesis", 8), ("compatible", 0)])
@pytest.mark.parametrize("count", [0, 1, 8, 255])
def test_overhead_is_what_the_file_grows_by(plain, form, start, count):
    """Signature, marker, length, 31 bytes and two for each centroid."""
    given = parameters(form=form, centroids=np.zeros((count, 2), np.uint8))
    assert overhead(given) == start + 4 + 31 + 2 * count
    assert len(wrap(plain, given, [])) - len(plain) == overhead(given)


def test_metadata_stand_before_the_segment(plain):
    """In the order given, after JFIF's own."""
    extra = [Segment(APP1, b"Exif\0\0and more"), Segment(APP2, b"a profile")]
    markers = unwrap(wrap(plain, parameters(), extra))[1]
    assert [s.marker for s in markers.segments[:4]] == [0xE0, APP1, APP2, APP9]
    assert markers.segments[1:3] == extra


def resealed(payload, plain):
    """A thesis-form file whose segment has this payload and a right checksum."""
    markers = parse(plain)
    length = slice(23, 27)

    def built(payload):
        return join([Segment(APP9, bytes(payload)), *markers.segments], markers.scan)

    payload = bytearray(payload)
    payload[length] = len(built(payload)).to_bytes(4, "big")
    payload[27:31] = bytes(4)
    payload[27:31] = zlib.crc32(built(payload)).to_bytes(4, "big")
    return SIGNATURE + built(payload)


def payload_of(plain, **changes):
    """The segment's bytes as `wrap` writes them."""
    segments = parse(wrap(plain, parameters(**changes), [])[8:]).segments
    return bytearray(next(s.payload for s in segments if s.marker == APP9))


def put(payload, at, value):
    """The payload with bytes replaced."""
    payload[at : at + len(value)] = value
    return payload


def test_a_resealed_file_is_taken(plain):
    """The helper of the following tests is right."""
    assert unwrap(resealed(payload_of(plain), plain))[2].quality == 40.5


def real(value):
    """A number as the segment has it."""
    return struct.pack(">f", value)


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        (8, b"\x02", "Expected version 1 of VarJPEG, received 2. Decode it with the version"),
        (8, b"\x00", "Expected version 1 of VarJPEG, received 0"),
        (9, b"\x04", "known flags, finite numbers and two bytes a centroid, received flags 4"),
        (9, b"\x01", "signature of VarJPEG before the thesis form and only there"),
        (10, b"\x04", "received flags 0, .* and 6 bytes for 4 centroids"),
        (11, real(np.nan), r"finite numbers .*\[nan, 15"),
        (15, real(np.inf), r"finite numbers .*\[40\.5, inf"),
        (11, real(99.5), r"1 - Delta to 99, received quality 99\.5\. The stream is damaged"),
        (11, real(-14.5), r"received quality -14\.5"),
        (15, real(-1), r"received Delta -1\.0"),
        (15, real(98.5), r"received Delta 98\.5"),
        (19, real(0), r"received sigma 0\.0"),
        (19, real(1.5), r"received sigma 1\.5"),
    ],
)
def test_fields_out_of_range_are_refused(plain, at, value, message):
    """Even where the checksum is right."""
    with pytest.raises(StreamError, match=message):
        unwrap(resealed(put(payload_of(plain), at, value), plain))


@pytest.mark.parametrize("length", [8, 30])
def test_a_short_segment_is_refused(plain, length):
    """It ends before its fields do."""
    markers = parse(plain)
    short = Segment(APP9, bytes(payload_of(plain)[:length]))
    with pytest.raises(StreamError, match=f"at least 31 bytes, received {length}"):
        unwrap(SIGNATURE + join([short, *markers.segments], markers.scan))


def test_every_flipped_bit_of_the_thesis_form_is_refused(plain):
    """In signature, segment, tables and scan; a sixth of all bits."""
    whole = wrap(plain, parameters(), [])
    for bit in range(0, 8 * len(whole), 6):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(StreamError):
            unwrap(bytes(damaged))


def test_every_cut_is_refused(plain):
    """In both forms, anywhere."""
    for form in ("thesis", "compatible"):
        whole = wrap(plain, parameters(form=form), [])
        for length in range(0, len(whole), 7):
            with pytest.raises(StreamError):
                unwrap(whole[:length])


def test_the_checksum_is_told(plain):
    """A changed byte of the scan: what was expected, what came, what to do."""
    whole = bytearray(wrap(plain, parameters(form="compatible"), []))
    whole[-20] ^= 1
    message = r"Expected \d+ bytes with checksum [0-9a-f]{8}, received .* open it with any JPEG"
    with pytest.raises(StreamError, match=message):
        unwrap(bytes(whole))


def test_the_length_is_under_the_checksum(plain):
    """A file of other length is refused before its checksum is the reason."""
    whole = wrap(plain, parameters(), [])
    at = whole.index(b"VarJPEG") + 23
    covered = int.from_bytes(whole[at : at + 4], "big")
    assert covered == len(whole) - len(SIGNATURE)
    with pytest.raises(StreamError, match=f"Expected {covered} bytes .*, received {covered + 3}"):
        unwrap(whole + b"abc")


def test_programs_may_change_the_metadata_of_a_compatible_file(plain):
    """Comment, EXIF and JFIF head; bytes behind the end. Not in the thesis form."""
    for form in ("compatible", "thesis"):
        whole = wrap(plain, parameters(form=form), [])
        signature = whole[: len(whole) - unwrap(whole)[1].end]
        markers = parse(whole[len(signature) :])
        segments = [Segment(COM, b"seen"), Segment(APP1, b"Exif\0\0"), *markers.segments[1:]]
        changed = signature + join(segments, markers.scan)
        if form == "compatible":
            assert unwrap(changed + b"preview")[2].quality == 40.5
        else:
            with pytest.raises(StreamError, match="checksum"):
                unwrap(changed)


def test_signature_and_form_belong_together(plain):
    """Neither form passes as the other, nor plain JPEG as the thesis form."""
    thesis = wrap(plain, parameters(), [])
    compatible = wrap(plain, parameters(form="compatible"), [])
    for data, stated in ((thesis[8:], "thesis stream without"), (SIGNATURE + compatible, "with")):
        with pytest.raises(StreamError, match=f"only there, received a .*{stated}"):
            unwrap(data)
    with pytest.raises(StreamError, match="one VarJPEG segment, received 0"):
        unwrap(SIGNATURE + plain)


def test_two_segments_are_refused(plain):
    """Which of them would count?"""
    markers = parse(wrap(plain, parameters(form="compatible"), []))
    own = next(s for s in markers.segments if s.marker == APP9)
    with pytest.raises(StreamError, match="one VarJPEG segment, received 2"):
        unwrap(join([own, *markers.segments], markers.scan))


def test_app9_of_others_is_plain_jpeg(plain):
    """Only the identifier with its zero byte is ours."""
    markers = parse(plain)
    for payload in (b"", b"VarJPEG", b"VarJPEG2 and more", bytes(60)):
        data = join([Segment(APP9, payload), *markers.segments], markers.scan)
        assert unwrap(data)[2] is None and inspect_stream(data).form == "plain"
        np.testing.assert_array_equal(decode(data), decode(plain))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"form": "new"}, "form 'new'"),
        ({"normalisation": "mean"}, "normalisation 'mean'"),
        ({"delta": -0.5}, r"Delta -0\.5"),
        ({"sigma": 0.0}, r"sigma 0\.0"),
        ({"quality": np.nan}, "quality nan"),
        ({"quality": 99.01}, r"quality 99\.01"),
        ({"quality": -14.01, "sigma": 2.0}, r"sigma 2\.0, quality -14\.01"),
    ],
)
def test_parameters_out_of_range_are_refused(changes, message):
    """All that is wrong is named."""
    with pytest.raises(ValueError, match=f"received {message}"):
        parameters(**changes)


def test_the_ends_of_the_range_are_in_it():
    """q~ = 1 - Delta gives quality 1 everywhere, 99 the ceiling."""
    for delta in (0.0, 15.0, 98.0, single(0.1), single(33.3)):
        assert parameters(quality=single(1 - delta), delta=delta).delta == delta
        assert parameters(quality=99.0, delta=delta).quality == 99
