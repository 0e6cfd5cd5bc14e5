"""NIQE's published Gaussian, from Matlab's file and from .npz."""

import numpy as np
import pytest
from scipy.io import savemat

from kiqa.convert.niqe import convert_niqe
from kiqa.io.weights import load_model, read_info
from kiqa.models.niqe import pristine_of


@pytest.fixture
def arrays():
    """A mean and a covariance."""
    rng = np.random.default_rng(1)
    factor = rng.normal(size=(36, 50)) * np.logspace(-3, 0, 36)[:, None]
    return {"mu_prisparam": rng.normal(size=(1, 36)), "cov_prisparam": factor @ factor.T}


@pytest.mark.parametrize("suffix", [".mat", ".npz"])
def test_the_gaussian_is_kept(arrays, tmp_path, suffix):
    """To float32, whatever the form of the file."""
    source = tmp_path / f"modelparameters{suffix}"
    if suffix == ".mat":
        savemat(source, arrays)
    else:
        np.savez(source, **arrays)
    output = convert_niqe(source, tmp_path / "theirs.h5")
    mean, covariance = pristine_of(load_model(output))
    np.testing.assert_allclose(mean, arrays["mu_prisparam"][0], rtol=1e-5)
    expected = arrays["cov_prisparam"]
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    np.testing.assert_allclose(covariance / scale, expected / scale, atol=1e-5)
    info = read_info(output)
    assert (info.name, info.higher_is_better, info.details.origin.project) == (
        "theirs",
        False,
        "NIQE",
    )


def test_other_files_are_refused(arrays, tmp_path):
    """No file, no Matlab file, other arrays, no covariance."""
    with pytest.raises(FileNotFoundError, match="modelparameters.mat"):
        convert_niqe(tmp_path / "none.mat", tmp_path / "o.h5")
    (tmp_path / "a.mat").write_bytes(b"no Matlab file")
    with pytest.raises(ValueError, match="mu_prisparam and cov_prisparam"):
        convert_niqe(tmp_path / "a.mat", tmp_path / "o.h5")
    np.savez(tmp_path / "b.npz", mu_prisparam=np.zeros(36))
    with pytest.raises(ValueError, match="cov_prisparam"):
        convert_niqe(tmp_path / "b.npz", tmp_path / "o.h5")
    np.savez(tmp_path / "c.npz", mu_prisparam=np.zeros(36), cov_prisparam=np.zeros((36, 36)))
    with pytest.raises(ValueError, match="positive diagonal"):
        convert_niqe(tmp_path / "c.npz", tmp_path / "o.h5")


@pytest.mark.parametrize("suffix", [".mat", ".npz"])
def test_what_is_no_covariance_is_refused(arrays, tmp_path, suffix):
    """Not symmetric, a negative eigenvalue, complex numbers; without a foreign warning."""
    covariance = arrays["cov_prisparam"]
    lopsided = covariance + np.triu(np.ones((36, 36)), 1)
    negative = 2 * np.eye(36) - np.ones((36, 36))
    for wrong in (lopsided, negative, covariance + 1j):
        source = tmp_path / f"wrong{suffix}"
        save = savemat if suffix == ".mat" else lambda path, found: np.savez(path, **found)
        save(source, arrays | {"cov_prisparam": wrong})
        with pytest.raises(ValueError, match=r"negative eigenvalue|complex"):
            convert_niqe(source, tmp_path / "o.h5")
