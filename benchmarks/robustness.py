"""Damaged files do no harm, nor do kills: images, streams of VarJPEG, model files, commands.

Claim: whatever bytes it is given, `kiqa.load_image` gives pixels or an
`ImageError`, `kiqa.varjpeg.decode` a picture or a `StreamError`,
`kiqa.load_model` a model or a `WeightsError`: no other exception, no end of the
process, within seconds and a bound on memory. A file that kiqa wrote never
loads as another network: it gives the outputs of the whole file, or is refused.

The files are those of `tests/robustness/mutated.py` and
`tests/varjpeg/mutations.py`: cut, flipped, lengthened, shortened, mixed, changed
in their structure, some with a right checksum afterwards. Each follows from the
seed and its number. A child process reads them, so that a crash of a C library
is seen.

The part ``kills`` is in `resumed.py`: `kiqa score`, `evaluate` and `map`, a table
of `kiqa.reproduce`, the extraction of features and a training, killed and resumed.

    python benchmarks/robustness.py [--images 10000] [--streams 10000] [--models 1000]
        [--kills 100] [--killed NAME ...] [--seed 0] [--only NUMBER]

Prints JSON: for each part how many were tried, refused, decoded, crashed
(another exception or the end of the process) and hung, and what did harm; of
kills (so many of each command) also how many results were lost or doubled, how
many files could not be read, and how many of the killed runs' own were left.
Exit status 1 if anything did harm. ``--images 0`` leaves a part out; ``--only``
tries one number of each part of files that is left.
"""

import argparse
import functools
import json
import os
import platform
import random
import resource
import select
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import numpy as np

_TESTS = Path(__file__).parents[1] / "tests"
sys.path[:0] = [str(_TESTS / "robustness"), str(_TESTS / "varjpeg")]

FINE = ("decoded", "refused")
_LONGEST = 2500  # characters of a message: 2,000 and the file's name


def image_outcome(data):
    """Load an image, and say in one line what came of it."""
    from kiqa.io.images import ImageError, load_image

    try:
        pixels = load_image(data).pixels
    except ImageError as error:
        return _refused(error)
    except BaseException as error:  # whatever it is, it is reported
        return _other(error)
    fine = pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.size
    return "decoded" if fine else f"{pixels.dtype} of shape {pixels.shape}"


def stream_outcome(data):
    """Decode a stream, and say in one line what came of it."""
    from kiqa.varjpeg import StreamError, decode, inspect_stream

    try:
        pixels = decode(data)
        size = inspect_stream(data).size
    except StreamError as error:
        return _refused(error)
    except BaseException as error:  # whatever it is, it is reported
        return _other(error)
    fits = pixels.dtype == np.uint8 and sorted(pixels.shape[:2]) == sorted(size)
    return "decoded" if fits else f"{pixels.dtype} of shape {pixels.shape} for {size}"


def model_outcome(data):
    """Load a model file, run it, and say in one line what came of it."""
    from kiqa.io.weights import WeightsError, load_model

    with tempfile.TemporaryDirectory(prefix="kiqa-") as folder:
        path = Path(folder, "model.h5")
        path.write_bytes(data)
        try:
            model = load_model(path)
        except WeightsError as error:
            return _refused(error)
        except BaseException as error:  # whatever it is, it is reported
            return _other(error)
    if b'"checksum"' not in data:
        return "decoded"
    whole = _whole_outputs().get(model.name)
    same = whole is not None and np.array_equal(_outputs(model), whole)
    return "decoded" if same else "another network than the one that was written"


def _outputs(model):
    shape = [side or 4 for side in model.input_shape[1:]]
    x = np.random.default_rng(0).uniform(0, 1, (2, *shape)).astype("f4")
    return np.asarray(model(x))


@functools.cache
def _whole_outputs():
    """Outputs of the undamaged files of kiqa, by the network's name."""
    from mutated import Models

    from kiqa.io.weights import load_model

    found = {}
    with tempfile.TemporaryDirectory(prefix="kiqa-") as folder:
        for name, data in Models(0).whole:
            path = Path(folder, "whole.h5")
            path.write_bytes(data)
            if name.endswith("of kiqa"):
                model = load_model(path)
                found[model.name] = _outputs(model)
    return found


def _refused(error):
    text = str(error)
    named = "xpected" in text or "eceived" in text
    if named and "\n" not in text and len(text) <= _LONGEST:
        return "refused"
    return f"refused by a message of {len(text)} characters: {text[:300]!r}"


def _other(error):
    return f"{type(error).__name__}: {error}".replace("\n", " ")[:500]


# Part -> outcome of one file, seconds and memory that it may take.
PARTS = {
    "images": (image_outcome, 5.0, 1 << 30),
    "streams": (stream_outcome, 5.0, 1 << 30),
    "models": (model_outcome, 30.0, 4 << 30),
}


def mutations(part, seed):
    """Damaged files of a part by number."""
    if part == "streams":
        from mutations import Mutations

        return Mutations(seed)
    import mutated

    return {"images": mutated.Images, "models": mutated.Models}[part](seed)


