"""Parts of folders of features: what is tested was not trained on."""

from pathlib import Path

import keras
import pytest

from kiqa.data.trained import names_trained_on
from kiqa.io.weights import Details, export_h5
from kiqa.maps.gaze import GazeForm
from kiqa.training.rnn_biqa.feature_folder import EXTRACTOR_FILE, FeatureFolder, FolderInfo
from kiqa.training.rnn_biqa.parts import own_parts, unseen_parts


@pytest.fixture
def parts(tmp_path):
    """One image to train on and three to test on; an extractor that was trained on the first."""
    rows = tuple(
        {"name": f"{i}.jpg", "content": f"{i}.jpg", "mos": i / 4, "file": "f", "set": part}
        for i, part in enumerate(["test", "test", "test", "train"])
    )
    folder = FeatureFolder(tmp_path, FolderInfo("net", "0" * 64, 4, "spaq", GazeForm()), rows)
    _network(tmp_path / EXTRACTOR_FILE, "0.jpg")
    return own_parts(folder)


def _network(path: Path, image: str) -> Path:
    seen = names_trained_on([image], dataset="spaq", use="train", scores="human", about="MOS")
    x = keras.Input((3,))
    details = Details(path.stem, "1", "0..1", higher_is_better=True, trained_on=(seen,))
    return export_h5(keras.Model(x, keras.layers.Dense(1)(x)), path, details)


def test_images_of_extractor_and_start_are_not_tested_on(parts, tmp_path):
    """Each says which; --include-trained takes them all the same."""
    start, lines = _network(tmp_path / "start.h5", "1.jpg"), []
    unseen = unseen_parts(parts, include=False, report=lines.append)
    assert unseen["test"].names == ["1.jpg", "2.jpg"] and "extractor" in lines[0]
    unseen = unseen_parts(parts, initial=start, include=False, report=lines.append)
    assert unseen["test"].names == ["2.jpg"] and "start and extractor" in lines[1]
    unseen = unseen_parts(parts, initial=start, include=True, report=lines.append)
    assert unseen["test"].names == parts["test"].names


def test_the_start_counts_where_the_extractor_is_missing(parts, tmp_path):
    """What is not known of one does not hide the other."""
    start, lines = _network(tmp_path / "start.h5", "1.jpg"), []
    (tmp_path / EXTRACTOR_FILE).unlink()
    unseen = unseen_parts(parts, initial=start, include=False, report=lines.append)
    assert unseen["test"].names == ["0.jpg", "2.jpg"] and "not known" in lines[0]
