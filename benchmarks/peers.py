"""kiqa beside peers in one run: the same images, the same weights, the same cores.

Claims: each network of kiqa is at least as fast as the same network in PyTorch, WaDIQaM
and PaQ-2-PiQ's map at least 1.5 times; their outputs agree within 1e-4 of the largest.

Peers: WaDIQaM-NR, CNNIQA and PaQ-2-PiQ's 20x20 map as plain modules of PyTorch
(`peer/networks.py`), which take the weights of kiqa's files; Patchnet's map at stride 8
by sliding windows, of 24 megapixels 8 of the 493 rows of windows, whose times are
multiplied; NIQE in PyTorch (`peer/niqe.py`) with the Gaussian of kiqa's file; BRISQUE of the
package `brisque`, whose regression is another one, so that its outputs are not compared.
Each side has a process of its own (`peer/worker.py`) that stays; they take turns, and the
first round is not counted. Both use as many threads as there are cores. What is timed
goes from pixels in memory to the score or map.

A ratio is the peer's time over kiqa's, the median over the rounds: above 1, kiqa is
faster. That of processor times stands beside that of the clock: other programs change it
little. `load` is the machine's before. `peak_mib` is how far resident memory rises above
that of the process that has loaded the network and used it on a small image.
`share_of_matrix_rate` is the rate of the network's multiplications and additions, by
processor time, over that of a product of matrices in the same process. `start` is the
time from the start of a process to the first score of a folder. Prints JSON.

    pip install torch==2.13.0
    pip install --no-deps brisque==0.2.0 libsvm-official requests
    python benchmarks/peers.py [--peer wadiqam_nr ...] [--megapixels 0.26 0.79 24]
        [--rounds 7] [--seconds 60] [--starts 5]
"""

import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import h5py  # noqa: E402
import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from kiqa.io.weights import find_companion, read_info  # noqa: E402
from kiqa.scoring import usable_cores  # noqa: E402

PEERS = {"wadiqam_nr": 1.5, "paq2piq_rm": 1.5, "cnniqa": 1.0, "patchnet": 1.0, "brisque": 1.0,
         "niqe": 1.0}  # fmt: skip
SIZES = {0.26: (512, 512), 0.79: (1024, 768), 24: (6000, 4000)}  # width and height
WINDOW, STRIDE = 64, 8  # of Patchnet's map
WINDOWS_MEGAPIXELS, ROWS = 1, 8  # above them all rows of windows take a quarter of an hour
TOLERANCE = 1e-4
STARTED = "wadiqam_nr"
LIBRARIES = ("tensorflow", "keras", "numpy", "torch", "brisque")
WORKER = Path(__file__).parent / "peer" / "worker.py"
# Of a layer of kiqa's files -> of a module of PyTorch.
TENSORS = {"kernel": "weight", "bias": "bias", "gamma": "weight", "beta": "bias",
           "moving_mean": "running_mean", "moving_variance": "running_var"}  # fmt: skip


