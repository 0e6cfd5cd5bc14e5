"""The VarJPEG segment: what a file keeps of the map, and its two containers.

The segment is an APP9 marker segment of a JPEG stream. Its payload, big
endian:

=======  ====  ======================================================
offset   size  field
=======  ====  ======================================================
0        8     ``VarJPEG`` and a zero byte
8        1     version, 1
9        1     flags: bit 0 compatible form, bit 1 min-max normalisation
10       1     k, number of centroids
11       4     q~, float
15       4     Delta, float
19       4     sigma by the image's width, float
23       4     number of bytes that the checksum covers
27       4     CRC-32 (of zlib) of those bytes, this field taken as zeros
31       2 k   centroids: row, column; 0..255 for the first to the last
=======  ====  ======================================================

The checksum of the thesis form covers the whole JPEG stream. That of the
compatible form leaves out the other APP and COM segments, because programs
change those in files that they take for any JPEG.

The thesis form is no JPEG to anybody else: eight bytes that no image format
begins with stand before its JPEG stream, so that viewers refuse it instead of
showing wrong contrasts. The compatible form is a JPEG.

Public names: :class:`Parameters`, :data:`FORMS`, :data:`SIGNATURE`,
:data:`SUFFIXES`, :func:`wrap`, :func:`unwrap`, :func:`overhead`.
"""

import math
import struct
import zlib
from dataclasses import dataclass

import numpy as np

from kiqa.varjpeg.markers import APP0, APP9, APP15, COM, Markers, Segment, StreamError, join, parse
from kiqa.varjpeg.spread import NORMALISATIONS

FORMS = ("thesis", "compatible")
SUFFIXES = {"thesis": ".vjpg", "compatible": ".jpg"}
# A high bit, a name, and line ends that a text transfer would change.
SIGNATURE = b"\x8bVJPG\r\n\x00"

VERSION = 1
_IDENTIFIER = b"VarJPEG\x00"
_FIELDS = struct.Struct(">8sBBBfffII")
_CHECKSUM = slice(_FIELDS.size - 4, _FIELDS.size)
_MARKER_BYTES = 4  # marker and length


@dataclass(frozen=True, eq=False)
class Parameters:
    """All that the qualities of the blocks follow from.

    Attributes:
        form: ``"thesis"`` or ``"compatible"``.
        quality: q~, of 32-bit precision.
        delta: Delta of formula 13, of 32-bit precision.
        sigma: Of the blur by the image's width, of 32-bit precision.
        normalisation: ``"max"`` or ``"min-max"``.
        centroids: ``uint8`` of shape ``(k, 2)``.
    """

    form: str
    quality: float
    delta: float
    sigma: float
    normalisation: str
    centroids: np.ndarray

    def __post_init__(self):
        """Refuse what no block quality follows from."""
        wrong = [
            f"{name} {value!r}"
            for name, value, fine in (
                ("form", self.form, self.form in FORMS),
                ("normalisation", self.normalisation, self.normalisation in NORMALISATIONS),
                ("Delta", self.delta, 0 <= self.delta <= 98),
                ("sigma", self.sigma, 0 < self.sigma <= 1),
                ("quality", self.quality, single(1 - self.delta) <= self.quality <= 99),
            )
            if not fine
        ]
        if wrong:
            raise ValueError(
                f"Expected a form among {FORMS}, a normalisation among {NORMALISATIONS}, Delta in "
                "0..98, sigma above 0 up to 1 and a quality from 1 - Delta to 99, received "
                f"{', '.join(wrong)}."
            )


def single(value: float) -> float:
    """Round a number to the 32 bits that the segment keeps."""
    return float(np.float32(value))


def overhead(parameters: Parameters) -> int:
    """Count the bytes of a file that are VarJPEG's own.

    Args:
        parameters: Of the file.

    Returns:
        Bytes of the segment, and of the signature in the thesis form.
    """
    signature = len(SIGNATURE) if parameters.form == "thesis" else 0
    return signature + _MARKER_BYTES + _FIELDS.size + 2 * len(parameters.centroids)


def wrap(jpeg: bytes, parameters: Parameters, metadata: list[Segment]) -> bytes:
    """Put parameters and metadata into a JPEG stream.

    Args:
        jpeg: Of `kiqa.varjpeg.entropy.write_jpeg`.
        parameters: Its parameters.
        metadata: APP segments to keep, such as EXIF and ICC.

    Returns:
        The bytes of the file.
    """
    markers = parse(jpeg)
    head = [s for s in markers.segments if s.marker == APP0]
    tail = [s for s in markers.segments if s.marker != APP0]

    def build(covered, checksum):
        own = Segment(APP9, _payload(parameters, covered, checksum))
        return [*head, *metadata, own, *tail]

    covered = _covered(build(0, 0), markers.scan, parameters.form)
    segments = build(len(covered), 0)
    checksum = zlib.crc32(_covered(segments, markers.scan, parameters.form))
    stream = join(build(len(covered), checksum), markers.scan)
    return SIGNATURE + stream if parameters.form == "thesis" else stream


