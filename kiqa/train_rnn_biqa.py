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

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from kiqa.data.chosen import PARTS, scored_images
from kiqa.data.resizing import parse_display
from kiqa.startup import start_keras
from kiqa.training.rnn_biqa.settings import (
    BACKBONES,
    KEPT,
    METHODS,
    NORMALISATIONS,
    PRESETS,
    FineTuningSettings,
    PoolingSettings,
    fine_tuning_preset,
    pooling_preset,
)
from kiqa.training.runs.commands import add_data, add_run, add_settings, given_settings
from kiqa.training.runs.settings import PRECISIONS

# Settings that have an option of the same name.
_FINE_TUNING = {
    "seed": (int, "seed of the head, the order and the chosen patches"),
    "pooled_stages": (int, "of the backbone compact: last stages that give features"),
    "frozen_until": (str, "last layer that is not trained; '' trains all"),
    "rotations": (int, "versions of each patch, 1, 2 or 4"),
    "patches": (int, "patches of an image in an epoch"),
    "epochs": (int, "epochs; 0 only builds the extractor"),
    "batch": (int, "patches a step"),
    "learning_rate": (float, "of gradient descent"),
    "l2": (float, "weight of the kernels' penalty"),
    "assumed_sd": (float, "deviation of the votes of images without one, on 0 to 100"),
}
_POOLING = {
    "seed": (int, "seed of initial weights, order and dropout"),
    "epochs": (int, "epochs"),
    "batch": (int, "images a step"),
    "learning_rate": (float, "of Adam, halved after each epoch"),
    "rate_decay": (float, "factor of the learning rate after each epoch"),
    "l2": (float, "weight of the kernels' penalty"),
    "huber_delta": (float, "where the loss becomes linear"),
    "svr_c": (float, "with --method svr: bound of a weight"),
    "svr_epsilon": (float, "with --method svr: errors below it are free, on 0 to 1"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; ``None`` takes
            `sys.argv`.

    Returns:
        The exit status.
    """
    arguments = _parser().parse_args(argv)
    try:
        return arguments.run(arguments)
    except KeyboardInterrupt:
        again = "" if arguments.run is _features else " and --resume"
        _say(f"interrupted. Continue with the same options{again}: {arguments.workdir}.")
        return 130
    except (ValueError, OSError, MemoryError) as error:
        _say(f"error: {str(error) or type(error).__name__}")
        return 2


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m kiqa.train_rnn_biqa",
        description="Train RNN-BIQA: a feature extractor, features, and their pooling.",
        epilog="Exit status: 0 done, 1 images could not be used, 2 usage or input error, 130 "
        "interrupted.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_fine_tune(commands)
    _add_features(commands)
    _add_pool(commands)
    return parser


def _add_fine_tune(commands):
    parser = commands.add_parser(
        "fine-tune",
        help="train the feature extractor",
        description="Train a feature extractor on distributions of votes; writes rnn_features.h5.",
        argument_default=argparse.SUPPRESS,
    )
    add_data(parser.add_argument_group("data"), required=False)
    add_run(parser)
    _add_preset(parser)
    options = parser.add_argument_group("settings (defaults: the paper's)")
    options.add_argument(
        "--initial", metavar="NAME|FILE", default=None,
        help="trained weights to start from: imagenet (the file must be there), or of --backbone "
        "compact a WaDIQaM such as wadiqam_nr (default: random weights)",
    )  # fmt: skip
    options.add_argument("--backbone", choices=BACKBONES, help="default: resnet50")
    options.add_argument("--keep", choices=KEPT, help="which epoch's weights (default: last)")
    options.add_argument("--precision", choices=PRECISIONS, help="Keras dtype policy")
    add_settings(options, FineTuningSettings(), numbers=_FINE_TUNING)
    parser.set_defaults(run=_fine_tune)


def _add_features(commands):
    parser = commands.add_parser(
        "features",
        help="extract the features of a data set",
        description="Extract feature sequences into a folder. What is finished is not computed "
        "again; several processes may fill one folder with --shard.",
    )
    add_data(parser.add_argument_group("data"))
    parser.add_argument("--set", choices=PARTS, default="all", help="part (default: %(default)s)")
    parser.add_argument(
        "--extractor", required=True, metavar="NAME|FILE",
        help="feature extractor, such as rnn_features or that of fine-tune",
    )  # fmt: skip
    parser.add_argument(
        "--output", required=True, type=Path, dest="workdir", metavar="DIR", help="the folder"
    )
    parser.add_argument(
        "--display-size", type=_display, metavar="WxH", default=None,
        help="shrink images first to what a display of this size shows",
    )  # fmt: skip
    parser.add_argument(
        "--smaller-side", type=int, metavar="N", default=None,
        help="shrink images first to a smaller side of N pixels: SPAQ-512, -768, -1280",
    )  # fmt: skip
    _add_preset(parser)
    parser.add_argument("--float32", action="store_true", help="do not store float16")
    parser.add_argument("--shard", type=_shard, metavar="i/n", default=(1, 1), help="only a part")
    parser.add_argument("--workers", type=int, metavar="N", help="threads that read images")
    parser.set_defaults(run=_features)


def _add_pool(commands):
    parser = commands.add_parser(
        "pool",
        help="train the pooling network on features",
        description="Train on the set train of a folder of features, choose nothing or the epoch "
        "by val, report on test; or --repeats N random 80/20 splits; or another data set's "
        "--test-features.",
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("--features", type=Path, required=True, metavar="DIR", help="features")
    parser.add_argument(
        "--test-features", type=Path, default=None, metavar="DIR",
        help="train on all of --features and test on all of these",
    )  # fmt: skip
    parser.add_argument("--split", metavar="FILE|NAME", default=None, help="other than their own")
    parser.add_argument(
        "--repeats", type=int, metavar="N", default=0, help="random 80/20 splits (paper: 3)"
    )
    parser.add_argument(
        "--include-trained", action="store_true", default=False,
        help="test also on images that the extractor was trained on",
    )  # fmt: skip
    add_run(parser)
    _add_preset(parser)
    options = parser.add_argument_group("settings (defaults: the paper's)")
    options.add_argument("--method", choices=METHODS, help="default: rnn")
    options.add_argument("--keep", choices=KEPT, help="which epoch's weights (default: last)")
    options.add_argument("--precision", choices=PRECISIONS, help="Keras dtype policy")
    options.add_argument(
        "--multi-resolution", action=argparse.BooleanOptionalAction,
        help="look at the half-size version too (default: yes)",
    )  # fmt: skip
    options.add_argument(
        "--normalisation", choices=NORMALISATIONS, help="of the features (default: centre)"
    )
    options.add_argument(
        "--masked", action=argparse.BooleanOptionalAction, help="mask padding (default: yes)"
    )
    add_settings(options, PoolingSettings(), numbers=_POOLING)
    parser.set_defaults(run=_pool)


def _add_preset(parser):
    parser.add_argument(
        "--preset", choices=sorted(PRESETS), default="paper",
        help="values of the paper, or of the authors' code (default: %(default)s)",
    )  # fmt: skip


def _fine_tune(arguments):
    from kiqa.training.rnn_biqa.data import fine_tuning_parts

    settings = FineTuningSettings(
        **fine_tuning_preset(arguments.preset) | given_settings(arguments, FineTuningSettings)
    )
    train, validation = fine_tuning_parts(arguments, settings)
    start_keras()
    from kiqa.training.rnn_biqa.fine_tuning import fine_tune

    result = fine_tune(
        train, settings, workdir=arguments.workdir, validation=validation,
        initial=arguments.initial, resume=arguments.resume, progress=True, report=_say,
    )  # fmt: skip
    said = f", validation SROCC {result['val_srocc']:.4f}" if "val_srocc" in result else ""
    sys.stdout.write(f"{result['epochs']} epochs{said}\nWritten to {arguments.workdir}\n")
    return 0


def _features(arguments):
    from kiqa.training.rnn_biqa.data import write_features

    records = scored_images(
        arguments.dataset, arguments.data, split=arguments.split, part=arguments.set, report=_say
    )
    start_keras()
    images, errors = write_features(records, arguments, say=_say)
    sys.stdout.write(f"{images - errors} of {images} images. Written to {arguments.workdir}\n")
    return 1 if errors else 0


def _pool(arguments):
    from kiqa.training.rnn_biqa.train import run_pooling

    settings = PoolingSettings(
        **pooling_preset(arguments.preset) | given_settings(arguments, PoolingSettings)
    )
    text = run_pooling(
        arguments.features, settings, workdir=arguments.workdir, split=arguments.split,
        test_features=arguments.test_features, repeats=arguments.repeats,
        include_trained=arguments.include_trained,
        resume=arguments.resume, start=start_keras, report=_say,
    )  # fmt: skip
    sys.stdout.write(f"{text}\nWritten to {arguments.workdir}\n")
    return 0


def _display(text):
    try:
        return parse_display(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _shard(text):
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise argparse.ArgumentTypeError(f"expected i/n with 1 <= i <= n, got {text!r}")
    return int(number), int(count)


def _say(text):
    sys.stderr.write(f"train_rnn_biqa: {' '.join(text.split())}\n")


if __name__ == "__main__":
    sys.exit(main())
