"""A scorer that teaches."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from kiqa import __version__
from kiqa.data.records import ScoredImage
from kiqa.data.trained import names_trained_on, trained_on
from kiqa.io.weights import Details, export_h5
from kiqa.scoring import Scorer
from kiqa.training.runs.teaching.teacher import Teacher


def _scorer(path, *, slope=1.0, **options):
    """A WaDIQaM that sees brightness."""
    patch = keras.Input((32, 32, 3), name="patch")
    mean = keras.layers.GlobalAveragePooling2D()(patch)
    quality = keras.layers.Dense(1, name="quality")(mean)
    model = keras.Model(patch, {"quality": quality})
    kernel = np.full((3, 1), slope / 3 / 255, np.float32)
    model.get_layer("quality").set_weights([kernel, np.zeros(1, np.float32)])
    about = {"scale": "0..1", "higher_is_better": True, "mode": "wadiqam-nr"}
    return export_h5(
        model, path, Details(name="brightness", version=__version__, **about | options)
    )


def _teacher(*arguments, test=(), report=lambda text: None):
    return Teacher(*arguments, test=test, report=report)


def _records(*names):
    """Records of files that need not exist."""
    return [ScoredImage(n, Path(n), 0.5, None, n, "biq2021", (0.0, 1.0)) for n in names]


@pytest.fixture
def images(tmp_path):
    """Two images of known brightness."""
    paths = []
    for value in (51, 204):
        paths.append(tmp_path / f"{value}.png")
        Image.fromarray(np.full((64, 64, 3), value, np.uint8)).save(paths[-1])
    return paths


def test_scores_are_in_0_to_1_and_computed_once(images, tmp_path, monkeypatch):
    """In the order of the paths; asked again, they are read from the file."""
    teacher = _teacher(_scorer(tmp_path / "t.h5"), tmp_path / "made")
    np.testing.assert_allclose(teacher.scores(images), [0.2, 0.8], atol=1e-5)
    (file,) = (tmp_path / "made").glob("scores-*.jsonl")
    before = file.read_bytes()
    assert before.count(b"\n") == 2
    again = _teacher(tmp_path / "t.h5", tmp_path / "made")
    monkeypatch.setattr(Scorer, "score", None)
    np.testing.assert_allclose(again.scores(images[::-1]), [0.8, 0.2], atol=1e-5)
    assert file.read_bytes() == before


def test_a_teacher_of_another_kind_is_refused(tmp_path):
    """DMOS, lower is better, would teach the reverse."""
    worse = _scorer(tmp_path / "t.h5", scale="0..100 DMOS", higher_is_better=False)
    with pytest.raises(ValueError, match="Expected a teacher without reference"):
        _teacher(worse, tmp_path)


def test_a_teacher_that_saw_the_test_part_is_refused(tmp_path):
    """It would hand on what nobody may know."""
    seen = names_trained_on(
        ["ss01 (1).jpg"], dataset="biq2021", use="train", scores="human", about="MOS"
    )
    teacher = _scorer(tmp_path / "t.h5", trained_on=(seen,))
    with pytest.raises(ValueError, match="not trained on images of the test part"):
        _teacher(teacher, tmp_path, test=_records("ss01 (1).jpg", "ss01 (2).jpg"))
    _teacher(teacher, tmp_path, test=_records("ss01 (2).jpg"))


def test_scores_off_the_scale_become_its_ends(images, tmp_path):
    """A label below 0 or above 1 would be no score."""
    teacher = _teacher(_scorer(tmp_path / "t.h5", slope=2.0), tmp_path / "made")
    np.testing.assert_allclose(teacher.scores(images), [0.4, 1.0], atol=1e-5)


def test_a_student_that_learned_from_blended_scores_hands_its_teacher_on(tmp_path):
    """What its teacher saw, it must not be judged by, nor teach."""
    seen = names_trained_on(["x.png"], dataset="biq2021", use="train", scores="human", about="MOS")
    teacher = _scorer(tmp_path / "teacher.h5", trained_on=(seen,))
    rated = [replace(record, taught_by=str(teacher)) for record in _records("a.png", "b.png")]
    parts = trained_on(rated, scores="human", about="MOS")
    student = _scorer(tmp_path / "student.h5", trained_on=parts)
    with pytest.raises(ValueError, match="which was on 1 of 2"):
        _teacher(student, tmp_path, test=_records("x.png", "y.png"))


def test_a_file_that_does_not_say_what_it_saw_is_named(tmp_path):
    """It may have seen the test part; nobody can tell."""
    said = []
    _teacher(_scorer(tmp_path / "t.h5"), tmp_path, test=_records("a.png"), report=said.append)
    assert said == ["what brightness was trained on is not known: its file does not say it"]
