"""Summaries over images of the areas under the curves."""

import numpy as np
import pytest
from matplotlib.cbook import boxplot_stats

from kiqa.data.local_cases import sources_of
from kiqa.evaluation.local.summary import box_statistics, summarise, table_rows


@pytest.mark.parity
@pytest.mark.parametrize("seed", range(8))
def test_box_statistics_are_those_of_matplotlib(seed):
    """Quartiles, whiskers and outliers equal an independent implementation; NaN are left out."""
    rng = np.random.default_rng(seed)
    values = rng.standard_cauchy(3 + 4 * seed)
    (expected,) = boxplot_stats(values, whis=1.5)
    found = box_statistics(np.append(values, np.nan))
    for key, theirs in (("q1", "q1"), ("median", "med"), ("q3", "q3"), ("low", "whislo")):
        assert found[key] == pytest.approx(expected[theirs])
    assert found["high"] == pytest.approx(expected["whishi"])
    assert sorted(found["outliers"]) == pytest.approx(sorted(expected["fliers"]))


def test_box_statistics_by_hand():
    """1 2 3 4 and 20: quartiles 2 and 4, reach 3, so 20 is an outlier and the whisker ends at 4."""
    assert box_statistics([20, 1, 2, 3, 4]) == {
        "q1": 2, "median": 3, "q3": 4, "low": 1, "high": 4, "outliers": [20],
    }  # fmt: skip
    assert box_statistics([np.nan])["median"] is None


def _rows(aucs):
    return [
        {"image_name": image, "predictor": predictor, "threshold": t, "auc": auc}
        for predictor, images in aucs.items()
        for image, values in images.items()
        for t, auc in zip((0.0, 0.5), values, strict=True)
    ]


def test_summary_leaves_out_and_counts_undefined_cases():
    """Means are over defined images; an image's own mean over its defined thresholds."""
    rows = _rows(
        {
            "x": {"a": (0.6, None), "b": (0.8, 0.9), "c": (None, None)},
            "y": {"a": (0.5, None), "b": (0.5, 0.5), "c": (None, None)},
        }
    )
    summary = summarise(rows, seed=0, n=200)
    x = summary["predictors"]["x"]
    assert [(e["images"], e["undefined"]) for e in x["thresholds"]] == [(2, 1), (1, 2)]
    assert [e["auc"] for e in x["thresholds"]] == pytest.approx([0.7, 0.9])
    assert (x["overall"]["images"], x["overall"]["undefined"]) == (2, 1)
    assert x["overall"]["auc"] == pytest.approx((0.6 + 0.85) / 2)
    assert (x["overall"]["lo"], x["overall"]["hi"]) == pytest.approx((0.6, 0.85))
    assert summary["predictors"]["y"]["overall"]["lo"] == 0.5
    table = table_rows(summary)
    assert [row["t_G"] for row in table] == ["0", "0.5", "mean"] * 2
    assert table[1]["95 % interval"] == "0.900 .. 0.900"


def test_threshold_without_any_image_has_no_mean():
    """Undefined everywhere: None in the summary, an empty cell in the table."""
    summary = summarise(_rows({"x": {"a": (None, 0.5), "b": (None, 0.7)}}), seed=0, n=10)
    entry = summary["predictors"]["x"]["thresholds"][0]
    assert (entry["auc"], entry["lo"], entry["median"], entry["undefined"]) == (None,) * 3 + (2,)
    assert table_rows(summary)[0]["mean AUC"] is None


def test_incomplete_rows_are_refused():
    """Predictors are compared on the same images only."""
    rows = _rows({"x": {"a": (0.6, 0.5)}, "y": {"a": (0.6, 0.5)}})
    for wrong in (rows[:-1], [], rows + rows[:1]):
        with pytest.raises(ValueError, match=f"received {len(wrong)}"):
            summarise(wrong, seed=0)


def test_versions_of_one_image_are_drawn_together():
    """Four equal versions of each of ten images: the interval is that of ten, and it says so."""
    rng = np.random.default_rng(0)
    values = {f"{n}.jpg": rng.uniform(0.5, 1, 2) for n in range(10)}
    versions = {f"{name}.{v}.png": auc for name, auc in values.items() for v in (1, 2, 3, 4)}
    sources = sources_of(versions)
    alone, grouped, single = (
        summarise(_rows({"m": aucs}), seed=0, sources=of)
        for aucs, of in ((values, None), (versions, sources), (versions, None))
    )
    assert (grouped["images"], grouped["sources"]) == (40, 10) and "sources" not in single
    wanted, found, narrow = (
        each["predictors"]["m"]["overall"] for each in (alone, grouped, single)
    )
    assert (found["lo"], found["hi"]) == pytest.approx((wanted["lo"], wanted["hi"]))
    assert found["hi"] - found["lo"] > 1.5 * (narrow["hi"] - narrow["lo"])
    assert sources_of(["a.jpg.1.png", "b.jpg.1.png"]) is None
