"""One training instance of Patchnet: epochs, dead networks, best weights.

Public names: `compiled_patchnet`, `predict_patches`, `train_instance`.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import keras
import numpy as np

from kiqa.models.patchnet import build_patchnet
from kiqa.training.patchnet.batches import InstanceData, epoch_plan
from kiqa.training.patchnet.dead import DeadNetworkError, refuse_dead
from kiqa.training.patchnet.settings import PatchnetSettings
from kiqa.training.runs.checkpoint import RunState, read_checkpoint
from kiqa.training.runs.optimizers import adam, compile_model, learning_rate
from kiqa.training.runs.parts import refuse_shared_contents
from kiqa.training.runs.replicas import predict_batch, squared_error, whole_batch
from kiqa.training.runs.run import CHECKPOINT_FILE, Training, train_epochs
from kiqa.training.runs.seeding import model_seed
from kiqa.training.runs.start import start_whole


def compiled_patchnet(
    settings: PatchnetSettings, *, seed: int, initial: str | os.PathLike | None = None
) -> keras.Model:
    """Build Patchnet ready for training: Adam, mean squared error.

    Args:
        settings: Widths and learning rate.
        seed: Seed of the initial weights.
        initial: Name or file of a Patchnet to start from instead.

    Returns:
        Compiled model of `kiqa.models.patchnet.build_patchnet`.
    """
    model = _network(settings, seed=seed)
    if initial is not None:
        start_whole(model, initial)
    compile_model(
        model,
        optimizer=adam(learning_rate(settings.learning_rate)),
        loss=whole_batch(squared_error),
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
        batch_size: Patches in a batch.

    Returns:
        ``float32`` of shape ``(m,)``, in the order of ``chosen``.
    """
    batch_size = min(batch_size, len(chosen))
    # Whole batches only, the last one filled up from the start: one compiled function.
    whole = np.resize(chosen, -(-len(chosen) // batch_size) * batch_size)
    parts = [
        predict_batch(model, data.x[whole[at : at + batch_size]])[:, 0]
        for at in range(0, len(whole), batch_size)
    ]
    return np.concatenate(parts)[: len(chosen)]


def train_instance(
    data: InstanceData,
    settings: PatchnetSettings,
    *,
    parts: Mapping[str, Sequence[Mapping]],
    instance: int,
    folder: Path,
    initial: str | os.PathLike | None,
    resume: bool,
    report: Callable[[str], None],
    progress: bool,
    after_epoch: Callable[[RunState], None],
) -> tuple[keras.Model, np.ndarray, RunState]:
    """Train one instance; start again if its network turns out dead.

    Args:
        data: Patches and parts.
        settings: The experiment's settings.
        parts: The same parts as rows with ``content``, what no two parts may
            share.
        instance: Number of the instance, counted from 1.
        folder: Where its checkpoint lies.
        initial: Name or file of a Patchnet to start from, or ``None``.
        resume: Continue from the checkpoint, if there is one.
        report: Called with a line about each restart.
        progress: Show a bar, if standard error is a terminal.
        after_epoch: Called after each epoch's checkpoint.

    Returns:
        The float32 network with the weights of the best epoch; its
        predictions of the test part; and the state, whose notes list the
        restarts.

    Raises:
        ValueError: If two parts share a content.
        DeadNetworkError: If the network was dead at every try.
    """
    refuse_shared_contents(parts)
    path = folder / CHECKPOINT_FILE
    resume = resume and path.is_file()
    restarts = list(read_checkpoint(path).state.notes["restarts"]) if resume else []
    while True:
        place = (instance, len(restarts))
        seed = model_seed(settings.seed, *place)
        try:
            model, state = train_epochs(
                _training(data, settings, parts=parts, place=place, seed=seed, initial=initial),
                folder=folder,
                resume=resume,
                progress=progress,
                title=f"instance {instance}, ",
                notes={"restarts": restarts, "initial_weights_seed": seed},
                after_epoch=after_epoch,
            )
            best = _network(settings, seed=seed)
            best.set_weights(model.get_weights())
            predicted = predict_patches(best, data, data.test, batch_size=settings.batch_size)
            refuse_dead(predicted, below=settings.dead_below)
        except DeadNetworkError as error:
            resume = False
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


def _training(data, settings, *, parts, place, seed, initial) -> Training:
    """What the run is told; the experiment exports the network after its test."""

    def validate(model):
        chosen = data.validation
        predicted = predict_patches(model, data, chosen, batch_size=settings.batch_size)
        refuse_dead(predicted, below=settings.dead_below)
        difference = predicted.astype(np.float64) - data.y[chosen]
        return {"val_loss": float(np.mean(difference**2))}

    return Training(
        settings=settings,
        parts=parts,
        build=lambda: compiled_patchnet(settings, seed=seed, initial=initial),
        plan=lambda epoch: epoch_plan(
            data, batch_size=settings.batch_size, seed=settings.seed, place=place, epoch=epoch
        ),
        validate=validate,
        export=lambda model, folder: None,
        monitor="val_loss",
        maximise=False,
        initial=initial,
    )


def _network(settings, *, seed):
    return build_patchnet(
        conv_widths=settings.conv_widths,
        dense_widths=settings.dense_widths,
        padding=settings.padding,
        seed=seed,
    )
