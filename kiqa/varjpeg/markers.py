"""The marker segments of a baseline JPEG file, checked before any decoder sees them.

Entropy decoders trust tables and sizes. Here each is looked at first: known
markers only, whole segments, Huffman codes that fit in a tree, tables that
exist, a size that the data can hold. What passes cannot make libjpeg stop or
allocate much more than the file's own size.

Public names: :class:`StreamError`, :class:`Segment`, :class:`Markers`,
:func:`parse`, :func:`join`, :func:`pixels_only`, :data:`LARGEST_SIDE`.

References:
    ITU-T T.81, Annex B and C.
"""

import re
from typing import NamedTuple

from kiqa.io.images import MAX_PIXELS

SOI, EOI, SOS = 0xD8, 0xD9, 0xDA
APP0, APP1, APP2, APP9, APP14, APP15, COM = 0xE0, 0xE1, 0xE2, 0xE9, 0xEE, 0xEF, 0xFE
_SOF0, _DHT, _DQT, _DRI = 0xC0, 0xC4, 0xDB, 0xDD
_OTHER_FRAMES = {
    0xC1: "extended", 0xC2: "progressive", 0xC3: "lossless", 0xC5: "hierarchical",
    0xC6: "hierarchical", 0xC7: "hierarchical", 0xC9: "arithmetic-coded",
    0xCA: "arithmetic-coded", 0xCB: "arithmetic-coded", 0xCD: "arithmetic-coded",
    0xCE: "arithmetic-coded", 0xCF: "arithmetic-coded",
}  # fmt: skip
_JFIF = b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
LARGEST_SIDE = 65500  # libjpeg's limit; the format's is 65,535
_FILLED = re.compile(rb"\xff+")  # any number of FF may stand before a marker (B.1.1.2)
_BLOCKS_PER_BYTE = 4  # a block takes at least one bit of DC and one of AC
_LAYOUTS = {((1, 1), (1, 1), (1, 1)): "4:4:4", ((2, 2), (1, 1), (1, 1)): "4:2:0"}


class StreamError(ValueError):
    """A stream that cannot be decoded; the message says why and what to do."""


class Segment(NamedTuple):
    """One marker segment: the marker's second byte and the payload after the length."""

    marker: int
    payload: bytes


class Markers(NamedTuple):
    """A parsed file.

    Attributes:
        segments: All segments from SOI to SOS, in their order.
        scan: Entropy-coded bytes between the SOS segment and EOI.
        size: ``(H, W)`` in pixels.
        components: 1 or 3.
        subsampling: ``"4:4:4"`` or ``"4:2:0"``.
        end: Number of bytes up to and with EOI.
    """

    segments: list[Segment]
    scan: bytes
    size: tuple[int, int]
    components: int
    subsampling: str
    end: int


def join(segments: list[Segment], scan: bytes) -> bytes:
    """Write segments and a scan as a file.

    Args:
        segments: Between SOI and the scan; the last one is SOS.
        scan: Entropy-coded bytes.

    Returns:
        The bytes from SOI to EOI.

    Raises:
        ValueError: If a payload is longer than 65,533 bytes.
    """
    parts = [bytes([0xFF, SOI])]
    for marker, payload in segments:
        length = len(payload) + 2
        if length > 0xFFFF:
            raise ValueError(
                f"Expected a segment of at most 65533 bytes, received {len(payload)} (marker "
                f"FF{marker:02X}). Leave that metadata out."
            )
        parts += [bytes([0xFF, marker]), length.to_bytes(2, "big"), payload]
    return b"".join([*parts, scan, bytes([0xFF, EOI])])


def parse(data: bytes) -> Markers:
    """Take a file apart and check it.

    Args:
        data: Bytes from SOI; what follows EOI is left alone.

    Returns:
        Its segments and scan.

    Raises:
        StreamError: If the file is cut off, is no JPEG, is of a kind that
            kiqa does not decode (progressive, several scans, other
            subsamplings, CMYK), or has tables that cannot be.
    """
    if data[:2] != bytes([0xFF, SOI]):
        raise StreamError(
            f"Expected a JPEG or VarJPEG stream, received one that begins with {data[:8]!r}. "
            "Check the file."
        )
    segments = []
    at = 2
    while not segments or segments[-1].marker != SOS:
        segment, at = _segment(data, at)
        segments.append(segment)
    frame = _Frame()
    for segment in segments:
        frame.take(segment)
    scan, end = _scan(data, at)
    frame.check(len(scan))
    return Markers(segments, scan, frame.size, len(frame.factors), frame.subsampling, end)


