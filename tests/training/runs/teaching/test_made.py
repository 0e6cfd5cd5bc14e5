"""Images that are made of training images."""

import json

import numpy as np
import pytest
from PIL import Image

from kiqa.training.runs.teaching.made import KEY_FILE, make_degraded, make_histories


@pytest.fixture
def sources(tmp_path, photo):
    """Two image files."""
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    for path, pixels in zip(paths, (photo[:120, :90], photo[100:180, 50:150]), strict=True):
        Image.fromarray(pixels).save(path)
    return paths


def _pixels(made):
    return [np.asarray(Image.open(one.path)) for one in made]


def test_each_image_gets_its_copies(sources, tmp_path):
    """In their order, numbered from 1, of other pixels; the same seed makes the same again."""
    made = make_histories(sources, tmp_path / "made", count=2, seed=3)
    assert [(one.source, one.number) for one in made] == [(0, 1), (0, 2), (1, 1), (1, 2)]
    first = _pixels(made)
    assert all(pixels.ndim == 3 and min(pixels.shape[:2]) >= 32 for pixels in first)
    assert first[0].shape != first[1].shape or (first[0] != first[1]).any()
    again = _pixels(make_histories(sources, tmp_path / "again", count=2, seed=3))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_is_there_is_not_made_again(sources, tmp_path):
    """An interrupted preparation continues; more copies can be asked for."""
    (first, *_) = make_histories(sources, tmp_path / "made", count=1, seed=0)
    stamp = first.path.stat().st_mtime_ns
    made = make_histories(sources, tmp_path / "made", count=2, seed=0)
    assert len(made) == 4 and made[0].path.stat().st_mtime_ns == stamp


def test_degraded_copies_and_images_that_show_nothing(sources, tmp_path):
    """One in 25 shows nothing; the others are of images, numbered for each."""
    made = make_degraded(sources, tmp_path / "made", count=50, seed=1)
    nothing = [one for one in made if one.source is None]
    assert [made.index(one) for one in nothing] == [24, 49]
    for source in (0, 1):
        numbers = [one.number for one in made if one.source == source]
        assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) > 10


def test_a_folder_of_other_images_is_refused(sources, tmp_path):
    """Copies of other images, or of another seed, would be taken for these."""
    make_histories(sources, tmp_path / "made", count=1, seed=0)
    other = tmp_path / "other" / sources[1].name
    other.parent.mkdir()
    other.write_bytes(sources[1].read_bytes() + b"more")  # of the same name
    for images, seed in ((sources[:1], 0), (sources, 1), ([sources[0], other], 0)):
        with pytest.raises(ValueError, match="Name another folder with --made"):
            make_histories(images, tmp_path / "made", count=1, seed=seed)


def test_a_folder_knows_images_by_their_content(sources, tmp_path):
    """Of the same names and numbers of bytes; a note without contents is refused and kept."""
    folder, file = tmp_path / "made", tmp_path / "made" / KEY_FILE
    paths = [path.with_suffix(".bmp") for path in sources]
    for path, source in zip(paths, sources, strict=True):
        Image.open(source).save(path)
    make_histories(paths, folder, count=1, seed=0)
    known = json.loads(file.read_text())
    changed = np.asarray(Image.open(paths[1])) // 2
    size = paths[1].stat().st_size
    Image.fromarray(changed).save(paths[1])
    assert paths[1].stat().st_size == size
    silent = {"history": {key: known["history"][key] for key in ("seed", "images")}}
    for note in (known, silent):
        file.write_text(json.dumps(note))
        with pytest.raises(ValueError, match="by name and content.*Name another folder"):
            make_histories(paths, folder, count=1, seed=0)
        assert json.loads(file.read_text()) == note
