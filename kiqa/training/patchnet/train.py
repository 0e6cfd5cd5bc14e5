"""The thesis's experiment with Patchnet: cross-validation on KonPatch.

A test part is set aside, the rest is cut into folds; each instance starts
from fresh random weights, is validated on its fold and trained on the others
with Adam and the mean squared error, and keeps the weights of its best
validation loss. Table 1 compares the instances on the test part.

The working folder then holds, per instance, ``patchnet-I.h5`` and a folder
``instance-I`` (history, test predictions, checkpoint); and for the run
``settings.json``, ``split.csv``, ``images.csv``, ``table1.csv``,
``table1.json`` and ``loss_curves.png``.

No patch of the validation or test part is trained on. By the thesis's
protocol, ``split_by="patch"``, other patches of the same images are, on
purpose: the parts are drawn of all patches. With ``"image"`` no image is in
two parts.

Runs on arrays, on any Keras backend; several devices need TensorFlow.

Public names: `train_patchnet`.

References:
    Thesis, section 5.1.1, Table 1 and Fig. 8.
"""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from kiqa import __version__
from kiqa.constants import PATCHNET
from kiqa.data.konpatch import KonPatch
from kiqa.data.trained import in_chain, konpatch_trained_on
from kiqa.evaluation.report import write_csv, write_json
from kiqa.io.json_files import read_json
from kiqa.io.weights import Details, export_h5
from kiqa.plotting import plot_loss_curves, save_figure
from kiqa.training.patchnet.batches import InstanceData
from kiqa.training.patchnet.folds import Parts, protocol_parts
from kiqa.training.patchnet.instance import compiled_patchnet, train_instance
from kiqa.training.patchnet.settings import PatchnetSettings
from kiqa.training.patchnet.table import METRICS, patch_metrics, table_1
from kiqa.training.runs.devices import require_tensorflow
from kiqa.training.runs.history import history_writer
from kiqa.training.runs.options import settings_to_json
from kiqa.training.runs.origin import Judged, details_of, origin, report_seen, started_from
from kiqa.training.runs.run import RESULT_FILE
from kiqa.training.runs.workdir import arrays_sha256, open_workdir


def train_patchnet(
    konpatch: KonPatch,
    settings: PatchnetSettings,
    *,
    workdir: str | os.PathLike,
    instances: Sequence[int] | None = None,
    initial: str | os.PathLike | None = None,
    resume: bool = False,
    source: str = "",
    tensorboard: bool = False,
    progress: bool = False,
    report: Callable[[str], None] = lambda message: None,
) -> list[dict]:
    """Run the experiment, or some of its instances.

    Args:
        konpatch: Patches and labels.
        settings: What decides the numbers.
        workdir: Folder of the run.
        instances: Which instances to train, counted from 1; ``None`` is
            all. The table holds all that the folder has finished.
        initial: Name or file of a Patchnet of the same widths that every
            instance starts from; ``None`` is the thesis's random weights.
        resume: Continue the run in the folder: finished instances stay, an
            interrupted one goes on after its last epoch. On a CPU the
            weights are those of an uninterrupted run, bit by bit.
        source: Where the patches come from, for ``settings.json``.
        tensorboard: Also write event files (TensorFlow only).
        progress: Show a bar, if standard error is a terminal.
        report: Called with a line after each epoch, restart and instance.

    Returns:
        Rows of Table 1: ``Instance``, ``MSE``, ``MAE``, ``SROCC``, ``PLCC``;
        the last one is the mean.

    Raises:
        ValueError: If the patches or ``initial`` do not suit, or the folder
            holds another run.
        DeadNetworkError: If an instance's network was dead at every try.
        OSError: If a file cannot be written; what is finished stays.
    """
    chosen = list(range(1, settings.folds + 1)) if instances is None else sorted(set(instances))
    if not chosen or not set(chosen) <= set(range(1, settings.folds + 1)):
        raise ValueError(f"Expected instances from 1 to {settings.folds}. Received: {instances}.")
    if tensorboard:
        require_tensorflow("TensorBoard files")
    parts = _parts(konpatch, settings)
    if initial is not None:  # what cannot start leaves the folder free
        compiled_patchnet(settings, seed=settings.seed, initial=initial)
    # Each image is tested by one of the instances.
    judged = {"test": [Judged(name, name) for name in np.unique(konpatch.image).tolist()]}
    report_seen(initial, judged, role="initial", report=report)
    workdir = open_workdir(
        workdir,
        settings=settings_to_json(settings) | started_from(initial),
        data={
            "source": source,
            "patches": len(konpatch.y),
            "images": len(np.unique(konpatch.image)),
            "label": konpatch.label,
            "votes_source": konpatch.votes_source,
            "sha256": arrays_sha256(konpatch.x, konpatch.y),
        },
        resume=resume,
    )
    _write_split(konpatch, parts, workdir)
    for instance in chosen:
        folder = workdir / f"instance-{instance}"
        if (folder / RESULT_FILE).is_file():
            done = read_json(folder / RESULT_FILE)["epochs_asked"]
            if done == settings.epochs:
                report(f"instance {instance}: finished earlier")
                continue
        result = _run_instance(
            konpatch,
            parts,
            settings,
            instance=instance,
            folder=folder,
            initial=initial,
            resume=resume,
            tensorboard=tensorboard,
            progress=progress,
            report=report,
        )
        report(
            f"instance {instance}: best epoch {result['best_epoch']} of {result['epochs']}, "
            + ", ".join(f"{name} {result[name]:.4f}" for name in METRICS)
        )
    return _write_table(workdir, settings)


