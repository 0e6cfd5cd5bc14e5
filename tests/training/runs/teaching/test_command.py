"""Options of what is made of training images, and of a teacher."""

import argparse
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from kiqa.arguments import add_exclude
from kiqa.data.records import ScoredImage, original_name
from kiqa.training.runs.teaching import command
from kiqa.training.runs.teaching.command import add_teaching, taught_parts, with_taught


@pytest.fixture
def train(tmp_path, photo):
    """Two rated images, MOS 0.4 and 0.8."""
    result = []
    for name, mos in (("a.png", 40.0), ("b.png", 80.0)):
        Image.fromarray(photo[:96, :96]).save(tmp_path / name)
        record = ScoredImage(name, tmp_path / name, mos, None, name, "biq2021", (0, 100), "train")
        result.append(record)
    return result


def _asked(*argv):
    parser = argparse.ArgumentParser()
    add_teaching(parser)
    add_exclude(parser)
    return parser.parse_args(argv)


def test_nothing_is_added_unless_asked(train, tmp_path):
    """The papers' trainings stay as they are."""
    assert with_taught(train, [], _asked(), tmp_path / "made", seed=0) == train
    assert not (tmp_path / "made").exists()


def test_copies_that_cannot_be_made_are_refused_first(train, tmp_path, monkeypatch):
    """Without JPEG 2000 in Pillow, before any copy; histories do without."""
    monkeypatch.setattr("PIL.features.check", lambda feature: feature != "jpg_2000")
    asked = ("--teacher", "lite", "--histories", "1")
    with pytest.raises(ValueError, match="Expected a Pillow with JPEG 2000"):
        with_taught(train, [], _asked(*asked, "--degraded", "25"), tmp_path / "made", seed=0)
    assert not (tmp_path / "made").exists()
    assert len(with_taught(train, [], _asked(*asked[2:]), tmp_path / "made", seed=0)) == 4


def test_histories_keep_the_score(train, tmp_path):
    """Copies are called after their image and are of its scene."""
    found = with_taught(train, [], _asked("--histories", "2"), tmp_path / "made", seed=0)
    assert found[:2] == train
    assert [record.name for record in found[2:]] == [
        "a.png (history 1)", "a.png (history 2)", "b.png (history 1)", "b.png (history 2)",
    ]  # fmt: skip
    assert [record.mos01 for record in found[2:]] == [0.4, 0.4, 0.8, 0.8]
    assert [record.content for record in found[2:]] == ["a.png", "a.png", "b.png", "b.png"]
    assert {original_name(record.name) for record in found} == {"a.png", "b.png"}
    assert all(record.scored_by is None for record in found)


def test_a_teacher_moves_scores_and_gives_those_of_copies(train, tmp_path, all_half, photo):
    """(1 - W) MOS + W teacher; what no person rated has the teacher's alone, and its name."""
    more = tmp_path / "more"
    more.mkdir()
    Image.fromarray(photo[:80, :80]).save(more / "c.png")
    asked = _asked(
        "--teacher", "lite", "--teacher-weight", "0.25", "--histories", "1", "--degraded", "25",
        "--undistorted", str(more),
    )  # fmt: skip
    others = [more / "c.png"]
    found = with_taught(train, [], asked, tmp_path / "made", seed=0, undistorted=others)
    np.testing.assert_allclose([r.mos01 for r in found[:4]], [0.425, 0.725, 0.425, 0.725])
    assert [(r.taught_by, r.scored_by) for r in found[:4]] == [("lite", None)] * 4
    rest = found[4:]
    assert all(record.taught_by is None for record in rest)
    assert len(rest) == 26 and {record.scored_by for record in rest} == {"lite"}
    assert {record.mos01 for record in rest} == {0.5}
    assert rest[0].name == "c.png" and rest[-1].content == "nothing"
    assert {record.content for record in rest} == {"a.png", "b.png", "c.png", "nothing"}


def test_undistorted_images_that_are_judged_by_are_refused(train, tmp_path, monkeypatch):
    """Before the teacher scores anything."""
    monkeypatch.setattr(command, "chosen_parts", lambda *_: (train[:1], train[1:], []))
    arguments = _asked("--teacher", "lite", "--undistorted", str(tmp_path))
    with pytest.raises(ValueError, match=r"outside of val and test.*such as \['b.png'\]"):
        taught_parts(arguments, None)


def test_excluded_images_are_not_learned_undistorted(train, tmp_path, all_half, monkeypatch):
    """``--exclude`` is of all that is trained on."""
    monkeypatch.setattr(command, "chosen_parts", lambda *_: (train[:1], [], []))
    (tmp_path / "excluded.csv").write_text("image_name\nb.png\n")
    arguments = _asked("--teacher", "lite", "--undistorted", str(tmp_path),
                       "--exclude", str(tmp_path / "excluded.csv"))  # fmt: skip
    arguments.workdir = tmp_path / "run"
    found, _, _ = taught_parts(arguments, SimpleNamespace(seed=0))
    assert [record.name for record in found] == ["a.png", "a.png"]  # the rated one, and its file


@pytest.mark.parametrize(("weight", "taught", "scored"), [("1", None, "lite"), ("0", None, None)])
def test_who_scored_follows_the_weight(train, tmp_path, all_half, weight, taught, scored):
    """With 1 the MOS plays no part, with 0 the teacher none; copies have what their image has."""
    asked = _asked("--teacher", "lite", "--teacher-weight", weight, "--histories", "1")
    found = with_taught(train, [], asked, tmp_path / "made", seed=0)
    assert [(r.taught_by, r.scored_by) for r in found] == [(taught, scored)] * 4


def test_options_that_need_a_teacher_say_so(train, tmp_path):
    """Nobody else scores degraded copies."""
    for option in (["--degraded", "5"], ["--undistorted", str(tmp_path)]):
        with pytest.raises(ValueError, match="Expected --teacher together with --"):
            with_taught(train, [], _asked(*option), tmp_path, seed=0)
    with pytest.raises(ValueError, match="Expected --teacher-weight from 0 to 1"):
        with_taught(train, [], _asked("--teacher-weight", "2"), tmp_path, seed=0)
    with pytest.raises(ValueError, match="Expected --histories of 0 or more"):
        with_taught(train, [], _asked("--histories", "-1"), tmp_path, seed=0)


def test_without_a_training_part_there_is_nothing_to_copy(tmp_path):
    """Copies of validation images would judge themselves."""
    with pytest.raises(ValueError, match="Expected images of the part train"):
        with_taught([], [], _asked("--histories", "1"), tmp_path, seed=0)
