"""The weights file of a converter."""

import keras

from kiqa import __version__
from kiqa.convert.written import write_converted
from kiqa.io.files import sha256_of
from kiqa.io.weights import Origin, read_info


def test_a_converted_file_says_what_it_was(tmp_path):
    """Name of the output, name and hash of the source, whose it is; and what else is told."""
    source = tmp_path / "theirs.pth"
    source.write_bytes(b"weights")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    path = write_converted(
        model, tmp_path / "ours.h5", source=source, project="Theirs", scale=">=0",
        higher_is_better=False, mode="niqe",
    )  # fmt: skip
    details = read_info(path).details
    assert (details.name, details.version, details.scale) == ("ours", __version__, ">=0")
    assert details.origin == Origin("theirs.pth", sha256_of(source), "Theirs")
    assert (details.mode, details.higher_is_better) == ("niqe", False)
