"""Annotated images that are there, and lists in JSON."""

import logging

import pytest

from kiqa.data.readers.local.found import json_entries, present


def test_missing_images_are_counted(write_image, tmp_path, caplog):
    """Those that are there stay, in the order of the names; none at all is an error."""
    write_image(tmp_path / "b" / "A.PNG")
    answers = {"x.png": {}, "b/a.png": {"all": len}}
    with caplog.at_level(logging.WARNING):
        (image,) = present(answers, folder=tmp_path, dataset="some")
    assert (image.name, image.path, set(image.answers)) == (
        "b/a.png", tmp_path / "b" / "A.PNG", {"all"},
    )  # fmt: skip
    assert "some: 1 of 2 images are not there: x.png" in caplog.text
    with pytest.raises(FileNotFoundError, match=r"none of 1, \['x.png'\]"):
        present({"x.png": {}}, folder=tmp_path, dataset="some")


def test_entries_know_where_they_stand(tmp_path):
    """File and number; one without a key is refused with what it has."""
    (tmp_path / "a.json").write_text('[{"id": 1}, {"id": 2, "more": 3}]')
    assert [where for where, _ in json_entries([tmp_path / "a.json"], ["id"])] == [
        "a.json entry 1", "a.json entry 2",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="id, more in a.json entry 1. Received: id"):
        json_entries([tmp_path / "a.json"], ["id", "more"])
