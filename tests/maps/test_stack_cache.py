"""Stacks on disk: computed once, by content, weights and parameters; damage is repaired."""

import numpy as np
import pytest
from PIL import Image

from kiqa.data.augmentation import Version, apply_version
from kiqa.io.files import sha256_of
from kiqa.maps.stack import StackMaker
from kiqa.maps.stack_cache import StackCache
from kiqa.models.patchnet import build_patchnet


@pytest.fixture(scope="module")
def maker():
    return _maker(seed=3)


def _maker(*, seed, **options):
    narrow = build_patchnet(
        conv_widths=((4, 4), (4, 4), (4, 4, 4)), dense_widths=(16, 8), seed=seed
    )
    return StackMaker(narrow, **{"stride": 8} | options)


@pytest.fixture
def images(tmp_path, cuts):
    """Three images and a file that is none."""
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8 no picture")
    return [*cuts(3, 110, 120, step=10), broken]


def _fill(cache, wanted):
    return list(cache.fill(wanted))


def test_stacks_are_those_of_the_versions(maker, images, tmp_path, photo):
    """Read back bit by bit, one for each image and version, in order."""
    versions = [Version(), Version(angle=4.0), Version(flip="vertical")]
    cache = StackCache(tmp_path / "stacks", maker)
    found = _fill(cache, [(images[0], version) for version in versions])
    for (path, error), version in zip(found, versions, strict=True):
        assert error is None
        np.testing.assert_array_equal(
            np.load(path), maker.stack(apply_version(photo[:110, :120], version))
        )


def test_nothing_is_computed_twice(maker, images, tmp_path, monkeypatch):
    """A second run makes only what the first one had not."""
    cache = StackCache(tmp_path / "stacks", maker)
    _fill(cache, [(path, Version()) for path in images[:2]])
    made, original = [], maker.stack
    monkeypatch.setattr(
        maker, "stack", lambda pixels, **options: made.append(1) or original(pixels, **options)
    )
    found = _fill(cache, [(path, Version()) for path in images[:3]])
    assert len(made) == 1 and len({path for path, _ in found}) == 3


def test_a_killed_run_is_continued(maker, images, tmp_path, monkeypatch):
    """What was finished before the kill is there afterwards, whole."""
    cache = StackCache(tmp_path / "stacks", maker)
    run = cache.fill([(path, Version()) for path in images[:3]])
    first, _ = next(run)
    run.close()
    assert np.load(first).shape[-1] == 3
    assert len(_fill(cache, [(path, Version()) for path in images[:3]])) == 3
    assert not [path for path in cache.folder.iterdir() if path.suffix != ".npy"]


def test_other_weights_and_parameters_have_their_own_files(maker, images, tmp_path):
    """Content, version, weights, stride and form of FISH all count."""
    sha256 = sha256_of(images[0])
    makers = [maker, _maker(seed=4), _maker(seed=3, stride=4), _maker(seed=3, fish="blocks")]
    paths = {StackCache(tmp_path, other).path_of(sha256, Version()) for other in makers}
    cache = StackCache(tmp_path, maker)
    paths |= {
        cache.path_of(sha256_of(images[1]), Version()),
        cache.path_of(sha256, Version(angle=1.0)),
        cache.path_of(sha256, Version(flip="horizontal")),
        cache.path_of(sha256, Version(distortion=("jpeg", 5, 0))),
    }
    assert len(paths) == 8
    again = StackCache(tmp_path, _maker(seed=3))
    assert again.path_of(sha256, Version()) == cache.path_of(sha256, Version())


def test_the_name_of_a_photograph_does_not_count(maker, images, tmp_path):
    """A copy under another name finds the stack of the first one."""
    copy = tmp_path / "copy.png"
    copy.write_bytes(images[0].read_bytes())
    cache = StackCache(tmp_path / "stacks", maker)
    found = _fill(cache, [(images[0], Version()), (copy, Version())])
    assert found[0] == found[1]


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY torn", b"text"])
def test_a_damaged_file_is_made_again(maker, images, tmp_path, content):
    """Whatever stands there is replaced by the stack."""
    cache = StackCache(tmp_path / "stacks", maker)
    ((path, _),) = _fill(cache, [(images[0], Version())])
    whole = path.read_bytes()
    path.write_bytes(content)
    assert _fill(cache, [(images[0], Version())]) == [(path, None)]
    assert path.read_bytes() == whole


def test_a_torn_file_is_made_again(maker, images, tmp_path):
    """A file that lost its end is noticed by its header."""
    cache = StackCache(tmp_path / "stacks", maker)
    ((path, _),) = _fill(cache, [(images[0], Version())])
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    _fill(cache, [(images[0], Version())])
    assert path.read_bytes() == whole


def test_photographs_that_cannot_be_used_are_reported(maker, images, tmp_path, photo):
    """Unreadable, missing and too small ones have a reason; the others a file."""
    small = tmp_path / "small.png"
    Image.fromarray(photo[:40, :90]).save(small)
    wanted = [images[3], tmp_path / "missing.png", small, images[0]]
    found = _fill(StackCache(tmp_path / "stacks", maker), [(path, Version()) for path in wanted])
    for (path, error), name in zip(found, ("broken.jpg", "missing.png", "small.png"), strict=False):
        assert path is None and name in error
    assert found[3][0].is_file() and found[3][1] is None
