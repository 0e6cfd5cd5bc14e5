"""``kiqa ratings``: files in, files out, and what is refused."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from kiqa.cli.main import main
from kiqa.evaluation.study.ratings import read_ratings
from kiqa.evaluation.study.rejection import RejectionRules
from kiqa.evaluation.study.scores import process_ratings
from kiqa.evaluation.study.simulated import simulate_study

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def study():
    return simulate_study(images=120, subjects=50, seed=1, contents=90,
                          bad={"random": 0.1, "lazy": 0.06, "unaccepted": 0.1})  # fmt: skip


@pytest.fixture
def files(study, tmp_path, monkeypatch):
    """The study as three CSV files in the working folder."""
    monkeypatch.chdir(tmp_path)
    r = study.ratings
    rows = zip(r.subject, r.session, r.image, r.rating, r.repeat.astype(int), strict=True)
    for name, header, lines in (
        ("r.csv", "subject,session,image,rating,repeat", rows),
        ("g.csv", "image,mos", study.golden.items()),
        ("s.csv", "subject,acceptance", study.acceptance.items()),
    ):
        text = "\n".join([header, *(",".join(map(str, line)) for line in lines), ""])
        Path(name).write_text(text)
    return ["ratings", "r.csv", "--golden", "g.csv", "--subjects", "s.csv", "--scale", "0:100"]


def _rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_scores_and_sessions_are_written(study, files, capsys):
    """mos.csv, sessions.csv and ratings.json hold what Python gets from the same ratings."""
    assert main([*files, "--output", "out"]) == 0
    expected = process_ratings(study.ratings, golden=study.golden, acceptance=study.acceptance)
    scores = _rows("out/mos.csv")
    assert [row["image_name"] for row in scores] == expected.scores.image.tolist()
    for key in ("mos", "ci_low", "ci_high"):
        values = getattr(expected.scores, key.removeprefix("ci_"))
        np.testing.assert_allclose([float(row[key]) for row in scores], values)
    sessions = _rows("out/sessions.csv")
    rejected = {row["subject"] for row in sessions if row["rejected"] == "1"}
    assert rejected == set(expected.rejected) == set(study.bad)
    assert {row["reasons"] for row in sessions if row["acceptance"] < "75"} >= {"acceptance rate"}
    result = json.loads(Path("out/ratings.json").read_text())
    assert result["rejected_subjects"] == sorted(study.bad) and result["images"] == 120
    assert 0.8 < result["halves"]["lcc"] < 1 and len(result["ratings_sha256"]) == 64
    printed = capsys.readouterr().out
    assert printed.startswith("4500 ratings of 50 subjects in 50 sessions\nleft out: 13 sessions")
    assert f"LCC {result['halves']['lcc']:.3f}" in printed
    assert result["not_applied"] == {} and "not applied" not in printed


def test_rules_can_be_changed_and_switched_off(files, capsys):
    """Options reach the rules; off is None; nothing is written without --output."""
    off = [f"--{name}=off" for name in
           ("acceptance", "identical", "repeat-limit", "golden-srocc", "chance-level")]  # fmt: skip
    assert main([*files, *off]) == 0
    assert "left out: 0 sessions, 0 subjects" in capsys.readouterr().out
    assert main([*files, *off[1:], "--acceptance=85", "--output", "out"]) == 0
    result = json.loads(Path("out/ratings.json").read_text())
    assert set(result["reasons"]) == {"acceptance rate"} and result["rejected_sessions"] > 10
    assert result["rules"]["acceptance"] == 85 and result["rules"]["identical"] is None
    assert sorted(path.name for path in Path().iterdir()) == ["g.csv", "out", "r.csv", "s.csv"]


def test_help_states_the_defaults(capsys):
    """The numbers in the help are those of the rules."""
    with pytest.raises(SystemExit):
        main(["ratings", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    rules = RejectionRules()
    for name in ("acceptance", "identical", "repeat_limit", "golden_srocc", "chance_level"):
        assert (
            f"(default: {getattr(rules, name):g}); off"
            in text.split(f"--{name.replace('_', '-')} N", 2)[-1]
        )


def test_z_range(files):
    """Other ends of the scale."""
    assert main([*files, "--output", "a"]) == main([*files, "--z-range=-2:2", "--output", "b"]) == 0
    one, two = ([float(row["mos"]) for row in _rows(f"{name}/mos.csv")] for name in "ab")
    np.testing.assert_allclose(np.array(two) - 50, 1.5 * (np.array(one) - 50))


def test_level(files):
    """A lower level gives narrower intervals."""
    assert main([*files, "--output", "a"]) == main([*files, "--level=0.5", "--output", "b"]) == 0
    wide, narrow = (float(_rows(f"{name}/mos.csv")[0]["ci_high"]) for name in "ab")
    assert narrow < wide
    assert json.loads(Path("b/ratings.json").read_text())["level"] == 0.5


def test_few_ratings_are_scored_without_halves(tmp_path, monkeypatch, capsys):
    """One subject: scores without intervals, and why there are no halves."""
    monkeypatch.chdir(tmp_path)
    Path("r.csv").write_text("subject,image,rating\ne,a,1\ne,b,2\ne,c,5\n")
    assert main(["ratings", "r.csv", "--output", "out"]) == 0
    assert "at least 2 subjects" in capsys.readouterr().out
    rows = _rows("out/mos.csv")
    assert [row["ci_low"] for row in rows] == ["", "", ""] and float(rows[2]["mos"]) > 60


LINES = [f"s{n % 5},i{n // 5},{1 + n % 4}" for n in range(60)]


def _rate(lines, *options):
    Path("r.csv").write_text("\n".join(["subject,image,rating", *lines, ""]))
    return main(["ratings", "r.csv", *options])


def test_rules_that_did_not_apply_are_told(tmp_path, monkeypatch, capsys):
    """In one line, and beside the limits in the JSON file."""
    monkeypatch.chdir(tmp_path)
    assert _rate(LINES, "--golden-srocc", "off", "--output", "out") == 0
    line = (
        "not applied: acceptance (no rates), repeat-limit (no repeats), "
        "chance-level (12 images that others rated, it needs 30)"
    )
    assert line in capsys.readouterr().out.splitlines()
    result = json.loads(Path("out/ratings.json").read_text())
    assert set(result["not_applied"]) == {"acceptance", "repeat_limit", "chance_level"}
    assert result["rules"]["chance_level"] == 0.01


@pytest.mark.parametrize("sentinel", ["-1", "99", "999"])
def test_values_that_may_mean_not_rated_are_warned_of(tmp_path, monkeypatch, capsys, sentinel):
    """Lowest and highest rating are printed; the JSON file has what is doubtful."""
    monkeypatch.chdir(tmp_path)
    assert _rate([*LINES, f"s0,i50,{sentinel}", f"s1,i50,{sentinel}"], "--output", "out") == 0
    out, err = capsys.readouterr()
    assert f"\nlowest rating {min(1, int(sentinel))}, highest {max(4, int(sentinel))}\n" in out
    assert err.startswith(f"kiqa: warning: 2 of 62 ratings are {sentinel}, which looks like 'not")
    result = json.loads(Path("out/ratings.json").read_text())
    assert result["doubtful_ratings"] == [{"value": float(sentinel), "ratings": 2}]
    assert float(sentinel) in (result["lowest"], result["highest"])


def test_a_stated_scale_ends_the_doubt(tmp_path, monkeypatch, capsys):
    """What is on it is a rating, what is not is refused."""
    monkeypatch.chdir(tmp_path)
    assert _rate([*LINES, "s0,i50,-1"], "--scale=-1:4") == 0
    assert "warning" not in capsys.readouterr().err
    assert _rate([*LINES, "s0,i50,-1"], "--scale=1:4") == 2


def test_good_ratings_get_no_warning(tmp_path, monkeypatch, capsys):
    """Lowest and highest are told all the same."""
    monkeypatch.chdir(tmp_path)
    assert _rate(LINES) == 0
    out, err = capsys.readouterr()
    assert "\nlowest rating 1, highest 4\n" in out and not err


def test_a_wide_table_gives_the_same_scores(tmp_path, monkeypatch, capsys):
    """One column per subject, semicolons, as Excel saves it in half of the world."""
    monkeypatch.chdir(tmp_path)
    assert _rate(LINES, "--output", "long") == 0
    long = capsys.readouterr().out
    rated = {tuple(line.split(",")[:2]): line.split(",")[2] for line in LINES}
    wide = [";s0;s1;s2;s3;s4"]
    wide += [";".join([f"i{i}", *(rated[f"s{s}", f"i{i}"] for s in range(5))]) for i in range(12)]
    Path("w.csv").write_text("\n".join(wide), encoding="utf-16")
    assert main(["ratings", "w.csv", "--output", "wide"]) == 0
    assert capsys.readouterr().out == long
    assert Path("wide/mos.csv").read_bytes() == Path("long/mos.csv").read_bytes()


@pytest.mark.parametrize(("text", "options", "message"), [
    ("subject,image,rating\ne,a,good\n", [], "line 2: rating 'good'"),
    ("subject,image,rating\ne,a,1\ne,a,2\n", [], "ratings that occur again"),
    ("subject,image,rating\ne,a,5\ne,b,5\n", [], "none of them kept"),
    ("subject,image,rating\ne,a,5\ne,b,6\n", ["--scale", "1:5"], "from 1 to 5"),
    ("subject,image,rating\ne,a,5\ne,b,6\n", ["--golden", "no.csv"], "no.csv"),
    ("subject,image,rating\ne,a,5\ne,b,6\n", ["--identical", "2"], "identical from 0 to 1"),
    ("subject,image,rating\ne,a,5\ne,b,6\n", ["--level", "1"], "level between 0 and 1"),
    ("who,image,rating\ne,a,5\n", [], "'who', 'image', 'rating'"),
])  # fmt: skip
def test_wrong_input_is_one_line_and_status_2(
    tmp_path, monkeypatch, capsys, text, options, message
):
    """Nothing is written, the message is one line."""
    monkeypatch.chdir(tmp_path)
    Path("r.csv").write_text(text)
    assert main(["ratings", "r.csv", "--output", "out", *options]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1 and not Path("out").exists()


@pytest.mark.parametrize("option", ["--scale=5", "--scale=5:1", "--identical=half"])
def test_wrong_options(option, capsys):
    """Usage errors have status 2."""
    with pytest.raises(SystemExit) as error:
        main(["ratings", "r.csv", option])
    assert error.value.code == 2 and "expected" in capsys.readouterr().err


def test_help_loads_no_numbers(loaded_by_help):
    """--help answers without NumPy, Keras or TensorFlow."""
    loaded, _ = loaded_by_help("kiqa.cli.main", "ratings")
    assert not {"tensorflow", "keras", "scipy", "numpy"} & loaded


def test_file_is_read_as_written(study, files):
    """The fixture's file is the study."""
    read = read_ratings("r.csv")
    np.testing.assert_array_equal(read.rating, study.ratings.rating)
    np.testing.assert_array_equal(read.repeat, study.ratings.repeat)
