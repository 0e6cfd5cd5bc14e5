"""tf.data pipelines: the loader's pixels, order, remainder, seeds, errors."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kiqa.data.pipeline import (
    decode_image,
    eval_pipeline,
    image_patch_pipeline,
    patch_pipeline,
    readable_errors,
)
from kiqa.data.records import ScoredImage
from kiqa.io.images import ImageError, load_image, plain_coding

JPEGS = {
    "444": {"quality": 95, "subsampling": "4:4:4"},
    "420": {"quality": 75, "subsampling": "4:2:0"},
    "422 progressive": {"quality": 30, "subsampling": "4:2:2", "progressive": True},
    "420 progressive": {"quality": 90, "subsampling": "4:2:0", "progressive": True},
    "stored as RGB": {"quality": 90, "keep_rgb": True},
}


def record(path, mos=50.0):
    """A record of an image file on the scale 0..100."""
    return ScoredImage(path.name, path, mos, None, path.name, "test", (0.0, 100.0))


@pytest.fixture(scope="module")
def records(tmp_path_factory, photo, encode):
    """Seven images of different sizes and formats, scores 0, 10, ... 60."""
    folder = tmp_path_factory.mktemp("images")
    made = []
    for number in range(7):
        pixels = photo[: 70 + 9 * number, 20 * number : 20 * number + 80 + 5 * number]
        path = folder / f"bild-ä{number}.{('jpg', 'png')[number % 2]}"
        path.write_bytes(encode(pixels, ("JPEG", "PNG")[number % 2]))
        made.append(record(path, 10.0 * number))
    return made


@pytest.mark.parametrize("gray", [False, True], ids=["rgb", "gray"])
@pytest.mark.parametrize("size", [(97, 83), (64, 64), (17, 9), (1, 1)], ids=str)
def test_decoding_equals_the_loader(tmp_path, photo, encode, gray, size):
    """Eagerly and inside tf.data, JPEG and PNG decode to the loader's very pixels."""
    image = Image.fromarray(photo[60 : 60 + size[0], 90 : 90 + size[1]])
    image = image.convert("L") if gray else image
    files = {f"{name}.jpg": encode(image, "JPEG", **options) for name, options in JPEGS.items()}
    files["plain.png"] = encode(image, "PNG")
    made = []
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        assert plain_coding(content) == {"jpg": "jpeg", "png": "png"}[name[-3:]], name
        made.append(record(tmp_path / name))
    for item, (pixels, _) in zip(made, eval_pipeline(made), strict=True):
        expected = load_image(item.path).pixels
        np.testing.assert_array_equal(pixels, expected, err_msg=item.name)
        np.testing.assert_array_equal(decode_image(tf.constant(str(item.path))), expected)


def test_awkward_files_go_through_the_loader(awkward_folder):
    """Orientation, alpha, 16 bits, CMYK and the rest are the loader's in tf.data too."""
    made = [record(path) for path in sorted((awkward_folder / "good").iterdir())]
    for item, (pixels, _) in zip(made, eval_pipeline(made), strict=True):
        np.testing.assert_array_equal(pixels, load_image(item.path).pixels, err_msg=item.name)


def test_eval_keeps_order_and_every_record(records):
    """Evaluation yields each record once, in order, with its score on 0..1, every time."""
    for _ in range(2):
        pairs = list(eval_pipeline(records))
        assert [tuple(pixels.shape[:2]) for pixels, _ in pairs] == [
            (70 + 9 * number, 80 + 5 * number) for number in range(7)
        ]
        labels = np.array([label.numpy() for _, label in pairs])
        np.testing.assert_allclose(labels, np.arange(7) / 10, atol=1e-7)
        assert labels.dtype == np.float32


@pytest.mark.parametrize("name", ["truncated.jpg", "truncated.png", "damaged.png", "bomb.png"])
def test_bad_file_names_itself(awkward_folder, name):
    """A damaged file ends the pipeline with the loader's one-line error."""
    path = awkward_folder / "bad" / name
    with pytest.raises(ImageError) as caught, readable_errors():
        list(eval_pipeline([record(path)]))
    assert str(caught.value).startswith(f"{path}: expected")
    with pytest.raises(ImageError, match=name), readable_errors():
        list(
            image_patch_pipeline([record(path)], patches_per_image=1, batch_size=1, seed=0, epoch=0)
        )


def test_missing_file_and_small_image_name_themselves(tmp_path, awkward_folder):
    """A missing file and an image smaller than a patch are named as well."""
    with pytest.raises(FileNotFoundError, match="gone.jpg"), readable_errors():
        list(eval_pipeline([record(tmp_path / "gone.jpg")]))
    small = record(awkward_folder / "good" / "one_pixel.png")
    with pytest.raises(ImageError, match="one_pixel.png.*64"), readable_errors():
        list(image_patch_pipeline([small], patches_per_image=1, batch_size=1, seed=0, epoch=0))


def test_other_errors_pass_unchanged():
    """An error that is not the loader's is not disguised."""
    with pytest.raises(tf.errors.InvalidArgumentError), readable_errors():
        tf.ensure_shape(tf.zeros(2), (3,))


def test_no_records_is_refused():
    """An empty list of records is a ValueError, not an empty epoch."""
    with pytest.raises(ValueError, match="at least one record"):
        eval_pipeline([])


