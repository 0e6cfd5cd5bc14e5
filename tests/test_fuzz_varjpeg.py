"""Damaged and foreign streams: decoded or refused, as `benchmarks/fuzz_varjpeg.py` finds."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kiqa.varjpeg import StreamError

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "fuzz_varjpeg.py"


@pytest.fixture(scope="module")
def fuzz():
    """The script as a module."""
    before = list(sys.path)
    spec = importlib.util.spec_from_file_location("fuzz_varjpeg", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.path[:] = before
    sys.modules.pop("mutations")


@pytest.fixture(scope="module")
def result():
    """What the script prints of 200 mutations."""
    command = [sys.executable, str(SCRIPT), "--mutations", "200"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return done.returncode, json.loads(done.stdout), done.stderr


def test_two_hundred_streams_do_no_harm(result):
    """No other exception, no crash, no hang."""
    status, found, errors = result
    assert (status, found["harm"], errors) == (0, [], "")
    assert sum(found["outcomes"].values()) == found["mutations"] == 200


def test_the_damage_is_of_many_kinds(result):
    """Most are refused; those with a right checksum reach the entropy decoder and pass."""
    _, found, _ = result
    assert len(found["by_kind"]) >= 10
    assert found["outcomes"]["refused"] > 100
    assert found["by_kind"]["scan, sealed"]["picture"] > 5
    assert found["peak_memory_grew_mib"] < 300  # 9 megapixels are among them


def test_a_mutation_follows_from_seed_and_number(fuzz):
    """So that one that did harm can be looked at alone."""
    one, same, other = fuzz.Mutations(3), fuzz.Mutations(3), fuzz.Mutations(4)
    streams = [(one[i], same[i], other[i]) for i in (50, 100, 150)]
    assert all(a == b and a != c for a, b, c in streams)


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("import os; os.abort()", "crash, exit status -6"),
        ("import time; time.sleep(60)", "hang"),
    ],
)
def test_crashes_and_hangs_are_seen(fuzz, body, outcome):
    """Of a child that says it has started; the next stream gets a new one."""
    program = f"print('started', flush=True); input(); {body}"
    child = fuzz.Child([sys.executable, "-c", program], seconds=0.5)
    for _ in range(2):
        assert child.outcome(b"\n")[0] == outcome


@pytest.mark.parametrize(
    ("decoded", "outcome"),
    [
        (StreamError("Expected a stream."), "refused"),
        (StreamError("no"), "refused without a reason: no"),
        (KeyError("Y"), "KeyError: 'Y'"),
        (MemoryError("of 3 GiB"), "MemoryError: of 3 GiB"),
        (np.zeros((2, 3), np.uint8), "picture"),
        (np.zeros((3, 2), np.uint8), "picture"),  # upright
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

    monkeypatch.setattr(fuzz, "decode", decode)
    monkeypatch.setattr(fuzz, "inspect_stream", lambda data: Info)
    assert fuzz.outcome_of(b"") == outcome


def test_memory_has_a_limit(fuzz):
    """The child cannot take much more than the limit; asking for it is an exception."""
    code = (
        f"import sys; sys.path.insert(0, {str(SCRIPT.parent)!r}); import fuzz_varjpeg as fuzz\n"
        "fuzz.decode = lambda data: bytearray(2**31)\nfuzz.serve()"
    )
    child = fuzz.Child([sys.executable, "-c", code], seconds=20)
    assert child.outcome(b"x")[0].startswith("MemoryError")
    child.close()