def peak_mib():
    """Peak memory of this program; getrusage would count what started it."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def serve(part):
    """The child: read files with their lengths, write outcomes and peak memory."""
    outcome, _, memory = PARTS[part]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # warnings of C libraries
    outcome(b"")  # the libraries themselves are not the files'
    if part == "models":
        _whole_outputs()
    else:
        warnings.simplefilter("error")
    with open("/proc/self/statm", encoding="ascii") as file:
        taken = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + memory, taken + memory))
    answers.write("started\n")
    answers.flush()
    while head := sys.stdin.buffer.read(8):
        said = outcome(sys.stdin.buffer.read(int.from_bytes(head, "big")))
        answers.write(json.dumps([said, peak_mib()]) + "\n")
        answers.flush()


class Child:
    """A process that reads files; a new one is started when it is lost.

    Args:
        command: What to start; it answers as `serve` does.
        seconds: Limit for one file.
    """

    def __init__(self, command, *, seconds):
        self._command, self._seconds, self._process = command, seconds, None

    def outcome(self, data):
        """Return outcome and peak memory in MiB."""
        if self._process is None:
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(self._command, stdin=pipe, stdout=pipe, bufsize=0)
            self._process.stdout.readline()  # it has started
        try:
            self._process.stdin.write(len(data).to_bytes(8, "big") + data)
        except BrokenPipeError:
            pass  # it has ended; its output says so too
        ready = self._answered()
        line = self._process.stdout.readline() if ready else b""
        if line:
            return json.loads(line)
        if not ready:
            self._process.kill()
        status = self.close()
        return (f"crash, exit status {status}" if ready else "hang"), 0.0

    def _answered(self):
        """Wait for an answer: its limit of the processor's time, ten times that by the clock."""
        began, spent = time.monotonic(), self._processor_seconds()
        while True:
            if select.select([self._process.stdout], [], [], self._seconds / 5)[0]:
                return True
            too_much = self._processor_seconds() - spent > self._seconds
            if too_much or time.monotonic() - began > 10 * self._seconds:
                return False

    def _processor_seconds(self):
        """What the child has used; a machine that is busy elsewhere is no hang."""
        text = Path(f"/proc/{self._process.pid}/stat").read_text("ascii", errors="replace")
        user, system = text.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def close(self):
        """End the process and return its exit status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.stdin.close()
        process.stdout.close()
        return process.wait()


def measure(files, numbers, child):
    """Give the files of these numbers to a child."""
    kinds, harm, counts = {}, [], Counter()
    slowest = highest = first = 0.0
    whole = files.whole[0]
    child.outcome(whole if isinstance(whole, bytes) else whole[1])
    for number in numbers:
        kind, data = files[number]
        began = time.perf_counter()
        outcome, peak = child.outcome(data)
        slowest = max(slowest, time.perf_counter() - began)
        first = first or peak
        highest = max(highest, peak)
        end = outcome if outcome in FINE else "hung" if outcome == "hang" else "crashed"
        counts[end] += 1
        kinds.setdefault(kind, Counter())[end] += 1
        if outcome not in FINE:
            harm.append({"number": number, "kind": kind, "bytes": len(data), "outcome": outcome})
    child.close()
    return {
        "tried": len(numbers),
        **{end: counts[end] for end in (*FINE, "crashed", "hung")},
        "by_kind": {kind: dict(found) for kind, found in sorted(kinds.items())},
        "harm": harm,
        "slowest_seconds": round(slowest, 3),
        "peak_memory_grew_mib": round(highest - first, 1),
    }


def main() -> int:
    """Try all parts, print JSON, and say by the exit status whether all went well."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for part, count in (("images", 10_000), ("streams", 10_000), ("models", 1_000)):
        parser.add_argument(f"--{part}", type=int, default=count)
    parser.add_argument("--kills", type=int, default=100, help="of each command")
    parser.add_argument("--killed", nargs="+", metavar="NAME", help="these commands only")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="number of a single file of each part")
    parser.add_argument("--child", choices=PARTS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        serve(arguments.child)
        return 0
    results = {}
    for part, (_, seconds, _) in PARTS.items():
        count = getattr(arguments, part)
        if count:
            numbers = range(count) if arguments.only is None else [arguments.only]
            child = Child([sys.executable, __file__, "--child", part], seconds=seconds)
            results[part] = measure(mutations(part, arguments.seed), numbers, child)
    harm = any(result["harm"] for result in results.values())
    if arguments.kills:
        import resumed  # the script beside this one; loads Keras

        rng = random.Random(arguments.seed)
        results["kills"] = resumed.measure(arguments.kills, rng, names=arguments.killed)
        harm |= any(results["kills"][kind] for kind in resumed.HARM)
    print(
        json.dumps(
            {
                "claim": "every file is read or refused by kiqa's own error, in seconds and a "
                "bound on memory; what is killed and resumed loses and doubles nothing",
                "seed": arguments.seed,
                **results,
                "machine": f"{platform.machine()}, {os.cpu_count()} cores",
                **{name: version(name) for name in ("h5py", "jpeglib", "numpy", "pillow")},
            },
            indent=2,
        )
    )
    return int(harm)


if __name__ == "__main__":
    sys.exit(main())
