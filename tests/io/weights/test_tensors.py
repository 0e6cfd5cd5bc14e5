"""Tensors in a file as Keras writes them."""

import h5py
import numpy as np
import pytest

from kiqa.io.weights import tensors as h5_tensors


def test_long_lists_of_layers_are_split_as_keras_does(tmp_path):
    """A list of names above HDF5's attribute limit is written in parts and read again."""
    names = [f"{i:0>600}" for i in range(120)]
    tensors = {name: [("kernel", np.zeros(1, np.float32))] for name in names}
    with h5py.File(tmp_path / "long.h5", "w") as content:
        content.attrs["backend"] = content.attrs["keras_version"] = "any"
        h5_tensors.write_tensors(content, tensors, names)
        assert {"layer_names0", "layer_names1"} <= set(content["model_weights"].attrs)
        found, stray = h5_tensors.read_tensors(content)
    assert (list(found), stray) == (names, [])


def _file(path, fill):
    with h5py.File(path, "w") as content:
        fill(content)
    return path


def _doubled(content):
    """Each of 45 groups is in the one before it under two names."""
    place = content
    for _ in range(45):
        inner = place.create_group("a")
        place["b"] = inner
        place = inner


def _without_data(content):
    content.create_dataset("kernel", (50_000, 50_000), "f4")


def _compressed(content):
    content.create_dataset("kernel", (4096, 4096), "f4", chunks=(4096, 4096), compression="gzip")


def _many(content):
    for number in range(200):
        content.create_group(f"g{number}")


def _text(content):
    content["kernel"] = ["/etc/passwd"]


def _complex(content):
    content["kernel"] = np.zeros(3, np.complex64)


def _empty(content):
    content["kernel"] = h5py.Empty("f4")


@pytest.mark.parametrize(
    ("fill", "said"),
    [
        (_doubled, "one group at two places"),
        (_without_data, r"float32 of shape \(50000, 50000\) in 0 bytes"),
        (_compressed, r"\(4096, 4096\) in 0 bytes"),
        (_many, "at most 100 groups"),
        (_text, "tensors of numbers"),
        (_complex, "complex64"),
        (_empty, "tensors of numbers"),
    ],
)
def test_what_costs_more_than_it_is_is_refused(tmp_path, monkeypatch, fill, said):
    """Shared groups, tensors without data, members without end, what is no number."""
    monkeypatch.setattr(h5_tensors, "_MOST_MEMBERS", 100)
    with h5_tensors.open_h5(_file(tmp_path / "a.h5", fill)) as content:
        with pytest.raises(ValueError, match=said):
            dict(h5_tensors.datasets(content))


def test_small_tensors_of_zeros_need_no_data(tmp_path):
    """HDF5 leaves out what was never written."""
    path = _file(tmp_path / "a.h5", lambda content: content.create_dataset("bias", (64,), "f4"))
    with h5_tensors.open_h5(path) as content:
        assert list(dict(h5_tensors.datasets(content))) == ["/bias"]


def test_all_tensors_together_have_a_limit(tmp_path):
    """That of the caller, before the first is read."""
    path = _file(tmp_path / "a.h5", lambda content: content.create_dataset("a", data=np.ones(300)))
    with h5_tensors.open_h5(path) as content:
        tensors = {"layer": [("a", content["a"])]}
        assert h5_tensors.read_values(tensors)["layer"][0][1].sum() == 300
        with pytest.raises(ValueError, match="at most 1000 bytes of tensors. Received: 2400"):
            h5_tensors.read_values(tensors, max_bytes=1000)


@pytest.mark.parametrize("first", [b"", b"text", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"])
def test_files_are_judged_by_size_and_first_bytes(tmp_path, first):
    """HDF5 itself is asked only where both are right."""
    with open(tmp_path / "a.h5", "wb") as file:
        file.write(first)
        file.truncate(5 << 30)
    with pytest.raises(ValueError, match="5368709120 bytes"):
        h5_tensors.open_h5(tmp_path / "a.h5")
    (tmp_path / "b.h5").write_bytes(first)
    with pytest.raises(ValueError, match=f"{len(first)} bytes that HDF5 cannot open"):
        h5_tensors.open_h5(tmp_path / "b.h5")


def test_attributes_are_of_their_kind(tmp_path):
    """A description is one text, names are a list of texts; long texts are not repeated."""

    def fill(content):
        content.attrs["number"] = 3
        content.attrs["texts"] = ["a", "b"]
        content.attrs["text"] = "ü"
        group = content.create_group("model_weights")
        group.attrs["layer_names"] = np.zeros(3)

    with h5_tensors.open_h5(_file(tmp_path / "a.h5", fill)) as content:
        assert h5_tensors.text_attribute(content, "text") == "ü"
        assert h5_tensors.text_attribute(content, "gone") is None
        for key in ("number", "texts"):
            with pytest.raises(ValueError, match=f"Expected a text as attribute '{key}'"):
                h5_tensors.text_attribute(content, key)
        with pytest.raises(ValueError, match="a list of names as attribute 'layer_names'"):
            h5_tensors.layer_names(content)


@pytest.mark.parametrize(("longest", "read"), [(10, True), (40_000, False)])
def test_texts_of_any_length_are_bounded_by_the_longest(tmp_path, monkeypatch, longest, read):
    """Keras 3 writes names so: many short ones in a large file are read, long ones are not."""
    names = ["x" * longest, *(f"layer{number}" for number in range(99))]

    def fill(content):
        group = content.create_group("model_weights")
        group.attrs["layer_names"] = np.array(names, dtype=object)
        content["large"] = np.zeros(100_000, np.uint8)

    path = _file(tmp_path / "a.h5", fill)
    monkeypatch.setattr(h5_tensors, "MAX_BYTES", 20 * path.stat().st_size)
    with h5_tensors.open_h5(path) as content:
        if read:
            assert h5_tensors.layer_names(content) == names
        else:
            with pytest.raises(ValueError, match="a list of names as attribute 'layer_names'"):
                h5_tensors.layer_names(content)
