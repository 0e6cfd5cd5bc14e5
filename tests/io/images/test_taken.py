"""When an image was taken."""

import pytest
from PIL import Image

from kiqa.io.images.taken import taken_at


def _write(path, **values):
    exif = Image.Exif()
    exif[0x8769] = {{"time": 0x9003, "part": 0x9291}[key]: text for key, text in values.items()}
    Image.new("RGB", (8, 8)).save(path, exif=exif)
    return path


def test_times_differ_by_their_fractions(tmp_path):
    """Frames of a burst share a second."""
    time = "2026:05:01 10:20:30"
    first = taken_at(_write(tmp_path / "a.jpg", time=time, part="25"))
    second = taken_at(_write(tmp_path / "b.jpg", time=time, part="750"))
    plain = taken_at(_write(tmp_path / "c.png", time="2026:05:01 10:20:31"))
    assert (second - first, plain - first) == pytest.approx((0.5, 0.75))


@pytest.mark.parametrize("time", ["", "0000:00:00 00:00:00", "yesterday", "2026:13:01 00:00:00"])
def test_what_is_no_time_is_none(tmp_path, time):
    """Damaged metadata say nothing against an image."""
    assert taken_at(_write(tmp_path / "a.jpg", time=time, part="x")) is None


def test_files_without(tmp_path):
    """No EXIF, no image, no file."""
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg")
    (tmp_path / "b.jpg").write_bytes(b"no image")
    assert [taken_at(tmp_path / name) for name in ("a.jpg", "b.jpg", "c.jpg")] == [None] * 3
