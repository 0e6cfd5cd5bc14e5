"""``kiqa export``: a model as files that run without kiqa."""

import argparse
import sys

from kiqa.arguments import Output, add_output
from kiqa.startup import quiet_log

_FORMATS = ("saved-model", "onnx", "litert", "keras")  # the keys of kiqa.export.FORMATS
_QUANTISATIONS = ("int8",)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("model", metavar="MODEL", help="shipped model (kiqa models) or .h5 file")
    parser.add_argument(
        "--format",
        required=True,
        choices=_FORMATS,
        help="saved-model: TensorFlow; onnx: ONNX Runtime and others, with kiqa[onnx]; litert: "
        "LiteRT (TensorFlow Lite), with kiqa[litert]; keras: .keras files",
    )
    parser.add_argument(
        "--quantise",
        choices=_QUANTISATIONS,
        help="of onnx and litert: weights of eight bits, a quarter of the size; what runs through "
        "the networks stays float32",
    )
    folder = "folder to make, for the networks and kiqa.json; it must not be there"
    add_output(parser, "--output", Output.FOLDER, "DIR", folder, required=True)


def run(arguments: argparse.Namespace) -> int:
    """Export, and return the exit status."""
    with quiet_log():
        from kiqa.export import export

        found = export(
            arguments.model,
            arguments.output,
            format=arguments.format,
            quantise=arguments.quantise,
        )
    parts = found.description["parts"]
    networks = f"{len(parts)} network{'s' * (len(parts) > 1)}"
    kind = arguments.format + (f" ({arguments.quantise})" if arguments.quantise else "")
    sys.stdout.write(
        f"{found.folder}: {found.description['model']} as {kind}, {networks}, "
        f"{found.size / 1e6:.1f} MB, largest relative difference {found.difference:.1e}\n"
    )
    return 0
