"""Train PaQ-2-PiQ: ``python -m kiqa.train_paq2piq --model bm|rm|fm``.

Trains on the picture scores of a data set, and on scores of patches: those of
LIVE-FB itself, those of a file (``--patch-scores``; say what they are with
``--patch-scores-are``), or pseudo-scores by a trained WaDIQaM
(``--pseudo-scores``). Defaults are the paper's: Adam, ten epochs of batches of
120 pictures padded to 640x640, from ImageNet weights if ``--initial`` names a
file of them (``kiqa convert resnet18``; ``python -m kiqa.train_resnet18`` makes
another start). ``--recipe two-cores`` trains on smaller crops, faster. Exit
status: 0 done; 2 usage or input error; 130 interrupted by Ctrl-C.
"""

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

from kiqa.data.chosen import scored_parts
from kiqa.data.trained import in_chain, trained_on
from kiqa.startup import start_keras
from kiqa.training.paq2piq.settings import KINDS, RECIPES, SCHEDULES, Paq2piqSettings
from kiqa.training.runs.commands import (
    add_data,
    add_run,
    add_settings,
    given_settings,
    run_training,
    some_of,
)
from kiqa.training.runs.settings import PRECISIONS

# Settings that have an option of the same name.
_NUMBERS = {
    "seed": (int, "seed of initial weights, crops and dropout"),
    "side": (int, "pixels a side in training: padded with white, or cropped"),
    "patches": (int, "patches of each picture in a step; 0: picture scores only"),
    "batch_size": (int, "pictures an update"),
    "accumulate": (int, "parts in which a batch is computed; saves memory"),
    "epochs": (int, "epochs at most"),
    "early_stopping": (
        lambda text: int(text) or None,
        "stop after so many epochs without a better one; 0: never",
    ),
    "body_rate": (float, "learning rate of the body"),
    "head_rate": (float, "learning rate of the head"),
    "warmup_steps": (int, "updates over which they rise, with --schedule cosine"),
    "weight_decay": (float, "decoupled weight decay"),
    "clip_norm": (float, "largest norm of the gradient; 0 clips nothing"),
    "patch_weight": (float, "weight of a patch's squared error beside a picture's"),
    "correlation_loss": (float, "weight of 1 - Pearson's correlation over a step's pictures"),
}
_CHOICES = {
    "model": (KINDS, "P2P-BM, P2P-RM or P2P-FM"),
    "schedule": (SCHEDULES, "of the learning rates"),
    "precision": (PRECISIONS, "Keras dtype policy"),
}
_FLAGS = {
    "start_at_mean": "let the first outputs be near the mean score",
    "flip": "mirror half of the training pictures",
    "pad_validation": "pad validation pictures as in training",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; ``None`` takes
            `sys.argv`.

    Returns:
        The exit status.
    """
    return run_training(_run, _parser().parse_args(argv), say=_say)


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m kiqa.train_paq2piq",
        description="Train PaQ-2-PiQ on pictures and patches of them.",
        argument_default=argparse.SUPPRESS,  # only what was given overrides the recipe
        epilog="Exit status: 0 done, 2 usage or input error, 130 interrupted.",
    )
    data = parser.add_argument_group("data")
    add_data(data)
    data.add_argument(
        "--patch-scores", type=Path, metavar="FILE", default=None,
        help="CSV or .npz with image_name, left, top, right, bottom (pixels) and score (0 to 100, "
        "higher is better); any number of patches a picture",
    )  # fmt: skip
    data.add_argument(
        "--patch-scores-are", metavar="TEXT", default="scores from a file",
        help="what they are, for the weights file, such as 'pseudo-scores of patchnet' "
        "(default: %(default)s)",
    )  # fmt: skip
    data.add_argument(
        "--pseudo-scores", metavar="NAME|FILE", default=None,
        help="instead: make patches and pseudo-scores of the training pictures with a WaDIQaM "
        "without reference, such as wadiqam_nr, into the working folder",
    )  # fmt: skip
    data.add_argument(
        "--pseudo-patches", type=int, metavar="N", default=48,
        help="with --pseudo-scores: patches of each picture (default: %(default)s)",
    )  # fmt: skip
    data.add_argument(
        "--limit", type=int, metavar="N", default=None,
        help="only so many training pictures, at random by --seed",
    )  # fmt: skip
    add_run(parser)
    parser.add_argument(
        "--packed", type=Path, metavar="FOLDER", default=None,
        help="folder for the decoded pictures, which runs can share (default: in --workdir)",
    )  # fmt: skip
    parser.add_argument(
        "--gpus", type=int, metavar="N", default=None, help="share the work among so many GPUs"
    )
    options = parser.add_argument_group("settings (defaults: the paper's)")
    options.add_argument(
        "--recipe", choices=sorted(RECIPES), default="paper",
        help="set of values that the options below change (default: %(default)s)",
    )  # fmt: skip
    options.add_argument(
        "--initial", metavar="NAME|FILE", default=None,
        help="ResNet-18 to start from, of `kiqa convert resnet18` or a P2P body (default: random "
        "weights)",
    )  # fmt: skip
    add_settings(options, Paq2piqSettings(), numbers=_NUMBERS, choices=_CHOICES, flags=_FLAGS)
    return parser


def _run(arguments):
    given = given_settings(arguments, Paq2piqSettings)
    settings = Paq2piqSettings(**RECIPES[arguments.recipe] | given)
    records = scored_parts(
        arguments.dataset, arguments.data, ("train", "val"), split=arguments.split
    )

    # Keras is loaded here, not for --help or wrong data.
    start_keras()
    from kiqa.training.paq2piq.tasks import rated_pictures
    from kiqa.training.paq2piq.train import train_paq2piq
    from kiqa.training.runs.devices import gpu_devices

    train, validation = map(rated_pictures, records)
    if arguments.limit is not None:
        train = some_of(train, arguments.limit, option="--limit", seed=settings.seed)
    chosen = {picture.name for picture in train}
    patches, meaning = _patches(arguments, train, seed=settings.seed)
    if arguments.gpus is not None:
        settings = dataclasses.replace(settings, devices=gpu_devices(arguments.gpus))
    return train_paq2piq(
        train,
        validation,
        settings,
        workdir=arguments.workdir,
        trained_on=_seen(arguments, [[r for r in records[0] if r.name in chosen], records[1]]),
        patches=patches,
        patch_scores=meaning,
        initial=arguments.initial,
        packed=arguments.packed,
        resume=arguments.resume,
        progress=True,
        report=_say,
    )


def _seen(arguments, records):
    """Which pictures the network, and the one that rated their patches, was trained on."""
    from kiqa.training.runs.origin import details_of

    train, validation = records
    seen = trained_on(train, validation, scores="human", about="MOS, mapped to 0..100")
    model = arguments.pseudo_scores
    if model is not None:
        seen += trained_on(
            train, scores="teacher", about=f"scores of patches by {Path(model).stem}"
        )
    return in_chain(seen, details_of(model))


def _patches(arguments, train, *, seed):
    """Patches by picture, and what their scores are."""
    from kiqa.data.readers.live_fb import live_fb_patches
    from kiqa.training.paq2piq.pseudo_scores import write_pseudo_scores
    from kiqa.training.paq2piq.tasks import read_patch_scores

    file, model = arguments.patch_scores, arguments.pseudo_scores
    if file is not None and model is not None:
        raise ValueError("Expected --patch-scores or --pseudo-scores. Received: both.")
    if model is not None:
        file = write_pseudo_scores(
            train,
            arguments.workdir / "pseudo_scores.npz",
            model=model,
            patches=arguments.pseudo_patches,
            seed=seed,
            report=_say,
        )
        return read_patch_scores(file), f"MOS and local differences by {Path(model).stem}"
    if file is not None:
        return read_patch_scores(file), arguments.patch_scores_are
    if arguments.dataset == "live-fb":
        return live_fb_patches(arguments.data), "scores by people, LIVE-FB"
    return None, ""


def _say(text):
    sys.stderr.write(f"train_paq2piq: {' '.join(text.split())}\n")


if __name__ == "__main__":
    sys.exit(main())
