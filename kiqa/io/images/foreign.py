"""Names of what people take for images and kiqa does not read, with the remedy.

Used through `kiqa.io.images`. HEIC and camera raw are among them: kiqa reads
them where an extra is installed (`kiqa.io.images.extras`).
"""

_CONVERT = "convert it to PNG or JPEG"
_HEIC = f'pip install "kiqa[heif]", or {_CONVERT}'
RAW_REMEDY = 'pip install "kiqa[raw]", or develop it to TIFF, PNG or JPEG with a raw converter'
_FETCH = "the download went wrong: fetch the image itself"

# ISO base media files name themselves by a brand at byte 8.
_BRANDS = {
    "HEIC": (_HEIC, (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")),
    "camera raw (CR3)": (RAW_REMEDY, (b"crx ",)),
    "a video": (
        "take a frame of it as PNG",
        (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"qt  ",
         b"3gp4", b"3gp5", b"MSNV", b"dash"),
    ),
}  # fmt: skip

# By remedy, what a file begins with and what it then is.
_STARTS = {
    _CONVERT: {
        b"8BPS": "Photoshop (PSD)", b"gimp xcf": "GIMP (XCF)", b"%!PS": "PostScript",
        b"\xc5\xd0\xd3\xc6": "PostScript", b"II\xbc": "JPEG XR", b"DDS ": "DDS", b"qoif": "QOI",
        b"BPG\xfb": "BPG", b"FLIF": "FLIF", b"icns": "an icon file (ICNS)",
        b"\0\0\1\0": "an icon file (ICO)",
    },
    f"{_CONVERT} (djxl)": {b"\xff\x0a": "JPEG XL", b"\0\0\0\x0cJXL \r\n\x87\n": "JPEG XL"},
    f"{_CONVERT} (pdftoppm)": {b"%PDF-": "PDF"},
    RAW_REMEDY: {
        b"FUJIFILMCCD-RAW": "camera raw (RAF)", b"II*\0\x10\0\0\0CR": "camera raw (CR2)",
        b"IIRO": "camera raw (ORF)", b"IIRS": "camera raw (ORF)", b"IIU\0": "camera raw (RW2)",
    },
    "map its tones to 8 bits and save it as PNG": {
        b"v/1\x01": "OpenEXR", b"#?RADIANCE": "Radiance HDR", b"#?RGBE": "Radiance HDR",
    },
    "take a frame of it as PNG": {b"\x1aE\xdf\xa3": "a video"},
    "unpack it": {
        b"PK\x03\x04": "a ZIP archive (or .npz, .docx)", b"\x1f\x8b": "a gzip archive",
        b"7z\xbc\xaf": "a 7z archive", b"Rar!": "a RAR archive",
    },
    "give the images themselves": {b"\x89HDF\r\n\x1a\n": "HDF5 (such as a model's .h5)"},
    "load it with numpy.load and pass the array from Python": {b"\x93NUMPY": "a NumPy array"},
    "fetch the image with git lfs pull": {b"version https://git-lfs": "a Git LFS pointer"},
}  # fmt: skip
_MARKUP = (
    (b"<svg", "SVG", "render it to PNG"),
    (b"<!doctype html", "an HTML page", _FETCH),
    (b"<html", "an HTML page", _FETCH),
    (b"<?xml", "XML (SVG, or a page of a server's error)", "render it to PNG, or fetch it again"),
)


def named_format(data: bytes) -> tuple[str, str] | None:
    """Name a file that is no image of ours by its first bytes.

    Args:
        data: At least the first 32 bytes, where there are so many.

    Returns:
        ``(name, remedy)``, or ``None`` where the format is unknown.
    """
    if data[4:8] == b"ftyp" and (b"avif" in data[8:64] or b"avis" in data[8:64]):
        return None
    if data[4:8] == b"ftyp":
        for name, (remedy, brands) in _BRANDS.items():
            if data[8:12] in brands:
                return name, remedy
        return "an ISO media file", _CONVERT
    if data[:4] == b"RIFF" and data[8:12] == b"AVI ":
        return "a video", "take a frame of it as PNG"
    for remedy, names in _STARTS.items():
        for start, name in names.items():
            if data.startswith(start):
                return name, remedy
    text = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for start, name, remedy in _MARKUP:
        if text.startswith(start):
            return name, remedy
    return None
