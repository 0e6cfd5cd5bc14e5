"""QualityMap: placement on the image and the .npz form."""

import numpy as np
import pytest

from kiqa.io.map_files import QualityMap


def make(rows=5, columns=7, stride=4, offset=31.5):
    values = np.random.default_rng(0).random((rows, columns)).astype(np.float32)
    size = (64 + (rows - 1) * stride, 64 + (columns - 1) * stride)
    return QualityMap(values, stride, offset, size, "net", "abc", "0..1", True)


def test_stride_one_pads_31_before_and_32_after():
    """At stride 1 the padding is 31 above and left, 32 below and right."""
    quality_map = make(stride=1)
    padded = quality_map.pad_to_image()
    assert padded.shape == (68, 70)
    np.testing.assert_array_equal(padded[31:36, 31:38], quality_map.values)
    assert padded.sum() == pytest.approx(quality_map.values.sum(), rel=1e-6)


@pytest.mark.parametrize("stride", [2, 3, 4, 8, 16])
def test_each_cell_fills_a_square_round_its_centre(stride):
    """Every cell covers stride x stride pixels, centred to half a pixel."""
    quality_map = make(stride=stride)
    padded = quality_map.pad_to_image()
    for (row, column), value in np.ndenumerate(quality_map.values):
        y, x = np.nonzero(padded == value)
        assert len(y) == stride * stride
        assert y.mean() == pytest.approx(31.5 + row * stride, abs=0.5)
        assert x.mean() == pytest.approx(31.5 + column * stride, abs=0.5)


def test_large_strides_are_clipped_to_the_image():
    """Cells wider than the margin end at the image's edge."""
    quality_map = make(rows=2, columns=2, stride=100)
    padded = quality_map.pad_to_image()
    assert padded.shape == (164, 164)
    assert padded[0, 0] == quality_map.values[0, 0]
    assert padded[-1, -1] == quality_map.values[1, 1]


def test_interpolation_meets_the_cells_and_clamps_at_the_edge():
    """At cell centres the cell's value, outside them the edge's."""
    quality_map = make(stride=4, offset=30.0)
    full = quality_map.to_image_size()
    assert full.shape == quality_map.image_size and full.dtype == np.float32
    np.testing.assert_allclose(full[30:48:4, 30:56:4], quality_map.values, atol=1e-6)
    np.testing.assert_allclose(full[:30, 30], quality_map.values[0, 0], atol=1e-6)
    middle = quality_map.values[0, :2].mean()
    assert full[0, 32] == pytest.approx(middle, abs=1e-6)


def test_interpolates_a_plane_exactly():
    """Bilinear interpolation reproduces a linear ramp between the centres."""
    rows, columns = np.mgrid[:6, :9].astype(np.float32)
    quality_map = QualityMap(2 * rows + 3 * columns, 4, 31.5, (84, 96))
    y, x = np.mgrid[32:51, 32:63]
    expected = 2 * (y - 31.5) / 4 + 3 * (x - 31.5) / 4
    np.testing.assert_allclose(quality_map.to_image_size()[32:51, 32:63], expected, atol=1e-5)


def test_one_cell_fills_the_image():
    """A map of a single cell interpolates to a constant."""
    quality_map = make(rows=1, columns=1)
    np.testing.assert_array_equal(quality_map.to_image_size(), quality_map.values[0, 0])


def test_mean_is_that_of_the_cells():
    """The score is the plain mean."""
    quality_map = make()
    assert quality_map.mean() == pytest.approx(quality_map.values.mean(), abs=1e-6)


def test_file_round_trip(tmp_path):
    """What is saved is loaded, with the documented keys."""
    quality_map = make()
    path = quality_map.save(tmp_path / "sub" / "a.npz")
    again = QualityMap.load(path)
    np.testing.assert_array_equal(again.values, quality_map.values)
    for name in ("stride", "offset", "image_size", "model", "weights_sha256", "scale"):
        assert getattr(again, name) == getattr(quality_map, name)
    assert again.higher_is_better is True
    with np.load(path) as file:
        assert sorted(file) == sorted(
            "values stride offset image_size model weights_sha256 scale higher_is_better".split()
        )
    assert [entry.name for entry in path.parent.iterdir()] == ["a.npz"]