def pixels_only(markers: Markers) -> bytes:
    """Write a parsed file again with a JFIF head in the place of its APP and COM segments.

    Args:
        markers: Of `parse`.

    Returns:
        A JPEG of the same coefficients. libjpeg's binding fails on files of
        more than fifty segments that it does not need.
    """
    kept = [s for s in markers.segments if not APP0 <= s.marker <= APP15 and s.marker != COM]
    return join([Segment(APP0, _JFIF), *kept], markers.scan)


def _segment(data, at):
    filled = _FILLED.match(data, at)
    if filled:
        at = filled.end() - 1
    header = data[at : at + 4]
    if len(header) < 4:
        raise StreamError(
            f"Expected a marker segment at byte {at}, received the end of the data. {_CUT}"
        )
    if header[0] != 0xFF:
        raise StreamError(f"Expected a marker at byte {at}, received {header[:2]!r}. {_DAMAGED}")
    marker = header[1]
    if marker in _OTHER_FRAMES:
        raise StreamError(
            f"Expected baseline JPEG, received {_OTHER_FRAMES[marker]} JPEG. {_OTHERS}"
        )
    known = marker in (_SOF0, _DHT, _DQT, _DRI, SOS, COM) or APP0 <= marker <= APP15
    length = int.from_bytes(header[2:], "big")
    if not known or length < 2:
        raise StreamError(
            f"Expected a known marker segment at byte {at}, received {header.hex()}. {_DAMAGED}"
        )
    payload = data[at + 4 : at + 2 + length]
    if len(payload) != length - 2:
        raise StreamError(
            f"Expected {length - 2} bytes in the segment at byte {at}, received {len(payload)}. "
            f"{_CUT}"
        )
    return Segment(marker, payload), at + 2 + length


_CUT = "The stream is cut off; fetch it again."
_DAMAGED = "The stream is damaged; fetch it again."
_OTHERS = "Open it with Pillow or any viewer."


def _scan(data, at):
    """The entropy-coded bytes, and the position behind EOI."""
    start = at
    while True:
        filled = _FILLED.search(data, at)
        if filled is None or filled.end() >= len(data):
            raise StreamError(f"Expected an end marker, received the end of the data. {_CUT}")
        following = data[filled.end()]
        if following == EOI:
            return data[start : filled.start()], filled.end() + 1
        if following != 0 and not 0xD0 <= following <= 0xD7:
            raise StreamError(
                f"Expected one scan, received the marker FF{following:02X} in it at byte "
                f"{filled.end() - 1}. "
                f"The stream is damaged or has several scans. {_OTHERS}"
            )
        at = filled.end() + 1


