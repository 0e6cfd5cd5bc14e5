"""What weights of eight bits cost: SROCC with MOS of exported models, quantised and not.

Claim: `kiqa export --quantise int8` loses at most 0.01 of the SROCC of the same export
without it, on images of a test part, drawn at random by a seed. Images are decoded and
prepared once, as kiqa does, and go through the files as a program without kiqa would
run them. Times stand beside: processor seconds an image. Prints JSON; needs kiqa[onnx]
and kiqa[litert], and a data set: without `--data` nothing is measured.

    python benchmarks/quantised.py --data BIQ2021 [--model lite ...] [--limit 200]
"""

import argparse
import json
import os
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402

import kiqa  # noqa: E402
from kiqa.data.chosen import at_random, scored_images  # noqa: E402
from kiqa.evaluation.correlation import srocc  # noqa: E402
from kiqa.export.comparison import named_inputs  # noqa: E402
from kiqa.export.formats import FORMATS  # noqa: E402
from kiqa.export.parts import system_of  # noqa: E402
from kiqa.maps.wadiqam import weighted_average  # noqa: E402
from kiqa.models.roi_pool import roi_pool  # noqa: E402
from kiqa.scoring.engines import describe  # noqa: E402

FORMS = tuple(name for name, form in FORMATS.items() if form.quantiser)
MODELS = ("lite", "patchnet", "wadiqam_nr", "paq2piq_rm")
LIBRARIES = ("tensorflow", "keras", "onnx", "onnxruntime", "ai-edge-litert", "ai-edge-quantizer")
SPLIT, MOST_LOST = "biq2021-kiqa-6000", 0.01


def main(argv=None) -> int:
    """Measure and print one JSON object; 0 if the claim holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", metavar="FOLDER", help="of BIQ2021")
    parser.add_argument("--model", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--format", nargs="+", choices=FORMS, default=FORMS)
    parser.add_argument("--limit", type=int, default=200, help="images")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    if arguments.data is None:
        print(json.dumps({"benchmark": "quantised", "skipped": "--data FOLDER"}, indent=2))
        return 0
    records = scored_images("biq2021", arguments.data, split=SPLIT)
    chosen = at_random(records, arguments.limit, seed=arguments.seed)
    models = {name: measured(name, chosen, arguments.format) for name in arguments.model}
    lost = [form["lost"] for model in models.values() for form in model.values()]
    result = {
        "benchmark": "quantised",
        "claim": f"int8 loses at most {MOST_LOST} in SROCC",
        "images": len(chosen),
        "seed": arguments.seed,
        "split": f"{SPLIT}, test",
        "models": models,
        "versions": {name: metadata.version(name) for name in LIBRARIES},
        "reached": max(lost) <= MOST_LOST,
    }
    print(json.dumps(result, indent=2))
    return 0 if result["reached"] else 1


def measured(model, records, formats):
    """SROCC, size, largest change and time of one model in each format, float and int8."""
    system = system_of(describe(model))
    with tempfile.TemporaryDirectory() as folder:
        exported, opened = {}, {}
        for name in formats:
            for kind in (None, "int8"):
                key = name, kind or "float32"
                found = kiqa.export(model, Path(folder, *key), format=name, quantise=kind)
                exported[key] = found
                opened[key] = [
                    FORMATS[name].open(found.folder / f"{part.name}{FORMATS[name].ending}")
                    for part in system.parts
                ]
        sizes = {key: round(found.size / 1e6, 1) for key, found in exported.items()}
        scores = {key: [] for key in opened}
        seconds = dict.fromkeys(opened, 0.0)
        for record in records:
            pixels = kiqa.load_image(record.path).pixels
            inputs = system.parts[0].feed(pixels)
            for key, networks in opened.items():
                began = time.process_time()
                scores[key].append(scored(system, networks, inputs, pixels))
                seconds[key] += time.process_time() - began
    mos = [record.mos for record in records]
    rows = {}
    for name in formats:
        plain, small = ((name, kind) for kind in ("float32", "int8"))
        before, after = (srocc(scores[key], mos) for key in (plain, small))
        spread = np.std(scores[plain])
        rows[name] = {
            "srocc": {"float32": round(before, 4), "int8": round(after, 4)},
            "lost": round(before - after, 4),
            "megabytes": {key[1]: sizes[key] for key in (plain, small)},
            "change_over_spread": round(
                float(np.abs(np.subtract(scores[small], scores[plain])).max() / spread), 4
            ),
            "largest_difference": {
                key[1]: float(f"{exported[key].difference:.2g}") for key in (plain, small)
            },
            "processor_seconds": {
                key[1]: round(seconds[key] / len(records), 3) for key in (plain, small)
            },
        }
        sys.stderr.write(f"{model} {name} {json.dumps(rows[name])}\n")
    return rows


def scored(system, networks, inputs, pixels):
    """The score of an image by exported networks; what `after` of kiqa.json says."""
    found = networks[0].run(named_inputs(system.parts[0], inputs))
    if len(networks) == 2:  # PaQ-2-PiQ
        height, width = pixels.shape[:2]
        whole = np.array([[[0, 0, width, height]]], np.float32)
        pooled = np.asarray(roi_pool(found[0], whole))[0]
        return float(networks[1].run(named_inputs(system.parts[1], [pooled]))[0][0, 0])
    return weighted_average(*found) if len(found) == 2 else float(np.mean(found[0]))


if __name__ == "__main__":
    sys.exit(main())
