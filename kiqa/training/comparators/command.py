"""The command line of the comparators: those that are fitted, and those that are trained.

Public names: `COMMAND`.
"""

from kiqa.comparators.command import add_brisque, add_cornia, add_deepbiq, add_niqe
from kiqa.training.comparators.heads.command import COMMANDS as HEADS
from kiqa.training.comparators.regression.command import COMMANDS as REGRESSIONS
from kiqa.training.runs.command import OtherCommand, SeveralCommands

_FITTED = {
    "brisque": ("BRISQUE's regression, on images with scores", add_brisque),
    "cornia": ("CORNIA's codebook and regression, on images with scores", add_cornia),
    "deepbiq": ("DeepBIQ's regression of features, on images with scores", add_deepbiq),
    "niqe": ("NIQE's Gaussian, on undistorted images", add_niqe),
}

COMMAND = SeveralCommands(
    name="train_comparator",
    summary="Fit a comparator: another method that stands beside ours in tables.",
    commands={
        name: (what, OtherCommand(f"Fit {what}.", add_options))
        for name, (what, add_options) in _FITTED.items()
    }
    | {
        name: (command.summary.removesuffix("."), command)
        for name, command in {**REGRESSIONS, **HEADS}.items()
    },
    metavar="NAME",
)
