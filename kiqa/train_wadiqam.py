"""Train DIQaM or WaDIQaM: ``python -m kiqa.train_wadiqam``.

Trains on the scores of a data set; ``--mode fr`` needs one with references,
pairs of images and references listed in a CSV file, or pristine images: then
distorted copies are made and scored by a proxy, SSIM. Defaults are the
paper's, with its 3000 epochs; ``--preset two-cores`` is how
``weights/wadiqam_nr.h5`` and ``weights/wadiqam_fr.h5`` were made. Exit
status: 0 done; 2 usage or input error; 130 interrupted by Ctrl-C.
"""

from collections.abc import Sequence

from kiqa.interrupts import end, training_entry


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status; ``None`` takes `sys.argv`."""
    return training_entry("wadiqam", argv)


if __name__ == "__main__":
    end(main())
