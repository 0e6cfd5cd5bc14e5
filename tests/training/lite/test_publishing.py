"""What the published file of lite says beside a score."""

import keras
import numpy as np
import pytest
from PIL import Image

from kiqa.io.weights import load_model, read_info
from kiqa.maps.lite import LiteRater
from kiqa.models.lite import build_lite
from kiqa.training.lite.publishing import export_lite


@pytest.mark.slow
@pytest.mark.usefixtures("eager", "small_lite")
def test_percentiles_are_of_the_file_not_of_the_training(tmp_path, photo):
    """A network in bfloat16 scores otherwise than its file, which is read in float32."""
    paths = [tmp_path / f"{number}.png" for number in range(6)]
    for number, path in enumerate(paths):
        Image.fromarray(photo[40 * number :][:64, :80]).save(path)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = build_lite(variant="lite0", units=4, seed=1)
    finally:
        keras.config.set_dtype_policy("float32")
    for name in ("judgement", "tuned_judgement"):  # scores that lie apart
        layer = network.get_layer(name)
        layer.kernel.assign(50 * layer.kernel)
    wanted = np.linspace(0.2, 0.8, 3)
    file = export_lite(
        network, tmp_path / "lite.h5", train=paths[:3], validation=paths[3:], wanted=wanted,
        trained_on=(), initial=None,
    )  # fmt: skip
    published, trained = LiteRater(load_model(file)), LiteRater(network)
    pixels = [np.asarray(Image.open(path)) for path in paths[:3]]
    scores = np.sort([published.score(each) for each in pixels])
    details = read_info(file).details
    np.testing.assert_allclose(details.percentiles[::50], scores, atol=1e-5)
    others = np.sort([trained.score(each) for each in pixels])
    assert np.abs(others - scores).max() > 1e-4
