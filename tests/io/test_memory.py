"""The bound on memory: what is free, what is refused, and sizes as people write them."""

import threading
from types import SimpleNamespace

import pytest

from kiqa.io import memory
from kiqa.io.memory import (
    MemoryLimitError,
    check_memory,
    free_memory,
    limited_memory,
    memory_limit,
    parse_size,
)


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine with 8000 bytes to spare and no control groups, 1 MiB being worth a look."""
    monkeypatch.setattr(
        memory.psutil, "virtual_memory", lambda: SimpleNamespace(available=8000 << 20)
    )
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    monkeypatch.setattr(memory, "_own_rest", lambda: [])
    return tmp_path


def test_half_of_what_is_free_is_the_bound(machine):
    """The message says both numbers and the remedy."""
    assert free_memory() == 8000 << 20 and memory_limit() == 4000 << 20
    check_memory(4000 << 20, "an image")
    with pytest.raises(MemoryLimitError) as caught:
        check_memory(4001 << 20, "6000x4000 pixels with a model")
    text = str(caught.value)
    assert "at most 4000 MiB, half of what is free" in text and "about 4001 MiB" in text
    assert "6000x4000 pixels with a model" in text and "--memory" in text


def test_a_given_bound_stands_alone(machine):
    """Larger or smaller than what is free, in its own block and thread only."""
    with limited_memory(100):
        assert memory_limit() == 100
        with pytest.raises(MemoryLimitError, match="the bound given"):
            check_memory(101, "an image")
        with limited_memory(None):
            assert memory_limit() == 100
        seen = []
        thread = threading.Thread(target=lambda: seen.append(memory_limit()))
        thread.start()
        thread.join()
        assert seen == [4000 << 20]
    with limited_memory(1 << 60):
        check_memory(1 << 59, "an image")
    assert memory_limit() == 4000 << 20


@pytest.mark.parametrize("version", [1, 2])
def test_a_container_has_less(machine, version):
    """Its limit less its use, of which file pages are given back."""
    files = {
        2: ("memory.max", "memory.current", "memory.stat", "inactive_file"),
        1: ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat",
            "total_inactive_file"),
    }[version]  # fmt: skip
    contents = "1000\n", "600\n", f"anon 500\n{files[3]} 50\n"
    for name, content in zip(files, contents, strict=False):
        (machine / name).parent.mkdir(exist_ok=True)
        (machine / name).write_text(content)
    assert free_memory() == 450
    (machine / files[0]).write_text("max\n")
    assert free_memory() == 8000 << 20


def test_a_bound_of_the_process_counts(machine, monkeypatch):
    """As ulimit -v sets it."""
    monkeypatch.setattr(memory, "_own_rest", lambda: [70])
    assert free_memory() == 70
    monkeypatch.setattr(memory, "_own_rest", lambda: [-5])
    assert free_memory() == 0


def test_something_is_free_here():
    """On the machine of the test."""
    assert free_memory() > 0


@pytest.mark.parametrize(
    ("text", "size"),
    [("1", 1), ("2K", 2048), ("512M", 512 << 20), ("1.5g", 3 << 29), ("2 GiB", 2 << 30),
     ("3MB", 3 << 20), ("1T", 1 << 40)],
)  # fmt: skip
def test_sizes(text, size):
    """Units of 1024, in any case, with or without a B."""
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "0", "-1G", "G", "1X", "nan", "1,5G", "0.1"])
def test_what_is_no_size(text):
    """Nothing, nothing above zero, and unknown units."""
    with pytest.raises(ValueError, match="512M or 2G"):
        parse_size(text)
