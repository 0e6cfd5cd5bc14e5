"""Random patches: pairs at one place, seeds, every image once, fixed validation."""

import numpy as np
import pytest
from PIL import Image

from kiqa.training.wadiqam.batches import (
    epoch_plan,
    fixed_patches,
    patch_source,
    random_patches,
)


@pytest.fixture
def files(tmp_path):
    """Seven images whose red is their number, and references with green in its place."""
    rng = np.random.default_rng(0)
    paths, references = [], []
    for index in range(7):
        pixels = rng.integers(0, 256, (40 + index, 50, 3), dtype=np.uint8)
        pixels[..., 0] = index
        paths.append(tmp_path / f"{index}.png")
        references.append(tmp_path / f"{index}-reference.png")
        Image.fromarray(pixels).save(paths[-1])
        Image.fromarray(pixels[..., ::-1].copy()).save(references[-1])
    return paths, references


def _epoch(source, **options):
    targets = np.arange(7, dtype=np.float32)[:, None] / 10
    given = {"batch_size": 3, "patches": 4, "flip": True, "seed": 1, "epoch": 0} | options
    plan = epoch_plan(source, targets, **given)
    made = [plan.make(number) for number in range(len(plan))]
    return [(inputs if isinstance(inputs, tuple) else (inputs,), rated) for inputs, rated in made]


def test_every_image_occurs_once_with_its_target(files):
    """Patches of one image lie together; what is left over waits for the next epoch."""
    batches = _epoch(patch_source(files[0], keep_bytes=10**6))
    assert [inputs[0].shape for inputs, _ in batches] == [(12, 32, 32, 3)] * 2
    seen = []
    for (patches,), targets in batches:
        numbers = patches[:, 0, 0, 0]
        assert (patches[..., 0] == numbers[:, None, None]).all()
        np.testing.assert_allclose(targets[:, 0], numbers / 10, rtol=1e-6)
        seen += numbers.reshape(3, 4)[:, 0].tolist()
        assert (numbers.reshape(3, 4).std(axis=1) == 0).all()
    assert len(set(seen)) == 6


def test_epochs_differ_and_can_be_made_again(files):
    """Patches follow from seed and epoch, whether images are kept in memory or not."""
    kept, read = (patch_source(files[0], keep_bytes=size) for size in (10**6, 0))
    one, again, other = _epoch(kept), _epoch(read), _epoch(kept, epoch=1)
    for (first, _), (second, _) in zip(one, again, strict=True):
        np.testing.assert_array_equal(first[0], second[0])
    assert any((a[0][0] != b[0][0]).any() for a, b in zip(one, other, strict=True))


def test_references_are_cut_at_the_same_places(files):
    """The reference patch is the patch with its colours exchanged, mirrored or not."""
    for inputs, _ in _epoch(patch_source(*files, keep_bytes=10**6)):
        np.testing.assert_array_equal(inputs[0], inputs[1][..., ::-1])


def test_random_patches_reach_every_place():
    """Also the last row and column; half are mirrored where that is wanted."""
    image = np.indices((34, 33)).transpose(1, 2, 0).astype(np.uint8)[..., [0, 1, 1]]
    rng = np.random.default_rng(0)
    (patches,) = random_patches([image], 400, flip=True, rng=rng)
    corners = {(p[0, :, 0].min(), p[0, :, 1].min()) for p in patches}
    assert corners == {(row, column) for row in range(3) for column in range(2)}
    mirrored = np.mean(patches[:, 0, 0, 1] > patches[:, 0, -1, 1])
    assert 0.4 < mirrored < 0.6


def test_validation_patches_are_drawn_once(files):
    """The same for the same seed, never those of an epoch."""
    source = patch_source(*files, keep_bytes=10**6)
    one, again, other = (fixed_patches(source, 3, seed=seed) for seed in (1, 1, 2))
    assert one[0].shape == (21, 32, 32, 3) and len(one) == 2
    np.testing.assert_array_equal(one[0], again[0])
    assert (one[0] != other[0]).any()


def test_pairs_of_two_sizes_are_refused(files):
    """Both files and sizes are named."""
    paths, references = files
    source = patch_source(paths, references[1:] + references[:1], keep_bytes=0)
    with pytest.raises(ValueError, match="0.png, 50x40, and .*1-reference.png, 50x41"):
        source.pixels(0)


def test_small_images_are_refused(tmp_path):
    """An image without a whole patch is named."""
    Image.new("RGB", (40, 31)).save(tmp_path / "small.png")
    source = patch_source([tmp_path / "small.png"], keep_bytes=0)
    with pytest.raises(ValueError, match=r"small\.png, 40x31"):
        source.pixels(0)
