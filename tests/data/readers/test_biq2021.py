"""Reader of BIQ2021, on a small tree in the published layout."""

import logging

import pytest

from kiqa.data.readers.biq2021 import biq2021

BIQ_TRAIN = "Train (Images and MOS).csv"
BIQ_TEST = "Test (Images and MOS).csv"


@pytest.fixture
def biq(tmp_path, touch):
    """BIQ2021 with three training images, in the published form with empty columns."""
    names = ["ss01 (1).jpg", "ss02 (2).jpg", "ss03 (3).jpg"]
    touch(tmp_path / "Images", names)
    (tmp_path / BIQ_TRAIN).write_text(
        "Image Name,MOS,,\r\n" + "".join(f"{name},0.{i}5,,\r\n" for i, name in enumerate(names, 1))
    )
    return tmp_path


def test_biq2021_reads_the_published_file(biq):
    """Scores of 0..1, no deviations, set train without a split file."""
    records = biq2021(biq)
    assert [record.name for record in records] == ["ss01 (1).jpg", "ss02 (2).jpg", "ss03 (3).jpg"]
    assert [record.mos for record in records] == [0.15, 0.25, 0.35]
    assert {record.mos_range for record in records} == {(0.0, 1.0)}
    assert {(record.sd, record.set, record.dataset) for record in records} == {
        (None, "train", "biq2021")
    }
    assert all(record.path.is_file() and record.content == record.name for record in records)


def test_biq2021_joins_the_official_test_file(biq, touch):
    """Rows of the test file follow, in the set test."""
    (biq / BIQ_TEST).write_text("Image Name,MOS\nss01 (9).jpg,0.9\n")
    touch(biq / "Images", ["ss01 (9).jpg"])
    assert [record.set for record in biq2021(biq)] == ["train"] * 3 + ["test"]


def test_biq2021_takes_the_sets_of_a_split_file(biq):
    """A split.csv beside the scores stands over the official parts."""
    (biq / "split.csv").write_text("image_name,set\nss01 (1).jpg,val\nss03 (3).jpg,test\n")
    assert [record.set for record in biq2021(biq)] == ["val", None, "test"]


def test_biq2021_refuses_a_split_file_of_other_images(biq):
    """A name without a score is listed."""
    (biq / "split.csv").write_text("image_name,set\nelse.jpg,val\n")
    with pytest.raises(ValueError, match=r"1 that have none: \['else\.jpg'\]"):
        biq2021(biq)


def test_biq2021_reports_a_missing_image(biq, caplog):
    """The other records come back; require_complete raises."""
    (biq / "Images" / "ss02 (2).jpg").unlink()
    with caplog.at_level(logging.WARNING):
        assert len(biq2021(biq)) == 2
    assert "ss02 (2).jpg" in caplog.text
    with pytest.raises(ValueError, match="12000"):
        biq2021(biq, require_complete=True)


def test_biq2021_names_a_row_that_is_not_a_number(biq):
    """File and line of a NaN score are in the message."""
    with (biq / BIQ_TRAIN).open("a") as stream:
        stream.write("ss01 (4).jpg,NaN,,\r\n")
    with pytest.raises(ValueError, match=r"ss01 \(4\)\.jpg.*line 5"):
        biq2021(biq)
