"""Unfinished files are known by their names."""

import os
import time

import pytest

from kiqa.io.outputs.temporaries import _NAME, _swept, sweep, temporary_name


def test_names_are_known_and_nobody_elses():
    """With the suffix of the target, unless that is a long one."""
    assert temporary_name(".png") != temporary_name(".png")
    assert _NAME.fullmatch(temporary_name(".png")) and _NAME.fullmatch(temporary_name(""))
    assert temporary_name(".png").endswith(".tmp.png")
    assert temporary_name("." + "x" * 200).endswith(".tmp")
    assert not any(map(_NAME.fullmatch, (".kiqa", ".kiqa-x.tmp", ".hidden.tmp.png", "x.tmp")))


@pytest.mark.skipif(os.name != "posix", reason="processes are asked for by signal 0")
def test_what_the_dead_left_is_removed_once(tmp_path):
    """Not what runs, nor of another machine before a day has passed."""
    own = temporary_name(".png")
    dead = own.replace(f"-{os.getpid()}-", "-999999999-")
    machine = own.split("-")[1]
    foreign, old = (own.replace(machine, text) for text in ("00000000", "ffffffff"))
    for name in (own, dead, foreign, old, "mine.tmp"):
        (tmp_path / name).touch()
    folder = temporary_name("").replace(f"-{os.getpid()}-", "-999999999-")
    (tmp_path / folder / "variables").mkdir(parents=True)
    os.utime(tmp_path / old, (0, time.time() - 90000))
    sweep(str(tmp_path))
    assert {*os.listdir(tmp_path)} == {own, foreign, "mine.tmp"}
    (tmp_path / dead).touch()
    sweep(str(tmp_path))
    assert (tmp_path / dead).exists()
    _swept.discard((os.getpid(), str(tmp_path)))
    sweep(str(tmp_path))
    assert not (tmp_path / dead).exists()
    sweep(str(tmp_path / "gone"))
