"""Scoring with RNN-BIQA: both files belong together; sizes; no map."""

import keras
import numpy as np
import pytest
import tensorflow
from PIL import Image

from kiqa.cli.main import main
from kiqa.io.weights import Companion, Details, export_h5, manifest
from kiqa.maps.gaze import GazeForm, gaze_of
from kiqa.models.rnn_biqa import build_average_biqa, build_rnn_biqa
from kiqa.scoring import Scorer

pytestmark = pytest.mark.usefixtures("eager")

ABOUT = {"version": "1", "scale": "0..1", "higher_is_better": True}


def _extractor(path, factor=1 / 255):
    x = keras.Input((224, 224, 3), name="patch")
    y = keras.layers.Rescaling(factor, name="scale")(x)
    features = keras.layers.GlobalAveragePooling2D(name="features")(y)
    model = keras.Model(x, features)
    export_h5(model, path, Details(name="rnn_features", mode="rnn-features", **ABOUT))


def _sha256(path):
    from kiqa.io.files import sha256_of

    return sha256_of(path)


@pytest.fixture
def published(tmp_path):
    """Write a pooling network beside its extractor; options change what it says."""

    def publish(model, **changes):
        _extractor(tmp_path / "rnn_features.h5")
        details = {
            "mode": "rnn-biqa",
            "multi_resolution": True,
            "form": GazeForm().to_json(),
            "companions": {
                "extractor": Companion("rnn_features", _sha256(tmp_path / "rnn_features.h5"))
            },
        } | changes
        return export_h5(
            model, tmp_path / "rnn_biqa.h5", Details(name="rnn_biqa", **ABOUT, **details)
        )

    return publish


def _features(image, form=None):
    return gaze_of(image, form or GazeForm()).patches().mean(axis=(1, 2)) / 255


@pytest.mark.slow
@pytest.mark.parametrize("both", [True, False])
def test_score_is_that_of_the_pooled_features(published, photo, both):
    """Extractor, order and pooling network, with or without the half."""
    model = build_rnn_biqa(features=3, seed=1)
    scorer = Scorer(published(model, multi_resolution=both))
    features = _features(photo)[0 if both else 2 :]
    expected = model.predict(features[None].astype(np.float32), verbose=0)[0, 0]
    assert scorer.score(photo) == pytest.approx(expected, abs=1e-4)
    assert len(features) == (8 if both else 6)


def test_display_size_of_the_training_is_applied(published, photo):
    """The form in the file decides how an image becomes patches."""
    model, form = build_average_biqa(features=3, seed=1), GazeForm(display=(230, 400))
    scorer = Scorer(published(model, form=form.to_json()))
    expected = model.predict(_features(photo, form)[None].astype(np.float32), verbose=0)[0, 0]
    assert scorer.score(photo) == pytest.approx(expected, abs=1e-4)


def test_row_names_model_and_stride(published, photo):
    """Rows are as of other models; small images have a score, tiny ones an error."""
    scorer = Scorer(published(build_average_biqa(features=3, seed=1)))
    small, tiny = scorer([photo[:100, :150], photo[:31, :150]])
    assert small["error"] is None and small["score"] is not None
    assert (small["model"], small["stride"]) == ("rnn_biqa", 224)
    assert tiny["score"] is None and "at least 32x32 pixels. Received: 150x31" in tiny["error"]


def test_another_extractor_is_refused(published, tmp_path, photo):
    """By its hash; the right one is named."""
    path = published(build_average_biqa(features=3, seed=1))
    _extractor(tmp_path / "rnn_features.h5", factor=1.0)
    with pytest.raises(ValueError, match="extractor that .*h5 was written with, rnn_features.h5"):
        Scorer(path).score(photo)
    (tmp_path / "rnn_features.h5").unlink()
    with pytest.raises(ValueError, match="rnn_features"):
        Scorer(path).score(photo)


def test_missing_extractor_says_where_to_put_it(published, tmp_path, photo, monkeypatch):
    """Neither beside the file nor known by name."""
    path = published(build_average_biqa(features=3, seed=1))
    (tmp_path / "rnn_features.h5").unlink()
    monkeypatch.setattr(manifest, "weight_folders", list)
    with pytest.raises(ValueError, match=rf"no rnn_features.h5 beside {path}.*put the right"):
        Scorer(path).score(photo)


def test_other_backends_make_no_graph_of_tensorflows(published, photo, monkeypatch):
    """Where Keras runs on something else, Keras itself runs both networks: the same score."""
    path = published(build_average_biqa(features=3, seed=1))
    expected = Scorer(path).score(photo)
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    monkeypatch.setattr(tensorflow, "TensorSpec", None)
    assert Scorer(path).score(photo) == pytest.approx(expected, abs=1e-6)


def test_there_is_no_map(published, photo):
    """Nor a choice of stride."""
    path = published(build_average_biqa(features=3, seed=1))
    with pytest.raises(ValueError, match="such as patchnet"):
        Scorer(path).map(photo)
    with pytest.raises(ValueError, match="Expected no stride"):
        Scorer(path, stride=8).score(photo)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"companions": {}}, "name its extractor"),
        ({"form": {"grid": 3}}, "Expected the gaze"),
        ({"multi_resolution": None}, "multi_resolution"),
        ({"form": None}, "to say form"),
    ],
)
def test_files_must_say_what_they_are(published, photo, changes, message):
    """Details that are missing or of the wrong kind."""
    with pytest.raises(ValueError, match=message):
        Scorer(published(build_average_biqa(features=3), **changes)).score(photo)


def test_features_of_another_width_are_refused(published, photo):
    """A pooling network of four features beside an extractor of three."""
    with pytest.raises(ValueError, match=r"\(n, patches, 3\)"):
        Scorer(published(build_average_biqa(features=4))).score(photo)


@pytest.mark.slow
def test_map_of_it_is_a_wrong_option(tmp_path, capsys):
    """One line and exit status 2, before any image is looked at."""
    picture = tmp_path / "a.png"
    Image.new("RGB", (240, 240)).save(picture)
    arguments = ["map", str(picture), "--model", "rnn_biqa", "--npz", str(tmp_path / "out")]
    assert main(arguments) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and "a model that makes maps" in lines[0]
    assert not (tmp_path / "out").exists()
