"""The thesis's parts of KonPatch: a test part, then cross-validation parts."""

from dataclasses import dataclass

import numpy as np

from kiqa.data.splits import k_folds


@dataclass(frozen=True)
class Parts:
    """Indices of the patches of each part, ascending, disjoint, complete.

    Attributes:
        test: Held out of all training instances.
        folds: Part ``i`` validates instance ``i``, the others train it.
    """

    test: np.ndarray
    folds: list[np.ndarray]

    def training(self, instance: int) -> np.ndarray:
        """Return what trains an instance, counted from 0, ascending."""
        others = [fold for index, fold in enumerate(self.folds) if index != instance]
        return np.sort(np.concatenate(others))

    def names(self) -> np.ndarray:
        """Return each patch's part: ``"test"`` or ``"fold 1"`` and so on."""
        names = np.empty(len(self.test) + sum(map(len, self.folds)), dtype=object)
        names[self.test] = "test"
        for index, fold in enumerate(self.folds, start=1):
            names[fold] = f"fold {index}"
        return names


def protocol_parts(
    count: int,
    *,
    test_fraction: float,
    folds: int,
    seed: int,
    groups: np.ndarray | None = None,
) -> Parts:
    """Draw the test part and the cross-validation parts at random.

    Args:
        count: Number of patches.
        test_fraction: Fraction of the patches (of the groups, if given) in
            the test part, rounded.
        folds: Number of parts of the rest, of equal size up to one.
        seed: Draws the parts.
        groups: Shape ``(count,)``, e.g. each patch's image: a group is
            never divided. ``None`` draws single patches, as printed.

    Returns:
        The `Parts`; with 32,000 patches, 0.2 and 5 as in the thesis: 6,400
        and five times 5,120.

    Raises:
        ValueError: If a part would be empty.

    References:
        Thesis, section 5.1.1.
    """
    members = np.arange(count) if groups is None else np.unique(groups, return_inverse=True)[1]
    units = int(members.max()) + 1 if count else 0
    tested = round(test_fraction * units)
    if tested < 1 or units - tested < folds:
        kind = "patches" if groups is None else "images"
        raise ValueError(
            f"Expected enough {kind} for a test part and {folds} parts for validation. "
            f"Received: {units} {kind}, {tested} of them for the test. Use more {kind}."
        )
    chosen = np.random.default_rng(seed).permutation(units)[:tested]
    in_test = np.isin(members, chosen)
    rest = np.flatnonzero(~in_test)
    parts = k_folds(len(rest), folds, seed + 1, groups=None if groups is None else members[rest])
    return Parts(test=np.flatnonzero(in_test), folds=[np.sort(rest[part]) for part in parts])
