"""Tensors in a file as Keras writes them."""

import h5py
import numpy as np

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
