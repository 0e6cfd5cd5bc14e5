"""Images packed into one file: decoded once, checked each time."""

import numpy as np
import pytest
from PIL import Image

from kiqa.training.runs.packed import pack_images


def test_packed_images_are_decoded_once(tmp_path, photo, monkeypatch):
    """Any sizes; used again for the same files, made again for others."""
    paths = [tmp_path / f"{i}.png" for i in range(3)]
    for i, path in enumerate(paths):
        Image.fromarray(photo[: 40 + i, : 50 - i]).save(path)
    store = pack_images(paths, tmp_path / "packed", smallest=32)
    assert store.sizes == [(40, 50), (41, 49), (42, 48)]
    for i in range(3):
        np.testing.assert_array_equal(store.pixels(i), photo[: 40 + i, : 50 - i])
    np.testing.assert_array_equal(store.part(slice(1, 3)).pixels(0), store.pixels(1))
    with monkeypatch.context() as patch:
        patch.setattr("kiqa.training.runs.packed.load_image", None)
        again = pack_images(paths, tmp_path / "packed", smallest=32)
        np.testing.assert_array_equal(again.pixels(2), store.pixels(2))
    Image.fromarray(photo[:60, :60]).save(paths[1])
    assert pack_images(paths, tmp_path / "packed", smallest=32).sizes[1] == (60, 60)


def test_packing_refuses_what_is_no_image(tmp_path, photo):
    """Too small, damaged or missing: named, and no packed file is left."""
    small, torn = tmp_path / "small.png", tmp_path / "torn.png"
    Image.fromarray(photo[:31, :50]).save(small)
    torn.write_bytes(small.read_bytes()[:80])
    for path, said in ((small, "at least 32 pixels.*small.png"), (torn, "torn.png")):
        with pytest.raises(ValueError, match=said):
            pack_images([path], tmp_path / "packed", smallest=32)
    with pytest.raises(FileNotFoundError, match="gone.png"):
        pack_images([tmp_path / "gone.png"], tmp_path / "packed", smallest=32)
    assert list((tmp_path / "packed").iterdir()) == []


def test_cut_off_packed_file_is_refused(tmp_path, photo):
    """The index says how many bytes there must be."""
    Image.fromarray(photo[:40, :50]).save(tmp_path / "a.png")
    pack_images([tmp_path / "a.png"], tmp_path / "packed", smallest=32)
    (tmp_path / "packed" / "pixels.bin").write_bytes(b"123")
    with pytest.raises(ValueError, match="6000 bytes.*3"):
        pack_images([tmp_path / "a.png"], tmp_path / "packed", smallest=32)


def test_a_shared_folder_is_checked_for_each_training(tmp_path, photo):
    """What one training takes is too small for another, whose folder it is too; nothing is lost."""
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    for path, side in zip(paths, (64, 50), strict=True):
        Image.fromarray(photo[:64, :side]).save(path)
    folder = tmp_path / "packed"
    pack_images(paths, folder, smallest=32)
    with pytest.raises(ValueError, match="at least 64 pixels a side.*b.png, 50x64"):
        pack_images(paths, folder, smallest=64)
    np.testing.assert_array_equal(
        pack_images(paths, folder, smallest=50).pixels(1), photo[:64, :50]
    )


def test_files_of_another_origin_stay(tmp_path, photo):
    """Names such as index.json are in many folders; it is refused before anything is written."""
    image, folder = tmp_path / "a.png", tmp_path / "site"
    Image.fromarray(photo[:40, :50]).save(image)
    folder.mkdir()
    for name, content, said in (
        ("index.json", '{"pages": []}', r"index.json with \['pages'\]"),
        ("index.json", "[]", "index.json"),
        ("pixels.bin", "mine", "pixels.bin without index.json"),
    ):
        file = folder / name
        file.write_text(content)
        with pytest.raises(ValueError, match=f"{said}.*another folder"):
            pack_images([image], folder, smallest=32)
        assert [path.name for path in folder.iterdir()] == [name] and file.read_text() == content
        file.unlink()


def test_a_failed_packing_leaves_a_folder_that_is_used_again(tmp_path, photo):
    """Of other images before it nothing is taken for the new ones."""
    good, torn, folder = tmp_path / "a.png", tmp_path / "b.png", tmp_path / "packed"
    Image.fromarray(photo[:40, :50]).save(good)
    torn.write_bytes(b"torn")
    pack_images([good], folder, smallest=32)
    with pytest.raises(ValueError, match="b.png"):
        pack_images([good, torn], folder, smallest=32)
    Image.fromarray(photo[:40, :50]).save(torn)
    assert pack_images([good, torn], folder, smallest=32).sizes == [(40, 50)] * 2
