"""Simulated observers: a program in place of the people of a JND study.

They let a comparison be tried before anybody was asked. They are not people:
each notices a difference where the mean SSIM of a version falls below a
threshold of their own. SSIM averages over the whole image, wherever people
would look, so it cannot reward what VarJPEG is for, to spend bits where
they are seen. No result of theirs says how a study with people would end.

Public names: :data:`NOTICED_SSIM`, :data:`NOTICED_SPREAD`,
:func:`luminance_ssim`, :func:`simulate_observers`.
"""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
from skimage.metrics import structural_similarity

from kiqa.maps.fish import gray_of
from kiqa.varjpeg.jnd import JndVotes

# Half of the simulated observers notice a difference below it: half of the people of Flynn et
# al., "Image quality assessment using the SSIM and the just noticeable difference paradigm"
# (2013), did about there, between 0.92 and 0.96 by the image.
NOTICED_SSIM = 0.95
# Ours: standard deviation of the natural logarithm of 1 - SSIM between observers. Two thirds of
# them have thresholds between 0.925 and 0.966.
NOTICED_SPREAD = 0.4

_SIGMA = 1.5  # the Gaussian window of Wang et al. 2004
_WINDOW = 11


def luminance_ssim(
    reference: np.ndarray, picture: np.ndarray, mask: np.ndarray | None = None
) -> float:
    """Return the mean SSIM of an image's luminance.

    Args:
        reference: RGB ``uint8``, shape ``(H, W, 3)``, sides at least 11.
        picture: The same of the compressed image.
        mask: The pixels over which to take the mean, ``bool`` of shape ``(H,
            W)``; without it all but a border of 5 pixels, half a window.

    Returns:
        At most 1, which equal images have; higher is more alike.

    Raises:
        ValueError: If the shapes differ or a side is too short.

    References:
        Wang, Bovik, Sheikh, Simoncelli, 2004: Gaussian window, sigma 1.5.
    """
    if reference.shape != picture.shape or min(reference.shape[:2]) < _WINDOW:
        raise ValueError(
            f"Expected two images of one size, sides at least {_WINDOW} pixels, received "
            f"{reference.shape} and {picture.shape}."
        )
    # float32 takes a third of the time of float64 and gives the same six digits.
    gray = [gray_of(pixels).astype(np.float32) for pixels in (reference, picture)]
    mean, similarity = structural_similarity(
        *gray, data_range=255, gaussian_weights=True, sigma=_SIGMA,
        use_sample_covariance=False, full=True,
    )  # fmt: skip
    return float(mean if mask is None else np.mean(similarity[mask], dtype=np.float64))


def simulate_observers(
    ssim: Mapping[str, Sequence[float]], *, observers: int, seed: int
) -> JndVotes:
    """Let simulated observers vote on the versions of one codec.

    An observer's threshold on 1 - SSIM is log-normal, with its median at
    1 - `NOTICED_SSIM`; the first version beyond it is the first noticed. The
    thresholds follow from the seed and the name of the image alone: the same
    observers judge both codecs.

    Args:
        ssim: For each image the SSIM of each version with the source, from
            version 0 on, at most 1.
        observers: Number of observers an image, at least 1.
        seed: Seed of the thresholds.

    Returns:
        Votes as from `kiqa.varjpeg.jnd.read_jnd_votes`.

    Raises:
        ValueError: If there is no observer.
    """
    if observers < 1:
        raise ValueError(f"Expected at least 1 simulated observer an image, received {observers}.")
    votes: JndVotes = {}
    for image, values in ssim.items():
        digest = hashlib.sha256(f"{seed}|{image}".encode("utf-8", "surrogateescape")).digest()
        rng = np.random.default_rng(int.from_bytes(digest[:16], "big"))
        limits = (1 - NOTICED_SSIM) * np.exp(NOTICED_SPREAD * rng.standard_normal(observers))
        noticed = (1 - np.asarray(values, float)) > limits[:, None]
        votes[image] = {
            f"simulated {number}": int(np.argmax(row)) if row.any() else None
            for number, row in enumerate(noticed, 1)
        }
    return votes
