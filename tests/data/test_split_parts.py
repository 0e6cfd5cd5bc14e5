"""Published splits by part, whatever lies in the working folder."""

import hashlib

import pytest

from kiqa.data.split_parts import published_parts, published_split_sha256
from kiqa.data.splits import read_split


def test_parts_are_those_of_the_split(monkeypatch, tmp_path):
    """A file of the same name in the working folder is not taken for it."""
    sets = read_split("cid22-kiqa")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cid22-kiqa").write_text("image_name,set\na.png,train\n")
    published_parts.cache_clear()
    parts = published_parts("cid22-kiqa")
    assert {name: part for part, names in parts.items() for name in names} == sets
    assert (len(parts["train"]), len(parts["test"])) == (88, 30)


def test_hash_is_that_of_the_file():
    """As sha256sum prints it; unknown names are refused."""
    from importlib import resources

    content = (resources.files("kiqa.data") / "published_splits/cid22-kiqa.csv").read_bytes()
    assert published_split_sha256("cid22-kiqa") == hashlib.sha256(content).hexdigest()
    for function in (published_split_sha256, published_parts):
        with pytest.raises(FileNotFoundError, match="published splits.*'mine'"):
            function("mine")
