"""Rows of ``kiqa score``."""

import kiqa
from kiqa.io.rows import RowFile
from kiqa.reporting.scored import read_scores
from kiqa.scoring import ROW_KEYS


def test_the_last_row_of_a_path_counts(photos, stand_in):
    """A resumed file may hold several."""
    rows = kiqa.Scorer()(["photos/a.png"])
    file = RowFile("r.jsonl", form="jsonl", columns=ROW_KEYS, resume=False)
    for score in (0.1, 0.2):
        file.append(rows[0] | {"score": score})
    file.close()
    assert read_scores("r.jsonl")["photos/a.png"]["score"] == 0.2
