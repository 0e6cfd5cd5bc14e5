"""Fit or train a comparator: ``python -m kiqa.train_comparator brisque``, ``cnniqa`` and so on.

``brisque``, ``cornia`` and ``deepbiq`` fit a regression to the mean opinion scores of a
data set; ``niqe`` fits a Gaussian to undistorted images without scores; ``cnniqa``
trains a network on patches, ``nima`` and ``koncept512`` a head over features of
EfficientNet-Lite, with the options of all trainings. The model is then
``WORKDIR/NAME.h5``: ``kiqa score PATH --model WORKDIR/NAME.h5``. On two cores
BRISQUE takes some minutes for 5,000 images of 512x512 pixels, most of it for
statistics, which are kept. Exit status: 0 done; 2 usage or input error; 130
interrupted by Ctrl-C.
"""

from collections.abc import Sequence

from kiqa.arguments import entry_parser
from kiqa.interrupts import end, parsed_entry


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status; ``None`` takes `sys.argv`."""
    return parsed_entry("train_comparator", _parser, argv)


def _parser():
    from kiqa.comparators.command import add_brisque, add_cornia, add_deepbiq, add_niqe
    from kiqa.training.runs.command import add_training_command
    from kiqa.training.runs.heads.command import COMMANDS as HEADS
    from kiqa.training.runs.regression.command import COMMANDS as REGRESSIONS

    summary = "Fit a comparator: another method that stands beside ours in tables."
    parser = entry_parser("train_comparator", summary)
    names = parser.add_subparsers(required=True, metavar="NAME")
    for name, what, add_options in (
        ("brisque", "BRISQUE's regression, on images with scores", add_brisque),
        ("cornia", "CORNIA's codebook and regression, on images with scores", add_cornia),
        ("deepbiq", "DeepBIQ's regression of features, on images with scores", add_deepbiq),
        ("niqe", "NIQE's Gaussian, on undistorted images", add_niqe),
    ):
        add_options(names.add_parser(name, help=what, description=f"Fit {what}."))
    for name, command in {**REGRESSIONS, **HEADS}.items():
        add_training_command(names, name, command, command.summary.removesuffix("."))
    return parser


if __name__ == "__main__":
    end(main())
