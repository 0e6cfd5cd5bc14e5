"""Train a ResNet-18 to start PaQ-2-PiQ from: ``python -m kiqa.train_resnet18``.

For those without ImageNet's weights: the network learns the features of a
trained WaDIQaM on images (`kiqa.training.resnet18.train`). Then
``python -m kiqa.train_paq2piq --initial WORKDIR/resnet18.h5``. Exit status: 0
done; 2 usage or input error; 130 interrupted by Ctrl-C.
"""

from collections.abc import Sequence

from kiqa.interrupts import end, training_entry


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status; ``None`` takes `sys.argv`."""
    return training_entry("resnet18", argv)


if __name__ == "__main__":
    end(main())
