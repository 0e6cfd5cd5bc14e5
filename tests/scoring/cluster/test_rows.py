"""Rows by workers equal those of threads, also when workers are killed."""

import json
import os
import signal
import threading
import time

import pytest

from kiqa.defects.reasons import REASON_KEYS
from kiqa.scoring import ROW_KEYS, Scorer, score_paths
from kiqa.scoring.cluster import rows as rows_module
from kiqa.scoring.cluster.jobs import Lost
from kiqa.scoring.rows import completed_row

_REAL = pytest.mark.slow


def _timeless(rows):
    return [{**row, "seconds": 0} for row in rows]


def _scored(paths, **options):
    return list(score_paths(paths, Scorer("blur_effect"), **options))


@_REAL
def test_a_killed_worker_loses_and_doubles_nothing(workers_of, images, tmp_path, capsys):
    """Rows in the file equal the plain run's, in order; each image has one."""
    output = tmp_path / "rows.jsonl"
    rows = score_paths(
        images, Scorer("blur_effect"), output=output, engine="ray", workers=2, reasons=True
    )
    found = [next(rows)]
    victim = workers_of()[0]
    victim.suspend()  # it will not finish what it has
    threading.Timer(0.5, lambda: os.kill(victim.pid, signal.SIGKILL)).start()
    found += rows
    expected = _timeless(_scored(images, reasons=True))
    assert _timeless(found) == expected
    written = [json.loads(line) for line in output.read_text().splitlines()]
    assert _timeless(written) == expected
    assert "ended, its" in capsys.readouterr().err


@_REAL
def test_resume_scores_nothing_twice(workers_of, images, tmp_path):
    """Rows of a plain run count; the copy under another name is not computed again."""
    output = tmp_path / "rows.jsonl"
    options = {"output": output, "resume": True}
    begun = _scored([*images[3:10], images[-3]], **options)  # with bad.png
    before = output.read_bytes()
    found = _scored([*images[3:10], images[0], images[-3], images[-1]], engine="ray", **options)
    assert [row["path"] for row in found[:7]] == images[3:10]
    assert found[:7] == begun[:7]
    assert output.read_bytes().startswith(before)
    assert output.read_bytes().count(b"\n") == before.count(b"\n") + 2
    (copy,) = _scored([images[-2]], engine="ray", **options)
    (original,) = [row for row in found if row["path"] == images[0]]
    assert {**copy, "path": 0, "seconds": 0} == {**original, "path": 0, "seconds": 0}


@_REAL
def test_stop_ends_at_the_first_error(workers_of, images):
    """As without Ray; the workers go."""
    with pytest.raises(ValueError, match="bad.png"):
        _scored(images, engine="ray", on_error="stop")
    began = time.monotonic()
    while workers_of() and time.monotonic() - began < 20:
        time.sleep(0.1)
    assert workers_of() == []


@pytest.mark.parametrize("options", [{"engine": "dask"}, {"address": "auto"},
                                     {"gpus_per_worker": 1.0},
                                     {"engine": "ray", "gpus_per_worker": -1.0}])  # fmt: skip
def test_wrong_options_are_refused(stand_in, options):
    """An unknown engine, and options of Ray without it."""
    with pytest.raises(ValueError, match="Expected"):
        score_paths([], Scorer(), **options)


def test_images_with_which_workers_end_are_errors_that_resume_tries_again(
    stand_in, photos, tmp_path, monkeypatch
):
    """The row has the reason and no hash."""
    lost = Lost((str(photos / "a.png"), str(photos / "b.png"), ()), "The actor died.")
    item = rows_module._unworked(lost, reasons=True)
    assert set(REASON_KEYS) < set(item)
    row = completed_row(Scorer(), dict(item))
    assert (row["sha256"], row["score"], row["reference"]) == (None, None, str(photos / "b.png"))
    assert row["error"].startswith(str(photos / "a.png")) and "The actor died." in row["error"]
    assert set(ROW_KEYS) < set(row)
