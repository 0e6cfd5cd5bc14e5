"""Table 1: metrics by hand, and the mean row."""

import numpy as np
import pytest

from kiqa.training.patchnet.table import patch_metrics, table_1


def test_metrics_of_four_patches_by_hand():
    """MSE, MAE and the correlations of a small example, computed on paper."""
    label = np.array([0.0, 0.5, 0.5, 1.0], np.float32)
    predicted = np.array([0.1, 0.5, 0.4, 0.8], np.float32)
    found = patch_metrics(predicted, label)
    # Squares 0.01, 0, 0.01, 0.04; absolute 0.1, 0, 0.1, 0.2. Ranks 1 4 | 2.5 2.5 against
    # 1 3 2 4: covariance 4.5, variances 4.5 and 5. Products of deviations 0.35 for the PLCC,
    # squares 0.5 and 0.25.
    assert found["MSE"] == pytest.approx(0.015, abs=1e-7)
    assert found["MAE"] == pytest.approx(0.1, abs=1e-7)
    assert found["SROCC"] == pytest.approx(4.5 / np.sqrt(4.5 * 5))
    assert found["PLCC"] == pytest.approx(0.35 / np.sqrt(0.5 * 0.25))


def test_last_row_is_the_mean_of_the_instances():
    """Rows keep their instance; the mean is over instances, metric by metric."""
    rows = table_1(
        [
            {"instance": 1, "MSE": 0.1, "MAE": 0.2, "SROCC": 0.5, "PLCC": 0.6},
            {"instance": 3, "MSE": 0.3, "MAE": 0.4, "SROCC": 0.7, "PLCC": 0.8},
        ]
    )
    assert [row["Instance"] for row in rows] == ["1", "3", "mean"]
    assert rows[-1] == pytest.approx(
        {"Instance": "mean", "MSE": 0.2, "MAE": 0.3, "SROCC": 0.6, "PLCC": 0.7}
    )
