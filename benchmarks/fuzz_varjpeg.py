"""Damaged and foreign streams never harm the decoder of VarJPEG.

Claim: whatever bytes `kiqa.varjpeg.decode` is given, it returns a picture or
raises `StreamError`: no other exception, no end of the process, at most
five seconds and at most one gibibyte more memory.

The streams are those of `tests/varjpeg/mutations.py`: both forms and plain
JPEG, colour and gray, cut, flipped, lengthened, shortened and mixed, some of
them with a right checksum afterwards, so that the damage reaches the entropy
decoder; and foreign files. Each follows from the seed and its number. A child
process decodes them, so that a crash of the C library is seen.

    python benchmarks/fuzz_varjpeg.py [--mutations 5000] [--seed 0] [--only NUMBER]

Prints JSON. Exit status 1 if a stream did harm.
"""

import argparse
import json
import os
import platform
import resource
import select
import subprocess
import sys
import time
import warnings
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import numpy as np

from kiqa.varjpeg import StreamError, decode, inspect_stream

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "varjpeg"))
from mutations import Mutations

SECONDS = 5.0
MEMORY = 2**30
FINE = ("picture", "refused")


def outcome_of(data):
    """Decode, and say in one line what came of it."""
    try:
        pixels = decode(data)
        size = inspect_stream(data).size
    except StreamError as error:
        return "refused" if "xpected" in str(error) else f"refused without a reason: {error}"
    except BaseException as error:  # whatever it is, it is reported
        return f"{type(error).__name__}: {error}".replace("\n", " ")
    fits = pixels.dtype == np.uint8 and sorted(pixels.shape[:2]) == sorted(size)
    return "picture" if fits else f"{pixels.dtype} of shape {pixels.shape} for {size}"


def peak_mib():
    """Peak memory of this program; getrusage would count what started it."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def serve():
    """The child: read streams with their lengths, write outcomes and peak memory."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libjpeg's warnings
    warnings.simplefilter("error")
    with open("/proc/self/statm", encoding="ascii") as file:
        taken = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, taken + MEMORY))
    answers.write("started\n")
    answers.flush()
    while head := sys.stdin.buffer.read(8):
        outcome = outcome_of(sys.stdin.buffer.read(int.from_bytes(head, "big")))
        answers.write(json.dumps([outcome, peak_mib()]) + "\n")
        answers.flush()


class Child:
    """A process that decodes; a new one is started when it is lost.

    Args:
        command: What to start; it answers as `serve` does.
        seconds: Limit for one stream.
    """

    def __init__(self, command, *, seconds=SECONDS):
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
        ready = select.select([self._process.stdout], [], [], self._seconds)[0]
        line = self._process.stdout.readline() if ready else b""
        if line:
            return json.loads(line)
        if not ready:
            self._process.kill()
        status = self.close()
        return (f"crash, exit status {status}" if ready else "hang"), 0.0

    def close(self):
        """End the process and return its exit status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.stdin.close()
        process.stdout.close()
        return process.wait()


def measure(numbers, seed, child):
    """Decode the mutations of these numbers."""
    mutations = Mutations(seed)
    outcomes, harm = {}, []
    slowest = highest = first = 0.0
    child.outcome(mutations.whole[0])
    for number in numbers:
        kind, data = mutations[number]
        began = time.perf_counter()
        outcome, peak = child.outcome(data)
        slowest = max(slowest, time.perf_counter() - began)
        first = first or peak
        highest = max(highest, peak)
        outcomes.setdefault(kind, Counter())[outcome if outcome in FINE else "harm"] += 1
        if outcome not in FINE:
            harm.append({"number": number, "kind": kind, "bytes": len(data), "outcome": outcome})
    child.close()
    return {
        "mutations": len(numbers),
        "seed": seed,
        "outcomes": dict(sum(outcomes.values(), Counter())),
        "by_kind": {kind: dict(counts) for kind, counts in sorted(outcomes.items())},
        "harm": harm,
        "slowest_seconds": round(slowest, 3),
        "peak_memory_grew_mib": round(highest - first, 1),
    }


def main() -> int:
    """Decode, print JSON, and say by the exit status whether all went well."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mutations", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="number of a single mutation")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        serve()
        return 0
    numbers = range(arguments.mutations) if arguments.only is None else [arguments.only]
    result = {
        "claim": "every stream is decoded or refused by StreamError, in 5 s and 1 GiB",
        **measure(numbers, arguments.seed, Child([sys.executable, __file__, "--child"])),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "jpeglib": version("jpeglib"),
        "numpy": np.__version__,
    }
    print(json.dumps(result, indent=2))
    return int(bool(result["harm"]))


if __name__ == "__main__":
    sys.exit(main())
