"""Randomness that an experiment draws again in any order of its images.

Public names: `generator`.
"""

import hashlib
import os

import numpy as np


def generator(seed: int, *key: str) -> np.random.Generator:
    """Return the source of randomness that follows from a seed and names, such as an image's."""
    digest = hashlib.sha256(os.fsencode("|".join([str(seed), *key]))).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))
