"""RNN-BIQA: extraction against its backbone, ordering, and the pooling network.

Claims: features of 1024x768 images (26 patches) are extracted at 80 % or more
of the backbone's bare batch throughput; spatial activity and ordering take
less than 5 % of the time; the pooling network on a batch of 64 sequences of
26 x 2048 features runs at half or more of the machine's rate of matrix
multiplications (159 million multiply-adds a sequence). Random weights.

    python benchmarks/rnn_biqa.py [--backbone compact|resnet50] [--images 4] [--rounds 3]
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402

from kiqa.maps.gaze import GazeForm, covering_positions, gaze_of, spatial_activity  # noqa: E402
from kiqa.maps.rnn_biqa import PATCH_BATCH, GazeExtractor  # noqa: E402
from kiqa.models.rnn_biqa import build_rnn_biqa  # noqa: E402
from kiqa.models.rnn_features import BACKBONES, build_extractor, without_head  # noqa: E402

HEIGHT, WIDTH, BATCH, STEPS, FEATURES = 768, 1024, 64, 26, 2048
GATES = 3
MULTIPLY_ADDS = STEPS * (
    FEATURES * FEATURES + GATES * 256 * (FEATURES + 256) + GATES * 128 * (256 + 128)
) + GATES * (64 * 128 + 32 * 64)


def main(argv=None):
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backbone", choices=BACKBONES, default="compact")
    parser.add_argument("--images", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args(argv)
    result = {
        "claim": "extraction at 80 % of the backbone, ordering below 5 % of the time, pooling at "
        "half of the matrix multiplication rate",
        **extraction(arguments),
        **pooling(arguments.rounds),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
    }
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


def extraction(arguments):
    """Whole images through the extractor, and as many patches through the network alone."""
    rng, form = np.random.default_rng(0), GazeForm()
    images = [
        rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8) for _ in range(arguments.images)
    ]
    network = GazeExtractor(without_head(build_extractor(arguments.backbone, seed=0)), form=form)
    count = len(gaze_of(images[0], form))  # of each image, which are of one size
    batches = [PATCH_BATCH] * (count // PATCH_BATCH) + [count % PATCH_BATCH]
    patches = rng.integers(0, 256, (PATCH_BATCH, 224, 224, 3), dtype=np.uint8)
    network._run(patches)  # traces the graph

    def bare():
        for batch in batches * len(images):
            if batch:
                network._run(patches[:batch])

    def whole():
        for image in images:
            network.of_gaze(gaze_of(image, form))

    def ordering():
        for image in images:
            for size in ((HEIGHT, WIDTH), (HEIGHT // 2, WIDTH // 2)):
                version = image[: size[0], : size[1]]
                np.argsort(spatial_activity(version, covering_positions(*size)), kind="stable")

    times = timed({"bare": bare, "whole": whole, "ordering": ordering}, arguments.rounds)
    return {
        "backbone": arguments.backbone,
        "patches_an_image": count,
        "seconds_an_image": round(times["whole"] / len(images), 3),
        "extraction_over_bare": round(times["bare"] / times["whole"], 3),
        "ordering_share": round(times["ordering"] / times["whole"], 4),
    }


def pooling(rounds):
    """A batch of sequences, and a matrix multiplication of the dense layer's shape."""
    import tensorflow as tf

    rng = np.random.default_rng(0)
    model = build_rnn_biqa(seed=0)
    sequences = tf.constant(rng.random((BATCH, STEPS, FEATURES)), tf.float32)
    matrix = tf.constant(rng.random((FEATURES, FEATURES)), tf.float32)
    rows = tf.reshape(sequences, (-1, FEATURES))
    run = tf.function(lambda x: model(x, training=False))
    multiply = tf.function(lambda x: x @ matrix)
    jobs = {"pooling": lambda: run(sequences).numpy(), "multiply": lambda: multiply(rows).numpy()}
    for job in jobs.values():
        job()
    times = timed(jobs, 5 * rounds)
    rate = BATCH * MULTIPLY_ADDS / times["pooling"]
    machine = len(rows) * FEATURES**2 / times["multiply"]
    return {
        "multiply_adds_a_sequence": MULTIPLY_ADDS,
        "pooling_sequences_a_second": round(BATCH / times["pooling"], 1),
        "pooling_over_matrix_rate": round(rate / machine, 3),
    }


def timed(jobs, rounds):
    """Median seconds of each job, in alternating rounds."""
    times = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            began = time.perf_counter()
            job()
            times[name].append(time.perf_counter() - began)
    return {name: statistics.median(values) for name, values in times.items()}


if __name__ == "__main__":
    main()