def main(argv=None) -> int:
    """Measure, print, and return 0 if all is reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", nargs="+", choices=tuple(PEERS), default=list(PEERS))
    parser.add_argument("--megapixels", nargs="+", type=float, choices=SIZES, default=list(SIZES))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=60, help="for a peer and size, about")
    parser.add_argument("--starts", type=int, default=5, help="of each side; 0: none")
    arguments = parser.parse_args(argv)
    if importlib.util.find_spec("torch") is None:
        print(json.dumps({"benchmark": "peers", "skipped": "pip install torch==2.13.0"}, indent=2))
        return 0
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="kiqa-") as folder:
        found = {name: compared(name, Path(folder), arguments) for name in arguments.peer}
        starts = started(Path(folder), arguments.starts) if arguments.starts else {}
    measured = [(name, size, each) for name, sizes in found.items() for size, each in sizes.items()
                if "ratio" in each]  # fmt: skip
    slower = [f"{name} {size}" for name, size, each in measured if each["ratio"] < PEERS[name]]
    equal = all(each.get("equal", True) for _, _, each in measured)
    document = {
        "benchmark": "peers",
        "peers": found,
        "start": starts,
        "tolerance": TOLERANCE,
        "outputs_equal": equal,
        "targets": {name: PEERS[name] for name in arguments.peer},
        "below_target": slower,
        "cores": usable_cores(),
        "machine": platform.machine(),
        "load": round(load, 1),
        "versions": {name: version(name) for name in LIBRARIES},
        "reached": equal and not slower,
    }
    print(json.dumps(document, indent=2))
    return 0 if document["reached"] else 1


def compared(name, folder, arguments):
    """Both sides of one peer at all sizes."""
    if name == "brisque" and importlib.util.find_spec("brisque") is None:
        return {"all": {"not_run": "the package brisque is not installed"}}
    weights, found = "" if name == "brisque" else exchanged(name, folder), {}
    for megapixels in arguments.megapixels:
        width, height = SIZES[megapixels]
        size, image = f"{width}x{height}", made(width, height)
        rows = (height - WINDOW) // STRIDE + 1
        part = ROWS if name == "patchnet" and megapixels > WINDOWS_MEGAPIXELS else rows
        pixels = {"kiqa": image, "peer": image[: height - (rows - part) * STRIDE]}
        sides = {}
        for side, seen in pixels.items():
            np.save(folder / f"{side}.npy", seen)
            sides[side] = Side(side, name, str(folder / f"{side}.npy"), str(weights))
        try:
            found[size] = in_turns(sides, name, arguments, whole=rows / part)
            if part < rows:
                found[size]["peer_part"] = {"rows": part, "of": rows}
        except (EOFError, RuntimeError) as error:
            found[size] = {"not_run": str(error)}
        for side in sides.values():
            side.close()
        sys.stderr.write(f"{name} {size} {json.dumps(found[size])}\n")
    return found


def in_turns(sides, name, arguments, whole=1):
    """Times of both, and what follows; the peer saw a part of the image, ``whole`` times is all."""
    times, began = {side: [] for side in sides}, time.perf_counter()
    for turn in range(arguments.rounds + 1):
        for side, process in sides.items():
            times[side].append(process.run())
        if turn and time.perf_counter() - began > arguments.seconds:
            break
    ends = {side: process.end() for side, process in sides.items()}
    result = {
        "rounds": turn,
        "threads": {side: process.about["threads"] for side, process in sides.items()},
        "peak_mib": {side: end["peak_mib"] for side, end in ends.items()},
    }
    for kind, ratio in (("seconds", "ratio"), ("processor_seconds", "processor_ratio")):
        times_of = {"kiqa": 1, "peer": whole}
        each = {
            side: [times_of[side] * turn[kind] for turn in of[1:]] for side, of in times.items()
        }
        result[kind] = {side: round(statistics.median(of), 4) for side, of in each.items()}
        ratios = [other / own for own, other in zip(each["kiqa"], each["peer"], strict=True)]
        result[ratio] = round(statistics.median(ratios), 3)
    operations = times["peer"][0]["operations"]
    if operations and name != "patchnet":  # whose dense map needs fewer than sliding windows
        result["share_of_matrix_rate"] = {
            side: round(operations / seconds / sides[side].about["operations_a_second"], 3)
            for side, seconds in result["processor_seconds"].items()
        }
    if name != "brisque":
        own, other = (np.array(ends[side]["value"]) for side in ("kiqa", "peer"))
        own = own[: len(other)] if whole > 1 else own
        gap = np.max(np.abs(own - other)) / np.max(np.abs(own))
        result |= {"largest_difference": float(f"{gap:.2g}"), "equal": bool(gap <= TOLERANCE)}
    return result


class Side:
    """A process of one side, loaded.

    Args:
        *command: Side, model, image and weights.
    """

    def __init__(self, *command):
        command = [sys.executable, str(WORKER), *command]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True,
                                         stderr=subprocess.DEVNULL)  # fmt: skip
        self.about = self._answer()

    def run(self):
        """Run once, and return the times."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._answer()

    def end(self):
        """Return value and memory."""
        self._process.stdin.close()
        return self._answer()

    def close(self):
        """End the process."""
        self._process.kill()
        self._process.wait()

    def _answer(self):
        line = self._process.stdout.readline()
        if not line:
            raise EOFError(f"a process ended with status {self._process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer


def exchanged(name, folder):
    """The weights of a model as a file of arrays with the names that PyTorch gives them."""
    if name == "niqe":
        np.savez(folder / "niqe.npz", **_gaussian(read_info(name).path))
        return folder / "niqe.npz"
    info = read_info(name)
    files = [info.path, *[find_companion(info, part).path for part in info.details.companions]]
    arrays = {}
    for path in files:
        with h5py.File(path) as file:
            for layer, group in file["model_weights"].items():
                # `layer1.0.downsample.0/layer1.0.downsample.0/kernel`
                for kind, values in group[layer].items() if layer in group else ():
                    arrays[f"{layer}.{TENSORS[kind]}"] = _turned(np.asarray(values, np.float32))
    if name == "patchnet":  # its patch's last features are flattened channels first
        first = arrays["dense1.weight"]
        arrays["dense1.weight"] = first.reshape(len(first), 3, 3, -1).transpose(0, 3, 1, 2)
        arrays["dense1.weight"] = arrays["dense1.weight"].reshape(first.shape)
    np.savez(folder / f"{name}.npz", **arrays)
    return folder / f"{name}.npz"


def _gaussian(path):
    """Mean and covariance, of NIQE's file."""
    with h5py.File(path) as file:
        arrays = {
            name: np.asarray(file["model_weights"][layer][layer][name], np.float64).squeeze()
            for layer, name in (
                ("deviations", "mean"), ("deviations", "variance"), ("correlations", "kernel"),
            )
        }  # fmt: skip
    deviation = np.sqrt(arrays["variance"])
    covariance = arrays["kernel"] * deviation * deviation[:, None]
    return {"mean": arrays["mean"], "covariance": covariance}


def _turned(values):
    """A kernel with PyTorch's order of axes: outputs first, then inputs."""
    return np.ascontiguousarray(
        np.moveaxis(values, (-1, -2), (0, 1)) if values.ndim > 1 else values
    )


def made(width, height):
    """An image with edges, smooth places and noise."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (height // 32 + 1, width // 32 + 1, 3), dtype=np.uint8)
    smooth = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    pixels = np.asarray(smooth, np.int16) + rng.integers(-9, 10, (height, width, 1), np.int16)
    pixels[height // 3 :, : width // 2] //= 2
    return np.clip(pixels, 0, 255).astype(np.uint8)


def started(folder, starts):
    """Seconds from the start of a process to the first score of a folder of images."""
    weights, images = exchanged(STARTED, folder), folder / "images"
    images.mkdir()
    for number in range(3):
        Image.fromarray(made(512, 512)).save(images / f"{number}.jpg", quality=90)
    commands = {
        "kiqa": ["-m", "kiqa", "score", str(images), "--model", STARTED, "--format", "jsonl"],
        "peer": [str(WORKER), "first", STARTED, str(images), str(weights)],
        "import tensorflow": ["-c", "import tensorflow; print('{}')"],
        "import torch": ["-c", "import torch; print('{}')"],
    }
    times, scores = {name: [] for name in commands}, {}
    for turn in range(starts + 1):
        for name, command in commands.items():
            began = time.perf_counter()
            pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
            process = subprocess.Popen([sys.executable, *command], **pipes)
            scores[name] = json.loads(process.stdout.readline()).get("score")
            if turn:
                times[name].append(time.perf_counter() - began)
            process.communicate()
    seconds = {name: round(statistics.median(each), 2) for name, each in times.items()}
    return {
        "model": STARTED,
        "seconds": seconds,
        "ratio": round(seconds["peer"] / seconds["kiqa"], 3),
        "scores": [scores["kiqa"], scores["peer"]],
    }


def version(name):
    """Of a library, or None."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


if __name__ == "__main__":
    sys.exit(main())
