"""Peak memory of scoring large images, for each shipped model, in a process of its own.

    python benchmarks/memory.py [--model NAME ...] [--megapixels 12 24]

Prints JSON, and each result on stderr as it comes: for each model and size the
resident size with the network loaded and warm, what scoring a JPEG of that
size adds at its peak (Linux only), what kiqa estimates of it, how much of that
is loading, and the seconds.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from kiqa.io.weights import read_info
from kiqa.io.weights.manifest import list_models
from kiqa.scoring.engines import ENGINES

_SCORE = """
import json, sys, time
from pathlib import Path
import numpy as np
from kiqa.io.images import load_image
from kiqa.scoring import Scorer


def status(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def forget_peak():
    Path("/proc/self/clear_refs").write_text("5")


model, file = sys.argv[1:]
scorer = Scorer(model, max_memory=1 << 40)
side = max(256, scorer.least_side)
small = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
pair = {"reference": small} if scorer.needs_reference else {}
scorer.score(small, **pair)
forget_peak()
before = status("VmRSS")
start = time.perf_counter()
image = load_image(file)
loading = status("VmHWM") - before
pair = {"reference": load_image(file)} if scorer.needs_reference else {}
scorer.score(image, **pair)
used = status("VmHWM") - before
print(json.dumps({
    "network_mib": round(before / 2**20),
    "used_mib": round(used / 2**20),
    "loading_mib": round(loading / 2**20),
    "estimate_mib": round(scorer.memory(image.height, image.width) / 2**20),
    "seconds": round(time.perf_counter() - start, 1),
}))
"""


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", nargs="+", help="names or files (default: all shipped)")
    parser.add_argument("--megapixels", nargs="+", type=float, default=[12, 24])
    options = parser.parse_args(argv)
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for megapixels in options.megapixels:
            file = Path(folder, "image.jpg")
            width, height = write_image(file, megapixels)
            for model in options.model or _shipped():
                done = subprocess.run(
                    [sys.executable, "-c", _SCORE, model, str(file)],
                    capture_output=True,
                    text=True,
                    check=True,
                )
                found = json.loads(done.stdout)
                results.setdefault(model, {})[f"{width}x{height}"] = found
                sys.stderr.write(f"{model} {width}x{height} {json.dumps(found)}\n")
    json.dump(results, sys.stdout, indent=2)
    sys.stdout.write("\n")
    return 0


def _shipped():
    return [name for name in list_models() if read_info(name).details.mode in ENGINES]


def write_image(file: Path, megapixels: float) -> tuple[int, int]:
    """Write a JPEG of 4 to 3 with structure at all scales; its width and height."""
    height = round(math.sqrt(megapixels * 1e6 * 3 / 4))
    width = round(height * 4 / 3)
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
    pixels = np.kron(small, np.ones((8, 8, 1), np.uint8))[:height, :width]
    Image.fromarray(pixels).save(file, quality=90)
    return width, height


if __name__ == "__main__":
    sys.exit(main())
