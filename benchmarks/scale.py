"""How cost grows: with an image's size, with the number of images, with the rows that are there.

Parts, each in a process of its own:

- ``sizes``: one image of 0.25 to 108 megapixels by the default scorer, loaded from a JPEG file
  and scored; the best of some rounds, and the most memory of the process.
- ``rows``: 10 to 100,000 images whose rows are made up: what `score_paths` itself takes to hand
  out, collect and write. Claim: the rate of 100,000 is at least 80 % of that of 1,000.
- ``resume``, ``resume_csv``, ``resume_parquet``: 1,000,000 rows as JSON lines, CSV and Parquet, and
  all their paths. Claim: until the run goes on, under ten seconds of processor time and under
  1 GiB at the peak, of a model that needs no TensorFlow.
- ``start``: `kiqa score` of one JPEG of 512x512. Claim: at most twice the processor time of a
  bare ``import tensorflow`` and one pass of the default scorer.

Processor time stands beside the clock: with a ``load`` above the number of
cores the clock measures other programs. Linux only. Prints JSON.

    pip install "kiqa[parquet]"
    python benchmarks/scale.py [--part sizes rows resume resume_csv resume_parquet start]
        [--rounds 2]
"""

import argparse
import hashlib
import importlib.util
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from functools import partial
from importlib import metadata
from pathlib import Path
from unittest import mock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402
from memory import write_image  # noqa: E402 the script beside this one
from PIL import Image  # noqa: E402

from kiqa.constants import DEFAULT_SCORER  # noqa: E402
from kiqa.io.images import load_image  # noqa: E402
from kiqa.io.rows.opened import write_rows  # noqa: E402
from kiqa.scoring import ROW_KEYS, Scorer, score_paths, usable_cores  # noqa: E402
from kiqa.startup import load_quietly  # noqa: E402

MEGAPIXELS = (0.25, 1, 4, 12, 24, 50, 108)
COUNTS = (10, 100, 1_000, 10_000, 100_000)
RATE = 0.8
RESUMED, SECONDS, MIB = 1_000_000, 10, 1024
TWICE = 2
FORMULA = "blur_effect"
LIBRARIES = ("kiqa", "tensorflow", "keras", "numpy", "Pillow")
PARQUET = "pyarrow"  # the library of an extra


