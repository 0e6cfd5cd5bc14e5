"""Random numbers that depend on a seed and a place in the run, not on history.

An epoch's order of samples follows from (seed, run, epoch) alone, so a run
that was interrupted continues with the very same batches.
"""

import numpy as np

# Streams, so that weights and epochs of the same seed and place share no numbers. NumPy takes
# [a, b] and [a, b, 0] for the same: the order of epoch e shares the numbers of batch e of epoch 0.
_INITIAL_WEIGHTS = 1
_EPOCH = 2

# Builders number the layers' seeds from 1000 * seed; the product has to fit
# in 32 bits, else the JAX and TensorFlow generators refuse it.
_MAX_MODEL_SEED = 2**22


def model_seed(seed: int, *place: int) -> int:
    """Return the seed of a model's initial weights.

    Args:
        seed: The experiment's seed, at least 0.
        *place: Where in the experiment, e.g. instance and attempt.

    Returns:
        Integer in [0, 2**22).
    """
    rng = np.random.default_rng([_INITIAL_WEIGHTS, seed, *place])
    return int(rng.integers(_MAX_MODEL_SEED))


def epoch_rng(seed: int, *place: int, epoch: int) -> np.random.Generator:
    """Return the random generator of one epoch: order, crops, flips.

    Args:
        seed: The experiment's seed, at least 0.
        *place: Where in the experiment, e.g. instance and attempt.
        epoch: Epoch, counted from 0.

    Returns:
        A fresh ``numpy.random.Generator``, the same for the same arguments.
    """
    return np.random.default_rng([_EPOCH, seed, *place, epoch])
