"""Features of images: the order of the gaze, batches, refusals."""

import keras
import numpy as np
import pytest

from kiqa.maps.gaze import GazeForm, gaze_of
from kiqa.maps.rnn_biqa import GazeExtractor


def _means(scale=1.0):
    """A network whose features are the mean and maximum of each colour."""
    x = keras.Input((224, 224, 3), name="patch")
    y = keras.layers.Rescaling(scale)(x)
    mean, maximum = keras.layers.GlobalAveragePooling2D()(y), keras.layers.GlobalMaxPooling2D()(y)
    return keras.Model(x, keras.layers.Concatenate(name="features")([mean, maximum]))


def _images(*shapes):
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (*shape, 3), dtype=np.uint8) for shape in shapes]


def _expected(image, form):
    patches = gaze_of(image, form).patches().astype(float)
    return np.concatenate([patches.mean(axis=(1, 2)), patches.max(axis=(1, 2))], axis=1)


@pytest.mark.parametrize("batch", [1, 4, 5, 100])
def test_sequences_are_in_the_order_of_the_gaze(batch):
    """Whatever the batch."""
    form = GazeForm()
    images = _images((224, 224), (500, 500), (240, 300), (100, 80))
    extractor = GazeExtractor(_means(), form=form, batch=batch)
    found = [extractor.of_gaze(gaze_of(image, form)) for image in images]
    assert [(len(s), s.low) for s in found] == [(2, 1), (13, 4), (6, 2), (4, 2)]
    for sequence, image in zip(found, images, strict=True):
        np.testing.assert_allclose(sequence.values, _expected(image, form), rtol=1e-4)


def test_one_resolution_leaves_the_half_out():
    """The ablation without multi-resolution sees the last patches only."""
    (image,) = _images((500, 500))
    sequence = GazeExtractor(_means(), form=GazeForm()).sequence(image)
    assert sequence.chosen(multi_resolution=True).shape == (13, 6)
    np.testing.assert_array_equal(sequence.chosen(multi_resolution=False), sequence.values[4:])


def test_refuses_features_that_are_not_finite():
    """As of damaged weights."""
    (image,) = _images((224, 224))
    with pytest.raises(ValueError, match="finite features.*12 that are not"):
        GazeExtractor(_means(float("inf")), form=GazeForm()).sequence(image + np.uint8(0))


def test_refuses_other_networks():
    """Both shapes are named."""
    x = keras.Input((64, 64, 3), name="patch")
    with pytest.raises(ValueError, match=r"\(None, 224, 224, 3\).*\(None, 64, 64, 3\)"):
        GazeExtractor(keras.Model(x, keras.layers.Flatten()(x)), form=GazeForm())
