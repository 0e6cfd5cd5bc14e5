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

_STARTS = (
    (b"\xff\x0a", "JPEG XL", f"{_CONVERT} (djxl)"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL", f"{_CONVERT} (djxl)"),
    (b"FUJIFILMCCD-RAW", "camera raw (RAF)", RAW_REMEDY),
    (b"II*\0\x10\0\0\0CR", "camera raw (CR2)", RAW_REMEDY),
    (b"IIRO", "camera raw (ORF)", RAW_REMEDY),
    (b"IIRS", "camera raw (ORF)", RAW_REMEDY),
    (b"IIU\0", "camera raw (RW2)", RAW_REMEDY),
    (b"8BPS", "Photoshop (PSD)", _CONVERT),
    (b"%PDF-", "PDF", f"{_CONVERT} (pdftoppm)"),
    (b"%!PS", "PostScript", _CONVERT),
    (b"\xc5\xd0\xd3\xc6", "PostScript", _CONVERT),
    (b"v/1\x01", "OpenEXR", "map its tones to 8 bits and save it as PNG"),
    (b"#?RADIANCE", "Radiance HDR", "map its tones to 8 bits and save it as PNG"),
    (b"#?RGBE", "Radiance HDR", "map its tones to 8 bits and save it as PNG"),
    (b"II\xbc", "JPEG XR", _CONVERT),
    (b"DDS ", "DDS", _CONVERT),
    (b"qoif", "QOI", _CONVERT),
    (b"BPG\xfb", "BPG", _CONVERT),
    (b"FLIF", "FLIF", _CONVERT),
    (b"icns", "an icon file (ICNS)", _CONVERT),
    (b"\0\0\1\0", "an icon file (ICO)", _CONVERT),
    (b"gimp xcf", "GIMP (XCF)", _CONVERT),
    (b"\x1aE\xdf\xa3", "a video", "take a frame of it as PNG"),
    (b"PK\x03\x04", "a ZIP archive (or .npz, .docx)", "unpack it"),
    (b"\x1f\x8b", "a gzip archive", "unpack it"),
    (b"7z\xbc\xaf", "a 7z archive", "unpack it"),
    (b"Rar!", "a RAR archive", "unpack it"),
    (b"\x89HDF\r\n\x1a\n", "HDF5 (such as a model's .h5)", "give the images themselves"),
    (b"\x93NUMPY", "a NumPy array", "load it with numpy.load and pass the array from Python"),
    (b"version https://git-lfs", "a Git LFS pointer", "fetch the image with git lfs pull"),
)
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
    for start, name, remedy in _STARTS:
        if data.startswith(start):
            return name, remedy
    text = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for start, name, remedy in _MARKUP:
        if text.startswith(start):
            return name, remedy
    return None
