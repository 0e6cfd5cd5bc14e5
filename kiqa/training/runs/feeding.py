"""Epochs of a plan through ``Model.fit``: tf.data on TensorFlow, a PyDataset elsewhere.

Public names: `fit_epoch`.
"""

import contextlib
from collections.abc import Iterator

import keras
from tqdm import tqdm

from kiqa.data.plans import EpochPlan


class _PlanBatches(keras.utils.PyDataset):
    """The batches of a plan, for backends without tf.data."""

    def __init__(self, plan: EpochPlan):
        super().__init__(workers=2, max_queue_size=4)
        self._plan = plan

    def __len__(self):
        return len(self._plan)

    def __getitem__(self, number):
        return self._plan.make(number)


def fit_epoch(
    model: keras.Model, plan: EpochPlan, *, epoch: int, title: str | None
) -> dict[str, float]:
    """Train a model on the batches of one epoch.

    Args:
        model: Compiled model.
        plan: The epoch's batches.
        epoch: Counted from 0.
        title: Of a bar on standard error, if that is a terminal; ``None``
            shows none.

    Returns:
        Means over the epoch's samples: ``loss``, and of a model with several
        outputs each one's own, such as ``quality_loss``, before its weight.

    Raises:
        ValueError: If a sample cannot be read, with the reader's message;
            there is no batch; or several devices cannot share the first one
            equally, from which Keras learns the shapes.
        OSError: Likewise.
    """
    if not len(plan):
        raise ValueError("Expected a batch in each epoch. Received: none. Use more images.")
    with _bar(title, len(plan)) as callbacks:
        options = {
            "initial_epoch": epoch,
            "epochs": epoch + 1,
            "shuffle": False,
            "verbose": 0,
            "callbacks": callbacks,
        }
        if keras.backend.backend() != "tensorflow":
            fitted = model.fit(_PlanBatches(plan), **options)
        else:
            from kiqa.data.pipeline import epoch_dataset, reader_errors

            _check_shares(plan, model.distribute_strategy.num_replicas_in_sync)
            failures: dict[int, Exception] = {}
            with reader_errors(failures):
                fitted = model.fit(epoch_dataset(plan, failures=failures), **options)
    return {name: float(values[0]) for name, values in fitted.history.items()}


def _check_shares(plan, devices):
    samples = len(plan.order[0])
    if samples % devices:
        raise ValueError(
            f"Expected a batch that {devices} devices share equally. Received: {samples} samples. "
            "Use a batch size that is a multiple of the devices' number."
        )


@contextlib.contextmanager
def _bar(title: str | None, steps: int) -> Iterator[list]:
    """Callbacks that move a bar; none where no terminal shows it."""
    hidden = True if title is None else None
    with tqdm(total=steps, desc=title, unit="batch", leave=False, disable=hidden) as bar:
        moves = keras.callbacks.LambdaCallback(on_train_batch_end=lambda step, logs: bar.update())
        yield [] if bar.disable else [moves]
