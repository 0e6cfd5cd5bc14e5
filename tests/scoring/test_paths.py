"""The scoring loop: order, resume, shards, stop, and files that cannot be written."""

import json
import shutil
import threading

import pytest

from kiqa.scoring import ROW_KEYS, Scorer, in_shard, read_ahead, score_paths

ALL = ("a.png", "b.png", "sub/a.png", "small.png", "empty.jpg", "notes.jpg", "torn.png")


def _rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def _run(photos, names=ALL, **options):
    paths = [photos / name for name in names]
    return list(score_paths(paths, Scorer(stride=options.pop("stride", 8)), **options))


def test_rows_come_in_order_and_are_in_the_file(stand_in, photos, tmp_path):
    """Every path gives one row, yielded and written in the order of the paths."""
    output = tmp_path / "new" / "rows.jsonl"
    rows = _run(photos, output=output, workers=3)
    assert [row["path"] for row in rows] == [str(photos / name) for name in ALL]
    assert [row["error"] is None for row in rows] == [True] * 3 + [False] * 4
    assert _rows(output) == rows
    assert tuple(_rows(output)[0]) == ROW_KEYS


def test_rows_are_written_before_the_next_image(stand_in, photos, tmp_path):
    """A consumer that stops has every row that it saw in the file."""
    output = tmp_path / "rows.jsonl"
    running = score_paths([photos / name for name in ALL], Scorer(), output=output)
    next(running)
    next(running)
    assert len(_rows(output)) == 2
    running.close()
    assert len(_rows(output)) == 2


def test_resume_scores_nothing_twice(stand_in, photos, tmp_path):
    """The second run over the same folder adds no line and runs no network."""
    output = tmp_path / "rows.jsonl"
    first = _run(photos, output=output)
    content = output.read_bytes()
    second = _run(photos, output=output, resume=True)
    assert second == first
    assert output.read_bytes() == content
    assert stand_in[1].calls == 0


def test_resume_continues_after_a_kill(stand_in, photos, tmp_path):
    """A last line torn by a kill is cut off and its image scored again."""
    output = tmp_path / "rows.jsonl"
    _run(photos, output=output)
    whole = _rows(output)
    lines = output.read_bytes().splitlines(keepends=True)
    output.write_bytes(b"".join(lines[:1]) + lines[1][:50])
    _run(photos, output=output, resume=True)
    timeless = [{**row, "seconds": 0} for row in _rows(output)]
    assert timeless == [{**row, "seconds": 0} for row in whole]
    assert stand_in[1].calls == 3  # b, sub/a and small: all but the finished a


def test_same_content_elsewhere_is_not_computed_again(stand_in, photos, tmp_path):
    """A moved file gets a row of its own with the score it had."""
    output = tmp_path / "rows.jsonl"
    (before,) = _run(photos, ["a.png"], output=output)
    shutil.copy(photos / "a.png", photos / "copy.png")
    (after,) = _run(photos, ["copy.png"], output=output, resume=True)
    assert stand_in[1].calls == 0
    assert after["path"] == str(photos / "copy.png")
    assert after["seconds"] >= 0
    same = set(ROW_KEYS) - {"path", "seconds"}
    assert {key: after[key] for key in same} == {key: before[key] for key in same}
    assert len(_rows(output)) == 2


def test_changed_content_is_scored_again(stand_in, photos, tmp_path):
    """A path whose file was replaced gets a new row after the old one."""
    output = tmp_path / "rows.jsonl"
    _run(photos, ["a.png"], output=output)
    shutil.copy(photos / "b.png", photos / "a.png")
    (row,) = _run(photos, ["a.png"], output=output, resume=True)
    assert row["score"] == pytest.approx(111 / 255)
    assert [r["path"] for r in _rows(output)] == [str(photos / "a.png")] * 2


@pytest.mark.parametrize("change", ["stride", "weights"])
def test_other_stride_or_weights_are_another_result(stand_in, photos, tmp_path, change):
    """Rows of another stride or of other weights do not count as finished."""
    output = tmp_path / "rows.jsonl"
    _run(photos, ["a.png"], output=output)
    if change == "weights":
        output.write_text(output.read_text().replace("0" * 64, "1" * 64))
    _run(photos, ["a.png"], output=output, resume=True, stride=4 if change == "stride" else 8)
    assert stand_in[1].calls == 1
    assert len(_rows(output)) == 2


def test_missing_file_is_tried_again_and_noted_once(stand_in, photos, tmp_path):
    """An error without a hash is tried at each resume and gets no second equal row."""
    output = tmp_path / "rows.jsonl"
    for resume in (False, True):
        _run(photos, ["late.png"], output=output, resume=resume)
    assert len(_rows(output)) == 1
    shutil.copy(photos / "a.png", photos / "late.png")
    (row,) = _run(photos, ["late.png"], output=output, resume=True)
    assert row["error"] is None
    assert len(_rows(output)) == 2


def test_stop_ends_at_the_first_error_and_keeps_the_rows(stand_in, photos, tmp_path):
    """With on_error="stop" the bad file is named and gets no row."""
    output = tmp_path / "rows.jsonl"
    with pytest.raises(ValueError, match="notes.jpg"):
        _run(photos, ["a.png", "notes.jpg", "b.png"], output=output, on_error="stop")
    assert [row["path"] for row in _rows(output)] == [str(photos / "a.png")]


@pytest.mark.parametrize("options", [{"on_error": "skip"}, {"workers": 0}])
def test_wrong_arguments_are_refused_before_work(stand_in, options):
    """The call itself raises, not the first row."""
    with pytest.raises(ValueError, match="Expected"):
        score_paths([], Scorer(), **options)


def test_shards_are_disjoint_complete_and_stable():
    """Each name is in exactly one of n shards, whatever other names there are."""
    names = [f"folder/{number}.jpg" for number in range(200)]
    parts = [[name for name in names if in_shard(name, (i, 3))] for i in (1, 2, 3)]
    assert sorted(sum(parts, [])) == sorted(names)
    assert min(map(len, parts)) > 40
    assert [name for name in names[::2] if in_shard(name, (1, 3))] == [
        name for name in parts[0] if name in names[::2]
    ]


def test_read_ahead_is_bounded_and_ordered():
    """At most workers + 2 results wait, and they come in the order of the items."""
    started = []
    lock = threading.Lock()

    def work(item):
        with lock:
            started.append(item)
        return -item

    results = read_ahead(work, range(50), workers=2)
    for expected in range(50):
        assert next(results) == -expected
        assert len(started) <= expected + 4


def test_another_bound_on_memory_tries_again_what_was_refused(
    stand_in, photos, tmp_path, monkeypatch
):
    """A file refused at the usual bound is scored with more; what stays refused is noted once."""
    output, good, bad = tmp_path / "rows.jsonl", photos / "a.png", photos / "torn.bin"
    bad.write_bytes(b"no image")

    def run(**options):
        return list(score_paths([good, bad], Scorer(**options), output=output, resume=True))

    monkeypatch.setattr("kiqa.io.images.cost.MAX_BYTES", 1000)
    monkeypatch.setattr("kiqa.scoring.decoding.MAX_BYTES", 1000)
    first = run()
    assert "MiB to load" in first[0]["error"] and first[0]["sha256"]  # a verdict, as it was
    assert run()[0]["error"] == first[0]["error"] and len(_rows(output)) == 2
    assert run(max_memory=1 << 30)[0]["score"] is not None
    assert len(_rows(output)) == 3
    run(max_memory=1 << 30)
    assert len(_rows(output)) == 3
