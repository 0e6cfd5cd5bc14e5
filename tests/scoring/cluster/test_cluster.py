"""The program for Apache Beam in ``docs/cluster.md``, from its own text."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kiqa.cli.main import main
from kiqa.scoring import Scorer, score_paths

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_rows_by_beam_are_those_of_the_plain_run(images, tmp_path, monkeypatch):
    """Each image has one, a bad one with its error; `kiqa merge` reads the file."""
    pytest.importorskip("apache_beam", reason="needs an environment with apache-beam")
    (program,) = re.findall(r"^```python\n# beam_scores.py\n(.*?)^```$", DOCUMENT, re.M | re.S)
    (tmp_path / "beam_scores.py").write_text(program)
    paths = [*images[:3], images[-3], images[-1]]  # one is none, one is not there
    subprocess.run(
        [sys.executable, "beam_scores.py", "blur_effect", "scores", *paths],
        cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, check=True, capture_output=True,
    )  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (written,) = Path().glob("scores-*.jsonl")
    found = {row["path"]: row for row in map(json.loads, written.read_text().splitlines())}
    expected = score_paths(paths, Scorer("blur_effect"))
    assert {path: row | {"seconds": 0} for path, row in found.items()} == {
        row["path"]: row | {"seconds": 0} for row in expected
    }
    assert main(["merge", str(written), "--output", "all.jsonl"]) == 0
    assert len(Path("all.jsonl").read_text().splitlines()) == len(paths)
