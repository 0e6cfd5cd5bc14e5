"""Table 1 of the thesis: how well each instance predicts the test part."""

from collections.abc import Mapping, Sequence

import numpy as np

from kiqa.evaluation.correlation import plcc, srocc

METRICS = ("MSE", "MAE", "SROCC", "PLCC")


def patch_metrics(predicted: np.ndarray, label: np.ndarray) -> dict[str, float]:
    """Compare predicted with labelled quality.

    Args:
        predicted: Shape ``(n,)``, 0..1.
        label: Shape ``(n,)``, 0..1.

    Returns:
        ``MSE``, ``MAE``, ``SROCC`` and ``PLCC`` (no logistic), not rounded.

    Raises:
        ValueError: If either is constant or has fewer than 3 values.

    References:
        Thesis, Table 1.
    """
    difference = predicted.astype(np.float64) - label.astype(np.float64)
    return {
        "MSE": float(np.mean(difference**2)),
        "MAE": float(np.mean(np.abs(difference))),
        "SROCC": srocc(predicted, label),
        "PLCC": plcc(predicted, label, logistic=None),
    }


def table_1(results: Sequence[Mapping]) -> list[dict]:
    """Lay out results as the thesis's Table 1, with a row for the mean.

    Args:
        results: One mapping an instance, with ``instance`` and `METRICS`.

    Returns:
        Rows of ``Instance`` and `METRICS`; the last one is ``"mean"``.
    """
    rows = [
        {"Instance": str(result["instance"]), **{name: result[name] for name in METRICS}}
        for result in results
    ]
    mean = {name: float(np.mean([result[name] for result in results])) for name in METRICS}
    return [*rows, {"Instance": "mean", **mean}]
