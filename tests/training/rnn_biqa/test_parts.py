"""Parts of folders of features: what is tested was not trained on."""

from pathlib import Path

import keras
import pytest

from kiqa.data.records import NOTHING, copy_kind, copy_name, original_name
from kiqa.data.splits import write_split
from kiqa.data.trained import names_trained_on
from kiqa.io.weights import Details, export_h5
from kiqa.maps.gaze import GazeForm
from kiqa.training.rnn_biqa.feature_folder import EXTRACTOR_FILE, FeatureFolder, FolderInfo
from kiqa.training.rnn_biqa.parts import cross_parts, own_parts, random_parts, unseen_parts


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


@pytest.fixture
def with_copies(tmp_path):
    """Ten images, the first six in train with two copies each, and one of what shows nothing."""
    sets = {f"{i}.jpg": "train" if i < 6 else "val" if i < 8 else "test" for i in range(10)}
    contents = dict(zip(sets, sets, strict=True))
    for name in [*list(sets)[:6], NOTHING]:
        kind, count = ("degraded", 1) if name == NOTHING else ("history", 2)
        contents |= {copy_name(name, kind, number + 1): name for number in range(count)}
    rows = tuple(
        {"name": name, "content": content, "mos": 0.5, "file": "f",
         "set": sets.get(content, "train")}
        for name, content in contents.items()
    )  # fmt: skip
    return FeatureFolder(tmp_path, FolderInfo("net", "0" * 64, 4, "spaq", GazeForm()), rows)


def _check_copies(parts):
    """Copies are trained on with their originals, all of them; none is judged by."""
    train = set(parts["train"].names)
    originals = {name for name in train if copy_kind(name) is None}
    copies = {name for name in parts["train"].folder.names if copy_kind(name)}
    allowed = {*originals, NOTHING}
    assert train - originals == {name for name in copies if original_name(name) in allowed}
    judged = [name for part in ("val", "test") if parts[part] for name in parts[part].names]
    assert judged and not {*judged} & {*copies, *train}


@pytest.mark.parametrize("count", [6, 3])
def test_copies_follow_their_originals_into_the_sets_of_a_split(with_copies, tmp_path, count):
    """A split names originals only; that of the folder gives the folder's own parts again."""
    names = [f"{i}.jpg" for i in range(10)]
    split = {name: "train" if i < count else "val" if i < 8 else "test"
             for i, name in enumerate(names)}  # fmt: skip
    parts = own_parts(with_copies, write_split(split, tmp_path / "split.csv"))
    _check_copies(parts)
    assert [len(parts[part].names) for part in parts] == [3 * count + 1, 8 - count, 2]
    if count == 6:
        own = own_parts(with_copies)
        assert {part: own[part].names for part in own} == {p: parts[p].names for p in parts}


def test_random_parts_test_no_copies(with_copies):
    """What shows nothing takes no place among the contents that are drawn."""
    for seed in range(5):
        parts = random_parts(with_copies, seed=seed)
        _check_copies(parts)
        assert len(parts["test"].names) == 2


def test_copies_of_another_data_set_are_not_tested(with_copies):
    """All images are trained on, with their copies; of the others none is a copy."""
    parts = cross_parts(with_copies, with_copies)
    assert parts["train"].names == with_copies.names
    assert parts["test"].names == [f"{i}.jpg" for i in range(10)]
