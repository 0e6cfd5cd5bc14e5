"""Rows of the papers' tables, as printed."""

import numpy as np
import pytest

from kiqa.reproduce.published_rows import published_rows


@pytest.mark.parametrize(
    ("table", "key", "srocc", "plcc"),
    [
        ("paq2piq-table2", ("NIQE", "val", "20 %"), "0.052", "0.027"),
        ("paq2piq-table2", ("P2P-RM", "test", "30 %"), "0.759", "0.808"),
        ("paq2piq-table2", ("P2P-FM", "test", "20 %"), "0.786", "0.808"),
        ("paq2piq-table3", ("P2P-BM", "val"), "0.525", "0.599"),
        ("paq2piq-table3", ("P2P-FM", "test"), "0.601", "0.685"),
        ("paq2piq-table4", ("P2P-FM", "live-itw"), "0.784", "0.754"),
        ("paq2piq-table4", ("P2P-RM", "koniq10k"), "0.776", "0.794"),
        ("paq2piq-table4", ("P2P-BM trained on it", "koniq10k"), "0.890", ""),
    ],
)
def test_numbers_of_paq2piq(table, key, srocc, plcc):
    """Numbers as printed in Ying et al. 2020, Tables 2 to 4 and section 4.5."""
    (row,) = [row for row in published_rows(table) if set(key) <= set(row.values())]
    assert (row["srocc"], row["plcc"]) == (srocc, plcc) and "Ying et al. 2020" in row["source"]


@pytest.mark.parametrize(("table", "count"), [("2", 42), ("3", 14), ("4", 16)])
def test_tables_of_paq2piq_are_whole(table, count):
    """Seven methods with both parts (and three sizes, or two data sets and two trained on them)."""
    assert len(published_rows(f"paq2piq-table{table}")) == count


def test_rows_of_rnn_biqa():
    """Some printed numbers of each table, and the means of Tables 6 and 7."""
    assert [row["srocc"] for row in published_rows("rnn-table1")] == [
        "0.707",
        "0.732",
        "0.794",
        "0.810",
    ]
    assert [row["plcc"] for row in published_rows("rnn-table2")] == [
        "0.827",
        "0.846",
        "0.841",
        "0.855",
    ]
    assert [row["rmse"] for row in published_rows("rnn-table3")] == ["8.05", "7.95", "7.96"]
    assert published_rows("rnn-table4")[-1]["rmse"] == "9.8"
    assert published_rows("rnn-table5")[-1]["rmse"] == "11.0"
    for number, expected in ((6, ("0.920", "0.933", "5.65")), (7, ("0.921", "0.927", "7.99"))):
        rows = published_rows(f"rnn-table{number}")
        assert tuple(rows[-1][key] for key in ("srocc", "plcc", "rmse")) == expected
        for method in {row["method"] for row in rows}:
            own = [row for row in rows if row["method"] == method]
            mean = np.mean([float(row["plcc"]) for row in own[:3]])
            assert float(own[3]["plcc"]) == pytest.approx(mean, abs=1.1e-3)


def test_rows_of_wadiqam():
    """As printed; rows that the paper labels wrongly say so."""
    (row,) = [r for r in published_rows("wadiqam-table1", dataset="tid2013")
              if r["method"] == "WaDIQaM-FR"]  # fmt: skip
    assert (row["plcc"], row["srocc"]) == ("0.946", "0.940")
    table2 = published_rows("wadiqam-table2")
    (row,) = [r for r in table2 if (r["method"], r["group"]) == ("WaDIQaM-FR", "Exotic")]
    assert row["srocc"] == "0.925" and "printed as NR" in row["source"]
    counts = {1: 33, 2: 36, 3: 7, 4: 16, 5: 12, 6: 24, 7: 6, 8: 12}
    for table, count in counts.items():
        assert len(published_rows(f"wadiqam-table{table}")) == count


@pytest.mark.parametrize(
    ("table", "method", "dataset", "srocc", "plcc"),
    [
        ("thesis-table2", "Patchnet", "koniq10k", "0.667", "0.573"),
        ("thesis-table2", "FISH", "live-itw", "0.500", "0.503"),
        ("thesis-table3", "BRISQUE", "koniq10k", "0.70", "0.70"),
        ("thesis-table3", "thesis's aggregator", "live-itw", "0.60", "0.62"),
        ("thesis-table4", "BosICIP", "koniq10k", "0.65", "0.67"),
        ("thesis-table4", "DeepRN", "live-itw", "0.91", "0.93"),
        ("thesis-table4", "NASNet-Large", "biq2021", "0.673", "0.708"),
    ],
)
def test_numbers_of_the_thesis(table, method, dataset, srocc, plcc):
    """Numbers as printed in the thesis's Tables 2 to 4, and as published for BIQ2021."""
    (row,) = [r for r in published_rows(table, dataset=dataset) if r["method"] == method]
    assert (row["srocc"], row["plcc"], row["dataset"]) == (srocc, plcc, dataset)
    assert ("official test set" in row["source"]) == (dataset == "biq2021")


@pytest.mark.parametrize(
    ("table", "count"), [("thesis-table2", 2), ("thesis-table3", 6), ("thesis-table4", 5)]
)
def test_tables_of_the_thesis_are_whole(table, count):
    """Both data sets of the thesis have every row of the table."""
    for dataset in ("koniq10k", "live-itw"):
        rows = published_rows(table, dataset=dataset)
        assert len(rows) == count and {row["dataset"] for row in rows} == {dataset}


def test_published_table_without_the_data_set_is_shown_whole():
    """Table 2 has no row on BIQ2021: all its rows stand beside ours."""
    assert len(published_rows("thesis-table2", dataset="biq2021")) == 4
