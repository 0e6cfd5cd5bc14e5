"""Finding the other files of a model: beside it, then by name, by sha256."""

import keras
import pytest

from kiqa.io.files import sha256_of
from kiqa.io.weights import Companion, Details, WeightsError, export_h5, find_companion, read_info


def _file(path, *, seed=0, name=None, **details):
    x = keras.Input((2,), name="x")
    kernel = keras.initializers.RandomUniform(seed=seed)
    model = keras.Model(x, keras.layers.Dense(1, kernel_initializer=kernel, name="y")(x))
    return export_h5(model, path, Details(name or path.stem, "1", "0..1", True, **details))


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A model in ``run`` whose head is beside it; ``$KIQA_WEIGHTS`` is another, empty folder."""
    (tmp_path / "weights").mkdir()
    monkeypatch.setenv("KIQA_WEIGHTS", str(tmp_path / "weights"))
    head = _file(tmp_path / "run" / "head.h5")
    companions = {"head": Companion("head", sha256_of(head))}
    return read_info(_file(tmp_path / "run" / "body.h5", companions=companions))


def test_file_beside_the_model_comes_first(model, tmp_path):
    """Whatever else is known by its name."""
    _file(tmp_path / "weights" / "head.h5", seed=1)
    assert find_companion(model, "head").path == tmp_path / "run" / "head.h5"


@pytest.mark.parametrize("beside", ["nothing", "another"])
def test_else_it_is_found_by_name(model, tmp_path, beside):
    """Nothing beside the model, or a file of the name that is not the one."""
    right = tmp_path / "run" / "head.h5"
    right.rename(tmp_path / "weights" / "head.h5")
    if beside == "another":
        _file(right, seed=1)
    assert find_companion(model, "head").path == (tmp_path / "weights" / "head.h5").resolve()


def test_no_other_file_will_do(model, tmp_path):
    """Both places are named with the hashes of what is there, and the remedy."""
    wrong = [_file(tmp_path / place / "head.h5", seed=1) for place in ("run", "weights")]
    with pytest.raises(WeightsError) as caught:
        find_companion(model, "head")
    expected = model.details.companions["head"].sha256
    for part in (expected, *map(sha256_of, wrong), "put the right head.h5 beside it", "weights"):
        assert part in str(caught.value)


def test_model_without_a_companion_says_so(model):
    """Another role than those it names."""
    with pytest.raises(WeightsError, match=r"name its extractor.*\['head'\]"):
        find_companion(model, "extractor")
