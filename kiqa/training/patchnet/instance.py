"""One training instance of Patchnet: epochs, dead networks, best weights."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from kiqa.models.patchnet import build_patchnet
from kiqa.training.patchnet.batches import PatchBatches
from kiqa.training.patchnet.settings import PatchnetSettings
from kiqa.training.runs.checkpoint import RunState, read_checkpoint
from kiqa.training.runs.devices import jit_compile, number_format, several_devices
from kiqa.training.runs.epochs import train_to_best
from kiqa.training.runs.seeding import epoch_rng, model_seed

CHECKPOINT_FILE = "checkpoint.npz"


class DeadNetworkError(RuntimeError):
    """The predictions are constant, so no gradient will wake the network."""


@dataclass(frozen=True, eq=False)
class InstanceData:
    """Patches and parts of one instance.

    Attributes:
        x: ``uint8`` of shape ``(n, P, P, 3)``, all patches.
        y: ``float32`` of shape ``(n,)``, labels in [0, 1].
        train: Indices of the training patches.
        validation: Indices of the validation patches.
        test: Indices of the test patches.
    """

    x: np.ndarray
    y: np.ndarray
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def compiled_patchnet(settings: PatchnetSettings, *, seed: int) -> keras.Model:
    """Build Patchnet ready for training: Adam, mean squared error.

    Args:
        settings: Widths, learning rate, number format, devices.
        seed: Seed of the initial weights.

    Returns:
        Compiled model of `kiqa.models.patchnet.build_patchnet`.
    """
    with several_devices(settings.devices), number_format(settings.precision):
        model = _network(settings, seed=seed)
        model.compile(
            optimizer=keras.optimizers.Adam(settings.learning_rate),
            loss=keras.losses.MeanSquaredError(),
            jit_compile=jit_compile(),
        )
    return model


def predict_patches(
    model: keras.Model, data: InstanceData, chosen: np.ndarray, *, batch_size: int
) -> np.ndarray:
    """Predict the quality of some patches.

    Args:
        model: Patch network.
        data: Holds the patches.
        chosen: Indices of shape ``(m,)``.
        batch_size: Patches a step.

    Returns:
        ``float32`` of shape ``(m,)``, in the order of ``chosen``.
    """
    batch_size = min(batch_size, len(chosen))
    # Whole batches only, the last one filled up from the start: TensorFlow traces `predict` anew
    # for another size.
    whole = np.resize(chosen, -(-len(chosen) // batch_size) * batch_size)
    batches = PatchBatches(data.x, data.y, whole, batch_size=batch_size)
    return model.predict(batches, verbose=0)[: len(chosen), 0]


def train_instance(
    data: InstanceData,
    settings: PatchnetSettings,
    *,
    instance: int,
    folder: Path,
    resume: bool,
    report: Callable[[str], None],
    progress: bool,
    after_epoch: Callable[[RunState], None],
) -> tuple[keras.Model, np.ndarray, RunState]:
    """Train one instance; start again if its network turns out dead.

    Args:
        data: Patches and parts.
        settings: The experiment's settings.
        instance: Number of the instance, counted from 1.
        folder: Where its checkpoint lies.
        resume: Continue from the checkpoint, if there is one.
        report: Told of restarts.
        progress: Show a bar, if standard error is a terminal.
        after_epoch: Called after each epoch's checkpoint.

    Returns:
        The float32 network with the weights of the best epoch; its
        predictions of the test part; and the state, whose notes list the
        restarts.

    Raises:
        DeadNetworkError: If the network was dead at every try.
    """
    path = folder / CHECKPOINT_FILE
    start = read_checkpoint(path) if resume and path.is_file() else None
    restarts = list(start.state.notes["restarts"]) if start else []
    while True:
        seed = model_seed(settings.seed, instance, len(restarts))
        model = compiled_patchnet(settings, seed=seed)
        try:
            state = train_to_best(
                model,
                run_epoch=_epoch_runner(
                    model, data, settings, place=(instance, len(restarts)), progress=progress
                ),
                epochs=settings.epochs,
                monitor="val_loss",
                maximise=False,
                checkpoint_path=path,
                resume_from=start,
                notes={"restarts": restarts, "initial_weights_seed": seed},
                patience=settings.early_stopping,
                after_epoch=after_epoch,
            )
            best = _network(settings, seed=seed)
            best.set_weights(model.get_weights())
            predicted = predict_patches(best, data, data.test, batch_size=settings.batch_size)
            _refuse_dead(predicted, settings)
        except DeadNetworkError as error:
            start = None
            restarts = [*restarts, {"initial_weights_seed": seed, "reason": str(error)}]
            if len(restarts) > settings.max_restarts:
                raise DeadNetworkError(
                    f"Instance {instance}: {error} at each of {len(restarts)} tries with other "
                    "initial weights. Use a lower learning rate, or look at the labels."
                ) from error
            report(
                f"instance {instance}: {error}: a dead network; starting again with other "
                f"initial weights (try {len(restarts) + 1} of {settings.max_restarts + 1})"
            )
        else:
            return best, predicted, state


def _network(settings, *, seed):
    return build_patchnet(
        conv_widths=settings.conv_widths,
        dense_widths=settings.dense_widths,
        padding=settings.padding,
        seed=seed,
    )


def _epoch_runner(model, data, settings, *, place, progress):
    """A function that trains and validates one epoch, for `train_to_best`."""

    def run_epoch(epoch):
        began = time.monotonic()
        order = epoch_rng(settings.seed, *place, epoch=epoch).permutation(data.train)
        batches = PatchBatches(data.x, data.y, order, batch_size=settings.batch_size)
        with _bar(f"instance {place[0]}, epoch {epoch + 1}", len(batches), progress) as callbacks:
            fitted = model.fit(batches, shuffle=False, verbose=0, callbacks=callbacks)
        predicted = predict_patches(model, data, data.validation, batch_size=settings.batch_size)
        _refuse_dead(predicted, settings)
        difference = predicted.astype(np.float64) - data.y[data.validation]
        return {
            "loss": float(fitted.history["loss"][0]),
            "val_loss": float(np.mean(difference**2)),
            "seconds": round(time.monotonic() - began, 3),
        }

    return run_epoch


@contextlib.contextmanager
def _bar(title, steps, progress):
    """Callbacks that move a bar; none where no terminal shows it."""
    with tqdm(
        total=steps, desc=title, unit="batch", leave=False, disable=None if progress else True
    ) as bar:
        moves = keras.callbacks.LambdaCallback(on_train_batch_end=lambda step, logs: bar.update())
        yield [] if bar.disable else [moves]


def _refuse_dead(predicted, settings):
    if not np.isfinite(predicted).all():
        raise DeadNetworkError("predictions are not finite")
    spread = float(np.std(predicted, dtype=np.float64))
    if spread < settings.dead_below:
        raise DeadNetworkError(f"predictions are constant (standard deviation {spread:.1e})")
