"""One side of `peers.py`, in a process of its own that loads nothing of the other's.

    python benchmarks/peer/worker.py kiqa|peer NAME IMAGE.npy WEIGHTS.npz
    python benchmarks/peer/worker.py first wadiqam_nr FOLDER WEIGHTS.npz

Prints a line of JSON when it has loaded, one for each line that it reads, when it runs
once, and one after the last. ``first`` prints the score of the first image of a folder.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path

import numpy as np

STRIDE, GRID = 8, (20, 20)  # of the maps, as in networks.py
MATRIX, PRODUCTS = 2048, 3
SMALL = 256  # pixels


def main(side, name, source, weights):
    """Load, and run when told to."""
    if side == "first":
        return first_score(name, source, weights)
    pixels, value = np.load(source), None
    network, score, product = kiqa_side(name) if side == "kiqa" else peer_side(name, weights)
    score(np.ascontiguousarray(pixels[:SMALL, :SMALL]))
    rate = max(2 * MATRIX**3 / timed(product)[1] for _ in range(PRODUCTS))
    available = int(Path("/proc/meminfo").read_text().split("MemAvailable:")[1].split()[0])
    limit = status("VmSize") + int(0.8 * 1024 * available)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))  # others work on this machine
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak
    before = status("VmRSS")
    say(threads=threads(side), operations_a_second=rate)
    hooks, counts = counted(network)
    for _ in sys.stdin:
        try:
            clock, processor, value = timed(lambda: score(pixels))
        except (MemoryError, RuntimeError) as error:
            return say(error=str(error).strip().splitlines()[0][:200])
        say(seconds=clock, processor_seconds=processor, operations=sum(counts))
        while hooks:  # the first round, which is not counted in, counts
            hooks.pop().remove()
    return say(peak_mib=round((status("VmHWM") - before) / 2**20), value=np.asarray(value).tolist())


def kiqa_side(name):
    """What kiqa has for a model, and a product of matrices in TensorFlow."""
    import tensorflow as tf

    from kiqa.io.weights import load_model, read_info
    from kiqa.maps.quality import QualityMapper
    from kiqa.scoring import Scorer
    from kiqa.scoring.engines.paq2piq import load_rater

    matrix = tf.random.normal((MATRIX, MATRIX))
    if name == "patchnet":
        mapper = QualityMapper(load_model(read_info(name).path), stride=STRIDE)
        score = lambda pixels: mapper.map(pixels).values  # noqa: E731
    elif name == "paq2piq_rm":
        rater = load_rater(name)
        score = lambda pixels: rater.map(pixels, GRID).values  # noqa: E731
    else:
        score = Scorer(name, max_memory=1 << 40).score
    return None, score, lambda: tf.linalg.matmul(matrix, matrix)[0, 0].numpy()


def peer_side(name, weights):
    """The peer of a model, and a product of matrices in its library."""
    if name == "brisque":
        from brisque import BRISQUE

        peer = BRISQUE(url=False)
        scaled = peer.scale_features  # wants numbers, and gets arrays of one under NumPy 2
        peer.scale_features = lambda found: scaled([np.ravel(each)[0] for each in found])
        matrix = np.random.default_rng(0).normal(size=(MATRIX, MATRIX)).astype(np.float32)
        return None, peer.score, lambda: matrix @ matrix
    import torch
    from networks import loaded

    matrix = torch.randn(MATRIX, MATRIX)
    return *loaded(name, weights), lambda: torch.mm(matrix, matrix)


def counted(network):
    """Have a network of PyTorch count its multiplications and additions: hooks, counts."""
    counts = []

    def count(layer, inputs, output):
        counts.append(2 * output.numel() * layer.weight[0].numel())

    layers = network.modules() if network is not None else ()
    heavy = [layer for layer in layers if type(layer).__name__ in ("Conv2d", "Linear")]
    return [layer.register_forward_hook(count) for layer in heavy], counts


def first_score(name, folder, weights):
    """What a script of PyTorch does with a folder until it has a score."""
    from networks import loaded
    from PIL import Image

    _, score = loaded(name, weights)
    first = min(Path(folder).iterdir())
    say(score=score(np.array(Image.open(first).convert("RGB"))))


def timed(function):
    """Seconds by the clock and of the processor, and the value."""
    began, work = time.perf_counter(), time.process_time()
    value = function()
    return time.perf_counter() - began, time.process_time() - work, value


def threads(side):
    """Threads of the library for one operation; by default TensorFlow takes all cores."""
    if side == "peer" and "torch" in sys.modules:
        return sys.modules["torch"].get_num_threads()
    return len(os.sched_getaffinity(0)) if side == "kiqa" else 1


def status(name):
    """A size of this process in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def say(**answer):
    """Print a line of JSON."""
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
