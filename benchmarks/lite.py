"""Lite: a score against the bare body, a map against a score, and large images.

Claims: the score of a 1024x768 image takes at most 1.3 times the body's own
pass over what it reads (the image at the working resolution); an image of 24
megapixels takes hardly longer, but for its resampling. Random weights.

    python benchmarks/lite.py [--rounds 7]
"""

import argparse
import json
import os
import platform
import resource
import statistics
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from turns import in_turns

from kiqa.maps.lite import LiteRater, working_pixels  # noqa: E402
from kiqa.models.lite import build_lite, build_lite_local  # noqa: E402


def main(argv=None):
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args(argv)
    rng = np.random.default_rng(0)
    model = build_lite(seed=0)
    rater = LiteRater(model, local=build_lite_local(seed=0))
    body = keras.Model(model.inputs[0], model.get_layer("head_relu6").output)
    bare = tf.function(lambda x: body(x, training=False))
    image = rng.integers(0, 256, (768, 1024, 3), np.uint8)
    large = np.tile(rng.integers(0, 256, (500, 750, 3), np.uint8), (8, 8, 1))
    read = tf.constant(working_pixels(image)[None].astype(np.float32))
    times = in_turns(
        {
            "body": lambda: bare(read),
            "score_1024x768": lambda: rater.score(image),
            "map_1024x768": lambda: rater.map(image),
            "score_24_megapixels": lambda: rater.score(large),
        },
        arguments.rounds,
    )
    seconds = {name: statistics.median(clock for clock, _ in of) for name, of in times.items()}
    result = {
        "claim": "a score at most 1.3 times the body",
        "ratio": round(seconds["score_1024x768"] / seconds["body"], 3),
        "seconds": {name: round(value, 4) for name, value in seconds.items()},
        "peak_resident_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
    }
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
