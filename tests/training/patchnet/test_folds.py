"""The parts of the cross-validation: counts, disjointness, whole images."""

import numpy as np
import pytest

from kiqa.training.patchnet.folds import protocol_parts


def test_counts_are_those_of_the_thesis():
    """32,000 patches give 6,400 for the test, five folds of 5,120 and 20,480 that train."""
    parts = protocol_parts(32_000, test_fraction=0.2, folds=5, seed=0)
    assert len(parts.test) == 6_400
    assert [len(fold) for fold in parts.folds] == [5_120] * 5
    assert len(parts.training(2)) == 20_480


def test_parts_hold_every_patch_once():
    """Test part and folds are disjoint and complete; a fold never trains its own instance."""
    parts = protocol_parts(103, test_fraction=0.2, folds=5, seed=3)
    everything = np.concatenate([parts.test, *parts.folds])
    assert sorted(everything) == list(range(103))
    for instance, fold in enumerate(parts.folds):
        used = np.concatenate([parts.training(instance), fold, parts.test])
        assert sorted(used) == list(range(103))


def test_seed_decides_the_parts():
    """The same seed gives the same parts, another seed others."""
    first, again, other = (
        protocol_parts(100, test_fraction=0.2, folds=5, seed=seed).names() for seed in (1, 1, 2)
    )
    assert list(first) == list(again)
    assert list(first) != list(other)


def test_groups_are_never_divided():
    """Split by image, an image is in one part as a whole, a fifth of the images in the test."""
    groups = np.repeat([f"{i}.jpg" for i in range(50)], 8)
    shuffled = np.random.default_rng(0).permutation(groups)
    parts = protocol_parts(400, test_fraction=0.2, folds=5, seed=0, groups=shuffled)
    names = parts.names()
    assert all(len(set(names[shuffled == image])) == 1 for image in set(groups))
    assert len(set(shuffled[parts.test])) == 10
    assert [len(fold) for fold in parts.folds] == [64] * 5


def test_split_by_patch_divides_images():
    """As printed, patches of one image are in several parts."""
    groups = np.repeat(np.arange(50), 8)
    names = protocol_parts(400, test_fraction=0.2, folds=5, seed=0).names()
    assert any(len(set(names[groups == image])) > 1 for image in range(50))


@pytest.mark.parametrize("images", [1, 5])
def test_too_few_images_are_refused(images):
    """Parts that would be empty are an error that says what there is."""
    with pytest.raises(ValueError, match=f"{images} images"):
        protocol_parts(40, test_fraction=0.2, folds=5, seed=0, groups=np.arange(40) % images)
