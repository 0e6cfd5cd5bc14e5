"""Pearson's correlation over a batch, as a term of losses."""

from typing import Any

from keras import ops


def pearson(a: Any, b: Any) -> Any:
    """Return Pearson's correlation of two tensors of shape (n,), a scalar.

    Constant tensors give 0.
    """
    a, b = a - ops.mean(a), b - ops.mean(b)
    norm = ops.sqrt(ops.sum(ops.square(a)) * ops.sum(ops.square(b)))
    return ops.sum(a * b) / (norm + 1e-6)
