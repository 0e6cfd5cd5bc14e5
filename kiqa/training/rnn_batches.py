"""Sequences of different lengths as batches.

Public names: `padded`, `epoch_batches`, `predict_sequences`.
"""

from collections.abc import Iterator, Sequence

import keras
import numpy as np

from kiqa.models.rnn_biqa import PADDING
from kiqa.training.seeding import epoch_rng

_STEP = 8  # masked lengths are rounded up to multiples: fewer shapes to compile for


def padded(sequences: Sequence[np.ndarray], *, masked: bool) -> np.ndarray:
    """Put sequences side by side, filled up at their ends.

    Args:
        sequences: Each of shape (patches, features), at least one patch.
        masked: Fill with `kiqa.models.rnn_biqa.PADDING`, where lengths differ
            to a multiple of 8 steps, for a network that masks; else with
            zeros to the longest one, as the authors' code.

    Returns:
        ``float32`` of shape (n, steps, features).

    Raises:
        ValueError: If a sequence is empty, their features differ in number,
            or a patch looks like padding.
    """
    widths = {sequence.shape[1] for sequence in sequences}
    if len(widths) != 1 or min(map(len, sequences)) < 1:
        raise ValueError(
            "Expected sequences of at least one patch and of equal features. Received: "
            f"{sorted({sequence.shape for sequence in sequences})[:3]}."
        )
    steps = max(map(len, sequences))
    if masked and min(map(len, sequences)) < steps:
        steps = -(-steps // _STEP) * _STEP
    batch = np.full((len(sequences), steps, *widths), PADDING if masked else 0, np.float32)
    for row, sequence in zip(batch, sequences, strict=True):
        if masked and np.any(np.all(sequence == PADDING, axis=1)):
            raise ValueError(
                f"Expected features of a real patch. Received: a patch of {PADDING} throughout, "
                "which stands for padding."
            )
        row[: len(sequence)] = sequence
    return batch


def epoch_batches(
    sequences: Sequence[np.ndarray],
    targets: np.ndarray,
    *,
    batch: int,
    masked: bool,
    whole_batches: bool,
    seed: int,
    epoch: int,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the batches of an epoch; each sequence occurs once at most.

    Args:
        sequences: Each of shape (patches, features).
        targets: Shape (n,).
        batch: Sequences a step.
        masked: As for `padded`.
        whole_batches: Leave out what does not fill a last batch.
        seed: The experiment's seed.
        epoch: Epoch, counted from 0; its order follows from both.

    Yields:
        What `padded` gives, and the targets, ``float32`` of shape (n, 1).
    """
    order = epoch_rng(seed, epoch=epoch).permutation(len(sequences))
    stop = len(order) // batch * batch if whole_batches else len(order)
    for at in range(0, stop, batch):
        chosen = order[at : min(at + batch, stop)]
        inputs = padded([sequences[index] for index in chosen], masked=masked)
        yield inputs, np.asarray(targets, np.float32)[chosen, None]


def predict_sequences(
    model: keras.Model, sequences: Sequence[np.ndarray], *, masked: bool, batch: int = 64
) -> np.ndarray:
    """Predict the scores of images.

    Args:
        model: Network of `kiqa.models.rnn_biqa`.
        sequences: Each of shape (patches, features).
        masked: Whether the network masks. Without it each batch holds
            sequences of one length only, so that none is padded.
        batch: Sequences a step.

    Returns:
        ``float64`` of shape (n,).
    """
    lengths = np.array([len(sequence) for sequence in sequences])
    order = np.argsort(lengths, kind="stable")
    scores, at = np.empty(len(order)), 0
    while at < len(order):
        chosen = order[at : at + batch]
        if not masked:
            chosen = chosen[lengths[chosen] == lengths[chosen[0]]]
        inputs = padded([sequences[index] for index in chosen], masked=masked)
        scores[chosen] = np.asarray(model.predict_on_batch(inputs))[:, 0]
        at += len(chosen)
    return scores
