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

from kiqa.arguments import entry_parser
from kiqa.interrupts import end, parsed_entry


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status; ``None`` takes `sys.argv`."""
    return parsed_entry("train_rnn_biqa", _parser, argv)


def _parser():
    from kiqa.training.rnn_biqa.command import FINE_TUNE, POOL
    from kiqa.training.rnn_biqa.features_command import add_features, run_features
    from kiqa.training.runs.command import add_training_command

    summary = "Train RNN-BIQA: a feature extractor, features, and their pooling."
    parser = entry_parser("train_rnn_biqa", summary, failed="1 images could not be used, ")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    features = commands.add_parser(
        "features",
        help="extract the features of a data set",
        description="Extract feature sequences into a folder. What is finished is not computed "
        "again; several processes may fill one folder with --shard.",
    )
    add_features(features)
    features.set_defaults(run=run_features)
    add_training_command(commands, "fine-tune", FINE_TUNE, "train the feature extractor")
    add_training_command(commands, "pool", POOL, "train the pooling network on features")
    return parser


if __name__ == "__main__":
    end(main())
