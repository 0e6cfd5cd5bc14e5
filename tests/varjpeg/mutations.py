"""Streams that are damaged in many ways, and files that are no streams of ours.

`benchmarks/robustness.py` gives them to the decoder, and
`tests/test_robustness_benchmark.py` lets it.
"""

from io import BytesIO

import numpy as np
from PIL import Image

from kiqa.varjpeg import Settings, StreamError, coded, coded_jpeg, prepare
from kiqa.varjpeg.markers import APP9, APP15, Segment, join, parse
from kiqa.varjpeg.segment import SIGNATURE, Parameters, wrap

SIZES = ((40, 56), (33, 17), (8, 8))
FRAME, TABLES = 0xC0, (0xC0, 0xC4, 0xDB, 0xDA, 0xDD)


def pictures():
    """Smooth shapes with some texture; no file is needed."""
    for height, width in SIZES:
        rows, columns = np.mgrid[:height, :width]
        waves = [128 + 90 * np.sin(rows / (3 + i) + columns / (5 - i)) for i in range(3)]
        yield np.stack(waves, axis=-1).astype(np.uint8)


def whole_streams():
    """Both forms and plain JPEG, colour and gray, all subsamplings; by name."""
    found = {}
    for pixels in pictures():
        height, width = pixels.shape[:2]
        importance = np.linspace(0, 1, height * width).reshape(height, width)
        for form in ("thesis", "compatible"):
            for subsampling in ("4:4:4", "4:2:0"):
                for kind in (pixels, pixels[..., 0]):
                    settings = Settings(form=form, subsampling=subsampling)
                    made = prepare(kind, importance, settings=settings)
                    name = f"{width}x{height} {kind.ndim} {subsampling}"
                    found[f"{form} {name}"] = coded(made, 40).data
                    found[f"plain {name}"] = coded_jpeg(made, 60).data
    exif = Image.Exif()
    exif[0x0112] = 6
    found["Pillow"] = saved(exif=exif, restart_marker_blocks=2, icc_profile=b"\0" * 200)
    return found


def saved(kind="JPEG", mode="RGB", **options):
    """An image as Pillow writes it."""
    stream = BytesIO()
    Image.fromarray(next(pictures())).convert(mode).save(stream, kind, **options)
    return stream.getvalue()


def foreign_files():
    """Files that are no baseline JPEG of ours, and wrong APP9 segments."""
    plain = saved()
    markers = parse(plain)

    def frame(marker=FRAME, scan=markers.scan, **fields):
        segments = []
        for segment in markers.segments:
            if segment.marker == FRAME:
                payload = bytearray(segment.payload)
                for at, value in fields.items():
                    payload[int(at[1:])] = value
                segment = Segment(marker, bytes(payload))
            segments.append(segment)
        return join(segments, scan)

    def own(*payloads):
        extra = [Segment(APP9, payload) for payload in payloads]
        return join([*extra, *markers.segments], markers.scan)

    wide = [Segment(0xDB, bytes([16, *[0, 9] * 64])) if s.marker == 0xDB else s
            for s in markers.segments]  # fmt: skip
    return {
        "progressive": saved(progressive=True),
        "CMYK": saved(mode="CMYK"),
        "RGB": saved(keep_rgb=True),
        "4:2:2": saved(subsampling=1),
        "arithmetic": frame(0xC9),
        "lossless": frame(0xC3),
        "12 bits": frame(_0=12),
        "16 bits": frame(_0=16),
        "16-bit tables": join(wide, markers.scan),
        "65535 wide and high": frame(_1=255, _2=255, _3=255, _4=255),
        "32767 high": frame(_1=127, _2=255),
        "3072 wide and high of 37 kB": frame(scan=bytes(37_000), _1=12, _2=0, _3=12, _4=0),
        "other APP9": own(b"something else"),
        "short APP9": own(b"VarJPEG\0\1"),
        "two APP9": own(b"VarJPEG\0" + bytes(40), b"VarJPEG\0" + bytes(40)),
        "version 2": own(b"VarJPEG\0\2" + bytes(40)),
        "signature alone": SIGNATURE,
        "signature before plain": SIGNATURE + plain,
        "PNG": saved("PNG"),
        "GIF": saved("GIF"),
        "WebP": saved("WEBP"),
        "TIFF": saved("TIFF"),
        "nothing": b"",
        "start alone": b"\xff\xd8",
    }


def cut(rng, data):
    """End too early."""
    return data[: rng.integers(len(data))] if data else data


def flip(rng, data):
    """Turn one to eight bits."""
    changed = bytearray(data)
    for _ in range(rng.integers(1, 9) if changed else 0):
        changed[rng.integers(len(changed))] ^= 1 << rng.integers(8)
    return bytes(changed)


