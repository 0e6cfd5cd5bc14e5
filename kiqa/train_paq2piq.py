"""Train PaQ-2-PiQ: ``python -m kiqa.train_paq2piq --model bm|rm|fm``.

Trains on the image scores of a data set, and on scores of patches: those of
LIVE-FB itself, those of a file (``--patch-scores``; say what they are with
``--patch-scores-are``), or pseudo-scores by a trained WaDIQaM
(``--pseudo-scores``). Defaults are the paper's: Adam, ten epochs of batches of
120 images padded to 640x640, from ImageNet weights if ``--initial`` names a
file of them (``kiqa convert resnet18``; ``python -m kiqa.train_resnet18`` makes
another start). ``--preset two-cores`` trains on smaller crops, faster. Exit
status: 0 done; 2 usage or input error; 130 interrupted by Ctrl-C.
"""

from collections.abc import Sequence

from kiqa.interrupts import end, training_entry


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status; ``None`` takes `sys.argv`."""
    return training_entry("paq2piq", argv)


if __name__ == "__main__":
    end(main())
