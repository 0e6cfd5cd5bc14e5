"""Entropy coding by libjpeg: what goes in comes out."""

import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import jpeglib
import numpy as np
import pytest
from PIL import Image

from kiqa.varjpeg.entropy import Coefficients, as_levels, read_jpeg, write_jpeg
from kiqa.varjpeg.markers import StreamError, parse
from kiqa.varjpeg.quantisation import quality_tables
from kiqa.varjpeg.transform import block_counts, forward, planes_of

KINDS = ["4:4:4", "4:2:0", "gray"]
SIZES = [(1, 1), (8, 8), (9, 7), (16, 17), (33, 100)]


def noise(size, kind, *, seed=0, largest=40):
    """Random levels, many of them zero, with the standard tables."""
    rng = np.random.default_rng(seed)
    components, subsampling = (1, "4:4:4") if kind == "gray" else (3, kind)
    levels = []
    for grid in block_counts(size, subsampling, components):
        values = rng.integers(-largest, largest + 1, (*grid, 8, 8))
        levels.append((values * (rng.random(values.shape) < 0.3)).astype(np.int16))
    tables = quality_tables(60)[: 1 if kind == "gray" else 2]
    return Coefficients(levels, tables, size, subsampling)


def assert_same(found, expected):
    """Levels, tables, size and subsampling."""
    assert (found.size, found.subsampling) == (expected.size, expected.subsampling)
    np.testing.assert_array_equal(found.tables, expected.tables)
    assert found.tables.dtype == np.uint8
    assert len(found.levels) == len(expected.levels)
    for ours, theirs in zip(found.levels, expected.levels, strict=True):
        assert ours.dtype == np.int16
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("huffman", ["optimised", "standard"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", SIZES)
def test_levels_and_tables_come_back(size, kind, huffman):
    """Exactly, and the file passes our own checks."""
    given = noise(size, kind)
    data = write_jpeg(given, huffman=huffman)
    markers = parse(data)
    assert (markers.size, markers.components) == (size, len(given.levels))
    assert markers.subsampling == given.subsampling and markers.end == len(data)
    assert_same(read_jpeg(data), given)


@pytest.mark.parametrize("huffman", ["optimised", "standard"])
def test_the_largest_levels_come_back(huffman):
    """The whole range of baseline in AC, and DC from one end to the other and back."""
    levels = np.zeros((2, 3, 8, 8), np.int16)
    levels[..., 0, 0] = [[-1024, 1023, -1024], [1023, 1023, -1024]]
    levels[0, 0].ravel()[1:3] = 1023, -1023
    levels[1, 2] = np.where(np.indices((8, 8)).sum(axis=0) % 2, 1023, -1023)
    levels[1, 2, 0, 0] = -1024
    given = Coefficients([levels], quality_tables(100)[:1], (16, 24), "4:4:4")
    assert_same(read_jpeg(write_jpeg(given, huffman=huffman)), given)


def test_a_checkerboard_at_quality_100_survives(viewers):
    """The largest coefficients of any image, in steps of 1."""
    board = (np.indices((24, 24)).sum(axis=0) % 2 * 255).astype(np.uint8)
    board[8:16] = np.where(np.arange(24) // 4 % 2, 255, 0)
    levels = as_levels(forward(planes_of(board, "4:4:4")[0]))
    given = Coefficients([levels], quality_tables(100)[:1], (24, 24), "4:4:4")
    data = write_jpeg(given, huffman="optimised")
    assert_same(read_jpeg(data), given)
    assert np.abs(viewers.pillow(data).astype(int) - board).max() <= 1


def test_levels_are_rounded_within_baseline():
    """Halves to even; DC down to -1024, AC within 1023; shape and input stay."""
    values = np.zeros((2, 8, 8), np.float32)
    values[:, 0, :6] = [-1200, 0.5, 1.5, -2.5, 1100, -1100]
    values[1, 0, 0] = 1200
    before = values.copy()
    found = as_levels(values)
    assert found[0, 0, :6].tolist() == [-1024, 0, 2, -2, 1023, -1023]
    assert found[1, 0, 0] == 1023 and found.dtype == np.int16
    np.testing.assert_array_equal(values, before)


def test_optimised_tables_are_never_larger():
    """For this image's levels the tables of T.81 are no better; the scan is another."""
    given = noise((64, 64), "4:2:0", largest=3)
    sizes = {kind: len(write_jpeg(given, huffman=kind)) for kind in ("optimised", "standard")}
    assert sizes["optimised"] < sizes["standard"]


def test_standard_tables_are_those_of_t81(encode, picture):
    """The Huffman segments of Pillow's plain files, which are T.81's."""
    data = write_jpeg(noise((8, 8), "4:4:4"), huffman="standard")
    pillows = encode(picture(16, 16), "JPEG", optimize=False)
    tables = [
        b"".join(sorted(s.payload for s in parse(each).segments if s.marker == 0xC4))
        for each in (data, pillows)
    ]
    assert tables[0] == tables[1]


def test_the_same_levels_give_the_same_file():
    """Byte by byte."""
    first, again = (write_jpeg(noise((20, 30), "4:2:0"), huffman="optimised") for _ in range(2))
    assert first == again


@pytest.mark.parametrize("kind", KINDS)
def test_files_are_what_pillow_makes_of_the_same_levels(encode, picture, kind):
    """Reading Pillow's file and writing it again: the same scan."""
    image = Image.fromarray(picture(50, 67))
    options = {} if kind == "gray" else {"subsampling": kind}
    data = encode(image.convert("L") if kind == "gray" else image, "JPEG", quality=80, **options)
    again = write_jpeg(read_jpeg(data), huffman="standard")
    assert parse(again).scan == parse(data).scan


@pytest.mark.parametrize("system", [sys.platform, "another"])
def test_no_file_is_left_behind(tmp_path, monkeypatch, system):
    """Neither a file nor a folder nor an open one, also after an error; in every system alike."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    open_files = Path("/proc/self/fd")
    before = len(list(open_files.iterdir())) if open_files.is_dir() else None
    made = write_jpeg(noise((8, 8), "gray"), huffman="standard")
    monkeypatch.setattr("kiqa.varjpeg.entropy.sys", SimpleNamespace(platform=system))
    assert write_jpeg(read_jpeg(made), huffman="standard") == made
    with pytest.raises(StreamError):
        read_jpeg(b"no image")
    monkeypatch.setattr(jpeglib, "read_dct", lambda path: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        read_jpeg(made)
    assert list(tmp_path.iterdir()) == []
    assert before is None or len(list(open_files.iterdir())) == before


def test_another_version_of_the_library_is_left_as_it_was():
    """Files are those of libjpeg 6b, whatever the caller has set."""
    made = write_jpeg(noise((8, 8), "gray"), huffman="optimised")
    with jpeglib.version("8d"):
        assert write_jpeg(noise((8, 8), "gray"), huffman="optimised") == made
        assert jpeglib.version.get() == "8d"
    assert jpeglib.version.get() == "6b"


def test_unknown_tables_are_refused():
    """The message has the choices."""
    with pytest.raises(ValueError, match="'optimised', 'standard'.*received 'arithmetic'"):
        write_jpeg(noise((8, 8), "gray"), huffman="arithmetic")
