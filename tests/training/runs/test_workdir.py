"""The working folder: what a run was told is kept, and decides what may continue it."""

import dataclasses
import json

import keras
import numpy as np
import pytest

from kiqa.training.runs.workdir import (
    arrays_sha256,
    machine,
    open_workdir,
    refuse_other_settings,
    text_sha256,
)

SETTINGS, DATA = {"seed": 1, "epochs": 4}, {"sha256": "a"}


@pytest.fixture
def run(tmp_path):
    """A folder in which a run was begun."""
    return open_workdir(tmp_path / "run", settings=SETTINGS, data=DATA, resume=False)


def test_a_run_notes_what_it_was_told(run):
    """Settings, data and versions."""
    noted = json.loads((run / "settings.json").read_text())
    assert (noted["settings"], noted["data"]) == (SETTINGS, DATA)
    assert noted["keras"] == keras.__version__ and noted["backend"] == keras.backend.backend()


def test_a_run_is_not_begun_again(run):
    """The note of the first stays."""
    before = (run / "settings.json").read_bytes()
    with pytest.raises(ValueError, match="Expected a working folder without a run.*--resume"):
        open_workdir(run, settings=SETTINGS | {"seed": 2}, data=DATA, resume=False)
    assert (run / "settings.json").read_bytes() == before


def test_an_empty_folder_may_be_resumed(tmp_path):
    """As after an interruption before the first note."""
    folder = open_workdir(tmp_path, settings=SETTINGS, data=DATA, resume=True)
    assert (folder / "settings.json").is_file()


def test_epochs_may_grow(run):
    """And are noted."""
    open_workdir(run, settings=SETTINGS | {"epochs": 9}, data=DATA, resume=True)
    assert json.loads((run / "settings.json").read_text())["settings"]["epochs"] == 9


@pytest.mark.parametrize(
    ("settings", "data", "message"),
    [
        ({"seed": 2}, {}, "seed was 1, is 2"),
        ({"epochs": 3}, {}, "epochs was 4, is 3"),
        ({}, {"sha256": "b"}, r"Expected the data of the run in .* \(a\). Received: b"),
    ],
)
def test_what_differs_does_not_continue_a_run(run, settings, data, message):
    """Other settings, fewer epochs, other data; the note stays."""
    before = (run / "settings.json").read_bytes()
    with pytest.raises(ValueError, match=message):
        open_workdir(run, settings=SETTINGS | settings, data=DATA | data, resume=True)
    assert (run / "settings.json").read_bytes() == before


@dataclasses.dataclass(frozen=True)
class _Settings:
    seed: int = 1
    epochs: int = 4
    devices: tuple = ()


def test_other_settings_are_known_before_the_data(run, tmp_path):
    """Devices are not, nor what else the note has; a folder without a run takes any."""
    open_workdir(tmp_path / "more", settings=SETTINGS | {"started_from": "lite"}, data=DATA,
                 resume=False)  # fmt: skip
    for folder in (run, tmp_path / "more"):
        refuse_other_settings(folder, _Settings(epochs=5, devices=("GPU:0", "GPU:1")))
        with pytest.raises(ValueError, match="epochs was 4, is 3; seed was 1, is 2"):
            refuse_other_settings(folder, _Settings(2, 3))
    refuse_other_settings(tmp_path, _Settings(2, 3))


def test_another_backend_does_not_continue_a_run(run, monkeypatch):
    """Its random numbers are others."""
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ValueError, match="Expected the backend of the run .* Received: jax"):
        open_workdir(run, settings=SETTINGS, data=DATA, resume=True)


def test_hashes_tell_shapes_types_and_values():
    """Of arrays; their memory layout does not count. A text may hold undecodable bytes."""
    array = np.arange(6, dtype=np.int32).reshape(2, 3)
    others = [array.reshape(3, 2), array.astype(np.int64), array + 1, array.view(np.float32)]
    hashes = [arrays_sha256(each) for each in (array, *others)]
    assert len(set(hashes)) == 5
    assert arrays_sha256(np.asfortranarray(array)) == hashes[0]
    assert text_sha256("a\udc80") != text_sha256("a")


def test_the_machine_names_the_devices():
    """A tuple becomes what JSON gives back."""
    found = machine(("CPU:0", "CPU:1"))
    assert found["devices"] == ["CPU:0", "CPU:1"] and found["cores"] >= 1
    assert machine()["devices"] == []
