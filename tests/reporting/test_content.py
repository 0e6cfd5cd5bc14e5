"""What the page of a report shows."""

import pytest
from PIL import Image

import kiqa
from kiqa.reporting.choosing import Placed
from kiqa.reporting.content import page_content
from kiqa.reporting.entries import Entry
from kiqa.scoring import Scorer


@pytest.mark.parametrize(
    ("taken", "shown"),
    [
        (None, None),
        (0.5, "1970-01-01 00:00:00"),
        (-1.0, "1969-12-31 23:59:59"),
        (-62135596800.0, "0001-01-01 00:00:00"),
        (253402300799.0, "9999-12-31 23:59:59"),
        (253402300800.0, None),
        (1e300, None),
        (float("nan"), None),
        (float("inf"), None),
    ],
)
def test_any_date_is_shown_or_left_out(stand_in, taken, shown):
    """On every system, also before 1970; none ends a report whose images are all scored."""
    entry = Entry("a.png", {"score": 0.5, "width": 80, "height": 72}, b"", taken=taken)
    found = page_content([entry], [0], [], Placed([None], set(), []), Scorer("stand-in"))
    assert found["images"][0]["taken"] == shown


def test_the_last_moment_of_the_calendar_ends_no_report(stand_in, photos):
    """Its fraction of a second is rounded up to the year 10000."""
    exif = Image.Exif()
    exif.get_ifd(0x8769).update({0x9003: "9999:12:31 23:59:59", 0x9291: "99999999"})
    Image.new("RGB", (90, 80)).save("photos/last.jpg", exif=exif)
    assert kiqa.report(["photos/last.jpg"], "p.html", maps=False).images == 1
