"""What the rules of a rating study find."""

import json

import pytest

from kiqa.evaluation.study.rejection import RejectionRules
from kiqa.reproduce.__main__ import main
from kiqa.reproduce.paq2piq.rules import found_by


def test_counts_of_studies_add_up():
    """Twenty bad subjects a study; without rules nobody is found."""
    none = RejectionRules(acceptance=None, identical=None, repeat_limit=None, golden_srocc=None,
                          chance_level=None)  # fmt: skip
    nothing = found_by(none, reliability=0.5, seeds=[0])
    assert (nothing["bad"], nothing["found"], nothing["recall"]) == (20, 0, 0)
    found = found_by(RejectionRules(), reliability=0.5, seeds=[0])
    assert found["recall"] == found["found"] / 20 > 0.9
    assert found["precision"] == found["found"] / found["rejected"]


@pytest.mark.slow
def test_all_rules_find_more_where_subjects_agree(tmp_path, capsys):
    """One study a row: the rows of the document, said to be simulated."""
    assert main(["paq2piq-rules", "--studies", "1", "--output", str(tmp_path)]) == 0
    assert "simulated subjects, not people" in capsys.readouterr().out
    rows = json.loads((tmp_path / "paq2piq-rules.json").read_text())["studies"]
    assert [row["reliability"] for row in rows] == [0.5, 0.3, 0.1, 0.05]
    assert rows[0]["halves_lcc"] > rows[3]["halves_lcc"] > 0.3
    first = rows[0]["rules"]
    assert first["all rules"]["recall"] > first["the paper's alone"]["recall"]
