"""Kills and what they cost, as `benchmarks/resumed.py` counts them, on commands made for it."""

import importlib.util
import random
import sys
import textwrap
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "resumed.py"
IMAGES = 6
# A command that gives each image a row, goes on with the rows that are there, and has a fault.
COMMAND = f"""
    import json, sys, time
    from pathlib import Path

    fault, file = sys.argv[1], Path("rows.jsonl")
    if sys.argv[2:] != ["--output", "rows.jsonl"]:
        sys.exit(9)
    resumed = file.exists()
    if resumed and fault == "crashed":
        sys.exit(3)
    if resumed and fault == "hung":
        time.sleep(60)
    done = set()
    if resumed:
        whole = file.read_bytes().rpartition(b"\\n")[0]
        rows = [json.loads(line) for line in whole.splitlines()]
        done = {{row["path"] for row in rows}}
        if fault == "lost":
            rows, done = rows[1:], done | {{"0.png"}}
        file.write_bytes(b"".join(json.dumps(row).encode() + b"\\n" for row in rows))
    if fault == "left":
        Path(".kiqa-1.part").touch()
    with file.open("ab", buffering=0) as stream:
        if resumed and fault == "unreadable":
            stream.write(b"no row\\n")
        for number in range({IMAGES}):
            path = f"{{number}}.png"
            if path in done and not (fault == "doubled" and number == 0):
                continue
            time.sleep(0.05)
            row = {{"path": path, "score": number / 7, "seconds": time.time()}}
            stream.write(json.dumps(row).encode() + b"\\n")
"""


@pytest.fixture(scope="module")
def resumed():
    """The script as a module."""
    before = list(sys.path)
    sys.path.insert(0, str(SCRIPT.parent))
    spec = importlib.util.spec_from_file_location("resumed", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    # Its dataclass looks itself up.
    sys.modules["resumed"] = module
    spec.loader.exec_module(module)
    yield module
    sys.path[:] = before
    for name in ("resumed", "kills", "train", "warm"):
        sys.modules.pop(name, None)


@pytest.fixture
def killed(resumed, tmp_path, monkeypatch):
    """The function ``killed(fault)``: what is counted of three kills of a command with a fault."""
    (tmp_path / "made_for_kills.py").write_text(textwrap.dedent(COMMAND))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def count(fault):
        case = resumed.Case(
            f"made_for_kills {fault}",
            ("--output", "{data}"),
            lambda folder: resumed.json_rows(folder / "rows.jsonl"),
            lambda folder: None,
            loaded=(),
        )
        return resumed.killed(case, "rows.jsonl", tmp_path / "runs", random.Random(1), kills=3)

    return count


@pytest.mark.slow
def test_a_sound_command_loses_nothing(killed, resumed):
    """Killed three times, resumed, and each image is there once with the same numbers."""
    found = killed("none")
    assert found["tried"] == 3 and found["runs"] >= 1
    assert {kind: found[kind] for kind in resumed.HARM} == dict.fromkeys(resumed.HARM, 0)
    assert 0 < found["first"] <= found["seconds"]


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["crashed", "hung", "lost", "doubled", "unreadable", "left"])
def test_each_harm_is_counted(killed, resumed, monkeypatch, capsys, fault):
    """A command that does one kind of harm is found out by that kind."""
    monkeypatch.setattr(resumed, "MOST", 1.5 if fault == "hung" else 60)
    found = killed(fault)
    assert fault in resumed.HARM and found[fault] > 0


def test_rows_are_counted_without_their_time(resumed, tmp_path):
    """A torn last line is none; a line in the middle that is no row is an error."""
    file = tmp_path / "rows.jsonl"
    assert resumed.json_rows(file) == Counter()
    file.write_text('{"path": "a", "seconds": 1}\n{"path": "a", "seconds": 2}\n{"pa')
    assert resumed.json_rows(file) == Counter({'{"path": "a"}': 2})
    file.write_text('{"path": "a"}\n{"pa\n')
    with pytest.raises(resumed.Unreadable, match=r"rows\.jsonl"):
        resumed.json_rows(file)


def test_arrays_are_compared_by_content(resumed, tmp_path):
    """Equal numbers count as equal; a torn file is an error."""
    np.savez(tmp_path / "a.npz", x=np.arange(3))
    first = resumed.arrays(tmp_path)
    np.savez(tmp_path / "a.npz", x=np.arange(3))
    assert resumed.arrays(tmp_path) == first and first.total() == 1
    np.savez(tmp_path / "a.npz", x=np.arange(4))
    assert resumed.arrays(tmp_path) != first
    (tmp_path / ".kiqa-1.tmp.npz").touch()  # of a killed process
    assert resumed.arrays(tmp_path).total() == 1
    (tmp_path / "a.npz").write_bytes(b"PK\x03\x04")
    with pytest.raises(resumed.Unreadable, match=r"a\.npz"):
        resumed.arrays(tmp_path)


def test_cards_of_a_page_count_when_they_are_whole(resumed, tmp_path):
    """Also those of an unfinished page; the same ones on both pages count once."""
    assert resumed.cards(tmp_path) == Counter()
    (tmp_path / "p.html.part").write_text("<html><article a></article><article b></art")
    assert resumed.cards(tmp_path).total() == 1
    (tmp_path / "p.html").write_text("<article a></article><article b></article></html>\n")
    assert resumed.cards(tmp_path).total() == 2


def test_every_case_names_a_command_that_there_is(resumed):
    """Of kiqa, its reproductions, or its trainings."""
    for case in resumed.CASES.values():
        module, *_ = case.program.split()
        assert importlib.util.find_spec(module) is not None
        assert any("--output" in option or "--html" in option for option in case.options)
