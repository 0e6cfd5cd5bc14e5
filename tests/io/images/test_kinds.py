"""What in a folder is an image."""

import pytest
from PIL import Image

from kiqa.io.images.kinds import (
    HIDDEN,
    OWN,
    is_coded,
    listed_images,
    no_image,
    no_source,
    no_stream,
)

PICTURE = Image.new("RGB", (16, 16), "red")
KINDS = ("PNG", "JPEG", "WEBP", "AVIF", "TIFF", "BMP", "GIF", "PPM", "JPEG2000")


@pytest.mark.parametrize("kind", KINDS)
def test_images_are_known_without_a_suffix(tmp_path, encode, kind):
    """Of every format that is read; hidden ones are not taken."""
    for name in ("image", "image.backup"):
        (tmp_path / name).write_bytes(encode(PICTURE, kind))
        assert no_image(tmp_path / name) is None
    (tmp_path / ".image.png").write_bytes(encode(PICTURE, kind))
    assert no_image(tmp_path / ".image.png") == HIDDEN


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.xmp", b"<x:xmpmeta>", ".xmp"),
        ("A.XMP", b"<x:xmpmeta>", ".xmp"),
        ("BMW.txt", b"BMW drives a car that is quite long", ".txt"),
        ("P1 plan.txt", b"P1 is the plan", ".txt"),
        ("film", b"\0\0\0\x18ftypisom\0\0\0\0", "without suffix"),
        ("a.svg", b"<svg>", ".svg"),
        ("a.pdf", b"%PDF-1.7", ".pdf"),
        ("a.vjpg", b"\x8bVJPG\r\n\0", ".vjpg"),
        ("a.jpg", b"no image", None),
        ("a.png", b"", None),
        ("a.HEIC", b"", None),
        ("phone", b"\0\0\0\x18ftypheic\0\0\0\0mif1", None),
        ("raw", b"II*\0\x10\0\0\0CR\2\0", None),
        ("drawing", b"8BPS\0\1", None),
    ],
)
def test_others_are_told_apart_by_their_first_bytes(tmp_path, name, content, reason):
    """What is called an image is one with a fault."""
    (tmp_path / name).write_bytes(content)
    assert no_image(tmp_path / name) == reason


def test_own_figures_and_streams(tmp_path, encode, photo):
    """Overlays are no images; VarJPEG files are, but not to be compressed again."""
    from matplotlib.figure import Figure

    from kiqa.plotting import save_figure
    from kiqa.varjpeg import encode as compress

    save_figure(Figure(), tmp_path / "figure.png")
    assert no_image(tmp_path / "figure.png") == OWN
    (tmp_path / "plain.jpg").write_bytes(encode(photo[:32, :32], "JPEG"))
    for form, name in (("compatible", "a.jpg"), ("thesis", "a.vjpg")):
        made = compress(photo[:32, :32], quality=50, importance=None, form=form, delta=0)
        (tmp_path / name).write_bytes(made.data)
        assert is_coded(tmp_path / name)
    assert no_image(tmp_path / "a.jpg") is None and no_source(tmp_path / "a.jpg") == OWN
    assert no_source(tmp_path / "plain.jpg") is None and not is_coded(tmp_path / "plain.jpg")
    (tmp_path / "b.png").write_bytes(encode(photo[:32, :32], "PNG"))
    assert [no_stream(tmp_path / name) for name in ("a.jpg", "a.vjpg", "plain.jpg", "b.png")] == [
        None, None, None, ".png",
    ]  # fmt: skip
    assert [path.name for path in listed_images(tmp_path)] == ["a.jpg", "b.png", "plain.jpg"]
