"""Speed of dense quality maps against patch by patch, and of a GEMM; memory.

In one run and in alternating rounds: the dense stride-4 map of a 1024x768
image, the same network patch by patch (``predict``, batch 256, on a sample of
the same patches), and a matrix product. Reported are the ratio of the times
for the whole map, and the network's arithmetic per second over the matrix
product's. The claims are ratios of at least 45 (stride 4) and 30 (stride 1),
and at least 60 % of the matrix product's rate.

Memory, in processes of their own: the peak resident memory of
a 24-megapixel map at stride 8 (claim: under 2 GiB), and its growth over 500
images of different sizes after the first 50 (claim: under 100 MiB).

    python benchmarks/maps.py [--rounds 3] [--no-stride-1] [--no-memory]
"""

import argparse
import json
import math
import os
import platform
import resource
import statistics
import subprocess
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from kiqa.maps.dense import dense_steps  # noqa: E402
from kiqa.maps.quality import QualityMapper  # noqa: E402
from kiqa.models.patchnet import build_patchnet  # noqa: E402

HEIGHT, WIDTH = 768, 1024
GEMM, PRODUCTS = 4096, 3
SAMPLE = 2048
MEBIBYTE = 2**20


def _seconds(function):
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def dense_operations(model, *, stride, height, width):
    """Multiplications and additions that a dense map needs at the least.

    A convolution counts once at every position of its grid at which its
    window lies inside the image; the grid is the finest one that the map's
    stride and the network's own stride leave. A dense layer counts once a
    cell.
    """
    operations, network, field = 0, 1, 1
    for step in dense_steps(model)[0]:
        if step.kind == "dense":
            grid, field = stride, 64
        else:
            field += (step.size - 1) * network
            network *= step.stride
            grid = math.gcd(stride, network)
        if step.units:
            positions = ((height - field) // grid + 1) * ((width - field) // grid + 1)
            operations += 2 * math.prod(step.layer.kernel.shape) * positions
    return operations


def measure_maps(strides, rounds):
    """Time maps, patches and matrix products in alternating rounds."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    patches = rng.integers(0, 256, (SAMPLE, 64, 64, 3), dtype=np.uint8)
    matrix = tf.random.normal((GEMM, GEMM))
    model = build_patchnet(seed=0)
    mappers = {stride: QualityMapper(model, stride=stride) for stride in strides}
    jobs = {stride: lambda mapper=mapper: mapper.map(image) for stride, mapper in mappers.items()}
    jobs["patches"] = lambda: model.predict(patches, batch_size=256, verbose=0)
    jobs["gemm"] = lambda: [tf.linalg.matmul(matrix, matrix)[0, 0].numpy() for _ in range(PRODUCTS)]
    times = {name: [] for name in jobs}
    for name, job in jobs.items():
        if name != 1:
            job()  # traces the graph
    for _ in range(rounds):
        for name, job in jobs.items():
            times[name].append(_seconds(job))
    median = {name: statistics.median(values) for name, values in times.items()}
    gemm = PRODUCTS * 2 * GEMM**3 / min(times["gemm"])  # its best: the machine's own rate
    result = {
        "image": f"{WIDTH}x{HEIGHT}",
        "gemm_gflops": round(gemm / 1e9, 1),
        "patches_per_second": round(SAMPLE / median["patches"], 1),
    }
    for stride in strides:
        rows, columns = (HEIGHT - 64) // stride + 1, (WIDTH - 64) // stride + 1
        by_patch = rows * columns * median["patches"] / SAMPLE
        operations = dense_operations(model, stride=stride, height=HEIGHT, width=WIDTH)
        result[f"stride_{stride}"] = {
            "seconds": round(median[stride], 3),
            "times_faster_than_patch_by_patch": round(by_patch / median[stride], 1),
            "share_of_gemm_rate": round(operations / median[stride] / gemm, 3),
        }
    return result


def measure_peak():
    """Peak resident memory of a process that maps a 24-megapixel image."""
    image = np.random.default_rng(0).integers(0, 256, (4000, 6000, 3), dtype=np.uint8)
    seconds = _seconds(lambda: QualityMapper(build_patchnet(seed=0), stride=8).map(image))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"peak_mib_24_megapixels_stride_8": round(peak), "seconds": round(seconds, 2)}


def measure_growth(images=500, warm=50):
    """Growth of resident memory over images of different sizes."""
    rng = np.random.default_rng(0)
    mapper = QualityMapper(build_patchnet(seed=0), stride=8)
    sizes = rng.integers(128, 640, (images, 2))
    after_warm = peak = 0.0
    for index, (height, width) in enumerate(sizes):
        mapper.map(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
        resident = _resident_mib()
        if index == warm - 1:
            after_warm = resident
        peak = max(peak, resident) if index >= warm else resident
    return {
        "growth_mib_after_first_50_of_500_images": round(_resident_mib() - after_warm, 1),
        "highest_mib_above_it": round(peak - after_warm, 1),
    }


def _resident_mib():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / MEBIBYTE


def _in_own_process(option):
    command = [sys.executable, __file__, option]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def main(argv=None):
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-stride-1", action="store_true", help="leave out stride 1")
    parser.add_argument("--no-memory", action="store_true", help="leave out memory")
    parser.add_argument("--peak", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--growth", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.peak:
        result = measure_peak()
    elif arguments.growth:
        result = measure_growth()
    else:
        strides = (4, 8) if arguments.no_stride_1 else (4, 8, 1)
        result = {
            "claim": "stride 4 >= 45 and stride 1 >= 30 times faster than patch by patch; "
            "stride 4 >= 0.6 of the matrix product's rate",
            **measure_maps(strides, arguments.rounds),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "tensorflow": tf.__version__,
        }
        if not arguments.no_memory:
            result["memory"] = {**_in_own_process("--peak"), **_in_own_process("--growth")}
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
