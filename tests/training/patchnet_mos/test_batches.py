"""Pieces and distorted copies: what is cut, what is changed, what is seeded."""

import numpy as np
import pytest
from PIL import Image

from kiqa.training.patchnet_mos.batches import distorted_copy, epoch_plan, random_piece
from kiqa.training.patchnet_mos.settings import MosSettings
from kiqa.training.runs.images import ImageStore


@pytest.fixture
def paths(tmp_path, photo):
    made = [tmp_path / f"{index}.png" for index in range(5)]
    for index, path in enumerate(made):
        Image.fromarray(photo[index * 10 : index * 10 + 150, 40 : 40 + 140]).save(path)
    return made


MOS = np.arange(5, dtype=np.float32) / 5


def _epoch(store, unrated=None, *, epoch=0, **options):
    """The batches of an epoch; settings that are not named do without copies and unrated images."""
    settings = MosSettings(**{"side": 96, "unrated_pieces": 0, **options})
    plan = epoch_plan(store, MOS, settings, unrated=unrated or store, epoch=epoch)
    return [plan.make(number) for number in range(len(plan))]


def test_pieces_lie_in_the_image(photo):
    """A piece, or its mirror image, occurs in the image."""
    rng, image = np.random.default_rng(0), photo[:60, :80]
    for _ in range(6):
        piece = random_piece(image, 57, rng)
        found = [
            np.array_equal(candidate, image[top : top + 57, left : left + 57])
            for candidate in (piece, piece[:, ::-1])
            for top in range(image.shape[0] - 56)
            for left in range(image.shape[1] - 56)
        ]
        assert any(found)


def test_undistorted_cells_keep_their_quality(photo):
    """Left is 1 where the 60x60 pixels that a cell sees are unchanged, less where they are not."""
    rng = np.random.default_rng(1)
    piece = photo[:160, :160]
    lowest, changed_cells = [], {True: [], False: []}
    for _ in range(12):
        copy, left = distorted_copy(piece, rng)
        assert left.shape == (13, 13) and 0.049 <= left.min() and left.max() <= 1
        changed = (copy != piece).any(axis=-1)
        for (row, column), value in np.ndenumerate(left):
            seen = changed[row * 8 : row * 8 + 60, column * 8 : column * 8 + 60]
            changed_cells[bool(value == 1)].append(seen.any())
        lowest.append(left.min())
    assert changed_cells[True] and not any(changed_cells[True])
    assert np.mean(changed_cells[False]) > 0.95  # a corner of JPEG may come out as it was
    assert min(lowest) < 0.4 < max(lowest)


def test_steps_depend_on_seed_and_epoch_only(paths):
    """The same epoch is the same batches; another epoch or seed is not."""
    options = {"batch_size": 2, "pieces": 2, "copies": 3}
    store = ImageStore(paths, smallest=96, keep_bytes=2**20)

    def steps(seed, epoch):
        return _epoch(store, **options, seed=seed, epoch=epoch)

    first, again, later, other = steps(0, 0), steps(0, 0), steps(0, 1), steps(1, 0)
    assert len(first) == 2
    for (x, y), (x2, y2) in zip(first, again, strict=True):
        assert x.shape == (7, 96, 96, 3) and x.dtype == np.uint8 and y.shape == (7, 5, 5, 1)
        np.testing.assert_array_equal(x, x2)
        np.testing.assert_array_equal(y, y2)
    assert not np.array_equal(first[0][0], later[0][0])
    assert not np.array_equal(first[0][0], other[0][0])


def test_targets_are_the_photographs_mos(paths):
    """Pieces of one photograph lie together and bear its MOS."""
    store = ImageStore(paths, smallest=96, keep_bytes=0)
    (_, targets), *_ = _epoch(store, batch_size=5, pieces=2, copies=0, distortion_loss=0.0)
    mos = targets[:, 0, 0, 0].reshape(5, 2)
    np.testing.assert_array_equal(mos[:, 0], mos[:, 1])
    np.testing.assert_allclose(sorted(mos[:, 0]), [0, 0.2, 0.4, 0.6, 0.8], atol=1e-6)
    assert (targets == targets[:, :1, :1]).all()


def test_copies_are_of_the_pieces_right_before_them(paths):
    """Undistorted pixels of a copy are those of its piece, unrated ones too."""
    store = ImageStore(paths, smallest=96, keep_bytes=2**20)
    unrated = ImageStore(paths[:1], smallest=96, keep_bytes=2**20)
    (pixels, targets), *_ = _epoch(
        store, unrated, unrated_pieces=2, unrated_quality=0.8, batch_size=3, pieces=1, copies=4
    )
    assert len(pixels) == 3 + 2 + 4
    np.testing.assert_array_equal(targets[3:5], np.float32(0.8))
    for index in range(1, 5):
        assert (pixels[index] != pixels[index + 4]).any()
        wanted, plain = targets[index + 4], targets[index]
        assert (wanted <= plain).all()
        assert plain.max() == 0 or wanted.min() < plain.min()
