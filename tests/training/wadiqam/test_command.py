"""The command line of WaDIQaM's training: the way of its data to Keras."""

import argparse
import os
import sys

import keras
import numpy as np
import pytest

from kiqa import train_wadiqam


class _Reached(BaseException):
    """The training has come to ``Model.fit``."""


def test_few_functions_pass_the_data_on(tmp_path, monkeypatch, biq2021_tree):
    """From the command line to ``fit``, at most 25 of kiqa's are told the folder of ``--data``."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (6, 64, 64, 3), dtype=np.uint8)
    data = biq2021_tree(tmp_path / "data", images, ["train"] * 3 + ["val"] * 3)
    told = set()

    def is_told(value):
        if isinstance(value, argparse.Namespace):
            value = getattr(value, "data", None)
        values = value if isinstance(value, (list, tuple)) else [value]
        return any(isinstance(v, (str, os.PathLike)) and str(v) == str(data) for v in values)

    def watch(frame, event, _):
        code = frame.f_code
        if event == "call" and f"{os.sep}kiqa{os.sep}" in code.co_filename:
            names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            if any(is_told(frame.f_locals.get(name)) for name in names):
                told.add((code.co_filename, code.co_qualname))

    def fit(*_, **__):
        raise _Reached

    monkeypatch.setattr(keras.Model, "fit", fit)
    arguments = ["--dataset", "biq2021", "--data", str(data), "--workdir", str(tmp_path / "run")]
    sys.setprofile(watch)
    try:
        with pytest.raises(_Reached):
            train_wadiqam.main([*arguments, "--batch-size", "2", "--patches", "2"])
    finally:
        sys.setprofile(None)
    names = {name for _, name in told}
    assert {"main", "biq2021", "find_entry"} <= names  # from the command to the reader of files
    assert len(told) <= 25