def test_a_full_disk_keeps_the_old_file(tmp_path, monkeypatch):
    """When writing fails the earlier map stays, and no scrap is left."""
    path = make().save(tmp_path / "a.npz")
    before = path.read_bytes()

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OSError, match="No space"):
        make(rows=2).save(path)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_bad_files_are_named(tmp_path):
    """Missing, damaged and foreign files raise with the file's name."""
    with pytest.raises(FileNotFoundError, match="gone.npz"):
        QualityMap.load(tmp_path / "gone.npz")
    whole = make().save(tmp_path / "whole.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="cut.npz"):
        QualityMap.load(tmp_path / "cut.npz")
    np.savez(tmp_path / "other.npz", values=np.ones(3))
    with pytest.raises(ValueError, match="without stride"):
        QualityMap.load(tmp_path / "other.npz")


def _text(path):
    path.write_text("no map")


def _array(path):
    with open(path, "wb") as file:
        np.save(file, np.ones(3))


def _bad_stream(path):
    content = bytearray(make().save(path).read_bytes())
    content[60:68] = b"\xff" * 8
    path.write_bytes(content)


def _many_strides(path):
    with np.load(make().save(path)) as file:
        content = dict(file)
    np.savez(path, **content | {"stride": np.ones(3)})


@pytest.mark.parametrize("write", [_text, _array, _bad_stream, _many_strides])
def test_whatever_is_wrong_with_a_file_is_a_value_error_that_names_it(tmp_path, write):
    """Text, a lone array, a damaged stream and a value of another shape are refused alike."""
    write(tmp_path / "bad.npz")
    with pytest.raises(ValueError, match=r"bad\.npz .*make the map again"):
        QualityMap.load(tmp_path / "bad.npz")


@pytest.fixture
def blocks():
    """A map of 2x4 blocks of an image of 30x20 pixels; edges lie between pixels."""
    values = np.arange(8, dtype=np.float32).reshape(2, 4)
    return QualityMap(
        values,
        0,
        0.0,
        (20, 30),
        row_edges=np.linspace(0, 20, 3),
        column_edges=np.linspace(0, 30, 5),
    )


def test_blocks_fill_the_image(blocks):
    """Each pixel has the value of the block that holds its centre."""
    filled = blocks.pad_to_image()
    assert filled.shape == (20, 30)
    np.testing.assert_array_equal(filled[0, [0, 6, 7, 8, 29]], [0, 0, 1, 1, 3])  # edge at 7.5
    np.testing.assert_array_equal(filled[[9, 10], 0], [0, 4])


def test_blocks_are_interpolated_between_their_centres(blocks):
    """Bilinear between centres, constant outside of them."""
    full = blocks.to_image_size()
    assert full.shape == (20, 30)
    np.testing.assert_allclose(full[0, 3], 0)  # the first centre is at 3.75, in the fourth pixel
    np.testing.assert_allclose(full[2, 15], (15.5 - 3.75) / 7.5, rtol=1e-6)
    np.testing.assert_allclose(full[9, 0] + full[10, 0], 4, rtol=1e-6)
    np.testing.assert_allclose(full[19, 29], 7)


def test_edges_of_both_kinds_of_maps(blocks):
    """A map with a stride has squares round its centres; blocks have their own edges."""
    plain = QualityMap(np.zeros((2, 3), np.float32), 8, 31.5, (80, 90))
    rows, columns = plain.edges()
    np.testing.assert_array_equal(rows, [28, 36, 44])
    np.testing.assert_array_equal(columns, [28, 36, 44, 52])
    np.testing.assert_array_equal(blocks.edges()[0], [0, 10, 20])


def test_blocks_survive_their_file(blocks, tmp_path):
    """Edges are in the file of such a map, and in no other."""
    read = QualityMap.load(blocks.save(tmp_path / "blocks.npz"))
    np.testing.assert_array_equal(read.row_edges, blocks.row_edges)
    np.testing.assert_array_equal(read.values, blocks.values)


@pytest.mark.parametrize("rows", [[0, 10], [0, 10, 21], [-1, 10, 20], [0, 10, 10], [0, 5, 3], None])
def test_edges_must_fit_the_values_and_the_image(blocks, rows):
    """As many as cells and one, increasing, within the image; both or none."""
    with pytest.raises(ValueError, match="row_edges of 2 cells"):
        QualityMap(
            blocks.values, 0, 0.0, (20, 30), row_edges=rows, column_edges=blocks.column_edges
        )


_WHOLE = {
    "values": np.ones((2, 3), np.float32),
    "stride": 4,
    "offset": 31.5,
    "image_size": (68, 72),
}


@pytest.mark.parametrize(
    "change",
    [
        {"stride": 0},
        {"stride": -4},
        {"stride": 2.5},
        {"stride": 10**9},
        {"offset": 1e30},
        {"offset": float("nan")},
        {"offset": -float("inf")},
        {"offset": "31"},
        {"values": np.ones((2, 3), np.complex64)},
        {"values": np.full((2, 3), np.nan, np.float32)},
        {"values": np.array([[1, np.inf]], np.float32)},
        {"values": np.ones(3, np.float32)},
        {"values": np.ones((0, 3), np.float32)},
        {"values": np.array([["a"]])},
        {"values": [[1.0]]},
        {"image_size": (0, 72)},
        {"image_size": (68, 72, 3)},
        {"image_size": (10**6, 10**6)},
        {"image_size": (68.5, 72)},
        {"model": "m" * 10_000},
        {"scale": None},
    ],
    ids=lambda change: str(change)[:40],
)
def test_impossible_maps_are_refused_by_the_map_itself(tmp_path, change):
    """Whoever makes one; and a file that holds one is named."""
    with pytest.raises(ValueError, match=r"^Expected a map of finite real values.*Make the map"):
        QualityMap(**_WHOLE | change)
    rest = {"model": "", "weights_sha256": "", "scale": "", "higher_is_better": True}
    if not isinstance(next(iter(change.values())), list | None):
        np.savez(tmp_path / "bad.npz", **rest | _WHOLE | change)
        with pytest.raises(ValueError, match=r"bad\.npz .*make the map again"):
            QualityMap.load(tmp_path / "bad.npz")


def test_a_map_of_another_size_costs_no_more_than_its_image():
    """A stride of a million pixels makes no million pixels a cell."""
    wide = QualityMap(np.ones((2, 2), np.float32), 10**6, 0.0, (40, 50))
    assert wide.pad_to_image().shape == wide.to_image_size().shape == (40, 50)
    outside = QualityMap(np.ones((2, 2), np.float32), 4, 1000.0, (40, 50))
    assert not outside.pad_to_image().any()


def test_a_file_unpacks_to_no_more_than_is_allowed(tmp_path):
    """A map of zeros packs a thousand to one."""
    path = QualityMap(np.zeros((3000, 3000), np.float32), 1, 0.0, (3000, 3000)).save(
        tmp_path / "zeros.npz"
    )
    assert path.stat().st_size < 200_000
    with pytest.raises(ValueError, match=r"zeros\.npz.*at most 1000000 bytes of content"):
        QualityMap.load(path, max_bytes=1_000_000)
    assert QualityMap.load(path).values.shape == (3000, 3000)
