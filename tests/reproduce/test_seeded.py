"""Draws that follow from a seed and names."""

import os

import numpy as np

from kiqa.reproduce.seeded import generator


def test_draws_are_the_same_for_the_same_names():
    """In any order and on any machine; another seed, name or order of names draws anew."""
    keys = ((0, "a", "b"), (0, "b", "a"), (0, "a"), (1, "a", "b"), (0, "a", "b"))
    draws = [generator(*key).integers(2**32) for key in keys]
    assert draws[0] == draws[4] and len(set(draws)) == 4
    # The first 16 bytes of `printf "0|a|b" | sha256sum`.
    hashed = np.random.default_rng(0xF0680F754B76A64F13244D49A1616655)
    assert draws[0] == hashed.integers(2**32)


def test_names_that_are_no_text_draw_too():
    """A file's name can have bytes that are no UTF-8."""
    assert 0 <= generator(0, os.fsdecode(b"\xff.png")).random() < 1
