"""What all readers have in common."""

import pytest

from kiqa.data import DATASETS

PUBLISHED = {name: reader for name, reader in DATASETS.items() if name != "mos-csv"}


@pytest.mark.parametrize("reader", PUBLISHED.values(), ids=PUBLISHED)
def test_a_missing_root_names_the_download_page(tmp_path, reader):
    """A wrong folder is answered with where the data is from."""
    with pytest.raises(FileNotFoundError, match="absent.*Download.*http"):
        reader(tmp_path / "absent")


@pytest.mark.parametrize("reader", DATASETS.values(), ids=DATASETS)
def test_an_empty_root_names_the_expected_file(tmp_path, reader):
    """A folder without score files is answered with their names."""
    with pytest.raises(FileNotFoundError, match=r"\.(csv|mat|txt|xlsx)"):
        reader(tmp_path)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("live", "dmos_realigned.mat"),
        ("tid2013", "mos_with_names.txt"),
        ("tid2008", "mos_with_names.txt"),
        ("csiq", "csiq.DMOS.xlsx"),
        ("kadid10k", "dmos.csv"),
    ],
)
def test_readers_name_the_file_they_miss(tmp_path, name, file):
    """A folder that is not there, and one without scores: what to download, and from where."""
    with pytest.raises(FileNotFoundError, match=r"gone.*https?://"):
        DATASETS[name](tmp_path / "gone")
    with pytest.raises(FileNotFoundError, match=rf"{file}.*https?://"):
        DATASETS[name](tmp_path)