def main(argv=None) -> int:
    """Measure and print one JSON object; 0 if the claims hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", nargs="+", choices=tuple(PARTS), default=list(PARTS))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--here", action="store_true", help="one part in this process, bare")
    arguments = parser.parse_args(argv)
    if arguments.here:
        with tempfile.TemporaryDirectory(prefix="kiqa-") as folder:
            found = PARTS[arguments.part[0]](Path(folder), arguments.rounds)
        sys.stdout.write(json.dumps(found))
        return 0
    results = {part: _apart(part, arguments.rounds) for part in arguments.part}
    document = {
        "benchmark": "scale",
        **results,
        "reached": all(found.get("reached", True) for found in results.values()),
        "rounds": arguments.rounds,
        "versions": {name: metadata.version(name) for name in _libraries()},
        "machine": platform.machine(),
        "cores": usable_cores(),
    }
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
    return 0 if document["reached"] else 1


def _apart(part, rounds):
    """A part's result, from another process."""
    load = os.getloadavg()[0]
    command = [sys.executable, __file__, "--here", "--part", part, "--rounds", str(rounds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    found = json.loads(done.stdout) | {"load": round(load, 1)}
    sys.stderr.write(f"{part} {json.dumps(found)}\n")
    return found


def _libraries():
    return (*LIBRARIES, PARQUET) if importlib.util.find_spec(PARQUET) else LIBRARIES


def sizes(folder: Path, rounds: int) -> dict:
    """Seconds and memory of one image, by megapixels."""
    scorer = load_quietly(Scorer(DEFAULT_SCORER))
    scorer.score(np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8))
    result = {"model": scorer.info.name, "start_mib": _peak(), "images": []}
    file = folder / "image.jpg"
    for megapixels in MEGAPIXELS:
        width, height = write_image(file, megapixels)
        Path("/proc/self/clear_refs").write_text("5")  # forget the peak
        times = [_timed(lambda: scorer.score(load_image(file))) for _ in range(rounds)]
        clock, processor = map(min, zip(*times, strict=True))
        result["images"].append(
            {
                "megapixels": megapixels,
                "size": [width, height],
                "seconds": round(clock, 3),
                "processor_seconds": round(processor, 3),
                "peak_mib": _peak(),
            }
        )
    return result


def rows(folder: Path, rounds: int) -> dict:
    """What a run takes for each image beside decoding it and the network: all rows are made up."""
    scorer = Scorer(FORMULA)
    made_up = next(_simulated(scorer))

    def decode(path, *_, **__):
        return made_up | {"path": path}

    result = {"runs": []}
    for count in COUNTS:
        paths = [*map(_path, range(count))]
        output = folder / f"{count}.jsonl"
        with mock.patch("kiqa.scoring.paths.decode", decode):
            clock, processor = _timed(lambda: _all(score_paths(paths, scorer, output=output)))  # noqa: B023
        result["runs"].append(
            {
                "images": count,
                "rows_per_second": round(count / clock),
                "rows_per_processor_second": round(count / processor),
                "peak_mib": _peak(),
            }
        )
    rates = {run["images"]: run["rows_per_processor_second"] for run in result["runs"]}
    ratio = rates[COUNTS[-1]] / rates[1_000]
    return result | {"ratio": round(ratio, 3), "reached": ratio >= RATE}


def resume(folder: Path, rounds: int, *, form: str) -> dict:
    """From the call to the first row of a run that goes on."""
    if form == "parquet" and PARQUET not in _libraries():
        return {"skipped": "pip install 'kiqa[parquet]'"}
    scorer = Scorer(FORMULA)
    output, new = folder / f"rows.{form}", folder / "new.png"
    Image.new("RGB", (64, 64), "gray").save(new)
    write_rows(output, _simulated(scorer), form=form, columns=ROW_KEYS)
    size = sum(each.stat().st_size for each in (output, *output.glob("*")) if each.is_file())
    paths = [str(new), *map(_path, range(RESUMED))]
    found = {}

    def first():
        rows = score_paths(paths, scorer, output=output, output_format=form, resume=True)
        found.update(next(rows))
        rows.close()

    clock, processor = _timed(first)
    return {
        "rows": RESUMED,
        "file_mib": size >> 20,
        "seconds": round(clock, 2),
        "processor_seconds": round(processor, 2),
        "peak_mib": _peak(),
        "reached": found["path"] == paths[0] and processor < SECONDS and _peak() < MIB,
    }


def _path(number):
    return f"/shared/photos/2026-11/{number // 1000:04d}/image-{number:07d}.jpg"


def _simulated(scorer):
    same = {
        "weights_sha256": scorer.info.sha256, "stride": scorer.stride, "model": scorer.info.name,
        "scale": scorer.info.scale, "higher_is_better": scorer.info.higher_is_better,
        "kiqa": metadata.version("kiqa"), "width": 4000, "height": 3000, "seconds": 0.1234,
        "format": "JPEG", "mode": "RGB", "converted": [], "icc": False, "exif_orientation": 1,
    }  # fmt: skip
    for number in range(RESUMED):
        content = hashlib.sha256(str(number).encode()).hexdigest()
        own = {"path": _path(number), "sha256": content, "score": number / RESUMED}
        yield dict.fromkeys(ROW_KEYS) | same | own


def start(folder: Path, rounds: int) -> dict:
    """Processes from their start to their end, and one pass of a scorer that is warm."""
    file = folder / "image.jpg"
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(pixels).resize((512, 512), Image.Resampling.BICUBIC).save(file, quality=90)
    scorer = load_quietly(Scorer(DEFAULT_SCORER))
    scorer.score(file)
    passes = [_timed(lambda: scorer.score(file))[1] for _ in range(5)]
    commands = {
        "kiqa_score": ["-m", "kiqa", "score", str(file)],
        "import_tensorflow": ["-c", "import tensorflow"],
    }
    times = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            times[name].append(_of_process([sys.executable, *command]))
    seconds = {name: min(found) for name, found in times.items()} | {"pass": min(passes)}
    ratio = seconds["kiqa_score"] / (seconds["import_tensorflow"] + seconds["pass"])
    return {
        "processor_seconds": {name: round(found, 3) for name, found in seconds.items()},
        "ratio": round(ratio, 3),
        "reached": ratio <= TWICE,
    }


def _of_process(command):
    """Processor seconds of a process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _timed(function):
    """Seconds by the clock and of the processor."""
    began = time.perf_counter(), time.process_time()
    function()
    return time.perf_counter() - began[0], time.process_time() - began[1]


def _all(found):
    for _ in found:
        pass


def _peak():
    """The most memory of this process, or since it was forgotten, in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) >> 10


PARTS = {
    "sizes": sizes,
    "rows": rows,
    "resume": partial(resume, form="jsonl"),
    "resume_csv": partial(resume, form="csv"),
    "resume_parquet": partial(resume, form="parquet"),
    "start": start,
}

if __name__ == "__main__":
    sys.exit(main())
