"""Sequences of different lengths as batches.

Public names: `padded`, `epoch_plan`, `predict_sequences`.
"""

from collections.abc import Sequence

import keras
import numpy as np

from kiqa.data.plans import ArraySpec, EpochPlan, in_batches, shuffled
from kiqa.models.rnn_biqa import PADDING
from kiqa.training.runs.replicas import predict_batch
from kiqa.training.runs.seeding import epoch_rng

_STEP = 8  # masked lengths are rounded up to multiples: fewer shapes to compile for


def padded(
    sequences: Sequence[np.ndarray], *, masked: bool, names: Sequence[str] | None = None
) -> np.ndarray:
    """Put sequences side by side, filled up at their ends.

    Args:
        sequences: Each of shape (patches, features), at least one patch.
        masked: Fill with `kiqa.models.rnn_biqa.PADDING` to a multiple of 8
            steps, for a network that masks; else with zeros to the longest
            one, as the authors' code.
        names: Of their images, for messages.

    Returns:
        ``float32`` of shape (n, steps, features).

    Raises:
        ValueError: If a sequence is empty, their features differ in number,
            or a patch looks like padding.
    """
    names = [f"sequence {i}" for i in range(len(sequences))] if names is None else names
    width, steps = sequences[0].shape[1], max(map(len, sequences))
    if masked:
        steps = _rounded(steps)
    batch = np.full((len(sequences), steps, width), PADDING if masked else 0, np.float32)
    for row, sequence, name in zip(batch, sequences, names, strict=True):
        if len(sequence) < 1 or sequence.shape[1] != width:
            raise ValueError(
                f"Expected sequences of at least one patch and of equal features, {width} as in "
                f"{names[0]}. Received: {name}, shape {sequence.shape}. Extract its features "
                "again, with the same extractor."
            )
        if masked and np.any(np.all(sequence == PADDING, axis=1)):
            raise ValueError(
                f"Expected features of a real patch. Received: {name}, a patch of {PADDING} "
                "throughout, which stands for padding. Use an extractor whose features are never "
                "negative, or a network without a mask, --no-masked."
            )
        row[: len(sequence)] = sequence
    return batch


def epoch_plan(
    sequences: Sequence[np.ndarray],
    targets: np.ndarray,
    *,
    batch_size: int,
    masked: bool,
    whole_batches: bool,
    seed: int,
    epoch: int,
    names: Sequence[str] | None = None,
) -> EpochPlan:
    """Plan the batches of an epoch; each sequence occurs once at most.

    A batch holds sequences of nearly one length, so that little is padded:
    they are put in the order of their lengths, rounded up to multiples of 8,
    at random among equal ones, and cut into batches, which come at random.

    Args:
        sequences: Each of shape (patches, features).
        targets: Shape (n,).
        batch_size: Sequences in a batch.
        masked: As for `padded`.
        whole_batches: Leave out as many, at random, as do not fill a batch.
        seed: The experiment's seed.
        epoch: Epoch, counted from 0; its order follows from both.
        names: As for `padded`.

    Returns:
        Batches of what `padded` gives, and the targets, ``float32`` of shape
        (batch_size, 1).
    """
    rng, count = epoch_rng(seed, epoch=epoch), len(sequences)
    order = shuffled(count, rng)[: count // batch_size * batch_size if whole_batches else count]
    lengths = np.array([_rounded(len(sequence)) for sequence in sequences])
    batches = in_batches(order[np.argsort(lengths[order], kind="stable")], batch_size)

    def batch(samples, chosen, rng):
        inputs = padded(samples, masked=masked, names=_chosen(names, chosen))
        return inputs, np.asarray(targets, np.float32)[chosen, None]

    return EpochPlan(
        order=[batches[number] for number in shuffled(len(batches), rng)],
        read=lambda index: sequences[index],
        batch=batch,
        signature=(
            ArraySpec("float32", (None, None, sequences[0].shape[1])),
            ArraySpec("float32", (None, 1)),
        ),
        generator=lambda number: epoch_rng(seed, number, epoch=epoch),
    )


def predict_sequences(
    model: keras.Model,
    sequences: Sequence[np.ndarray],
    *,
    masked: bool,
    batch_size: int = 64,
    names: Sequence[str] | None = None,
) -> np.ndarray:
    """Predict the scores of images.

    Args:
        model: Network of `kiqa.models.rnn_biqa`.
        sequences: Each of shape (patches, features).
        masked: Whether the network masks. Without it each batch holds
            sequences of one length only, so that none is padded.
        batch_size: Sequences in a batch.
        names: As for `padded`.

    Returns:
        ``float64`` of shape (n,).

    Raises:
        ValueError: As `padded`.
    """
    lengths = np.array([len(sequence) for sequence in sequences])
    order = np.argsort(lengths, kind="stable")
    scores, at = np.empty(len(order)), 0
    while at < len(order):
        chosen = order[at : at + batch_size]
        if not masked:
            chosen = chosen[lengths[chosen] == lengths[chosen[0]]]
        inputs = padded(
            [sequences[index] for index in chosen], masked=masked, names=_chosen(names, chosen)
        )
        scores[chosen] = predict_batch(model, inputs)[:, 0]
        at += len(chosen)
    return scores


def _rounded(length):
    """A length up to the next multiple of `_STEP`."""
    return -(-length // _STEP) * _STEP


def _chosen(names, chosen):
    return None if names is None else [names[index] for index in chosen]
