"""Colour profiles made by hand, for tests: version 2 of ICC.1."""

import struct

import numpy as np

# Columns: what the primaries of Display P3 and of sRGB are, adapted to D50.
DISPLAY_P3 = np.array(
    [[0.515102, 0.291965, 0.157153], [0.241182, 0.692236, 0.066581], [-0.00105, 0.041882, 0.784378]]
)
SRGB = np.array(
    [[0.436066, 0.385147, 0.143067], [0.222488, 0.716873, 0.060608], [0.013916, 0.097076, 0.714097]]
)
_D50 = (0.9642, 1.0, 0.8249)


def rgb_profile(primaries=DISPLAY_P3, *, gamma=2.2, name="Display P3 of the tests") -> bytes:
    """A display: three primaries (columns of XYZ) and one gamma."""
    columns = dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries.T, strict=True))
    tags = {key: _xyz(*value) for key, value in columns.items()}
    tags |= {key: _gamma(gamma) for key in (b"rTRC", b"gTRC", b"bTRC")}
    return _profile(b"RGB ", tags, name)


def gray_profile(*, gamma=1.0, name="linear gray") -> bytes:
    """Gray of one gamma."""
    return _profile(b"GRAY", {b"kTRC": _gamma(gamma)}, name)


def cmyk_profile(name="press of the tests") -> bytes:
    """A press: L*a*b* linear between the sixteen solid inks."""
    corners = []
    for c, m, y, k in np.ndindex(2, 2, 2, 2):
        light = max(0, 100 - 30 * c - 35 * m - 10 * y) * (1 - k)
        a, b = (-35 * c + 70 * m - 5 * y) * (1 - k), (-45 * c - 5 * m + 90 * y) * (1 - k)
        corners += [round(light * 2.55), a + 128, b + 128]
    ramp = bytes(range(256))
    identity = struct.pack(">9i", *(np.eye(3).ravel() * 65536).astype(int))
    table = struct.pack(">4sIBBBB", b"mft1", 0, 4, 3, 2, 0) + identity
    table += 4 * ramp + bytes(corners) + 3 * ramp
    return _profile(b"CMYK", {b"A2B0": table}, name, kind=b"prtr", space=b"Lab ")


def _profile(colors, tags, name, *, kind=b"mntr", space=b"XYZ "):
    tags = {b"desc": _description(name), b"wtpt": _xyz(*_D50), **tags}
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for key, content in tags.items():
        table += key + struct.pack(">II", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = struct.pack(">I4sI4s4s4s12s4s", start + len(body), b"", 0x02400000, kind, colors, space,
                       bytes(12), b"acsp")  # fmt: skip
    head += bytes(68 - len(head)) + _fixed(*_D50)
    return head.ljust(128, b"\0") + table + body


def _fixed(*values):
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def _xyz(*values):
    return b"XYZ \0\0\0\0" + _fixed(*values)


def _gamma(value):
    return struct.pack(">4sIIH", b"curv", 0, 1, round(value * 256)) + b"\0\0"


def _description(name):
    text = name.encode("ascii") + b"\0"
    return struct.pack(">4sII", b"desc", 0, len(text)) + text + bytes(4 + 4 + 2 + 1 + 67)
