"""Train the aggregator on map stacks: ``python -m kiqa.train_aggregator``.

Two steps: the maps of all images and their augmented versions are computed
into a cache (the long part on a CPU; it can be interrupted and is continued),
then the network is trained on them. Defaults are the thesis's: twelve
versions of each training image, Adam, MSE. Exit status: 0 done; 2 usage or
input error; 130 interrupted by Ctrl-C.
"""

from collections.abc import Sequence

from kiqa.interrupts import end, training_entry


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status; ``None`` takes `sys.argv`."""
    return training_entry("aggregator", argv)


if __name__ == "__main__":
    end(main())
