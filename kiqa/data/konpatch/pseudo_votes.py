"""Pseudo-votes: what stands in for human votes where nobody was asked.

KonPatch's votes were not published. Pseudo-votes are kiqa's own rule, not the
thesis's, and every set labelled with them says so in ``votes_source``. They
follow from the pixels, the image's mean opinion score and a seed alone:

1. *Detail* of a patch is ``log(1 + max(0, g - 4 s**2))``. ``g`` is the mean
   squared length of the gradient (differences of neighbouring gray levels);
   ``s`` is the patch's noise level, the median absolute response to the mask
   ``[1 -2 1]' [1 -2 1]``, which cancels smooth structure, scaled to a
   standard deviation. White noise adds ``4 s**2`` to ``g``, so noise alone is
   no detail; flat and blurred patches have little.
2. The *rank* of a value among all N patches is ``(r - 1/2) / N``, ``r`` from
   1 for the lowest; equal values share their mean rank.
3. *Evidence* is the mean of the patch's detail rank and its image's MOS rank.
4. One vote a patch (as in the lab) is yes where evidence exceeds 1/2. With
   several votes (as in the crowd) each has its own threshold, drawn from a
   normal distribution round 1/2 with standard deviation 0.15.

Half of the patches or so are voted high quality; a flat patch of a good
image and a detailed patch of a bad one are in doubt. What pseudo-votes cannot
know is content: a blurred background that belongs there, a texture that is
an artefact.

Public names: :func:`patch_detail`, :func:`evidence`, :func:`pseudo_votes`.
"""

import cv2
import numpy as np
from scipy.stats import rankdata

_OBSERVER_SD = 0.15  # spread of the simulated observers' thresholds
_MAD_TO_SD = 1 / 0.6745  # median absolute deviation to standard deviation
_MASK_GAIN = 6.0  # response of the mask to white noise of unit deviation
_CHUNK = 1024  # patches at a time: 4 million gray levels


def patch_detail(x: np.ndarray) -> np.ndarray:
    """Measure the detail of patches as the module describes it.

    Args:
        x: RGB ``uint8``, shape ``(N, P, P, 3)``, ``P >= 3``.

    Returns:
        ``float64`` of shape ``(N,)``, 0 or more; higher is more detail.

    Raises:
        ValueError: If shape or type are not as stated.
    """
    if x.dtype != np.uint8 or x.ndim != 4 or x.shape[3] != 3 or min(x.shape[1:3]) < 3:
        raise ValueError(
            f"Expected patches, uint8 of shape (N, P, P, 3) with P >= 3, received {x.dtype} of "
            f"shape {x.shape}."
        )
    chunks = [_chunk_detail(x[i : i + _CHUNK]) for i in range(0, len(x), _CHUNK)]
    return np.concatenate(chunks) if chunks else np.zeros(0)


def evidence(x: np.ndarray, mos: np.ndarray) -> np.ndarray:
    """Combine detail and image score as the module describes it.

    Args:
        x: RGB ``uint8``, shape ``(N, P, P, 3)``.
        mos: Score of each patch's image, shape ``(N,)``, higher is better.

    Returns:
        ``float64`` of shape ``(N,)``, 0..1; higher speaks for high quality.

    Raises:
        ValueError: If shapes or types are not as stated.
    """
    if np.shape(mos) != (len(x),):
        raise ValueError(f"Expected {len(x)} scores, one a patch, received {np.shape(mos)}.")
    return (_rank01(mos) + _rank01(patch_detail(x))) / 2


def pseudo_votes(x: np.ndarray, mos: np.ndarray, *, votes: int, seed: int) -> np.ndarray:
    """Vote as the module describes it.

    Args:
        x: RGB ``uint8``, shape ``(N, P, P, 3)``.
        mos: Score of each patch's image, shape ``(N,)``, higher is better.
        votes: Votes a patch, at least 1.
        seed: Seed of the thresholds; not used for a single vote.

    Returns:
        ``int32`` of shape ``(N,)``: number of yes votes, 0 to ``votes``.

    Raises:
        ValueError: If an argument is not as stated.
    """
    if votes < 1:
        raise ValueError(f"Expected at least one vote a patch, received {votes}.")
    belief = evidence(x, mos)
    if votes == 1:
        return (belief > 0.5).astype(np.int32)
    thresholds = np.random.default_rng(seed).normal(0.5, _OBSERVER_SD, (len(x), votes))
    return (belief[:, np.newaxis] > thresholds).sum(axis=1, dtype=np.int32)


def _chunk_detail(x: np.ndarray) -> np.ndarray:
    count, height, width, _ = x.shape
    gray = cv2.cvtColor(x.reshape(count * height, width, 3), cv2.COLOR_RGB2GRAY)
    gray = gray.reshape(count, height, width).astype(np.int16)
    down = np.diff(gray, axis=1)
    right = np.diff(gray, axis=2)
    gradient = _mean_square(down) + _mean_square(right)
    response = np.abs(np.diff(np.diff(down, axis=1), n=2, axis=2)).reshape(count, -1)
    middle = response.shape[1] // 2
    median = np.partition(response, middle, axis=1)[:, middle]
    noise = median * _MAD_TO_SD / _MASK_GAIN
    return np.log1p(np.maximum(gradient - 4 * noise**2, 0))


def _mean_square(values: np.ndarray) -> np.ndarray:
    flat = values.reshape(len(values), -1).astype(np.float32)
    return np.einsum("ij,ij->i", flat, flat).astype(np.float64) / flat.shape[1]


def _rank01(values: np.ndarray) -> np.ndarray:
    return (rankdata(values) - 0.5) / max(len(values), 1)
