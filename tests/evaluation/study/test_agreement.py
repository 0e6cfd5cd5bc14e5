"""Agreement of each subject with the others."""

import numpy as np

from kiqa.evaluation.study.agreement import agreement_with_others, session_z_scores


def test_z_scores_of_a_session(ratings_of):
    """By mean and deviation of the session's own ratings; NaN for a constant one and repeats."""
    rows = [("e", "a", 1), ("e", "b", 3), ("e", "a", 2, True), ("f", "a", 0.1), ("f", "b", 0.1)]
    z = session_z_scores(ratings_of(*rows))
    np.testing.assert_allclose(z[:2], [-np.sqrt(0.5), np.sqrt(0.5)])
    assert np.isnan(z[2:]).all()


def test_agreement_leaves_the_subject_out(ratings_of):
    """Equal to NumPy's correlation with the mean of the others, own ratings left out."""
    rng = np.random.default_rng(0)
    table = rng.normal(size=(4, 12))
    rows = [(f"s{s}", f"i{i:02}", table[s, i]) for s in range(4) for i in range(12)]
    ratings = ratings_of(*rows)
    z = session_z_scores(ratings)
    found, shared = agreement_with_others(ratings, z, np.array([True, True, True, False]))
    by_subject = z.reshape(4, 12)
    expected = [
        np.corrcoef(by_subject[s], by_subject[[o for o in (0, 1, 2) if o != s]].mean(axis=0))[0, 1]
        for s in range(4)
    ]
    np.testing.assert_allclose(found, expected)
    assert shared.tolist() == [12] * 4