def collect(dataset):
    """All batches of a dataset, patches and labels."""
    batches = [(x.numpy(), y.numpy()) for x, y in dataset]
    return [x for x, _ in batches], [y for _, y in batches]


def image_patches(records, *, seed=3, epoch=0, flip=False):
    """One epoch of five patches an image in batches of four."""
    return collect(
        image_patch_pipeline(
            records, patches_per_image=5, batch_size=4, seed=seed, epoch=epoch, flip=flip
        )
    )


def places(patch, image):
    """Positions at which a patch lies in an image."""
    windows = np.lib.stride_tricks.sliding_window_view(image, patch.shape)[:, :, 0]
    return np.argwhere((windows == patch).all(axis=(2, 3, 4)))


def test_image_patches_are_windows_of_their_image(records):
    """Each image gives its number of different windows, each with the image's score."""
    x, y = image_patches(records)
    assert [len(batch) for batch in x] == [4] * 8 + [3]
    assert [batch.shape for batch in y] == [(4, 1)] * 8 + [(3, 1)]
    x, y = np.concatenate(x), np.concatenate(y)[:, 0]
    assert (x.dtype, y.dtype) == (np.uint8, np.float32)
    for number, item in enumerate(records):
        image = load_image(item.path).pixels
        own = x[np.isclose(y, number / 10)]
        assert len(own) == 5
        found = [places(patch, image) for patch in own]
        assert all(len(each) for each in found)
        assert len({tuple(each[0]) for each in found}) == 5


def test_image_patches_follow_seed_and_epoch(records):
    """The same seed and epoch repeat bit by bit whatever the global seed; others differ."""
    tf.random.set_seed(1)
    x, y = image_patches(records)
    tf.random.set_seed(2)
    again = image_patches(records)
    for one, other in zip(x + y, again[0] + again[1], strict=True):
        np.testing.assert_array_equal(one, other)
    for changed in ({"seed": 4}, {"epoch": 1}):
        assert not np.array_equal(np.concatenate(image_patches(records, **changed)[0]), x)
        assert not np.array_equal(image_patches(records, **changed)[0][0], x[0])


def test_image_patches_are_mixed(records):
    """Patches of one image do not come in a row."""
    labels = np.concatenate(image_patches(records)[1])[:, 0]
    assert np.count_nonzero(np.diff(labels)) > 14  # unmixed: 6


def test_image_patches_flip(records):
    """With flip some patches are mirrored and some are not, and nothing else changes."""
    plain = np.concatenate(image_patches(records)[0])
    flipped = np.concatenate(image_patches(records, flip=True)[0])
    mirrored = [np.array_equal(a, b[:, ::-1]) for a, b in zip(plain, flipped, strict=True)]
    same = [np.array_equal(a, b) for a, b in zip(plain, flipped, strict=True)]
    assert all(a or b for a, b in zip(mirrored, same, strict=True))
    assert any(mirrored) and any(same)


@pytest.fixture(scope="module")
def arrays():
    """Twenty-three random patches; the label tells the patch."""
    x = np.random.default_rng(0).integers(0, 256, (23, 8, 8, 3)).astype(np.uint8)
    return x, np.arange(23) / 100


def test_array_patches_are_each_once(arrays):
    """An epoch holds each patch once with its label, in another order each epoch."""
    x, y = arrays
    orders = []
    for epoch in (0, 1):
        patches, labels = collect(patch_pipeline(x, y, batch_size=5, seed=7, epoch=epoch))
        assert [batch.shape for batch in patches] == [(5, 8, 8, 3)] * 4 + [(3, 8, 8, 3)]
        assert labels[-1].shape == (3, 1) and labels[0].dtype == np.float32
        order = np.rint(np.concatenate(labels)[:, 0] * 100).astype(int)
        np.testing.assert_array_equal(np.concatenate(patches), x[order])
        orders.append(order.tolist())
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(23))
    assert orders[0] != orders[1] != sorted(orders[1])


def test_array_patches_repeat_and_flip(arrays):
    """The same seed and epoch repeat; flip mirrors some patches and leaves the input alone."""
    x, y = arrays
    before = x.copy()
    options = {"batch_size": 6, "seed": 1, "epoch": 2}
    plain, again, flipped = (
        np.concatenate(collect(patch_pipeline(x, y, **options, flip=flip))[0])
        for flip in (False, False, True)
    )
    np.testing.assert_array_equal(plain, again)
    mirrored = [np.array_equal(a[:, ::-1], b) for a, b in zip(plain, flipped, strict=True)]
    same = [np.array_equal(a, b) for a, b in zip(plain, flipped, strict=True)]
    assert 4 < sum(mirrored) < 19
    assert sum(mirrored) + sum(same) == 23
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (np.zeros((4, 8, 8, 3), np.float32), np.zeros(4)),
        (np.zeros((4, 8, 8, 3), np.uint8), np.zeros(5)),
        (np.zeros((4, 8, 8, 3), np.uint8), np.zeros((4, 1))),
        (np.zeros((0, 8, 8, 3), np.uint8), np.zeros(0)),
    ],
    ids=["float", "lengths", "two axes", "empty"],
)
def test_wrong_arrays_are_refused(x, y):
    """Wrong types and shapes are refused before an epoch starts, with both shapes."""
    with pytest.raises(ValueError, match="received x"):
        patch_pipeline(x, y, batch_size=2, seed=0, epoch=0)
