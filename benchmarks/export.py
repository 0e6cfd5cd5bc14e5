"""Exported networks against ours: the largest difference, and seconds for one image.

Claim: the outputs of exported networks are within 1e-4 of ours, relative to the
largest; an export that is not is refused.

Beside it stand the times of exported networks and of the compiled function that
kiqa scores with, in one run. All are given the same input, that of an image of
512x512 pixels, and take turns, so that a machine that slows down slows all; the first
round is not counted. Ratios are those of the medians: above 1, the exported network
is faster.

TensorFlow and ONNX Runtime use all cores and LiteRT one, as they do by default.
`load` is the machine's when the timing began: above the number of processors, the
clock measures other programs. The ratio of processor times stands beside that of the
clock: other programs change it little. Prints one JSON document when all is done, and
a line on standard error for each model; needs kiqa[onnx] and kiqa[litert].

    python benchmarks/export.py [--model lite ...] [--format onnx litert ...] [--rounds 15]

All of the catalogue, without times:

    python benchmarks/export.py --model lite patchnet wadiqam_nr wadiqam_fr paq2piq_rm rnn_biqa \\
        aggregator nima deepbiq cnniqa cornia --format saved-model onnx litert keras --rounds 0
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
from importlib import metadata
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from turns import in_turns

import kiqa  # noqa: E402
from kiqa.export.comparison import TOLERANCE, made_images, named_inputs  # noqa: E402
from kiqa.export.formats import FORMATS  # noqa: E402
from kiqa.export.parts import system_of  # noqa: E402
from kiqa.scoring.engines import describe  # noqa: E402
from kiqa.scoring.paths import usable_cores  # noqa: E402

LIBRARIES = ("tensorflow", "keras", "numpy", "onnx", "onnxruntime", "tf2onnx", "ai-edge-litert")
SIDE = 512  # pixels


def compiled(network):
    """Our network as the engines run it: one compiled function."""
    import tensorflow as tf

    specs = [tf.TensorSpec(tensor.shape, tf.float32) for tensor in network.inputs]

    @tf.function(input_signature=specs)
    def run(*inputs):
        return network(list(inputs) if len(inputs) > 1 else inputs[0], training=False)

    return run


def compared(part, opened, images, rounds):
    """Times of one network on one image, ours and those of the formats, and the ratios."""
    inputs, ours = part.feed(*images), compiled(part.network)
    named = named_inputs(part, inputs)
    functions = {"kiqa": lambda: ours(*inputs)}
    functions |= {name: (lambda each=each: each.run(named)) for name, each in opened.items()}
    medians = {
        name: [statistics.median(each) for each in zip(*of, strict=True)]
        for name, of in in_turns(functions, rounds).items()
    }
    clock, own = medians["kiqa"]
    return {
        "input": [list(array.shape) for array in inputs],
        "seconds": {name: round(each[0], 4) for name, each in medians.items()},
        "processor_seconds": {name: round(each[1], 4) for name, each in medians.items()},
        "ratio": {name: round(clock / medians[name][0], 3) for name in opened},
        "processor_ratio": {name: round(own / medians[name][1], 3) for name in opened},
    }  # fmt: skip


def measure(model, names, rounds):
    """Export a model to formats, and time each of its networks on one image."""
    system = system_of(describe(model))
    images = next(iter(made_images(SIDE, count=1 + system.needs_reference)))
    result = {"formats": {}}
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            found = kiqa.export(model, Path(folder, name), format=name)
            result["formats"][name] = {
                "difference": float(f"{found.difference:.2g}"),
                "megabytes": round(found.size / 1e6, 1),
            }
        for part in system.parts if rounds else ():
            opened = {
                name: FORMATS[name].open(Path(folder, name, f"{part.name}{FORMATS[name].ending}"))
                for name in names
            }
            result.setdefault("networks", {})[part.name] = compared(part, opened, images, rounds)
    sys.stderr.write(f"{model} {json.dumps(result)}\n")
    return result


def main(argv=None) -> int:
    """Measure and print one JSON object; 0 if the claim holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", nargs="+", default=["lite"])
    parser.add_argument("--format", nargs="+", choices=tuple(FORMATS), default=["onnx", "litert"])
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args(argv)
    try:
        versions = {name: metadata.version(name) for name in LIBRARIES}
    except metadata.PackageNotFoundError:
        skipped = "pip install 'kiqa[onnx,litert]'"
        print(json.dumps({"benchmark": "export", "skipped": skipped}, indent=2))
        return 0
    load, rounds = os.getloadavg()[0], arguments.rounds
    models = {model: measure(model, arguments.format, rounds) for model in arguments.model}
    worst = max(
        form["difference"] for model in models.values() for form in model["formats"].values()
    )
    document = {
        "benchmark": "export",
        "claim": f"exported networks differ from ours by at most {TOLERANCE:g} of the largest",
        "models": models,
        "rounds": rounds,
        "largest_difference": worst,
        "cores": usable_cores(),
        "machine": platform.machine(),
        "load": round(load, 1),
        "versions": versions,
        "reached": worst <= TOLERANCE,
    }
    print(json.dumps(document, indent=2))
    return 0 if document["reached"] else 1


if __name__ == "__main__":
    sys.exit(main())
