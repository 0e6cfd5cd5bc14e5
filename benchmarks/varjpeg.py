"""Time of encoding with VarJPEG: over its map's time, a second from given maps, and decoding.

Images are 1024x768 pixels, cut from photographs that are enlarged to that
size; without ``--images`` from those of scikit-image. All parts are timed in
turns in one process, since other processes may slow the machine at any time.
Claims:

- Encoding with the stride-1 map takes at most 1.5 times the time of the map
  alone (median of the ratios within a round).
- From given maps, at least 5 images a second are encoded at a quality, in
  both forms, on two cores (threads, as many as cores, up to two).

Reported besides: processor time, which says what an idle machine would do;
encoding for a size, and decoding over Pillow's time.

    python benchmarks/varjpeg.py [--images FOLDER] [--rounds 3] [--no-map]

Prints JSON. Exit status 1 if a claim is not met.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from PIL import Image, ImageOps
from skimage import data

from kiqa.io.images import IMAGE_SUFFIXES, load_image
from kiqa.varjpeg import Settings, SizeSearch, coded, coded_jpeg, decode, prepare, quality_map_of

WIDTH, HEIGHT = 1024, 768
QUALITY, BPP = 50, 1.0
LARGEST_RATIO, LEAST_RATE = 1.5, 5.0
FORMS = ("compatible", "thesis")
CORES = min(2, os.cpu_count())
MAPPED = 2  # images a round of the stride-1 map, which takes seconds


def photographs(folder, count):
    """Photographs of 1024x768 pixels."""
    if folder is None:
        found = [data.astronaut(), data.chelsea(), data.coffee(), data.rocket()]
    else:
        paths = [p for p in sorted(folder.iterdir()) if p.suffix.lower() in IMAGE_SUFFIXES]
        found = [load_image(path).pixels for path in paths[:count]]
    chosen = (Image.fromarray(found[number % len(found)]) for number in range(count))
    return [
        np.asarray(ImageOps.fit(each, (WIDTH, HEIGHT), Image.Resampling.LANCZOS)) for each in chosen
    ]


def seconds(function):
    """Time of one call."""
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def measure_map(images, rounds):
    """Encoding including the map over the map alone, image by image in turns."""
    settings = Settings()
    mapped = lambda pixels: quality_map_of(pixels, model=settings.model, stride=1)  # noqa: E731
    mapped(images[0])  # loads and compiles
    result = {}
    for form in FORMS:
        chosen = Settings(form=form)
        alone, whole = [], []
        for _ in range(rounds):
            for pixels in images[:MAPPED]:
                alone.append(seconds(lambda pixels=pixels: mapped(pixels)))
                whole.append(
                    seconds(lambda p=pixels, s=chosen: coded(prepare(p, settings=s), QUALITY))
                )
        ratios = [both / one for both, one in zip(whole, alone, strict=True)]
        result[form] = {
            "map_seconds": round(statistics.median(alone), 3),
            "map_and_encoding_seconds": round(statistics.median(whole), 3),
            "ratio": round(statistics.median(ratios), 3),
        }
    return result


def measure_rates(images, rounds):
    """Images a second from given maps, on one thread and on all, in turns."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    importance = -np.hypot(rows - 300, columns - 600).astype(np.float32)

    def at_quality(form):
        return lambda pixels: coded(
            prepare(pixels, importance, settings=Settings(form=form)), QUALITY
        )

    def for_size(form):
        return lambda pixels: SizeSearch(
            prepare(pixels, importance, settings=Settings(form=form))
        ).largest_within(BPP * WIDTH * HEIGHT / 8)

    jobs = {f"{form} at a quality": at_quality(form) for form in FORMS}
    jobs |= {f"{form} for a size": for_size(form) for form in FORMS}
    times = {(name, threads): [] for name in jobs for threads in sorted({1, CORES})}
    cpu = {name: [] for name in jobs}
    for job in jobs.values():
        job(images[0])
    for _ in range(rounds):
        for name, threads in times:
            busy, began = time.process_time(), time.perf_counter()
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(jobs[name], images))
            times[name, threads].append(time.perf_counter() - began)
            cpu[name].append((time.process_time() - busy) / len(images))
    result = {
        name: {"cpu_seconds_an_image": round(statistics.median(cpu[name]), 3)} for name in jobs
    }
    for (name, threads), found in times.items():
        rate = len(images) / statistics.median(found)
        result[name][f"images_per_second_{threads}_threads"] = round(rate, 2)
    return result


def measure_decoding(images, rounds):
    """Decoding over Pillow's time for the same file (of the thesis form: for plain JPEG)."""
    flat = np.tile(np.arange(WIDTH, dtype=np.float32), (HEIGHT, 1))
    files = {form: [] for form in (*FORMS, "plain")}
    for pixels in images:
        for form in FORMS:
            made = prepare(pixels, flat, settings=Settings(form=form))
            files[form].append(coded(made, QUALITY).data)
        files["plain"].append(coded_jpeg(made, QUALITY).data)

    def by_pillow(content):
        with Image.open(BytesIO(content)) as image:
            return np.asarray(image)

    times = {name: [] for name in files}
    pillow = {name: [] for name in files}
    for _ in range(rounds):
        for name, contents in files.items():
            for content, plain in zip(contents, files["plain"], strict=True):
                other = plain if name == "thesis" else content
                times[name].append(seconds(lambda c=content: decode(c)))
                pillow[name].append(seconds(lambda c=other: by_pillow(c)))
    return {
        name: {
            "seconds": round(statistics.median(times[name]), 4),
            "pillow_seconds": round(statistics.median(pillow[name]), 4),
            "times_pillow": round(
                statistics.median(a / b for a, b in zip(times[name], pillow[name], strict=True)), 1
            ),
        }
        for name in files
    }


def main() -> int:
    """Measure, print JSON, and say by the exit status whether the claims are met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path, help="folder of photographs")
    parser.add_argument("--count", type=int, default=8, help="photographs that are taken")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-map", action="store_true", help="leave out the stride-1 map")
    arguments = parser.parse_args()
    images = photographs(arguments.images, arguments.count)
    rates = measure_rates(images, arguments.rounds)
    mapped = {} if arguments.no_map else measure_map(images, arguments.rounds)
    slowest = min(rates[f"{form} at a quality"][f"images_per_second_{CORES}_threads"]
                  for form in FORMS)  # fmt: skip
    largest = max((mapped[form]["ratio"] for form in mapped), default=0.0)
    result = {
        "claim": f"encoding with its stride-1 map at most {LARGEST_RATIO} times the map's time; "
        f"at least {LEAST_RATE:g} images a second from given maps on two cores",
        "image": f"{WIDTH}x{HEIGHT}",
        "images": len(images),
        "rounds": arguments.rounds,
        "quality": QUALITY,
        "size_bpp": BPP,
        "encoding_with_its_map": mapped or "left out",
        "encoding_from_given_maps": rates,
        "decoding": measure_decoding(images, arguments.rounds),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load": [round(load, 1) for load in os.getloadavg()],
        **{name: version(name) for name in ("numpy", "jpeglib", "pillow", "tensorflow")},
    }
    print(json.dumps(result, indent=2))
    return int(largest > LARGEST_RATIO or slowest < LEAST_RATE)


if __name__ == "__main__":
    sys.exit(main())