def _payload(parameters, covered, checksum):
    flags = (parameters.form == "compatible") | (parameters.normalisation == "min-max") << 1
    codes = np.asarray(parameters.centroids, np.uint8).reshape(-1, 2)
    fields = _FIELDS.pack(
        _IDENTIFIER,
        VERSION,
        flags,
        len(codes),
        parameters.quality,
        parameters.delta,
        parameters.sigma,
        covered,
        checksum,
    )
    return fields + codes.tobytes()


def _covered(segments, scan, form):
    """The bytes under the checksum, the checksum itself as zeros."""
    kept = []
    for marker, payload in segments:
        own = marker == APP9 and payload.startswith(_IDENTIFIER)
        if own:
            payload = payload[: _CHECKSUM.start] + bytes(4) + payload[_CHECKSUM.stop :]
        elif form == "compatible" and (APP0 <= marker <= APP15 or marker == COM):
            continue
        kept.append(Segment(marker, payload))
    return join(kept, scan)


def unwrap(data: bytes) -> tuple[bytes, Markers, Parameters | None]:
    """Check a file and take it apart.

    Args:
        data: A VarJPEG file of either form, or plain baseline JPEG.

    Returns:
        The JPEG stream, its markers, and the parameters; ``None`` for plain
        JPEG, whose content no checksum protects.

    Raises:
        StreamError: If it is none of these, of another version, or cut off
            or changed since it was written.
    """
    thesis = data.startswith(SIGNATURE)
    jpeg = data[len(SIGNATURE) :] if thesis else data
    markers = parse(jpeg)
    own = [s for s in markers.segments if s.marker == APP9 and s.payload.startswith(_IDENTIFIER)]
    if not own and not thesis:
        return jpeg, markers, None
    if len(own) != 1:
        raise StreamError(
            f"Expected one VarJPEG segment, received {len(own)}. The stream is damaged; fetch it "
            "again."
        )
    parameters, covered, checksum = _read(own[0].payload)
    if thesis != (parameters.form == "thesis"):
        raise StreamError(
            f"Expected the signature of VarJPEG before the thesis form and only there, received a "
            f"{parameters.form} stream {'with' if thesis else 'without'} it. Fetch the file again."
        )
    content = _covered(markers.segments, markers.scan, parameters.form)
    trailing = len(jpeg) - markers.end if thesis else 0
    if len(content) != covered or zlib.crc32(content) != checksum or trailing:
        raise StreamError(
            f"Expected {covered} bytes with checksum {checksum:08x}, received "
            f"{len(content) + trailing} with {zlib.crc32(content):08x}. The stream was damaged or "
            "changed after kiqa wrote it; fetch it again"
            + (", or open it with any JPEG viewer." if not thesis else ".")
        )
    return jpeg, markers, parameters


def _read(payload):
    if len(payload) < _FIELDS.size:
        raise StreamError(
            f"Expected a VarJPEG segment of at least {_FIELDS.size} bytes, received "
            f"{len(payload)}. The stream is damaged; fetch it again."
        )
    _, version, flags, count, *reals, covered, checksum = _FIELDS.unpack_from(payload)
    if version != VERSION:
        raise StreamError(
            f"Expected version {VERSION} of VarJPEG, received {version}. Decode it with the "
            "version of kiqa that wrote it."
        )
    codes = payload[_FIELDS.size :]
    if flags > 3 or len(codes) != 2 * count or not all(map(math.isfinite, reals)):
        raise StreamError(
            f"Expected known flags, finite numbers and two bytes a centroid, received flags "
            f"{flags}, {reals} and {len(codes)} bytes for {count} centroids. The stream is "
            "damaged; fetch it again."
        )
    quality, delta, sigma = reals
    try:
        parameters = Parameters(
            form=FORMS[flags & 1],
            quality=quality,
            delta=delta,
            sigma=sigma,
            normalisation=NORMALISATIONS[flags >> 1],
            centroids=np.frombuffer(codes, np.uint8).reshape(-1, 2),
        )
    except ValueError as error:
        raise StreamError(f"{error} The stream is damaged; fetch it again.") from error
    return parameters, covered, checksum
