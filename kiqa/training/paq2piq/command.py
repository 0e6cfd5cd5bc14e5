"""The command line of PaQ-2-PiQ's training.

Public names: `COMMAND`.
"""

import argparse
from pathlib import Path

from kiqa.arguments import Output, add_number, add_output, add_path, add_text
from kiqa.data.records import original_name
from kiqa.data.trained import in_chain, trained_on
from kiqa.training.paq2piq.initial import check_initial
from kiqa.training.paq2piq.settings import PRESETS, Paq2piqSettings
from kiqa.training.runs.command import TrainingCommand
from kiqa.training.runs.options import check_frozen
from kiqa.training.runs.teaching.command import add_teaching, taught_parts


def _add_options(parser):
    data = parser.add_argument_group("patches, and where pixels are kept")
    add_path(data, "--patch-scores", "FILE", "CSV or .npz with image_name, left, top, right, "
        "bottom (pixels) and score (0 to 100, higher is better); any number of patches an image "
        "(default: LIVE-FB's own)")  # fmt: skip
    add_text(data, "--patch-scores-are", "TEXT", "what they are, for the weights file, such as "
        "'pseudo-scores of patchnet'", default="scores from a file")  # fmt: skip
    add_text(data, "--pseudo-scores", "NAME|FILE", "instead: make patches and pseudo-scores of the "
        "training images, not of copies, with a WaDIQaM without reference or a lite, into the "
        "working folder")  # fmt: skip
    add_number(data, "--pseudo-patches", "with --pseudo-scores: patches of each image", default=48)
    add_output(
        data, "--packed", Output.SHARED, "DIR", "folder for the decoded images, which runs can "
        "share (default: packed in --workdir)", type=Path, default=None,
    )  # fmt: skip
    add_teaching(parser)


def _prepare(arguments: argparse.Namespace, settings: Paq2piqSettings):
    """Records of train, val and test."""
    if arguments.patch_scores is not None and arguments.pseudo_scores is not None:
        raise ValueError("Expected --patch-scores or --pseudo-scores. Received: both.")
    check_initial(settings.body, arguments.initial)
    check_frozen(settings, arguments.initial)
    return taught_parts(arguments, settings, also=arguments.pseudo_scores)


def _train(prepared, settings, run, arguments):
    from kiqa.training.paq2piq.tasks import rated_images
    from kiqa.training.paq2piq.train import train_paq2piq

    train, validation, test = map(rated_images, prepared)
    patches, meaning = _patches(arguments, train, settings, report=run["report"])
    return train_paq2piq(
        train,
        validation,
        settings,
        test=test,
        trained_on=_seen(prepared[0], prepared[1], arguments.pseudo_scores),
        patches=patches,
        patch_scores=meaning,
        initial=arguments.initial,
        packed=arguments.packed,
        **run,
    )


def _seen(train, validation, model):
    """Which images the network, and the one that rated their patches, was trained on."""
    from kiqa.training.runs.origin import details_of

    seen = trained_on(train, validation, scores="human", about="MOS, mapped to 0..100")
    if model is not None:
        about = f"scores of patches by {Path(model).stem}"
        seen += trained_on(train, scores="teacher", about=about)
    return in_chain(seen, details_of(model))


def _patches(arguments, train, settings, *, report):
    """Patches by image, and what their scores are."""
    from kiqa.data.readers.live_fb import live_fb_patches
    from kiqa.training.paq2piq.pseudo_scores import write_pseudo_scores
    from kiqa.training.paq2piq.tasks import read_patch_scores

    model = arguments.pseudo_scores
    if model is not None:
        file = write_pseudo_scores(
            [image for image in train if original_name(image.name) == image.name],  # no copies
            arguments.workdir / "pseudo_scores.npz",
            model=model,
            patches=arguments.pseudo_patches,
            seed=settings.seed,
            report=report,
        )
        return read_patch_scores(file), f"MOS and local differences by {Path(model).stem}"
    if arguments.patch_scores is not None:
        return read_patch_scores(arguments.patch_scores), arguments.patch_scores_are
    if arguments.dataset == "live-fb":
        return live_fb_patches(arguments.data), "scores by people, LIVE-FB"
    return None, ""


COMMAND = TrainingCommand(
    name="train_paq2piq", settings=Paq2piqSettings, presets=PRESETS,
    prepare=_prepare, train=_train, add_options=_add_options,
    summary="Train PaQ-2-PiQ on images and patches of them.",
    initial="P2P body to start from, or ResNet-18 of `kiqa convert resnet18`; with --body "
    "efficientnet-lite2 imagenet or lite (default: random weights)",
)  # fmt: skip
