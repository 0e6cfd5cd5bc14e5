"""Readers, on small trees in the published layouts."""

import logging

import numpy as np
import pytest
from scipy.io import savemat

from kiqa.data import DATASETS
from kiqa.data.readers.datasets import biq2021, koniq10k, live_itw
from kiqa.data.splits import read_split

BIQ_TRAIN = "Train (Images and MOS).csv"
BIQ_TEST = "Test (Images and MOS).csv"
KONIQ_SCORES = "koniq10k_scores_and_distributions.csv"
KONIQ_SETS = "koniq10k_distributions_sets.csv"
KONIQ_NAMES = list(read_split("koniq10k-official"))[:3]


def _images(folder, names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()


@pytest.fixture
def biq(tmp_path):
    """BIQ2021 with three training images, in the published form with empty columns."""
    names = ["ss01 (1).jpg", "ss02 (2).jpg", "ss03 (3).jpg"]
    _images(tmp_path / "Images", names)
    (tmp_path / BIQ_TRAIN).write_text(
        "Image Name,MOS,,\r\n" + "".join(f"{name},0.{i}5,,\r\n" for i, name in enumerate(names, 1))
    )
    return tmp_path


@pytest.fixture
def koniq(tmp_path):
    """KonIQ-10k with three images of the official split and both score files."""
    _images(tmp_path / "1024x768", KONIQ_NAMES)
    fractions = "0,0,.5,.5,0,100"
    (tmp_path / KONIQ_SCORES).write_text(
        "image_name,c1,c2,c3,c4,c5,c_total,MOS,SD,MOS_zscore\n"
        + "".join(f"{n},{fractions},3.5,0.5,6{i}.25\n" for i, n in enumerate(KONIQ_NAMES))
    )
    sets = ("training", "validation", "test")
    (tmp_path / KONIQ_SETS).write_text(
        "image_name,c1,c2,c3,c4,c5,c_total,MOS,SD,set\n"
        + "".join(
            f"{n},{fractions},6{i}.25,0.5,{s}\n"
            for i, (n, s) in enumerate(zip(KONIQ_NAMES, sets, strict=True))
        )
    )
    return tmp_path


def _live(root, names, mos, sd=None):
    data = root / "ChallengeDB_release" / "Data"
    data.mkdir(parents=True)
    cells = np.empty((len(names), 1), object)
    cells[:, 0] = names
    savemat(data / "AllImages_release.mat", {"AllImages_release": cells})
    savemat(data / "AllMOS_release.mat", {"AllMOS_release": np.array([mos], float)})
    sd = [10.5] * len(mos) if sd is None else sd
    savemat(data / "AllStdDev_release.mat", {"AllStdDev_release": np.array([sd], float)})
    images = data.parent / "Images"
    _images(images, names[7:])
    _images(images / "trainingImages", names[:7])
    return root


LIVE_NAMES = [f"t{i}.bmp" for i in range(1, 8)] + ["3.bmp", "10.JPG"]
LIVE_MOS = [50, 51, 52, 53, 54, 55, 56, 63.5, 3.42]


def test_the_registry_names_the_readers():
    """Each data set has its reader, by its own name."""
    assert DATASETS.items() >= {"biq2021": biq2021, "koniq10k": koniq10k}.items()
    assert DATASETS["live-itw"] is live_itw
    others = {"csiq", "kadid10k", "live", "tid2008", "tid2013"}
    others |= {"live-fb", "live-fb-patches", "spaq"}  # test_live_fb.py, test_spaq.py beside this
    assert DATASETS.keys() == {"biq2021", "koniq10k", "live-itw"} | others


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


def test_biq2021_joins_the_official_test_file(biq):
    """Rows of the test file follow, in the set test."""
    (biq / BIQ_TEST).write_text("Image Name,MOS\nss01 (9).jpg,0.9\n")
    _images(biq / "Images", ["ss01 (9).jpg"])
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


@pytest.mark.parametrize("reader", DATASETS.values(), ids=DATASETS)
def test_a_missing_root_names_the_download_page(tmp_path, reader):
    """A wrong folder is answered with where the data is from."""
    with pytest.raises(FileNotFoundError, match="absent.*Download.*http"):
        reader(tmp_path / "absent")


@pytest.mark.parametrize("reader", DATASETS.values(), ids=DATASETS)
def test_an_empty_root_names_the_expected_file(tmp_path, reader):
    """A folder without score files is answered with their names."""
    with pytest.raises(FileNotFoundError, match=r"\.(csv|mat|txt|xlsx)"):
        reader(tmp_path)


@pytest.mark.parametrize("kept", [KONIQ_SCORES, KONIQ_SETS])
def test_koniq10k_reads_both_published_files_alike(koniq, kept):
    """The z-score form, deviation x 25 and the official set, whichever file is there."""
    for name in {KONIQ_SCORES, KONIQ_SETS} - {kept}:
        (koniq / name).unlink()
    records = koniq10k(koniq)
    assert [record.mos for record in records] == [60.25, 61.25, 62.25]
    assert [record.sd for record in records] == [12.5] * 3
    assert records[0].mos_range == (0.0, 100.0)
    official = read_split("koniq10k-official")
    sets = ["train", "val", "test"] if kept == KONIQ_SETS else [official[n] for n in KONIQ_NAMES]
    assert [record.set for record in records] == sets


def test_koniq10k_finds_folders_and_files_elsewhere(koniq):
    """The smaller images and a score file in metadata/ are read."""
    _images(koniq / "512x384", KONIQ_NAMES)
    (koniq / "metadata").mkdir()
    (koniq / KONIQ_SCORES).unlink()
    (koniq / KONIQ_SETS).rename(koniq / "metadata" / KONIQ_SETS)
    by_default = koniq10k(koniq, size="512x384")
    assert by_default[0].path == koniq / "512x384" / KONIQ_NAMES[0]
    assert by_default == koniq10k(koniq, size="512x384", scores=koniq / "metadata" / KONIQ_SETS)


def test_koniq10k_refuses_ratings_on_the_five_point_scale(koniq):
    """A column MOS with means of 1..5 is not taken for z-scores."""
    (koniq / KONIQ_SCORES).write_text(f"image_name,MOS\n{KONIQ_NAMES[0]},3.5\n")
    with pytest.raises(ValueError, match="ratings from 1 to 5"):
        koniq10k(koniq)


def test_koniq10k_refuses_an_unknown_set(koniq):
    """The message has the file and the line."""
    path = koniq / KONIQ_SETS
    path.write_text(path.read_text().replace("validation", "holdout"))
    with pytest.raises(ValueError, match=f"'holdout' in {KONIQ_SETS} line 3"):
        koniq10k(koniq, scores=path)


def test_live_itw_drops_the_training_pictures(tmp_path):
    """Names, scores and deviations stay together after the first seven are gone."""
    _live(tmp_path, LIVE_NAMES, LIVE_MOS, sd=range(9))
    records = live_itw(tmp_path)
    assert [(r.name, r.mos, r.sd, r.set) for r in records] == [
        ("3.bmp", 63.5, 7.0, None),
        ("10.JPG", 3.42, 8.0, None),
    ]
    assert records[0].path == tmp_path / "ChallengeDB_release" / "Images" / "3.bmp"
    assert live_itw(tmp_path / "ChallengeDB_release") == records


def test_live_itw_refuses_lists_of_different_length(tmp_path):
    """A score too few would shift every later one."""
    _live(tmp_path, LIVE_NAMES, LIVE_MOS[:-1])
    with pytest.raises(ValueError, match="received 9, 8 and 8"):
        live_itw(tmp_path)


def test_live_itw_refuses_lists_without_the_training_pictures(tmp_path):
    """Seven images of the data set are never dropped by mistake."""
    _live(tmp_path, LIVE_NAMES[::-1], LIVE_MOS)
    with pytest.raises(ValueError, match="t1 to t7"):
        live_itw(tmp_path)


def test_live_itw_names_an_entry_that_is_not_a_number(tmp_path):
    """NaN in a .mat file is as bad as in a CSV."""
    _live(tmp_path, LIVE_NAMES, [*LIVE_MOS[:-1], np.nan])
    with pytest.raises(ValueError, match="entry 9"):
        live_itw(tmp_path)


def test_live_itw_lists_the_variables_of_another_file(tmp_path):
    """A .mat without its variable is named with what it holds."""
    _live(tmp_path, LIVE_NAMES, LIVE_MOS)
    path = tmp_path / "ChallengeDB_release" / "Data" / "AllMOS_release.mat"
    savemat(path, {"scores": np.zeros(9)})
    with pytest.raises(ValueError, match=r"AllMOS_release\.mat.*\['scores'\]"):
        live_itw(tmp_path)


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>" * 20, None])
def test_live_itw_names_a_damaged_file(tmp_path, content):
    """Empty, foreign and truncated .mat files are ValueErrors."""
    _live(tmp_path, LIVE_NAMES, LIVE_MOS)
    path = tmp_path / "ChallengeDB_release" / "Data" / "AllImages_release.mat"
    path.write_bytes(path.read_bytes()[:-100] if content is None else content)
    with pytest.raises(ValueError, match=r"AllImages_release\.mat"):
        live_itw(tmp_path)
