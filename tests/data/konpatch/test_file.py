"""KonPatch files: what is written is read again, and nothing else."""

from pathlib import Path

import numpy as np
import pytest

from kiqa.data.konpatch import (
    build_konpatch,
    load_konpatch,
    save_konpatch,
)


def test_a_file_holds_everything(small, tmp_path):
    """All attributes come back with their types, and NumPy alone reads the file."""
    path = save_konpatch(small, tmp_path / "new folder" / "small.npz")
    loaded = load_konpatch(path)
    for name, value in vars(small).items():
        np.testing.assert_array_equal(getattr(loaded, name), value, err_msg=name)
        assert type(getattr(loaded, name)) is type(value)
    with np.load(path) as stored:
        assert stored["x"].dtype == np.uint8
        assert stored["image"].shape == (120,)
    assert [file.name for file in path.parent.iterdir()] == ["small.npz"]


def test_a_set_without_versions_survives_its_file(records, tmp_path):
    """What was not there is not there afterwards."""
    patches = build_konpatch(records, images=2, patches_per_image=2, seed=0)
    loaded = load_konpatch(save_konpatch(patches, tmp_path / "k.npz"))
    assert loaded.version is None
    np.testing.assert_array_equal(loaded.x, patches.x)


def test_a_failed_write_leaves_the_old_file(small, tmp_path, monkeypatch):
    """A full disk costs the new file only, and no debris stays."""
    path = save_konpatch(small, tmp_path / "k.npz")
    before = path.read_bytes()

    def fail(file, **arrays):
        Path(file).write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez_compressed", fail)
    with pytest.raises(OSError, match="No space left"):
        save_konpatch(small, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_another_suffix_is_refused(small, tmp_path):
    """NumPy would append .npz in silence."""
    with pytest.raises(ValueError, match=r"ends in \.npz"):
        save_konpatch(small, tmp_path / "k.zip")


def test_a_foreign_file_lists_what_it_holds(tmp_path):
    """Missing arrays and those found are in the message."""
    np.savez(tmp_path / "k.npz", x=np.zeros(3), scores=np.zeros(3))
    with pytest.raises(ValueError, match=r"k\.npz, received \['scores', 'x'\].*'y'"):
        load_konpatch(tmp_path / "k.npz")


@pytest.mark.parametrize("damage", ["truncated", "text", "empty", "array", "bit"])
def test_a_damaged_file_is_named(small, tmp_path, damage):
    """No damage escapes as another kind of error."""
    path = save_konpatch(small, tmp_path / "k.npz")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    damaged = {
        "truncated": bytes(content[:-5000]),
        "text": b"not an archive",
        "empty": b"",
        "bit": bytes(content),
    }
    if damage == "array":
        with path.open("wb") as stream:
            np.save(stream, np.zeros(3))
    else:
        path.write_bytes(damaged[damage])
    with pytest.raises(ValueError, match=r"k\.npz"):
        load_konpatch(path)


def test_a_missing_file_is_named(tmp_path):
    """The message says how such a file is made."""
    with pytest.raises(FileNotFoundError, match=r"k\.npz.*save_konpatch"):
        load_konpatch(tmp_path / "k.npz")
