"""Sampling images to wanted histograms: exact where it can be, best where not."""

import itertools

import numpy as np
import pytest

from kiqa.data.study.sampling import Target, sample_pictures, target_like


def test_a_histogram_that_can_be_met_is_met():
    """Uniform images, a triangular target: reached to the last image, proved best."""
    values = np.random.default_rng(0).uniform(0, 1, 2000)
    target = Target(np.linspace(0, 1, 5), np.array([1, 2, 3, 4]))
    sample = sample_pictures({"x": values}, {"x": target}, count=100, seed=0)
    assert np.histogram(values[sample.chosen], target.edges)[0].tolist() == [10, 20, 30, 40]
    assert sample.difference == {"x": pytest.approx(0)} and sample.optimal
    assert len(set(sample.chosen.tolist())) == 100


def test_several_features_at_once():
    """Two dependent features, both brought to those of another set."""
    rng = np.random.default_rng(1)
    one = rng.normal(size=3000)
    pictures = {"one": one, "two": one + rng.normal(size=3000), "other": rng.normal(size=3000)}
    wanted = {"one": rng.normal(0.5, 0.8, 500), "two": rng.normal(-0.3, 1, 500)}
    targets = {name: target_like(values, 6) for name, values in wanted.items()}
    sample = sample_pictures(pictures, targets, count=300, seed=0, time_limit=20)
    assert max(sample.difference.values()) < 0.02
    for name, target in targets.items():
        plain = np.histogram(pictures[name][:300], target.edges)[0] / 300
        assert np.abs(plain - target.shares).sum() / 2 > 0.1  # what the first 300 would have


def test_no_choice_is_better():
    """Against all choices of 4 of 9 images, where the target cannot be met."""
    rng = np.random.default_rng(2)
    pictures = {"a": rng.integers(0, 3, 9).astype(float), "b": rng.integers(0, 3, 9).astype(float)}
    edges = np.array([0, 1, 2, 3])
    targets = {"a": Target(edges, np.array([2, 1, 1])), "b": Target(edges, np.array([0, 1, 3]))}
    sample = sample_pictures(pictures, targets, count=4, seed=0)

    def apart(chosen):
        total = 0
        for name, target in targets.items():
            reached = np.histogram(pictures[name][list(chosen)], edges)[0] / 4
            total += np.abs(reached - target.shares / target.shares.sum()).sum() / 2
        return total

    best = min(map(apart, itertools.combinations(range(9), 4)))
    assert sum(sample.difference.values()) == pytest.approx(best)
    assert apart(sample.chosen) == pytest.approx(best) and sample.optimal


def test_seed_chooses_among_equal_pictures():
    """Same seed, same choice; another seed other images with the same histogram."""
    values = {"x": np.repeat([0.5, 1.5], 50)}
    target = {"x": Target(np.array([0, 1, 2]), np.array([1, 1]))}
    one, again, other = (
        sample_pictures(values, target, count=10, seed=seed).chosen for seed in (0, 0, 1)
    )
    assert one.tolist() == again.tolist() != other.tolist()


def test_pictures_outside_of_the_edges_are_left_out():
    """Bins have their lower edge, the last one both; open ends take all."""
    values = {"x": np.array([-1.0, 0, 1, 2, 3])}
    target = {"x": Target(np.array([0, 1, 2]), np.array([1, 1]))}
    assert sample_pictures(values, target, count=3, seed=0).chosen.tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match="count from 1 to 3.*Received: 4"):
        sample_pictures(values, target, count=4, seed=0)
    everything = {"x": target_like(np.array([0.0, 1.0]), 2)}
    assert len(sample_pictures(values, everything, count=5, seed=0).chosen) == 5


def test_target_of_another_set():
    """Shares of the bins, their outer edges open, or as given."""
    target = target_like(np.array([0.0, 0.1, 0.9, 1.0]), 2)
    assert target.shares.tolist() == [0.5, 0.5]
    assert target.edges.tolist() == [-np.inf, 0.5, np.inf]
    assert target_like(np.array([1.0, 5]), np.array([0, 2, 3])).shares.tolist() == [1, 0]


@pytest.mark.parametrize(("values", "target", "message"), [
    ({"y": [1.0]}, Target([0, 1], [1]), "feature 'x'"),
    ({"x": [1.0], "y": [1.0, 2.0]}, Target([0, 1], [1]), "one shape"),
    ({"x": [np.nan]}, Target([0, 1], [1]), "finite values of x"),
    ({"x": [1.0]}, Target([1, 0], [1]), "rising edges"),
    ({"x": [1.0]}, Target([0, 1], [1, 2]), "a share"),
    ({"x": [1.0]}, Target([0, 1], [0]), "a share"),
    ({"x": [1.0]}, Target([0, 1, 2], [2, -1]), "a share"),
])  # fmt: skip
def test_bad_input(values, target, message):
    """Features and targets that do not fit."""
    with pytest.raises(ValueError, match=message):
        sample_pictures({k: np.array(v) for k, v in values.items()}, {"x": target}, count=1, seed=0)


@pytest.mark.parametrize("values", [[], [np.inf], [7.0]])
def test_targets_of_nothing(values):
    """No values, not finite ones, none between the edges."""
    with pytest.raises(ValueError, match="Expected"):
        target_like(np.array(values), np.array([0, 1, 2]))
