"""ROC-AUC of local maps over many images: box statistics, means, intervals.

Public names: :func:`box_statistics`, :func:`summarise`, :func:`table_rows`.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from kiqa.evaluation.resampling import mean_interval

_WHISKER = 1.5  # interquartile ranges; thesis, section 5.3.1


def box_statistics(values: np.ndarray) -> dict:
    """Return what a box plot shows.

    Args:
        values: Shape ``(N,)``; NaN are left out.

    Returns:
        ``q1``, ``median``, ``q3``; ``low`` and ``high``, the ends of the
        whiskers: the farthest values within 1.5 interquartile ranges of the
        box; ``outliers``, the values beyond, a list. Quartiles are
        interpolated linearly. All None and no outliers without a value.

    References:
        Thesis, section 5.3.1.
    """
    values = np.asarray(values, np.float64)
    values = np.sort(values[~np.isnan(values)])
    if values.size == 0:
        return {**dict.fromkeys(("q1", "median", "q3", "low", "high")), "outliers": []}
    q1, median, q3 = np.quantile(values, (0.25, 0.5, 0.75))
    reach = _WHISKER * (q3 - q1)
    inside = (values >= q1 - reach) & (values <= q3 + reach)
    return {
        "q1": float(q1),
        "median": float(median),
        "q3": float(q3),
        # Between the points lies the quartile itself: no whisker ends inside the box.
        "low": float(min(values[inside][0], q1)),
        "high": float(max(values[inside][-1], q3)),
        "outliers": values[~inside].tolist(),
    }


def summarise(
    rows: Sequence[Mapping],
    *,
    seed: int,
    n: int = 1000,
    level: float = 0.95,
    sources: Mapping[str, str] | None = None,
) -> dict:
    """Mean AUC and box statistics by predictor and threshold, over images.

    Args:
        rows: Rows of `kiqa.evaluation.local.auc.auc_rows`, every predictor and threshold for each
            image.
        seed: Seed of the bootstrap over images.
        n: Number of resamples.
        level: Coverage of the intervals.
        sources: From an image's name to what it was made of, where several
            are versions of one: these are drawn together, where there are two
            sources at least.

    Returns:
        ``images``, with ``sources`` their number, ``seed``, ``resamples``, ``interval_level`` and
        ``predictors``: for each name ``thresholds``, a list of mappings with
        ``threshold``, ``images`` (with an AUC), ``undefined`` (without),
        ``auc`` (the mean), ``lo``, ``hi`` and the `box_statistics`; and
        ``overall``, the same for each image's mean over its defined
        thresholds. What does not exist is None. Fit for JSON.

    Raises:
        ValueError: If there is no row, or an image lacks one.
    """
    names, predictors, thresholds = (
        list(dict.fromkeys(row[key] for row in rows))
        for key in ("image_name", "predictor", "threshold")
    )
    found = {(row["predictor"], row["image_name"], row["threshold"]): row["auc"] for row in rows}
    expected = len(names) * len(predictors) * len(thresholds)
    if not names or not len(found) == len(rows) == expected:
        raise ValueError(
            f"Expected a row for each image, predictor and threshold, {expected} in all, received "
            f"{len(rows)}, {len(found)} of them different. Compare all on the same images."
        )

    groups = None if sources is None else np.array([sources[name] for name in names])

    def entry(values):
        defined = ~np.isnan(values)
        known = values[defined]
        of = None if groups is None or len(set(groups[defined])) < 2 else groups[defined]
        result = {"images": known.size, "undefined": values.size - known.size}
        result |= dict.fromkeys(("auc", "lo", "hi"))
        if known.size:
            lo, hi = mean_interval(known, n=n, seed=seed, level=level, groups=of)
            result |= {"auc": float(known.mean()), "lo": lo, "hi": hi}
        return result | box_statistics(values)

    summary = {}
    for predictor in predictors:
        table = [[found[predictor, name, t] for t in thresholds] for name in names]
        aucs = np.array(table, np.float64)  # None becomes NaN
        defined = ~np.isnan(aucs)
        mean = np.where(defined, aucs, 0).sum(axis=1) / np.maximum(defined.sum(axis=1), 1)
        summary[predictor] = {
            "thresholds": [
                {"threshold": threshold, **entry(column)}
                for threshold, column in zip(thresholds, aucs.T, strict=True)
            ],
            "overall": entry(np.where(defined.any(axis=1), mean, np.nan)),
        }
    return {
        "images": len(names),
        **({} if groups is None else {"sources": len(set(groups))}),
        "seed": seed,
        "resamples": n,
        "interval_level": level,
        "predictors": summary,
    }


def table_rows(summary: Mapping) -> list[dict]:
    """Lay a summary out for `kiqa.evaluation.report.to_markdown`.

    Args:
        summary: Result of `summarise`.

    Returns:
        For each predictor one row a threshold and, if there are several, one
        for the mean over them.
    """
    share = f"{100 * summary['interval_level']:g} % interval"
    rows = []
    for name, result in summary["predictors"].items():
        several = len(result["thresholds"]) > 1
        for entry in (*result["thresholds"], *([result["overall"]] if several else ())):
            known = entry["images"] > 0
            rows.append(
                {
                    "predictor": name,
                    "t_G": f"{entry['threshold']:g}" if "threshold" in entry else "mean",
                    "images": entry["images"],
                    "undefined": entry["undefined"],
                    "mean AUC": entry["auc"],
                    share: f"{entry['lo']:.3f} .. {entry['hi']:.3f}" if known else None,
                    "quartile": entry["q1"],
                    "median": entry["median"],
                    "upper quartile": entry["q3"],
                }
            )
    return rows
