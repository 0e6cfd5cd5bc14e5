"""NIQE's Gaussian: what the network holds is what was fitted."""

import numpy as np
import pytest
from PIL import Image

from kiqa.comparators.fit_niqe import fit_niqe, network_of
from kiqa.comparators.niqe import Gaussian, fit_gaussian, niqe_distance, niqe_features, sharp_blocks
from kiqa.models.niqe import pristine_of


@pytest.fixture(scope="module")
def blocks(photo):
    """Statistics of the blocks of shifted crops: more of them than statistics."""
    return np.concatenate([niqe_features(photo[i:, 2 * i :])[0] for i in range(0, 12, 2)])


def test_the_network_holds_the_gaussian(blocks, photo):
    """Means and covariances to float32; the distance of an image to 1e-3."""
    gaussian = fit_gaussian(blocks)
    held = Gaussian(*pristine_of(network_of(gaussian)))
    scale = np.sqrt(np.outer(np.diag(gaussian.covariance), np.diag(gaussian.covariance)))
    np.testing.assert_allclose(held.mean, gaussian.mean, rtol=1e-5)
    np.testing.assert_allclose(held.covariance / scale, gaussian.covariance / scale, atol=1e-5)
    image = fit_gaussian(niqe_features(255 - photo[::-1])[0])
    found, expected = niqe_distance(image, held), niqe_distance(image, gaussian)
    assert found == pytest.approx(expected, abs=1e-3)


def test_files_are_fitted(tmp_path, photo, monkeypatch):
    """From the sharp blocks of all; too few are refused with both numbers."""
    paths = []
    for number in range(2):
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(photo[number:]).save(paths[-1])
    count = sum(len(sharp_blocks(photo[number:])) for number in range(2))
    with pytest.raises(ValueError, match=f"36 statistics. Received: {count} of 2 images"):
        fit_niqe(paths)
    everything = lambda pixels: niqe_features(pixels)[0]  # noqa: E731
    monkeypatch.setattr("kiqa.comparators.fit_niqe.sharp_blocks", everything)
    model, blocks = fit_niqe([*paths, *paths])
    assert (blocks, model.name) == (48, "niqe")


def test_a_bad_file_is_left_out(tmp_path, photo, monkeypatch):
    """Where somebody is told; else the error names it."""
    monkeypatch.setattr(
        "kiqa.comparators.fit_niqe.sharp_blocks", lambda pixels: niqe_features(pixels)[0]
    )
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    Image.fromarray(photo).save(good)
    bad.write_bytes(b"no image")
    told = []
    _, blocks = fit_niqe([good, bad, good, good, good], on_error=lambda *each: told.append(each[0]))
    assert told == [bad] and blocks == 48
    with pytest.raises(ValueError, match=r"bad\.png"):
        fit_niqe([good, bad])
