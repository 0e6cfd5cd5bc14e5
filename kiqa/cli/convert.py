"""``kiqa convert``: published checkpoints of other projects as our ``.h5`` files."""

import argparse
import sys
from pkgutil import resolve_name
from typing import Any

from kiqa.arguments import Output, add_output
from kiqa.startup import quiet_log

# Project (a key of kiqa.convert.CONVERTERS) -> what its files are, and the options it takes.
_PROJECTS = {
    "brisque": (
        "the authors' regression of BRISQUE (allmodel, with allrange beside it): DMOS, lower is "
        "better",
        ("ranges",),
    ),
    "deepiqa": (
        "the authors' DIQaM and WaDIQaM (.model, chainer): DMOS, lower is better",
        ("pooling",),
    ),
    "efficientnet-lite": (
        "ImageNet's EfficientNet-Lite (state dict, or the same arrays as .npz), to start trainings "
        "from",
        (),
    ),
    "lidq92": (
        "lidq92/WaDIQaM (PyTorch state dict, or the same arrays as .npz)",
        ("pooling", "lower_is_better"),
    ),
    "niqe": ("the authors' pristine Gaussian of NIQE (modelparameters.mat, or .npz)", ()),
    "paq2piq": (
        "the authors' PaQ-2-PiQ (.pth, or the same arrays as .npz); writes FILE_head.h5 too",
        ("kind",),
    ),
    "pyiqa": (
        "WaDIQaM of pyiqa, IQA-PyTorch (PyTorch state dict, or the same arrays as .npz)",
        ("pooling",),
    ),
    "rnnbiqa": (
        "the authors' RNN-BIQA (arrays exported from Matlab, .npz or .mat); writes "
        "FILE_features.h5 too",
        (),
    ),
    "resnet18": (
        "torchvision's ResNet-18 (state dict, or the same arrays as .npz), to start trainings from",
        (),
    ),
}

_OPTIONS: dict[str, dict[str, Any]] = {
    "kind": {
        "choices": ("bm", "rm", "fm"),
        "help": "which of the three networks (default: what the tensors' names say; those of bm "
        "and rm can be the same, and are then taken for rm)",
    },
    "pooling": {
        "choices": ("average", "weighted"),
        "help": "how the scores of patches are pooled (default: what the file's name, or the file, "
        "says)",
    },
    "ranges": {
        "metavar": "FILE",
        "help": "the ranges of the statistics (default: allrange beside FILE)",
    },
    "lower_is_better": {
        "action": "store_true",
        "help": "the network was trained on a DMOS (default: higher is better)",
    },
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    projects = parser.add_subparsers(dest="project", metavar="PROJECT", required=True)
    for name, (text, options) in _PROJECTS.items():
        project = projects.add_parser(name, help=text, description=f"Convert {text}.")
        project.add_argument("file", metavar="FILE", help="checkpoint to convert")
        written = "file to write; its name is the model's"
        add_output(project, "--output", Output.FILE, "FILE.h5", written, required=True)
        for option in options:
            project.add_argument(f"--{option.replace('_', '-')}", **_OPTIONS[option])


def run(arguments: argparse.Namespace) -> int:
    """Convert, and return the exit status."""
    with quiet_log():
        from kiqa.convert import CONVERTERS
        from kiqa.io.weights import read_info

        options = {name: getattr(arguments, name) for name in _PROJECTS[arguments.project][1]}
        convert = resolve_name(CONVERTERS[arguments.project])
        info = read_info(convert(arguments.file, arguments.output, **options))
    direction = "higher" if info.higher_is_better else "lower"
    sys.stdout.write(
        f"{info.path}: {info.details.mode}{_pooling(info)}, scale {info.scale}, "
        f"{direction} is better\n"
    )
    return 0


def _pooling(info):
    pooling = info.details.pooling
    return f", pooling {pooling}" if pooling else ""
