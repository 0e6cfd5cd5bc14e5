"""``kiqa score``: formats, output files, shards, bad files, interrupts and full disks."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

import kiqa
from kiqa.cli import score as score_command
from kiqa.cli.main import main
from kiqa.io.map_files import QualityMap
from kiqa.io.rows import read_rows
from kiqa.scoring import ROW_KEYS, row_columns

ROOT = Path(kiqa.__file__).parents[1]
NAMES = ["a.png", "b.png", "empty.jpg", "notes.jpg", "small.png", "torn.png", "sub/a.png"]


def _jsonl(text):
    return [json.loads(line) for line in text.splitlines()]


def test_folder_gives_a_row_for_every_file(stand_in, photos, capsys):
    """Good images are scored, everything else is an error row; the status is 1."""
    assert main(["score", "photos", "--format", "jsonl"]) == 1
    out, err = capsys.readouterr()
    rows = _jsonl(out)
    assert [row["path"] for row in rows] == [f"photos/{name}" for name in NAMES]
    assert [row["path"] for row in rows if row["error"]] == [f"photos/{n}" for n in NAMES[2:6]]
    assert tuple(rows[0]) == ROW_KEYS
    assert err == "kiqa: 4 of 7 files could not be scored\n"


def test_all_well_is_status_0_and_a_table(stand_in, photos, capsys):
    """The default is a table; without errors nothing is on stderr."""
    assert main(["score", "photos/a.png", "photos/sub"]) == 0
    out, err = capsys.readouterr()
    note = "(flat image: out of the domain of stand-in)".split()
    assert [line.split() for line in out.splitlines()] == [
        ["score", "size", "path"],
        ["0.2000", "80x72", "photos/a.png", *note],
        ["0.6706", "82x72", "photos/sub/a.png", *note],
    ]
    assert err == ""


def test_csv_has_the_row_keys(stand_in, photos, capsys):
    """CSV columns are the row keys; None is empty."""
    main(["score", "photos/a.png", "photos/notes.jpg", "--format", "csv"])
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert tuple(rows[0]) == ROW_KEYS
    assert float(rows[0]["score"]) == pytest.approx(0.2)
    assert (rows[0]["error"], rows[1]["score"]) == ("", "")
    assert "notes.jpg" in rows[1]["error"]


def test_stride_reaches_the_map(stand_in, photos, capsys):
    """The default stride is 8; --stride changes it, and the rows say so."""
    main(["score", "photos/a.png", "--format", "jsonl"])
    main(["score", "photos/a.png", "--format", "jsonl", "--stride", "2"])
    assert [row["stride"] for row in _jsonl(capsys.readouterr().out)] == [8, 2]
    assert [mapper.stride for mapper in stand_in] == [8, 2]


def test_list_on_stdin(stand_in, photos, capsys, monkeypatch):
    """`-` scores the listed paths; a missing one is an error row."""
    listed = io.TextIOWrapper(io.BytesIO(b"photos/a.png\nphotos/gone.png\n"))
    monkeypatch.setattr("sys.stdin", listed)
    assert main(["score", "-", "--format", "jsonl"]) == 1
    rows = _jsonl(capsys.readouterr().out)
    assert [row["error"] is None for row in rows] == [True, False]
    assert "photos/gone.png" in rows[1]["error"]


@pytest.mark.parametrize(
    ("name", "option", "form"),
    [
        ("rows.jsonl", [], "jsonl"),
        ("rows.csv", [], "csv"),
        ("rows.txt", [], "table"),
        ("rows", ["--resume"], "jsonl"),
        ("rows.txt", ["--format", "jsonl"], "jsonl"),
    ],
)
def test_output_takes_its_format_from_option_or_suffix(
    stand_in, photos, capsys, name, option, form
):
    """--format decides, else the suffix, else what can be resumed, else a table."""
    assert main(["score", "photos/a.png", "--output", name, *option]) == 0
    assert capsys.readouterr().out == ""
    start = {"jsonl": '{"path"', "csv": "path,sha256", "table": "   score"}[form]
    assert Path(name).read_text().startswith(start)


def test_a_table_is_neither_continued_nor_replaced(stand_in, photos, capsys):
    """Both is said with a remedy that works."""
    argv = ["score", "photos/a.png", "--output", "t.txt"]
    assert main(argv) == 0
    before = Path("t.txt").read_bytes()
    assert main(argv) == 2
    error = capsys.readouterr().err
    assert "t.txt, which has content, and a table cannot be continued" in error
    assert len(stand_in) == 1  # the second run has loaded no model
    assert "--resume" not in error
    for more in ([], ["--format", "csv"], ["--format", "jsonl"]):
        assert main([*argv, "--resume", *more]) == 2
        assert "Received: t.txt, a table for reading. Choose another" in capsys.readouterr().err
    assert Path("t.txt").read_bytes() == before


def test_resume_finishes_the_rest_and_reports_old_errors(stand_in, photos, capsys):
    """A second run with --resume scores new files only; the status still counts old errors."""
    assert main(["score", "photos/notes.jpg", "photos/a.png", "--output", "o.jsonl"]) == 1
    assert main(["score", "photos", "--output", "o.jsonl", "--resume"]) == 1
    rows = _jsonl(Path("o.jsonl").read_text())
    assert sorted(row["path"] for row in rows) == sorted(f"photos/{name}" for name in NAMES)
    assert [mapper.calls for mapper in stand_in] == [1 + 1, 3 + 1]  # one to warm up
    assert "4 of 7" in capsys.readouterr().err


def test_output_within_the_folder_is_not_scored(stand_in, photos):
    """The output file never becomes its own input."""
    for _ in range(2):
        main(["score", "photos", "--output", "photos/rows.jsonl", "--resume"])
    rows = _jsonl(Path("photos/rows.jsonl").read_text())
    assert len(rows) == len(NAMES)


def test_shards_together_are_everything(stand_in, photos, capsys):
    """Rows of shards 1/2 and 2/2 are disjoint and complete."""
    parts = []
    for shard in ("1/2", "2/2"):
        main(["score", "photos", "--format", "jsonl", "--shard", shard])
        parts.append({row["path"] for row in _jsonl(capsys.readouterr().out)})
    assert parts[0].isdisjoint(parts[1])
    assert parts[0] | parts[1] == {f"photos/{name}" for name in NAMES}


def test_stop_ends_with_status_2(stand_in, photos, capsys):
    """--on-error stop names the file, after the rows before it."""
    assert main(["score", "photos", "--on-error", "stop", "--format", "jsonl"]) == 2
    out, err = capsys.readouterr()
    assert [row["path"] for row in _jsonl(out)] == ["photos/a.png", "photos/b.png"]
    assert err.startswith("kiqa: error: ")
    assert "photos/empty.jpg" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gone.jpg"], "gone.jpg"),
        (["photos", "gone"], "gone"),
        (["*.gif"], r"*.gif"),
        (["hollow"], "hollow"),
        (["photos", "--resume"], "--output"),
        (["photos", "--output", "photos/notes.jpg"], "a table cannot be continued"),
        (["photos", "--output", "photos/notes.jpg", "--format", "csv"], "Add --resume"),
        (["photos", "--output", "photos/notes.jpg", "--resume"], "notes.jpg"),
        (["photos", "--output", "photos"], "photos"),
        (["photos", "--output", "o", "--resume", "--format", "table"], "jsonl"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_input_error_is_one_line_and_status_2(stand_in, photos, capsys, arguments, said):
    """Wrong paths and wrong outputs end before anything is scored."""
    Path("hollow").mkdir()
    assert main(["score", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("kiqa: error: ")
    assert err.count("\n") == 1
    assert said in err
    assert (photos / "notes.jpg").read_text() == "no image"


def test_nan_score_is_an_error_row(stand_in, photos, capsys, monkeypatch):
    """NaN from a network is a row with an error that names the file, and status 1."""
    monkeypatch.setattr(QualityMap, "mean", lambda self: float("nan"))
    assert main(["score", "photos/a.png", "--format", "jsonl"]) == 1
    (row,) = _jsonl(capsys.readouterr().out)
    assert row["score"] is None
    assert "finite" in row["error"]
    assert "photos/a.png" in row["error"]


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("gone.h5", "gone.h5"),
        ("unheard", "'unheard'"),
        ("photos", "'photos'"),
        ("empty.h5", "0 bytes"),
        ("text.h5", "HDF5 cannot open"),
        ("cut.h5", "HDF5 cannot open"),
        ("weights.h5", "weights only"),
    ],
)
def test_unusable_model_is_one_line_and_status_2(photos, capsys, model, said):
    """A missing, foreign or damaged weights file is named before anything is scored."""
    Path("empty.h5").touch()
    Path("text.h5").write_text("<html>not found</html>")
    with h5py.File("weights.h5", "w") as file:
        file["dense/kernel"] = [1.0] * 1000
    Path("cut.h5").write_bytes(Path("weights.h5").read_bytes()[:2000])
    assert main(["score", "photos", "--model", model]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("kiqa: error: ")
    assert err.count("\n") == 1
    assert said in err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_full_disk_is_one_line_and_status_2(stand_in, photos, capsys):
    """A device without room ends the run with one line that names it."""
    arguments = ["--format", "jsonl", "--output", "/dev/full"]
    assert main(["score", "photos", *arguments]) == 2
    err = capsys.readouterr().err
    assert "/dev/full: No space left on device" in err
    assert err.count("\n") == 1


_SLOW = """
import sys, time
from types import SimpleNamespace
import numpy as np
from kiqa.cli import score as score_command
from kiqa.cli.main import main
from kiqa.scoring import Scorer

