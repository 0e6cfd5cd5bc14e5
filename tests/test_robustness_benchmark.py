"""Damaged files: read or refused, as `benchmarks/robustness.py` finds."""

import importlib.util
import io
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import h5py
import numpy as np
import pytest

from kiqa.varjpeg import StreamError

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "robustness.py"


@pytest.fixture(scope="module")
def fuzz():
    """The script as a module."""
    before = list(sys.path)
    spec = importlib.util.spec_from_file_location("robustness", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.path[:] = before
    for name in ("mutations", "mutated"):
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def result():
    """What the script prints of 200 streams and 100 images."""
    counts = ("--streams", "200", "--images", "100", "--models", "0", "--kills", "0")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *counts], capture_output=True, text=True, timeout=300
    )
    return done.returncode, json.loads(done.stdout), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("part", "count"), [("streams", 200), ("images", 100)])
def test_damaged_files_do_no_harm(result, part, count):
    """No other exception, no crash, no hang."""
    status, found, errors = result
    found = found[part]
    assert (status, found["harm"], errors) == (0, [], "")
    assert found["tried"] == found["refused"] + found["decoded"] == count
    assert found["crashed"] == found["hung"] == 0


@pytest.mark.slow
def test_the_damage_is_of_many_kinds(result):
    """Most are refused; those with a right checksum reach the entropy decoder and pass."""
    _, found, _ = result
    streams, images = found["streams"], found["images"]
    assert len(streams["by_kind"]) >= 10
    assert streams["refused"] > 100
    assert streams["by_kind"]["scan, sealed"]["decoded"] > 5
    assert streams["peak_memory_grew_mib"] < 300  # 9 megapixels are among them
    assert len(images["by_kind"]) > 30 and images["decoded"] > 5


@pytest.mark.slow
def test_damaged_models_do_no_harm(fuzz):
    """Read, or refused in one line; those of kiqa never load as another network."""
    models = fuzz.mutations("models", 0)
    found = Counter(fuzz.model_outcome(models[number][1]) for number in range(40))
    assert set(found) == set(fuzz.FINE)
    assert found["refused"] > 20
    for name, data in models.whole:
        assert fuzz.model_outcome(data) == "decoded", name


def test_another_network_is_seen(fuzz, monkeypatch):
    """A file of kiqa whose damage was not found would be named."""
    whole = dict(fuzz.mutations("models", 0).whole)["convolutions of kiqa"]
    stream = io.BytesIO(whole)
    with h5py.File(stream, "r+") as file:
        file["model_weights/score/score/bias"][...] = 9
    assert fuzz.model_outcome(stream.getvalue()) == "refused"
    monkeypatch.setattr("kiqa.io.weights.h5.check_seal", lambda *_: None)
    found = fuzz.model_outcome(stream.getvalue())
    assert found == "another network than the one that was written"


@pytest.mark.slow
def test_a_mutation_follows_from_seed_and_number(fuzz):
    """So that one that did harm can be looked at alone."""
    for part in ("streams", "images", "models"):
        one, same, other = (fuzz.mutations(part, seed) for seed in (3, 3, 4))
        files = [(one[i], same[i], other[i]) for i in (50, 100, 150)]
        assert all(a == b and a != c for a, b, c in files), part


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "seconds", "outcome"),
    [
        ("import os; os.abort()", 60, "crash, exit status -6"),
        ("import time; time.sleep(60)", 0.05, "hang"),
    ],
)
def test_crashes_and_hangs_are_seen(fuzz, body, seconds, outcome):
    """Of a child that says it has started; the next stream gets a new one."""
    program = f"print('started', flush=True); input(); {body}"
    child = fuzz.Child([sys.executable, "-c", program], seconds=seconds)
    for _ in range(2):
        assert child.outcome(b"\n")[0] == outcome


@pytest.mark.parametrize(
    ("decoded", "outcome"),
    [
        (StreamError("Expected a stream."), "refused"),
        (StreamError("no"), "refused by a message of 2 characters: 'no'"),
        (StreamError("Expected\na stream."), "refused by a message of 18 characters"),
        (StreamError("Expected " + "x" * 10_000), "refused by a message of 10009 characters"),
        (KeyError("Y"), "KeyError: 'Y'"),
        (MemoryError("of 3 GiB"), "MemoryError: of 3 GiB"),
        (np.zeros((2, 3), np.uint8), "decoded"),
        (np.zeros((3, 2), np.uint8), "decoded"),  # upright
        (np.zeros((2, 2), np.uint8), "uint8 of shape (2, 2) for (2, 3)"),
        (np.zeros((2, 3)), "float64 of shape (2, 3) for (2, 3)"),
    ],
)
def test_only_pictures_and_our_error_are_fine(fuzz, monkeypatch, decoded, outcome):
    """All else is harm."""

    class Info:
        size = (2, 3)

    def decode(data):
        if isinstance(decoded, Exception):
            raise decoded
        return decoded

    monkeypatch.setattr("kiqa.varjpeg.decode", decode)
    monkeypatch.setattr("kiqa.varjpeg.inspect_stream", lambda data: Info)
    found = fuzz.stream_outcome(b"")
    assert (found in fuzz.FINE) == (outcome in fuzz.FINE) and found.startswith(outcome)


@pytest.mark.slow
def test_memory_has_a_limit(fuzz):
    """The child cannot take much more than the limit; asking for it is an exception."""
    code = (
        f"import sys; sys.path.insert(0, {str(SCRIPT.parent)!r}); import robustness as fuzz\n"
        "import kiqa.varjpeg as v\nfrom kiqa.varjpeg import StreamError\n"
        "def decode(data):\n    if not data: raise StreamError('Expected bytes.')\n"
        "    return bytearray(2**31)\n"
        "v.decode = decode\nfuzz.serve('streams')"
    )
    child = fuzz.Child([sys.executable, "-c", code], seconds=20)
    assert child.outcome(b"x")[0].startswith("MemoryError")
    child.close()
