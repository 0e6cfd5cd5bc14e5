"""The command line of the comparators: those that are fitted, and those that are trained.

Public names: `COMMAND`.
"""

from functools import partial

from kiqa.comparators.command import add_body, add_brisque, add_cornia, add_deepbiq, add_niqe
from kiqa.training.comparators.heads.settings import PRESETS, HeadSettings
from kiqa.training.comparators.regression.settings import RegressionSettings
from kiqa.training.runs.command import OtherCommand, SeveralCommands, TrainingCommand
from kiqa.training.runs.parts import chosen_parts

_FITTED = {
    "brisque": ("BRISQUE's regression, on images with scores", add_brisque),
    "cornia": ("CORNIA's codebook and regression, on images with scores", add_cornia),
    "deepbiq": ("DeepBIQ's regression of features, on images with scores", add_deepbiq),
    "niqe": ("NIQE's Gaussian, on undistorted images", add_niqe),
}


def _train_regression(parts, settings, run, arguments, *, name):
    from kiqa.training.comparators.regression.forms import FORMS
    from kiqa.training.comparators.regression.train import train_regression

    train, validation, test = parts
    return train_regression(
        FORMS[name], train, validation, settings, test=test, initial=arguments.initial, **run
    )


def _train_head(parts, settings, run, arguments, *, name):
    from kiqa.training.comparators.heads.forms import FORMS
    from kiqa.training.comparators.heads.train import train_head

    train, validation, test = parts
    of = {"test": test, "body": arguments.body, "initial": arguments.initial}
    return train_head(FORMS[name], train, validation, settings, **of, **run)


def _regression(name: str, summary: str) -> TrainingCommand:
    return TrainingCommand(
        name=f"train_comparator {name}",
        settings=RegressionSettings,
        prepare=chosen_parts,
        train=partial(_train_regression, name=name),
        summary=summary,
        initial=f"network of {name} to start from (default: random weights)",
    )


def _head(name: str, summary: str) -> TrainingCommand:
    (preset,) = PRESETS[name]
    return TrainingCommand(
        name=f"train_comparator {name}",
        settings=HeadSettings,
        presets=PRESETS[name],
        preset=preset,
        prepare=chosen_parts,
        train=partial(_train_head, name=name),
        add_options=add_body,
        summary=summary,
        initial=f"head of {name} to start from (default: random weights)",
    )


_TRAINED = {
    "cnniqa": _regression("cnniqa", "Train CNNIQA on 32x32 patches of images with scores."),
    "koncept512": _head(
        "koncept512", "Train the head of KonCept512 on features of images with scores."
    ),
    "nima": _head("nima", "Train the head of NIMA on features of images with scores."),
}

COMMAND = SeveralCommands(
    name="train_comparator",
    summary="Fit a comparator: another method that stands beside ours in tables.",
    commands={
        **{
            name: (what, OtherCommand(f"Fit {what}.", add_options))
            for name, (what, add_options) in _FITTED.items()
        },
        **{
            name: (command.summary.removesuffix("."), command) for name, command in _TRAINED.items()
        },
    },
    metavar="NAME",
)
