"""Train RNN-BIQA: ``python -m kiqa.train_rnn_biqa fine-tune|features|pool``.

``fine-tune`` trains the feature extractor on distributions of votes;
``features`` extracts the feature sequences of a data set into a folder, and
continues where it was interrupted; ``pool`` trains the recurrent network (or
the averaging baseline, or DeepBIQ's support vector regression) on them. The
model is then ``rnn_biqa.h5`` and the extractor beside it: ``kiqa score PATH
--model RUN/rnn_biqa.h5``. Defaults are the paper's; ``--preset code`` takes
the values of the authors' code. Exit status: 0 done; 1 done, but images could
not be used; 2 usage or input error; 130 interrupted by Ctrl-C.
"""

from collections.abc import Sequence

from kiqa.interrupts import end, training_entry


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status; ``None`` takes `sys.argv`."""
    return training_entry("rnn_biqa", argv)


if __name__ == "__main__":
    end(main())