def insert(rng, data):
    """Put random bytes somewhere."""
    at = rng.integers(len(data) + 1)
    return data[:at] + rng.bytes(rng.integers(1, 40)) + data[at:]


def delete(rng, data):
    """Leave some bytes out."""
    at = rng.integers(len(data) + 1)
    return data[:at] + data[at + rng.integers(1, 40) :]


def lengths(rng, data):
    """State another length in one segment."""
    places = [at for at in range(len(data) - 3) if data[at] == 255 and data[at + 1] >= 0xC0]
    if not places:
        return data
    at = places[rng.integers(len(places))]
    return data[: at + 2] + rng.bytes(2) + data[at + 4 :]


def segments(rng, data, others=()):
    """Swap, repeat, leave out or fill segments, or take another file's."""
    head, markers = taken_apart(data)
    if markers is None:
        return flip(rng, data)
    listed, scan = list(markers.segments), markers.scan
    one, two = rng.integers(len(listed), size=2)
    action = rng.integers(5)
    if action == 0:
        listed[one], listed[two] = listed[two], listed[one]
    elif action == 1:
        listed.insert(one, listed[two])
    elif action == 2:
        del listed[one]
    elif action == 3:
        listed[one] = Segment(listed[one].marker, rng.bytes(len(listed[one].payload)))
    elif others:
        other = taken_apart(others[rng.integers(len(others))])[1]
        if other is not None:
            listed[one] = other.segments[rng.integers(len(other.segments))]
    return head + join(listed, scan)


def tables(rng, data, others=()):
    """Change single bytes of frame, tables and scan header."""
    head, markers = taken_apart(data)
    if markers is None:
        return flip(rng, data)
    listed = list(markers.segments)
    places = [i for i, segment in enumerate(listed) if segment.marker in TABLES]
    for place in rng.choice(places, rng.integers(1, 4)):
        payload = bytearray(listed[place].payload)
        payload[rng.integers(len(payload))] = rng.integers(256)
        listed[place] = Segment(listed[place].marker, bytes(payload))
    return head + join(listed, markers.scan)


def scan(rng, data, others=()):
    """Exchange parts of the entropy-coded bytes, or shorten them."""
    head, markers = taken_apart(data)
    if markers is None:
        return flip(rng, data)
    changed = bytearray(markers.scan)
    for _ in range(rng.integers(1, 20)):
        changed[rng.integers(len(changed))] = rng.integers(255)  # no marker begins
    return head + join(list(markers.segments), bytes(changed[: rng.integers(1, 2 * len(changed))]))


def taken_apart(data):
    """Signature and segments, ``None`` where they cannot be read."""
    head = SIGNATURE if data.startswith(SIGNATURE) else b""
    try:
        return head, parse(data[len(head) :])
    except StreamError:
        return head, None


def sealed(rng, data):
    """Give a damaged stream parameters and a checksum that are right."""
    _, markers = taken_apart(data)
    if markers is None:
        return data
    kept = [s for s in markers.segments if not 0xE0 <= s.marker <= APP15]
    delta = float(rng.uniform(0, 98))
    parameters = Parameters(
        form=("thesis", "compatible")[rng.integers(2)],
        quality=float(np.float32(rng.uniform(1 - delta, 99))),
        delta=float(np.float32(delta)),
        sigma=float(np.float32(10 ** rng.uniform(-9, 0))),
        normalisation=("max", "min-max")[rng.integers(2)],
        centroids=rng.integers(0, 256, (rng.integers(256), 2), dtype=np.uint8),
    )
    try:
        return wrap(join(kept, markers.scan), parameters, [])
    except StreamError:
        return data


BYTES = (cut, flip, insert, delete, lengths)
PARTS = (segments, tables, scan)


class Mutations:
    """Mutations by their number."""

    def __init__(self, seed):
        self.seed = seed
        self.whole = list(whole_streams().values())
        self.foreign = list(foreign_files().items())

    def __getitem__(self, number):
        """The name of a mutation's kind, and its bytes."""
        if number < len(self.foreign):
            return "foreign", self.foreign[number][1]
        rng = np.random.default_rng((self.seed, number))
        data = self.whole[rng.integers(len(self.whole))]
        action = rng.integers(20)
        if action == 0:
            return "random", (b"", b"\xff\xd8\xff", SIGNATURE + b"\xff\xd8\xff")[
                rng.integers(3)
            ] + rng.bytes(rng.integers(3000))
        if action <= 2:
            return "damaged foreign", flip(rng, self.foreign[rng.integers(len(self.foreign))][1])
        if action <= 8:
            change = BYTES[rng.integers(len(BYTES))]
            return change.__name__, change(rng, data)
        change = PARTS[rng.integers(len(PARTS))]
        damaged = change(rng, data, self.whole)
        if action <= 12:
            return change.__name__, damaged
        return f"{change.__name__}, sealed", sealed(rng, damaged)
