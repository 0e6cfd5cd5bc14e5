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

from kiqa.interrupts import end, training_entry


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status; ``None`` takes `sys.argv`."""
    return training_entry("comparators", argv, name="train_comparator")


if __name__ == "__main__":
    end(main())