class _Frame:
    """What has been defined so far."""

    def __init__(self):
        self.quantisation = set()
        self.huffman = set()
        self.size: tuple[int, int] = (0, 0)  # none yet
        self.factors = []
        self.subsampling = ""
        self.uses = []
        self.adobe = None

    def take(self, segment):
        marker, payload = segment
        if marker == _DQT:
            self._quantisation(payload)
        elif marker == _DHT:
            self._huffman(payload)
        elif marker == _SOF0:
            self._frame(payload)
        elif marker == SOS:
            self._scan_head(payload)
        elif marker == _DRI and len(payload) != 2:
            raise _bad("restart interval", payload)
        elif marker == APP14 and payload[:5] == b"Adobe" and len(payload) >= 12:
            self.adobe = payload[11]

    def _quantisation(self, payload):
        while payload:
            precision, number = payload[0] >> 4, payload[0] & 15
            if precision != 0 or number > 3 or len(payload) < 65 or 0 in payload[1:65]:
                raise _bad("8-bit quantisation table", payload)
            self.quantisation.add(number)
            payload = payload[65:]

    def _huffman(self, payload):
        while payload:
            kind, number = payload[0] >> 4, payload[0] & 15
            counts = payload[1:17]
            symbols = payload[17 : 17 + sum(counts)]
            # Codes of each length must find room beside the shorter ones, all ones left free.
            room, fits = 1, True
            for count in counts:
                room = 2 * room - count
                fits = fits and room >= 1
            limit = 11 if kind == 0 else 255
            if (
                kind > 1
                or number > 3
                or len(counts) < 16
                or not symbols
                or not len(symbols) == sum(counts) <= 256
                or max(symbols) > limit
                or not fits
            ):
                raise _bad("Huffman table", payload)
            self.huffman.add((kind, number))
            payload = payload[17 + len(symbols) :]

    def _frame(self, payload):
        if any(self.size) or len(payload) < 6 or payload[0] != 8:
            raise _bad("8-bit frame header", payload)
        height, width = (int.from_bytes(payload[at : at + 2], "big") for at in (1, 3))
        count, components = payload[5], payload[6:]
        if not (height and width) or len(components) != 3 * count:
            raise _bad("frame header", payload)
        for found, most, what in (
            (height * width, MAX_PIXELS, "pixels"),
            (max(height, width), LARGEST_SIDE, "pixels a side"),
        ):
            if found > most:
                raise StreamError(
                    f"Expected at most {most} {what}, received {width}x{height}. The stream is "
                    "damaged or too large for kiqa."
                )
        parts = [components[at : at + 3] for at in range(0, 3 * count, 3)]
        self.factors = [(part[1] >> 4, part[1] & 15) for part in parts]
        self.size = (height, width)
        layout = _LAYOUTS.get(tuple(self.factors))
        if count == 1 and all(1 <= factor <= 4 for factor in self.factors[0]):
            layout = "4:4:4"
        if layout is None:
            raise StreamError(
                f"Expected gray or YCbCr as 4:4:4 or 4:2:0, received {count} components with "
                f"sampling factors {self.factors}. {_OTHERS}"
            )
        self.subsampling = layout
        self.uses = [(part[0], part[2]) for part in parts]
        if len({name for name, _ in self.uses}) != count:
            raise _bad("frame header with different components", payload)

    def _scan_head(self, payload):
        count = len(self.factors)
        names = [name for name, _ in self.uses]
        whole = len(payload) == 2 * count + 4 and count and payload[0] == count
        if not whole or list(payload[1 : 1 + 2 * count : 2]) != names:
            raise _bad("scan of all components", payload)
        if payload[-3:] != b"\x00\x3f\x00":
            raise _bad("scan of whole blocks", payload)
        for selector in payload[2 : 2 + 2 * count : 2]:
            for table in ((0, selector >> 4), (1, selector & 15)):
                if table not in self.huffman:
                    raise _bad("scan whose Huffman tables are there", payload)

    def check(self, scanned):
        """After all segments: what refers to each other, and the amount of data."""
        if any(table not in self.quantisation for _, table in self.uses):
            raise StreamError(
                f"Expected a quantisation table for every component, received {len(self.uses)} "
                f"components and tables {sorted(self.quantisation)}. {_DAMAGED}"
            )
        if len(self.uses) == 3 and len({table for _, table in self.uses[1:]}) != 1:
            raise StreamError(
                f"Expected one quantisation table for both chroma components. {_OTHERS}"
            )
        names = bytes(name for name, _ in self.uses)
        if len(names) == 3 and (self.adobe == 0 or (self.adobe is None and names == b"RGB")):
            raise StreamError(f"Expected YCbCr, received RGB coded as it is. {_OTHERS}")
        height, width = self.size
        blocks = -(-height // 8) * -(-width // 8)
        if blocks > _BLOCKS_PER_BYTE * scanned:
            raise StreamError(
                f"Expected at least {-(-blocks // _BLOCKS_PER_BYTE)} bytes for {width}x{height} "
                f"pixels, received {scanned}. {_DAMAGED}"
            )


def _bad(expected, payload):
    return StreamError(f"Expected a {expected}, received {payload[:24].hex()}. {_DAMAGED}")
