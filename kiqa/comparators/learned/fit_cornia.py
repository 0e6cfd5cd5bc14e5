"""CORNIA's codebook: whitened patches of training images, and their clusters.

No score is looked at. Patches are whitened (ZCA); the centres of k-means, of
length one, are the codewords.

Public names: `Codebook`, `fit_codebook`, `kept_codebook`.

References:
    P. Ye et al., CVPR 2012, section 3.1; A. Coates, H. Lee, A. Y. Ng, An analysis of
    single-layer networks in unsupervised feature learning, AISTATS 2011, section
    3.2.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kiqa.comparators.learned.cornia import normalised_patches
from kiqa.io.arrays import read_npz
from kiqa.io.files import contents_sha256, replacing
from kiqa.io.images import load_image

_OF_AN_IMAGE = 100  # patches; ours
_LEAST_VARIANCE = 1e-3  # added to each direction's, so that noise is not blown up; ours


@dataclass(frozen=True, eq=False)
class Codebook:
    """Whitening and codewords in one linear map.

    Attributes:
        kernel: ``float32`` of shape (49, codewords).
        bias: ``float32`` of shape (codewords,).
    """

    kernel: np.ndarray
    bias: np.ndarray

    @property
    def sha256(self) -> str:
        """Hash of the values."""
        return hashlib.sha256(self.kernel.tobytes() + self.bias.tobytes()).hexdigest()


def fit_codebook(patches: np.ndarray, *, codewords: int, seed: int) -> Codebook:
    """Fit a codebook.

    Args:
        patches: From `kiqa.comparators.learned.cornia.normalised_patches`, shape (n, 49).
        codewords: Number of clusters, at most n.
        seed: Of k-means.

    Returns:
        The codebook.

    Raises:
        ValueError: If there are fewer patches than codewords.
    """
    if len(patches) < codewords:
        raise ValueError(
            f"Expected at least {codewords} patches, as many as codewords. Received: "
            f"{len(patches)}. Take more images, or fewer --codewords."
        )
    from sklearn.cluster import MiniBatchKMeans

    mean = patches.mean(axis=0, dtype=np.float64)
    values, directions = np.linalg.eigh(np.cov(patches, rowvar=False))
    whitening = directions / np.sqrt(np.maximum(values, 0) + _LEAST_VARIANCE) @ directions.T
    white = ((patches - mean) @ whitening).astype(np.float32)
    clusters = MiniBatchKMeans(codewords, random_state=seed, n_init=1, batch_size=10 * codewords)
    centres = clusters.fit(white).cluster_centers_.astype(np.float64)
    centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-12)
    kernel = whitening @ centres.T
    return Codebook(kernel.astype(np.float32), (-mean @ kernel).astype(np.float32))


def kept_codebook(
    paths: Sequence[str | os.PathLike],
    file: str | os.PathLike,
    *,
    codewords: int,
    seed: int,
    report: Callable[[str], object],
) -> Codebook:
    """Fit a codebook to patches of images, or read the one that was fitted to them before.

    Args:
        paths: Files of the images.
        file: ``.npz`` that keeps it.
        codewords: As for `fit_codebook`.
        seed: As for `fit_codebook`.
        report: Told in a sentence of each image that cannot be used, such as a
            small one; it is left out.

    Returns:
        The codebook.

    Raises:
        OSError: If an image cannot be read, or the file not be written.
        ValueError: If no image can be used, the file is damaged, or as `fit_codebook`.
    """
    file = Path(file)
    about = f"{codewords} {seed} {contents_sha256(paths)}"
    if file.is_file():
        known = read_npz(file)
        if {"kernel", "bias", "about"} <= set(known) and str(known["about"]) == about:
            return Codebook(known["kernel"], known["bias"])
    patches = []
    for path in paths:
        try:
            patches.append(normalised_patches(load_image(path).pixels, _OF_AN_IMAGE))
        except ValueError as error:
            report(f"{os.path.basename(path)} is left out: {error}")
    if not patches:
        raise ValueError(f"Expected images that can be used. Received: {len(paths)}, and none can.")
    codebook = fit_codebook(np.concatenate(patches), codewords=codewords, seed=seed)
    with replacing(file) as temporary, open(temporary, "wb") as stream:
        np.savez(stream, kernel=codebook.kernel, bias=codebook.bias, about=about)
    return codebook
