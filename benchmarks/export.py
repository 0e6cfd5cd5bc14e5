"""An exported network against TensorFlow: seconds for one image, side by side in one run.

Claim: the exported network of a model takes less time for an image on a CPU than
the compiled function that kiqa scores with. Both are given the same input, an
image as the network takes it, and take turns, so that a machine that slows down
slows both; the first round is not counted. Ratios are those of the medians: above
1, the exported network is faster.

Both use all cores, as they do by default. `load` is the machine's when the timing
began: above the number of processors, the clock measures other programs.

    python benchmarks/export.py [--model lite] [--format onnx] [--rounds 15]
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import kiqa  # noqa: E402
from kiqa.export.comparison import made_images, named_inputs  # noqa: E402
from kiqa.export.formats import FORMATS  # noqa: E402
from kiqa.export.parts import system_of  # noqa: E402
from kiqa.scoring.engines import describe  # noqa: E402

LIBRARIES = {"onnx": "onnxruntime", "litert": "ai-edge-litert"}
SIDE = 512  # pixels of the smallest image


def compiled(network):
    """Our network as the engines run it: one compiled function."""
    import tensorflow as tf

    specs = [tf.TensorSpec(tensor.shape, tf.float32) for tensor in network.inputs]

    @tf.function(input_signature=specs)
    def run(*inputs):
        return network(list(inputs) if len(inputs) > 1 else inputs[0], training=False)

    return run


def seconds(functions, rounds):
    """Times of each function in each round; they take turns."""
    times = {name: [] for name in functions}
    for turn in range(rounds + 1):
        for name, function in functions.items():
            began = time.perf_counter()
            function()
            if turn:
                times[name].append(time.perf_counter() - began)
    return times


def compared(part, theirs, images, rounds):
    """Times of one network on one image."""
    inputs, ours = part.feed(*images), compiled(part.network)
    named = named_inputs(part, inputs)
    times = seconds({"kiqa": lambda: ours(*inputs), "exported": lambda: theirs.run(named)}, rounds)
    medians = {name: statistics.median(values) for name, values in times.items()}
    return {
        "input": [list(array.shape) for array in inputs],
        "seconds": {name: round(value, 4) for name, value in medians.items()},
        "fastest": {name: round(min(values), 4) for name, values in times.items()},
        "ratio": round(medians["kiqa"] / medians["exported"], 3),
    }


def measure(model, form, rounds):
    """Export a model, and time each of its networks on one image."""
    system = system_of(describe(model))
    images = next(iter(made_images(SIDE, count=1 + system.needs_reference)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "exported")
        difference = kiqa.export(model, path, format=form).difference
        opened = {
            part.name: FORMATS[form].open(path / f"{part.name}{FORMATS[form].ending}")
            for part in system.parts
        }
        parts = {
            part.name: compared(part, opened[part.name], images, rounds) for part in system.parts
        }
    return parts, difference


def main(argv=None):
    """Measure and print one JSON object; 0 if the claim holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="lite")
    parser.add_argument("--format", choices=sorted(LIBRARIES), default="onnx")
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args(argv)
    load = os.getloadavg()[0]
    parts, difference = measure(arguments.model, arguments.format, arguments.rounds)
    reached = all(part["ratio"] > 1 for part in parts.values())
    libraries = ("tensorflow", "keras", "numpy", LIBRARIES[arguments.format])
    result = {
        "claim": f"{arguments.format} is faster than TensorFlow for one image",
        "model": arguments.model,
        "parts": parts,
        "difference": difference,
        "rounds": arguments.rounds,
        "load": round(load, 2),
        "versions": {name: metadata.version(name) for name in libraries},
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "reached": reached,
    }
    sys.stdout.write(json.dumps(result, indent=2) + "\n")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
