"""Ratings of a few subjects."""

import numpy as np
import pytest

from kiqa.evaluation.study.ratings import Ratings


@pytest.fixture(scope="session")
def ratings_of():
    """The function ``ratings_of(*rows, sessions=None)``."""

    def ratings_of(*rows, sessions=None):
        """Ratings from (subject, image, rating) or (subject, image, rating, repeat)."""
        columns = zip(*[(*row, False)[:4] for row in rows], strict=True)
        subject, image, rating, repeat = map(np.array, columns)
        session = np.full(len(rows), "1") if sessions is None else np.array(sessions)
        return Ratings(subject, session, image, rating, repeat)

    return ratings_of


@pytest.fixture(scope="session")
def table_of():
    """The function ``table_of(values, sessions=None)``."""

    def table_of(values, sessions=None):
        """Ratings of a full table, subjects x images; NaN where nobody rated."""
        values = np.asarray(values, float)
        subject, image = np.nonzero(np.isfinite(values))
        session = np.full(len(subject), "1") if sessions is None else np.asarray(sessions)[subject]
        return Ratings(
            np.array([f"s{s}" for s in subject]), session, np.array([f"i{i}" for i in image]),
            values[subject, image], np.zeros(len(subject), bool),
        )  # fmt: skip

    return table_of
