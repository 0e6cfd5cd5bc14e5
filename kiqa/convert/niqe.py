"""NIQE's authors' pristine Gaussian: ``modelparameters.mat``.

Public names: `convert_niqe`.

References:
    live.ece.utexas.edu/research/quality.
"""

import os
from pathlib import Path

import numpy as np

from kiqa.comparators.fit_niqe import network_of
from kiqa.comparators.niqe import FEATURES, Gaussian
from kiqa.convert.written import write_converted
from kiqa.io.arrays import read_npz
from kiqa.io.mat_files import read_mat

_MEAN, _COVARIANCE = "mu_prisparam", "cov_prisparam"
_ROUNDED = 1e-9  # of the largest eigenvalue


def convert_niqe(source: str | os.PathLike, output: str | os.PathLike) -> Path:
    """Convert a Gaussian of pristine images' statistics.

    Args:
        source: Matlab's file with ``mu_prisparam`` (1, 36) and ``cov_prisparam``
            (36, 36), or the same arrays as ``.npz``.
        output: File to write, ending in ``.h5``; its stem is the model's name.

    Returns:
        The file written.

    Raises:
        FileNotFoundError: If the file is not there.
        ValueError: If it is of another form, or the covariance is none.
    """
    source = Path(source)
    arrays = _arrays(source)
    mean, covariance = arrays[_MEAN].reshape(-1), arrays[_COVARIANCE]
    shapes = mean.shape, covariance.shape
    good = shapes == ((FEATURES,), (FEATURES, FEATURES)) and np.isfinite(covariance).all()
    if not good or not np.isfinite(mean).all() or not _is_covariance(covariance):
        raise ValueError(
            f"Expected {source} to hold a finite mean ({FEATURES},) and a covariance ({FEATURES}, "
            f"{FEATURES}), symmetric, with a positive diagonal and no negative eigenvalue. "
            f"Received: {shapes[0]} and {shapes[1]}. Use modelparameters.mat of NIQE's release."
        )
    return write_converted(
        network_of(Gaussian(mean, covariance)), output, source=source, project="NIQE",
        scale=">=0", higher_is_better=False, mode="niqe",
    )  # fmt: skip


def _is_covariance(matrix):
    if not np.allclose(matrix, matrix.T, rtol=1e-6) or (np.diag(matrix) <= 0).any():
        return False
    values = np.linalg.eigvalsh(matrix)
    return values[0] >= -_ROUNDED * values[-1]


def _arrays(path):
    """The two arrays of a ``.mat`` or ``.npz`` file; nothing in it is run."""
    if not path.is_file():
        raise FileNotFoundError(
            f"Expected NIQE's modelparameters.mat. Received: {path}, which is no file."
        )
    try:
        names = (_MEAN, _COVARIANCE)
        npz = path.suffix == ".npz"
        read = read_npz(path, names) if npz else read_mat(path, names)
        if any(np.iscomplexobj(read[name]) for name in names):
            raise ValueError("complex numbers")
        return {name: np.asarray(read[name], np.float64) for name in names}
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise ValueError(
            f"Expected {path} to be Matlab's file, or .npz, with {_MEAN} and {_COVARIANCE}. "
            f"Received: {error}. Use the file of NIQE's release."
        ) from error