class Engine:
    stride, least_side, needs_reference, beside = 8, 64, False, None

    def score(self, pixels):
        if pixels[0, 0, 0] == 111:
            sys.stderr.write("busy\\n")
            sys.stderr.flush()
            time.sleep(60)
        return 0.0

info = SimpleNamespace(name="slow", scale="0..1", higher_is_better=True, sha256="0" * 64)
Scorer._load = lambda self: (info, Engine())
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
def test_interrupt_keeps_finished_rows(stand_in, photos, monkeypatch):
    """Ctrl-C ends with one line that tells how to go on; then --resume completes the file."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    arguments = ["score", "photos", "--output", "rows.jsonl"]
    with subprocess.Popen(
        [sys.executable, "-c", _SLOW, *arguments], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr.readline() == "busy\n"
        process.send_signal(signal.SIGINT)
        err = process.stderr.read()
    assert process.returncode == 130
    assert err == (
        "kiqa: interrupted. 1 of 7 images are finished and in rows.jsonl; "
        "add --resume to continue.\n"
    )
    assert [row["path"] for row in _jsonl(Path("rows.jsonl").read_text())] == ["photos/a.png"]
    assert main([*arguments, "--resume"]) == 1
    rows = _jsonl(Path("rows.jsonl").read_text())
    assert [row["path"] for row in rows] == [f"photos/{name}" for name in NAMES]
    assert stand_in[0].calls == 3 + 1  # b, small, sub/a; one to warm up


def test_real_network_scores_the_mean_over_patches(photos, capsys):
    """With an exported network the score is the mean of its outputs over all patches."""
    import numpy as np

    from kiqa.io.images import load_image
    from kiqa.io.weights import Details, export_h5
    from kiqa.models.patchnet import build_patchnet

    model = build_patchnet(conv_widths=((4,), (4,)), dense_widths=(8,), seed=3)
    export_h5(
        model, "net.h5", Details(name="tiny", version="1", scale="0..1", higher_is_better=True)
    )
    arguments = ["photos/sub", "--model", "net.h5", "--format", "jsonl"]
    assert main(["score", *arguments]) == 0
    (row,) = _jsonl(capsys.readouterr().out)
    pixels = load_image("photos/sub/a.png").pixels.astype(np.float32)
    patches = [pixels[y : y + 64, x : x + 64] for y in (0, 8) for x in (0, 8, 16)]
    expected = float(np.mean(model(np.stack(patches))))
    assert row["score"] == pytest.approx(expected, abs=1e-5)
    assert row["model"] == "tiny"
    assert len(row["weights_sha256"]) == 64


def test_memory_is_an_option(stand_in, photos, capsys):
    """Too little refuses each image by name; a resumed run with more scores it."""
    arguments = ["score", "photos/a.png", "--output", "rows.jsonl", "--resume"]
    assert main([*arguments, "--memory", "1M"]) == 1
    assert main([*arguments, "--memory", "1G"]) == 0
    rows = [json.loads(line) for line in Path("rows.jsonl").read_text().splitlines()]
    assert "at most 1 MiB to load" in rows[0]["error"] and rows[1]["error"] is None
    with pytest.raises(SystemExit):
        main([*arguments, "--memory", "much"])
    assert "expected a size such as 512M or 2G, got 'much'" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_reasons_are_columns_and_can_be_resumed(stand_in, photos, capsys, suffix):
    """Of images that were scored before they come from the file, of errors they are empty."""
    output = f"rows.{suffix}"
    argv = ["score", "photos", "--output", output, "--reasons"]
    assert main(argv) == 1
    before = Path(output).read_bytes()
    calls = stand_in[0].calls
    assert main([*argv, "--resume"]) == 1
    assert Path(output).read_bytes() == before and stand_in[0].calls == calls
    (photos / "copy.png").write_bytes((photos / "a.png").read_bytes())
    assert main([*argv, "--resume"]) == 1
    rows = read_rows(output, form=suffix, columns=row_columns(reasons=True))
    found = {row["path"]: row for row in rows}
    first, copy, bad = (found[f"photos/{n}"] for n in ("a.png", "copy.png", "torn.png"))
    assert "low contrast" in first["defects"] and first["contrast"] == 0
    assert {**first, **dict.fromkeys(("path", "seconds"))} == {
        **copy, **dict.fromkeys(("path", "seconds"))
    }  # fmt: skip
    assert bad["contrast"] is None and not bad["defects"]
    capsys.readouterr()
    assert main(["score", "photos/a.png", "--reasons"]) == 0
    assert "low contrast" in capsys.readouterr().out


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
@pytest.mark.parametrize(("first", "then"), [(["--reasons"], []), ([], ["--reasons"])])
def test_rows_are_not_resumed_with_other_columns(stand_in, photos, capsys, suffix, first, then):
    """A run with reasons and one without do not share a file."""
    output = f"rows.{suffix}"
    argv = ["score", "photos/a.png", "photos/b.png", "--output", output]
    assert main([*argv, *first]) == 0
    before = Path(output).read_bytes()
    assert main([*argv, *then, "--resume"]) == 2
    error = capsys.readouterr().err
    assert "Expected rows with the columns" in error and "sharpness" in error
    assert Path(output).read_bytes() == before


def test_urls_are_scored_as_files_are(stand_in, photos, capsys):
    """Rows have the URL; resumed they are not computed again; a file that has gone is an error."""
    fsspec = pytest.importorskip("fsspec", reason="needs kiqa[remote]")
    system = fsspec.filesystem("memory")
    for name in NAMES:
        system.pipe_file(f"/photos/{name}", (photos / name).read_bytes())
    system.pipe_file("/photos/notes.txt", b"no image")
    command = ["score", "memory://photos", "memory://photos/gone.png", "--output", "o.jsonl"]
    try:
        assert main(command) == 1
        rows = read_rows("o.jsonl", form="jsonl", columns=ROW_KEYS)
        main(["score", "photos", "--output", "local.jsonl"])
        local = {r["path"]: r for r in read_rows("local.jsonl", form="jsonl", columns=ROW_KEYS)}
        for name in NAMES:
            (row,) = [row for row in rows if row["path"] == f"memory://photos/{name}"]
            for key in ("score", "sha256", "width"):
                assert row[key] == local[f"photos/{name}"][key], (name, key)
        gone = rows[-1]
        assert gone["sha256"] is None and "memory://photos/gone.png: expected" in gone["error"]
        assert "1 file skipped: 1 .txt" in capsys.readouterr().err
        main([*command, "--resume"])
        assert len(read_rows("o.jsonl", form="jsonl", columns=ROW_KEYS)) == len(NAMES) + 1
        assert stand_in[-1].calls == 1  # to warm up
    finally:
        system.rm("/photos", recursive=True)


def test_urls_that_cannot_be_listed_are_status_2(photos, capsys):
    """One line that names the URL."""
    pytest.importorskip("fsspec", reason="needs kiqa[remote]")
    assert main(["score", "zip://gone.zip"]) == 2
    error = capsys.readouterr().err
    assert "zip://gone.zip: expected a file or folder" in error and error.count("\n") == 1


def test_a_bucket_without_rights_is_status_2(photos, capsys, monkeypatch):
    """One line with the URL and where to look."""
    fsspec = pytest.importorskip("fsspec", reason="needs kiqa[remote]")

    def refuse(*given, **options):
        raise OSError("Forbidden: https://storage")  # gcsfs's kind

    for name in ("info", "ls", "find"):
        monkeypatch.setattr(fsspec.get_filesystem_class("memory"), name, refuse)
    assert main(["score", "memory://bucket/photos"]) == 2
    error = capsys.readouterr().err
    assert "memory://bucket/photos: expected the right to read it, received Forbidden" in error
    assert error.count("\n") == 1


def test_a_folder_that_cannot_be_listed_is_a_row_that_resume_tries_again(
    stand_in, photos, monkeypatch, capsys
):
    """As a local one; the others are scored."""
    fsspec = pytest.importorskip("fsspec", reason="needs kiqa[remote]")
    system = fsspec.filesystem("memory")
    kind = type(system)
    for name in ("a.png", "sub/b.png"):
        system.pipe_file(f"/partly/{name}", (photos / "a.png").read_bytes())
    listing = kind.ls

    def refuse(self, path, *given, **options):
        if path.endswith("sub"):
            raise PermissionError("Forbidden")
        return listing(self, path, *given, **options)

    monkeypatch.setattr(kind, "find", fsspec.AbstractFileSystem.find)  # as of web servers, SFTP
    command = ["score", "memory://partly", "--output", "o.jsonl", "--resume"]
    with monkeypatch.context() as without:
        without.setattr(kind, "ls", refuse)
        assert main(command) == 1
    assert main(command) == 0
    rows = read_rows("o.jsonl", form="jsonl", columns=ROW_KEYS)
    assert [row["path"].removeprefix("memory://partly/") for row in rows] == [
        "a.png", "sub/", "sub/b.png",
    ]  # fmt: skip
    assert "memory://partly/sub/: expected the right to read it" in rows[1]["error"]
    assert rows[1]["sha256"] is None


def test_an_object_without_rights_is_a_row_that_resume_tries_again(
    stand_in, photos, monkeypatch, capsys
):
    """The others are scored; with the right it has a score."""
    system = pytest.importorskip("fsspec", reason="needs kiqa[remote]").filesystem("memory")
    for name in ("a.png", "b.png"):
        system.pipe_file(f"/rights/{name}", (photos / name).read_bytes())
    opened = type(system)._open

    def refuse(self, path, *given, **options):
        if path.endswith("b.png"):
            raise PermissionError("Forbidden")
        return opened(self, path, *given, **options)

    command = ["score", "memory://rights", "--output", "o.jsonl", "--resume"]
    with monkeypatch.context() as without:
        without.setattr(type(system), "_open", refuse)
        assert main(command) == 1
    assert main(command) == 0
    rows = read_rows("o.jsonl", form="jsonl", columns=ROW_KEYS)
    assert [row["path"].rpartition("/")[2] for row in rows] == ["a.png", "b.png", "b.png"]
    assert "memory://rights/b.png: expected the right to read it" in rows[1]["error"]
    assert [row["score"] is None for row in rows] == [False, True, False]


@pytest.mark.parametrize("where", ["listing", "memory://listing"])
def test_a_listing_that_changes_meanwhile(stand_in, photos, monkeypatch, capsys, where):
    """What has gone since is an error that names it; what has come is for the next run."""
    system = pytest.importorskip("fsspec", reason="needs kiqa[remote]")
    system = system.filesystem("memory" if "://" in where else "file")
    place = "/listing" if "://" in where else os.path.abspath("listing")
    system.makedirs(place, exist_ok=True)
    for name in ("a.png", "b.png"):
        system.pipe_file(f"{place}/{name}", (photos / name).read_bytes())
    collected = score_command.collect

    def collect(*given, **options):
        found = collected(*given, **options)
        system.rm(f"{place}/a.png")
        system.pipe_file(f"{place}/c.png", (photos / "sub/a.png").read_bytes())
        return found

    command = ["score", where, "--output", "o.jsonl", "--resume"]
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(score_command, "collect", collect)
        assert main(command) == 1
    assert main(command) == 0
    rows = read_rows("o.jsonl", form="jsonl", columns=ROW_KEYS)
    assert [row["path"] for row in rows] == [f"{where}/{name}.png" for name in "abc"]
    assert rows[0]["error"].startswith(f"{where}/a.png: ") and rows[0]["sha256"] is None
    assert [row["score"] is None for row in rows] == [True, False, False]
