"""The paper's comparisons: one method trained on parts of data sets, and tested.

Public names: `fit_and_predict`, `metrics_of`, `mean_of`, `METRIC_NAMES`.

References:
    Korhonen et al. 2021, sections 4.3 and 4.4.
"""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Unpack

import numpy as np

from kiqa.evaluation.report import correlation_report
from kiqa.evaluation.resampling import groups_of
from kiqa.training.rnn_biqa.parts import Part, Parts, rated_part
from kiqa.training.rnn_biqa.settings import PoolingSettings
from kiqa.training.runs.options import settings_to_json
from kiqa.training.runs.parts import refuse_shared_contents
from kiqa.training.runs.workdir import open_workdir, text_sha256

if TYPE_CHECKING:
    from kiqa.training.runs.run import RunOptions

METRIC_NAMES = {"SCC": "srocc", "PCC": "plcc", "RMSE": "rmse"}  # as the tables call them
_NONE = np.zeros(0)  # predictions


def fit_and_predict(
    parts: Parts,
    settings: PoolingSettings,
    *,
    initial: str | os.PathLike | None = None,
    export: Callable = lambda model, folder: None,
    **run: Unpack["RunOptions"],
) -> tuple[dict, np.ndarray]:
    """Train one method and predict the test images.

    Args:
        parts: Of `own_parts`, `random_parts` or `cross_parts`.
        settings: What decides the numbers.
        initial: See `kiqa.training.rnn_biqa.pooling.train_pooling`; not for ``"svr"``.
        export: See there; not called for ``"svr"``.
        **run: See there; of ``"svr"``, which has no epochs, ``workdir`` and ``resume``.

    Returns:
        The result of the training, and the predictions of the test part on
        the scale 0..1, of shape (n,); n is 0 without a test part.

    Raises:
        ValueError: As `kiqa.training.rnn_biqa.pooling.train_pooling`, or if
            support vectors are to start from a network.
        OSError: Likewise.
    """
    if settings.method == "svr" and initial is not None:
        raise ValueError(
            "Expected a method with a network together with --initial. Received: svr, and "
            f"{initial}. Support vectors start from nothing; leave --initial out."
        )
    rated = {
        name: rated_part(part, multi_resolution=settings.multi_resolution)
        for name, part in (
            ("train", parts["train"]),
            ("val", parts["val"]),
            ("test", parts["test"]),
        )
        if part is not None
    }
    train, test = rated["train"], rated.get("test")
    if settings.method == "svr":
        from kiqa.training.rnn_biqa.support_vectors import fit_support_vectors

        rows = {name: part.rows() for name, part in rated.items()}
        refuse_shared_contents(rows)
        open_workdir(
            run["workdir"],
            settings=settings_to_json(settings),
            data={name: len(of) for name, of in rows.items()} | {"sha256": text_sha256(repr(rows))},
            resume=run.get("resume", False),
        )
        machine = fit_support_vectors(
            _means(train), train.mos, c=settings.svr_c, epsilon=settings.svr_epsilon
        )
        predicted = _NONE if test is None else machine.predict(_means(test))
        return {"support_vectors": len(machine[-1].support_)}, predicted

    from kiqa.training.rnn_biqa.batches import predict_sequences
    from kiqa.training.rnn_biqa.pooling import train_pooling

    model, result = train_pooling(
        train,
        settings,
        validation=rated.get("val"),
        test=test,
        initial=initial,
        export=export,
        **run,
    )
    if test is None:
        return result, _NONE
    predicted = predict_sequences(model, test.sequences, masked=settings.masked, names=test.names)
    return result, predicted


def metrics_of(predicted: np.ndarray, part: Part, *, seed: int = 0) -> dict:
    """Compare predictions with MOS, both on the scale 0..100.

    Args:
        predicted: Scores in 0..1, shape (n,).
        part: Their images.
        seed: Of the bootstrap.

    Returns:
        As `kiqa.evaluation.report.correlation_report`; ``plcc`` is without a
        logistic, as the paper's. Images of one scene are drawn as one.

    Raises:
        ValueError: If a prediction is not finite.
    """
    rows = part.folder.rows_of(part.names)
    mos = np.array([row["mos"] for row in rows])
    groups = groups_of([row["content"] for row in rows])
    return correlation_report(100 * predicted, 100 * mos, seed=seed, groups=groups)


def mean_of(values: Sequence[float | None]) -> float | None:
    """Return the mean of a metric over runs; ``None`` if one of them does not define it."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None


def _means(rated):
    return np.stack([sequence.mean(axis=0) for sequence in rated.sequences])
