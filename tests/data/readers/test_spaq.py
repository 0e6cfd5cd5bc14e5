"""Reader of SPAQ, on a small tree in the published layout."""

import pytest

from kiqa.data.readers.spaq import spaq

HEADER = ["Image name", "MOS", "Brightness", "Colorfulness"]


@pytest.fixture
def write(tmp_path, touch, write_workbook):
    """The function ``write(rows)``: two images and the workbook of these rows."""

    def write(rows):
        touch(tmp_path / "SPAQ" / "TestImage", ["00001.jpg", "00002.jpg"])
        touch(tmp_path / "SPAQ" / "Annotations", [])
        scores = "MOS and Image attribute scores.xlsx"
        write_workbook(tmp_path / "SPAQ" / "Annotations" / scores, rows)
        return tmp_path

    return write


@pytest.mark.parametrize("as_written", [float, str])
def test_reads_the_published_layout(write, as_written):
    """The first sheet, scores as numbers or text; the folder itself or the one above it."""
    scores = [as_written(58.66667), as_written(81)]
    rows = [
        [name, mos, 50, 60] for name, mos in zip(("00001.jpg", "00002.jpg"), scores, strict=True)
    ]
    root = write([HEADER, *rows])
    for folder in (root, root / "SPAQ"):
        records = spaq(folder)
        assert [(r.name, r.mos, r.mos01) for r in records] == [
            ("00001.jpg", 58.66667, pytest.approx(0.5866667)),
            ("00002.jpg", 81.0, pytest.approx(0.81)),
        ]
        assert {(r.sd, r.set, r.mos_range, r.dataset) for r in records} == {
            (None, None, (0.0, 100.0), "spaq")
        }
        assert all(r.path.is_file() for r in records)


def test_completeness_is_insisted_on_when_asked(write):
    """Two images are not 11,125."""
    root = write([HEADER, ["00001.jpg", 3, 1, 1], ["00002.jpg", 3, 1, 1]])
    with pytest.raises(ValueError, match="11125"):
        spaq(root, require_complete=True)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["Image", "MOS"], ["00001.jpg", 3]], r"'Image name'.*\['Image', 'MOS'\]"),
        ([["Name", "MOS"], ["00001.jpg", "5"]], r"\['Name', 'MOS'\].*'Image name'"),
        ([HEADER, ["00001.jpg", "good"]], "row 2"),
        ([HEADER, ["00001.jpg"]], "row 2"),
        ([[]], "Image name"),
        ([], "Image name"),
    ],
)
def test_names_what_is_wrong(write, rows, message):
    """Other columns are listed; a score that is none is named with its row."""
    with pytest.raises(ValueError, match=message):
        spaq(write(rows))
