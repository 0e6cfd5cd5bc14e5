"""The command line of Patchnet's cross-validation.

Public names: `COMMAND`.
"""

import argparse
import dataclasses
import sys
from pathlib import Path

from kiqa.arguments import Output, add_output, add_path
from kiqa.constants import KONPATCH
from kiqa.data import DATASETS
from kiqa.data.records import SETS
from kiqa.training.patchnet.dead import DeadNetworkError
from kiqa.training.patchnet.settings import (
    EMBEDDED_PATCHES_PER_VERSION,
    PRESETS,
    PatchnetSettings,
)
from kiqa.training.runs.command import TrainingCommand
from kiqa.training.runs.parts import limited, refuse_shared_contents

_RUNS = Path("runs")


def _add_options(parser):
    data = parser.add_argument_group("patches")
    add_path(data, "--patches", "FILE", "instead of --data: KonPatch file (.npz)")
    data.add_argument(
        "--set", choices=(*SETS, "all"), default="train",
        help="part of the split to take images from (default: %(default)s)",
    )  # fmt: skip
    data.add_argument(
        "--patches-per-image", type=int, metavar="N", default=None,
        help=f"patches of an image (default: {KONPATCH.patches_per_image}, of "
        f"{KONPATCH.images} images unless --limit says another number; without --data "
        f"{EMBEDDED_PATCHES_PER_VERSION} of each version of an image)",
    )  # fmt: skip
    add_path(data, "--votes", "CSV", "human votes (default: pseudo-votes)")
    data.add_argument(
        "--label", choices=("lab", "crowd"), default=None,
        help="labels from one vote, the thesis's formula 3, or from the fraction of ten "
        "(default: lab)",
    )  # fmt: skip
    written = "write the KonPatch file (.npz) and stop"
    add_output(data, "--write-patches", Output.FILE, "FILE", written, type=Path, default=None)
    data.add_argument(
        "--instances", type=_numbers, metavar="I,J", default=None,
        help="train only these instances, counted from 1 (default: all)",
    )  # fmt: skip


def _prepare(arguments: argparse.Namespace, settings: PatchnetSettings):
    """The patches asked for, and in words where they come from."""
    # Loads what --help does without.
    from kiqa.data.konpatch import embedded_konpatch, load_konpatch

    if arguments.patches is not None:
        _refuse(arguments, "data", "patches_per_image", "label", wanted="without --patches")
    if arguments.data is not None:
        return _cut(arguments, settings)
    _refuse(arguments, "dataset", "split", "votes", "exclude", wanted="together with --data")
    if arguments.patches is not None:
        found, source = load_konpatch(arguments.patches), f"patches {arguments.patches.name}"
    else:
        found, source = (
            embedded_konpatch(
                patches_per_version=_given(
                    arguments.patches_per_image, EMBEDDED_PATCHES_PER_VERSION
                ),
                label=_given(arguments.label, "lab"),
                seed=settings.seed,
            ),
            "embedded",
        )
    return _limited(found, arguments, settings), source


def _cut(arguments, settings):
    """Patches of the images of a data set, of one part of its split."""
    from kiqa.data.chosen import scored_parts
    from kiqa.data.konpatch import build_konpatch

    if arguments.dataset is None:
        raise ValueError(
            f"Expected --dataset with --data: one of {', '.join(sorted(DATASETS))}. Received: "
            "--data alone."
        )
    chosen, everything = scored_parts(
        arguments.dataset,
        arguments.data,
        (arguments.set, "all"),
        split=arguments.split,
        exclude=arguments.exclude,
    )
    if arguments.set != "all":
        rows = [{"content": record.content, "set": record.set} for record in everything]
        refuse_shared_contents({part: [r for r in rows if r["set"] == part] for part in SETS})
    found = build_konpatch(
        chosen,
        images=_given(arguments.limit, KONPATCH.images),
        patches_per_image=_given(arguments.patches_per_image, KONPATCH.patches_per_image),
        votes=_given(arguments.votes, "pseudo"),
        label=_given(arguments.label, "lab"),
        seed=settings.seed,
    )
    return found, f"{arguments.dataset}, set {arguments.set}, split {arguments.split or 'own'}"


def _limited(konpatch, arguments, settings):
    """Patches of as many images as --limit says."""
    import numpy as np

    names = limited(sorted(set(konpatch.image)), arguments, settings)
    keep = np.isin(konpatch.image, names)
    fields = {field.name: getattr(konpatch, field.name) for field in dataclasses.fields(konpatch)}
    arrays = {name: v[keep] for name, v in fields.items() if isinstance(v, np.ndarray)}
    return dataclasses.replace(konpatch, **arrays)


def _train(prepared, settings, run, arguments):
    from kiqa.data.konpatch import save_konpatch
    from kiqa.training.patchnet.train import train_patchnet

    konpatch, source = prepared
    if arguments.write_patches is not None:
        save_konpatch(konpatch, arguments.write_patches)
        sys.stdout.write(f"{len(konpatch.y)} patches: {arguments.write_patches}\n")
        return None
    return train_patchnet(
        konpatch,
        settings,
        instances=arguments.instances,
        initial=arguments.initial,
        source=source,
        **run,
    )


def _workdir(arguments) -> Path:
    """The latest run below ``runs/``, or the name of a new one."""
    numbers = [path.name.removeprefix("patchnet-") for path in _RUNS.glob("patchnet-*")]
    latest = max((int(number) for number in numbers if number.isdecimal()), default=0)
    return _RUNS / f"patchnet-{max(latest, 1) if arguments.resume else latest + 1}"


def _show(rows):
    from kiqa.evaluation.report import to_markdown

    return to_markdown(rows, digits=4) + "\n"


def _given(value, default):
    return default if value is None else value


def _refuse(arguments, *names, wanted):
    for name in names:
        value = getattr(arguments, name)
        if value is not None:
            option = "--" + name.replace("_", "-")
            raise ValueError(f"Expected {option} {wanted}. Received: {option} {value}.")


def _numbers(text):
    try:
        return [int(number) for number in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected numbers such as 1,3, got {text!r}") from None


COMMAND = TrainingCommand(
    name="train_patchnet", settings=PatchnetSettings, presets=PRESETS,
    preset_without=("embedded", ("data", "patches")), prepare=_prepare, train=_train,
    add_options=_add_options, data=False, workdir=_workdir, show=_show,
    failures=(DeadNetworkError,),
    summary="Train Patchnet on KonPatch by cross-validation, with the thesis's settings. Without "
    "--data and --patches: the whole protocol, small, on patches that kiqa brings along "
    "(--preset embedded). By the thesis's protocol patches of one image are in several parts; "
    "--split-by image keeps them together.",
    initial="Patchnet of the same widths that every instance starts from (default: random weights)",
)  # fmt: skip
