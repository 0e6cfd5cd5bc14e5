"""Time of a map stack against that of its Patchnet map alone.

In one run and in alternating rounds, for a 512x512 image at stride 4: the
Patchnet map; the stack with exact sliding FISH; the stack with the block form
of FISH. Claim: a stack takes at most 1.5 times the Patchnet map's time.

    python benchmarks/stack.py [--rounds 9]
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

from kiqa.maps.quality import QualityMapper  # noqa: E402
from kiqa.maps.stack import StackMaker  # noqa: E402
from kiqa.models.patchnet import build_patchnet  # noqa: E402

SIDE, STRIDE = 512, 4


def main(argv=None):
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args(argv)
    pixels = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    model = build_patchnet(seed=0)
    mapper = QualityMapper(model, stride=STRIDE)
    makers = {form: StackMaker(model, stride=STRIDE, fish=form) for form in ("sliding", "blocks")}
    jobs = {"patchnet": lambda: mapper.map(pixels)}
    jobs |= {form: lambda maker=maker: maker.stack(pixels) for form, maker in makers.items()}
    times = {name: [] for name in jobs}
    for job in jobs.values():
        job()  # traces the graph
    for _ in range(arguments.rounds):
        for name, job in jobs.items():
            began = time.perf_counter()
            job()
            times[name].append(time.perf_counter() - began)
    median = {name: statistics.median(values) for name, values in times.items()}
    result = {
        "claim": "a stack takes at most 1.5 times the Patchnet map's time",
        "image": f"{SIDE}x{SIDE}, stride {STRIDE}",
        "patchnet_seconds": round(median["patchnet"], 4),
        "stack_sliding_over_patchnet": round(median["sliding"] / median["patchnet"], 3),
        "stack_blocks_over_patchnet": round(median["blocks"] / median["patchnet"], 3),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
    }
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
