"""Where the seconds of the slow scorers go, and what images together would save.

Of one 512x512 image, from pixels in memory: the aggregator's FISH, gray and
Patchnet maps and its network; RNN-BIQA's places and order of patches, its
extractor and its pooling network. Each network is also given 4 and 8 images of
one size at once; seconds are for one image. All parts take turns, and the first
round is not counted. No claim: it answers a question.

    python benchmarks/parts.py [--rounds N]
"""

import argparse
import json
import os
import platform
import statistics
import sys
from importlib import metadata

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402
from turns import in_turns  # noqa: E402

from kiqa.io.weights import find_companion, load_model, read_info  # noqa: E402
from kiqa.maps.gaze import GazeForm, gaze_of  # noqa: E402
from kiqa.maps.network_function import network_function  # noqa: E402
from kiqa.maps.quality import QualityMapper  # noqa: E402
from kiqa.maps.rnn_biqa import GazeExtractor  # noqa: E402
from kiqa.maps.stack import StackMaker  # noqa: E402

SIDE, TOGETHER = 512, (1, 4, 8)


def aggregator_parts(pixels):
    """Name -> (function, images of a call)."""
    info = read_info("aggregator")
    patchnet = find_companion(info, "patchnet")
    network, run = load_model(patchnet.path), network_function(load_model(info.path))
    maker = StackMaker(network, stride=info.details.stride, fish=info.details.fish, info=patchnet)
    mapper = QualityMapper(network, stride=info.details.stride)
    stack = maker.stack(pixels)
    parts = {
        "maps, all": (lambda: maker.stack(pixels), 1),
        "maps, FISH and gray": (lambda: maker.indicator_maps(pixels), 1),
        "maps, Patchnet": (lambda: mapper.map(pixels), 1),
    }
    return parts | _batches("network", run, stack)


def rnn_biqa_parts(pixels):
    """Likewise."""
    info = read_info("rnn_biqa")
    found, form = find_companion(info, "extractor"), GazeForm.from_json(info.details.form)
    network = load_model(found.path)
    extractor = GazeExtractor(network, form=form, info=found)
    gaze = gaze_of(pixels, form)
    sequence = extractor.of_gaze(gaze).chosen(multi_resolution=info.details.multi_resolution)
    parts = {
        "places and order": (lambda: gaze_of(pixels, form), 1),
        "extractor, patches of one image": (lambda: extractor.of_gaze(gaze), 1),
    }
    pooling = network_function(load_model(info.path))
    return parts | _batches("pooling", pooling, sequence)


def _batches(name, run, array):
    """A network on so many copies of an array at once."""
    copies = {count: np.repeat(array[None], count, axis=0) for count in TOGETHER}
    return {
        f"{name}, {count} together": (lambda many=many: run(many), count)
        for count, many in copies.items()
    }


def timed(parts, rounds):
    """Median seconds for one image."""
    times = in_turns({name: function for name, (function, _) in parts.items()}, rounds)
    return {
        name: round(statistics.median(clock for clock, _ in times[name]) / count, 4)
        for name, (_, count) in parts.items()
    }


def main(argv=None) -> int:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args(argv)
    load = os.getloadavg()[0]
    pixels = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    result = {
        "benchmark": "parts",
        "image": f"{SIDE}x{SIDE}",
        "rounds": arguments.rounds,
        "seconds": {
            "aggregator": timed(aggregator_parts(pixels), arguments.rounds),
            "rnn_biqa": timed(rnn_biqa_parts(pixels), arguments.rounds),
        },
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load": round(load, 1),
        "versions": {name: metadata.version(name) for name in ("tensorflow", "keras", "numpy")},
    }
    print(json.dumps(result, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
