"""Reader of LIVE release 2, on a small tree in the published layout."""

import logging

import numpy as np
import pytest
from scipy.io import savemat

from kiqa.data import live

LIVE_FOLDERS = {"jp2k": 227, "jpeg": 233, "wn": 174, "gblur": 174, "fastfading": 174}


@pytest.fixture
def live_root(tmp_path, touch):
    """All 982 entries; every tenth is a hidden reference; three images are on disk."""
    root = tmp_path / "databaserelease2"
    touch(root / "refimgs", [f"ref{i}.bmp" for i in range(29)])
    for folder in LIVE_FOLDERS:
        touch(root / folder, ["img2.bmp"])
    hidden = np.zeros((1, 982))
    hidden[0, ::10] = 1
    dmos = np.where(hidden, 0, np.linspace(-2.64, 111.77, 982))
    deviations = np.full((1, 982), 3.5)
    savemat(root / "dmos_realigned.mat", {"dmos_new": dmos, "dmos_std": deviations, "orgs": hidden})
    savemat(root / "dmos.mat", {"dmos": dmos / 2, "orgs": hidden})
    names = np.empty((1, 982), object)
    names[0] = [f"ref{i % 29}.bmp" for i in range(982)]
    savemat(root / "refnames_all.mat", {"refnames_all": names})
    (root / "jp2k" / "info.txt").write_text("ref1.bmp img2.bmp 0.75\n\nref0.bmp img1.bmp 0\n")
    return tmp_path


def test_live_turns_dmos_round_and_knows_images_by_their_order(live_root, caplog):
    """The second entry is jp2k/img2, the 229th jpeg/img2; 100 - DMOS."""
    with caplog.at_level(logging.WARNING):
        records = live(live_root)
    assert "images are missing" in caplog.text
    entries = [1, 228, 461, 635, 809]
    expected = [i for i in entries if i % 10]
    dmos = np.linspace(-2.64, 111.77, 982)[expected]
    assert [r.name for r in records] == [f"{folder}/img2.bmp" for folder in LIVE_FOLDERS]
    assert [r.distortion for r in records] == list(LIVE_FOLDERS)
    assert [r.mos for r in records] == pytest.approx(100 - dmos)
    assert [r.mos01 for r in records] == pytest.approx(1 - dmos / 100)
    assert [r.content for r in records] == [f"ref{i % 29}" for i in expected]
    assert all(
        r.reference == live_root / "databaserelease2/refimgs" / f"{r.content}.bmp" for r in records
    )
    assert [r.level for r in records] == [0.75, None, None, None, None]
    assert {(r.sd, r.mos_range, r.set) for r in records} == {(3.5, (0.0, 100.0), None)}
    assert live(live_root / "databaserelease2") == records


def test_live_reads_the_original_scores_when_told(live_root):
    """dmos.mat is never taken silently for the realigned file."""
    realigned, original = live(live_root), live(live_root, scores="original")
    assert [2 * (100 - r.mos) for r in original] == pytest.approx([100 - r.mos for r in realigned])
    (live_root / "databaserelease2" / "dmos_realigned.mat").unlink()
    with pytest.raises(FileNotFoundError, match=r"dmos_realigned\.mat"):
        live(live_root)
    with pytest.raises(ValueError, match="realigned.*'old'"):
        live(live_root, scores="old")


def test_live_takes_references_from_info_txt(live_root):
    """Without refnames_all.mat the folders' lists say the references."""
    root = live_root / "databaserelease2"
    (root / "refnames_all.mat").unlink()
    for folder, count in LIVE_FOLDERS.items():
        lines = [f"REF3.bmp IMG{n}.bmp {n / 100}\n" for n in range(1, count + 1)]
        (root / folder / "info.txt").write_text("".join(lines))
    assert {(r.content, r.level) for r in live(live_root)} == {("ref3", 0.02)}
    (root / "wn" / "info.txt").write_text("ref1.bmp img1.bmp\n")
    with pytest.raises(ValueError, match=r"wn/info\.txt line 1"):
        live(live_root)


def test_live_refuses_files_of_another_length(live_root):
    """Images are known by their order: a shorter list would shift them."""
    path = live_root / "databaserelease2" / "dmos_realigned.mat"
    ones = np.ones((1, 981))
    savemat(path, {"dmos_new": ones, "dmos_std": ones, "orgs": ones})
    with pytest.raises(ValueError, match="982.*981"):
        live(live_root)
