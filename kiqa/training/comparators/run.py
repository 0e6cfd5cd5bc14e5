"""What the trainings of the comparators tell the run: Adam, rated images, one file.

Public names: `run_comparator`.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import keras

from kiqa.data.plans import EpochPlan
from kiqa.data.records import ScoredImage
from kiqa.io.weights import TrainingPart, export_h5
from kiqa.training.runs.optimizers import adam, compile_model, scheduled_rate
from kiqa.training.runs.origin import described
from kiqa.training.runs.parts import record_rows
from kiqa.training.runs.run import RunOptions, Training, run_training
from kiqa.training.runs.seeding import model_seed
from kiqa.training.runs.start import start_whole


class Form(Protocol):
    """A network, and how it is trained.

    Attributes:
        name: A key of `kiqa.models.MODELS` and of `kiqa.scoring.engines.ENGINES`.
        loss: What ``compile`` takes.
    """

    @property
    def name(self) -> str: ...

    @property
    def loss(self) -> Any: ...

    def build(self, seed: int | None) -> keras.Model:
        """Build the network with fresh weights."""


def run_comparator(
    form: Form,
    parts: Mapping[str, Sequence[ScoredImage]],
    settings: Any,
    *,
    plan: Callable[[int], EpochPlan],
    validate: Callable[[keras.Model], Mapping[str, float]],
    seen: Sequence[TrainingPart],
    initial: str | os.PathLike | None,
    run: RunOptions,
    part: Callable[[keras.Model], keras.Model] = lambda network: network,
    whole: Callable[[keras.Model], keras.Model] = lambda model: model,
    data: Mapping[str, Any] | None = None,
    **about: Any,
) -> dict:
    """Train a comparator to its best epoch.

    Args:
        form: What is trained.
        parts: Images by part: train, val and test.
        settings: What decides the numbers.
        plan: From an epoch to its batches, as for `kiqa.training.runs.run.Training`.
        validate: From the model that is trained to an epoch's numbers.
        seen: The images, for its file; those of ``initial`` are added.
        initial: Name or file of such a network to start from; ``None`` is random
            weights.
        run: Where, and how.
        part: From the network to the model that is trained, which shares its layers.
        whole: From that model to the network.
        data: More of what identifies the data, JSON types.
        **about: Further fields of `kiqa.io.weights.Details`.

    Returns:
        The result, as `kiqa.training.runs.run.run_training`, whose errors are raised.
    """

    def build():
        network = form.build(model_seed(settings.seed))
        if initial is not None:
            start_whole(network, initial)
        model = part(network)
        rate = scheduled_rate(settings, batches=len(parts["train"]) // settings.batch_size)
        optimizer = adam(rate, weight_decay=settings.weight_decay, clip_norm=settings.clip_norm)
        compile_model(model, optimizer=optimizer, loss=form.loss)
        return model

    def export(model, folder):
        details = described(form.name, seen, initial, mode=form.name, **about)
        export_h5(whole(model), folder / f"{form.name}.h5", details)

    training = Training(
        settings=settings,
        parts=record_rows(parts),
        build=build,
        plan=plan,
        validate=validate,
        export=export,
        initial=initial,
        data=data or {},
        extendable=settings.schedule == "constant",
    )
    return run_training(training, **run)