def _parts(konpatch, settings) -> Parts:
    """Check the patches and draw the parts."""
    y, side = konpatch.y, PATCHNET.patch
    if konpatch.x.shape[1:] != (side, side, 3):
        raise ValueError(
            f"Expected patches of {side}x{side} pixels. Received: {konpatch.x.shape}; cut them "
            "anew with --data."
        )
    parts = protocol_parts(
        len(y),
        test_fraction=settings.test_fraction,
        folds=settings.folds,
        seed=settings.seed,
        groups=konpatch.image if settings.split_by == "image" else None,
    )
    if len(parts.test) < 3 or np.ptp(y[parts.test]) == 0:
        raise ValueError(
            f"Expected a test part of at least 3 patches with different labels. Received: "
            f"{len(parts.test)} patches with labels from {y[parts.test].min()} to "
            f"{y[parts.test].max()}. Use more patches or images."
        )
    return parts


def _write_split(konpatch, parts, workdir):
    """Write which patch is in which part, and which images were used."""
    places = zip(konpatch.image, konpatch.row, konpatch.col, konpatch.y, parts.names(), strict=True)
    write_csv(
        [
            {"patch": i, "image": image, "row": row, "column": col, "label": label, "part": part}
            for i, (image, row, col, label, part) in enumerate(places)
        ],
        workdir / "split.csv",
    )
    images, first, counts = np.unique(konpatch.image, return_index=True, return_counts=True)
    write_csv(
        [
            {"image_name": image, "mos01": konpatch.mos[index], "patches": count}
            for image, index, count in zip(images, first, counts, strict=True)
        ],
        workdir / "images.csv",
    )


def _run_instance(
    konpatch, parts, settings, *, instance, folder, initial, resume, tensorboard, progress, report
):
    """Train an instance and write its files, the result last."""
    data = InstanceData(
        x=konpatch.x,
        y=konpatch.y,
        train=parts.training(instance - 1),
        validation=parts.folds[instance - 1],
        test=parts.test,
    )
    model, predicted, state = train_instance(
        data,
        settings,
        parts=_rows(konpatch, data, settings),
        instance=instance,
        folder=folder,
        initial=initial,
        resume=resume,
        report=report,
        progress=progress,
        after_epoch=history_writer(
            folder, lambda text: report(f"instance {instance}, {text}"), tensorboard=tensorboard
        ),
    )
    name = f"patchnet-{instance}"
    export_h5(
        model,
        folder.parent / f"{name}.h5",
        Details(
            name=name,
            version=__version__,
            scale="0..1",
            higher_is_better=True,
            trained_on=in_chain(konpatch_trained_on(konpatch), details_of(initial)),
            origin=origin(initial),
            instance=instance,
            best_epoch=state.best_epoch,
        ),
    )
    test = (parts.test, konpatch.image[parts.test], konpatch.y[parts.test], predicted)
    write_csv(
        [
            {"patch": index, "image": image, "label": label, "predicted": value}
            for index, image, label, value in zip(*test, strict=True)
        ],
        folder / "test_predictions.csv",
    )
    result = {
        "instance": instance,
        **patch_metrics(predicted, konpatch.y[parts.test]),
        "best_epoch": state.best_epoch,
        "best_val_loss": state.best_score,
        "epochs": state.epoch,
        "epochs_asked": settings.epochs,
        "seconds": round(sum(epoch["seconds"] for epoch in state.history), 1),
        "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        **state.notes,
        "history": state.history,
    }
    write_json(result, folder / RESULT_FILE)
    return result


def _rows(konpatch, data, settings):
    """The parts as rows; their content is what the parts were drawn of."""
    content = konpatch.image if settings.split_by == "image" else np.arange(len(konpatch.y))
    return {
        part: [{"image_name": konpatch.image[i], "content": content[i]} for i in chosen]
        for part, chosen in (("train", data.train), ("val", data.validation), ("test", data.test))
    }


def _write_table(workdir: Path, settings) -> list[dict]:
    """Write Table 1 and Fig. 8 of all instances finished so far."""
    files = [workdir / f"instance-{i}" / RESULT_FILE for i in range(1, settings.folds + 1)]
    results = [read_json(file) for file in files if file.is_file()]
    rows = table_1(results)
    write_csv(rows, workdir / "table1.csv")
    write_json(
        {"table": rows, **read_json(workdir / "settings.json"), "instances": results},
        workdir / "table1.json",
    )
    curves = [
        {name: [epoch[name] for epoch in result["history"]] for name in ("loss", "val_loss")}
        for result in results
    ]
    save_figure(plot_loss_curves(curves), workdir / "loss_curves.png")
    return rows
