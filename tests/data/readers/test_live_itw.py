"""Reader of LIVE In the Wild, on a small tree in the published layout."""

import numpy as np
import pytest
from scipy.io import savemat

from kiqa.data.readers.live_itw import live_itw

LIVE_NAMES = [f"t{i}.bmp" for i in range(1, 8)] + ["3.bmp", "10.JPG"]
LIVE_MOS = [50, 51, 52, 53, 54, 55, 56, 63.5, 3.42]


@pytest.fixture
def write(tmp_path, touch):
    """The function ``write(names, mos, *, sd=None)``: a tree with these lists."""

    def write(names, mos, *, sd=None):
        data = tmp_path / "ChallengeDB_release" / "Data"
        data.mkdir(parents=True)
        cells = np.empty((len(names), 1), object)
        cells[:, 0] = names
        sd = [10.5] * len(mos) if sd is None else sd
        savemat(data / "AllImages_release.mat", {"AllImages_release": cells})
        savemat(data / "AllMOS_release.mat", {"AllMOS_release": np.array([mos], float)})
        savemat(data / "AllStdDev_release.mat", {"AllStdDev_release": np.array([sd], float)})
        touch(data.parent / "Images", names[7:])
        touch(data.parent / "Images" / "trainingImages", names[:7])

    return write


def test_live_itw_drops_the_training_pictures(tmp_path, write):
    """Names, scores and deviations stay together after the first seven are gone."""
    write(LIVE_NAMES, LIVE_MOS, sd=range(9))
    records = live_itw(tmp_path)
    assert [(r.name, r.mos, r.sd, r.set) for r in records] == [
        ("3.bmp", 63.5, 7.0, None),
        ("10.JPG", 3.42, 8.0, None),
    ]
    assert records[0].path == tmp_path / "ChallengeDB_release" / "Images" / "3.bmp"
    assert live_itw(tmp_path / "ChallengeDB_release") == records


def test_live_itw_refuses_lists_of_different_length(tmp_path, write):
    """A score too few would shift every later one."""
    write(LIVE_NAMES, LIVE_MOS[:-1])
    with pytest.raises(ValueError, match="received 9, 8 and 8"):
        live_itw(tmp_path)


def test_live_itw_refuses_lists_without_the_training_pictures(tmp_path, write):
    """Seven images of the data set are never dropped by mistake."""
    write(LIVE_NAMES[::-1], LIVE_MOS)
    with pytest.raises(ValueError, match="t1 to t7"):
        live_itw(tmp_path)


def test_live_itw_names_an_entry_that_is_not_a_number(tmp_path, write):
    """NaN in a .mat file is as bad as in a CSV."""
    write(LIVE_NAMES, [*LIVE_MOS[:-1], np.nan])
    with pytest.raises(ValueError, match="entry 9"):
        live_itw(tmp_path)


def test_live_itw_lists_the_variables_of_another_file(tmp_path, write):
    """A .mat without its variable is named with what it holds."""
    write(LIVE_NAMES, LIVE_MOS)
    path = tmp_path / "ChallengeDB_release" / "Data" / "AllMOS_release.mat"
    savemat(path, {"scores": np.zeros(9)})
    with pytest.raises(ValueError, match=r"AllMOS_release\.mat.*\['scores'\]"):
        live_itw(tmp_path)


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>" * 20, None])
def test_live_itw_names_a_damaged_file(tmp_path, write, content):
    """Empty, foreign and truncated .mat files are ValueErrors."""
    write(LIVE_NAMES, LIVE_MOS)
    path = tmp_path / "ChallengeDB_release" / "Data" / "AllImages_release.mat"
    path.write_bytes(path.read_bytes()[:-100] if content is None else content)
    with pytest.raises(ValueError, match=r"AllImages_release\.mat"):
        live_itw(tmp_path)
