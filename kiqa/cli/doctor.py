"""``kiqa doctor``: what is installed, what is seen, and what to do about it."""

import argparse
import json
import multiprocessing
import os
import platform
import sys
import time
from importlib import metadata
from pathlib import Path

from kiqa.arguments import add_flag
from kiqa.cli.inputs import add_model
from kiqa.startup import ProcessError, check_backend, check_process, quiet_log

_PACKAGES = ("tensorflow", "keras", "numpy", "scipy", "pandas", "Pillow", "h5py", "scikit-image")
_OPENCV = (
    "opencv-python-headless",
    "opencv-python",
    "opencv-contrib-python-headless",
    "opencv-contrib-python",
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_model(parser)
    add_flag(parser, "--json", "print the findings as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Examine, print, and return the exit status."""
    findings = []
    for topic, examine in (
        ("versions", _versions),
        ("opencv", _opencv),
        ("machine", _machine),
        ("tensorflow", _tensorflow),
        ("gpu", _gpu),
        ("weights", lambda: _weights(arguments.model)),
        ("forward pass", lambda: _forward(arguments.model)),
    ):
        try:
            with quiet_log():
                state, text = examine()
        except Exception as error:  # whatever is broken here is what doctor is asked for
            state, text = "broken", " ".join(f"{type(error).__name__}: {error}".split())
        findings.append({"topic": topic, "state": state, "text": text})
    if arguments.json:
        sys.stdout.write(json.dumps(findings, indent=2) + "\n")
    else:
        for finding in findings:
            sys.stdout.write("{state:7} {topic:13} {text}\n".format(**finding))
    return 1 if any(finding["state"] == "broken" for finding in findings) else 0


def _versions():
    from kiqa import __version__

    found = {name: _version(name) for name in _PACKAGES}
    listed = ", ".join(f"{name} {version or 'MISSING'}" for name, version in found.items())
    text = f"kiqa {__version__}, Python {platform.python_version()}, {listed}"
    return "ok" if all(found.values()) else "broken", text


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _opencv():
    found = [f"{name} {_version(name)}" for name in _OPENCV if _version(name)]
    if not found:
        return "broken", "no OpenCV. Remedy: pip install opencv-python-headless"
    if len(found) > 1:
        return "warning", (
            f"{' and '.join(found)} share one folder cv2 and overwrite each other. Remedy: "
            "uninstall all of them, then pip install opencv-python-headless"
        )
    import cv2

    return "ok", f"{found[0]}, imports as cv2 {cv2.__version__}"


def _machine():
    from kiqa.scoring import usable_cores

    memory = ""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        memory = f", {size / 2**30:.1f} GiB memory"
    cores = f"{usable_cores()} usable cores of {os.cpu_count()}"
    workers = f", worker processes by {multiprocessing.get_context().get_start_method()}"
    if workers.endswith(" fork"):
        workers += " (by spawn once TensorFlow has run: multiprocessing.get_context('spawn'))"
    return "ok", f"{platform.platform()}, {cores}{memory}{workers}"


def _tensorflow():
    try:
        check_process()
        check_backend()
    except ProcessError as error:
        return "broken", str(error)
    import keras
    import tensorflow as tf

    devices = ", ".join(device.name for device in tf.config.list_physical_devices())
    return "ok", f"imports; Keras {keras.__version__} on it; devices {devices}"


def _gpu():
    import tensorflow as tf

    devices = tf.config.list_physical_devices("GPU")
    if devices:
        names = [
            tf.config.experimental.get_device_details(device).get("device_name", device.name)
            for device in devices
        ]
        return "ok", f"{len(devices)} seen: {', '.join(names)}"
    return "none", _why_no_gpu(
        system=platform.system(),
        visible=os.environ.get("CUDA_VISIBLE_DEVICES"),
        driver=Path("/proc/driver/nvidia/version").exists() or Path("/dev/dxg").exists(),
        device=any(Path("/dev").glob("nvidia[0-9]*")) or Path("/dev/dxg").exists(),
        cuda_build=tf.test.is_built_with_cuda(),
        libraries=any(
            (name or "").lower().startswith("nvidia-cudnn")
            for name in (package.metadata["Name"] for package in metadata.distributions())
        ),
    )


def _why_no_gpu(
    *,
    system: str,
    visible: str | None,
    driver: bool,
    device: bool,
    cuda_build: bool,
    libraries: bool,
) -> str:
    """The first reason that applies, with its remedy; all work runs on the CPU."""
    if system == "Darwin":
        return "none seen: TensorFlow has no CUDA on macOS. The CPU does all work"
    if system == "Windows":
        return "none seen: TensorFlow has no GPU support on Windows. Remedy: install in WSL2"
    if visible is not None and visible.strip() in ("", "-1"):
        return f"none seen: CUDA_VISIBLE_DEVICES is {visible!r}. Remedy: unset it"
    if not driver:
        return "none seen: no NVIDIA driver is loaded. With an NVIDIA GPU, install its driver"
    if not device:
        return (
            "none seen: the driver is loaded, but there is no /dev/nvidia0. "
            "Remedy: give the container the GPU (docker run --gpus all)"
        )
    if not cuda_build:
        return (
            "none seen: this TensorFlow is built without CUDA. "
            "Remedy: pip uninstall tensorflow-cpu; pip install 'kiqa[gpu]'"
        )
    if not libraries:
        return "none seen: CUDA's libraries are missing. Remedy: pip install 'kiqa[gpu]'"
    return (
        "none seen, though driver, device and libraries are there: versions may not match. "
        "Remedy: pip install -U 'kiqa[gpu]', compare with nvidia-smi, and see "
        "TF_CPP_MIN_LOG_LEVEL=0 kiqa doctor"
    )


def _weights(model: str):
    from kiqa.scoring.engines import describe

    info = describe(model)
    return "ok", (
        f"{info.name} {info.version}, {info.path}, sha256 {info.sha256}, "
        f"scale {info.scale}, {'higher' if info.higher_is_better else 'lower'} is better"
    )


def _forward(model: str):
    import numpy as np

    from kiqa.scoring import Scorer

    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (512, 512, 3), dtype=np.uint8)
    scorer = Scorer(model)
    start = time.perf_counter()
    reference = pixels if scorer.needs_reference else None
    scorer.score(pixels, reference=reference)
    middle = time.perf_counter()
    scorer.score(pixels, reference=reference)
    return "ok", (
        f"512x512 pixels at stride {scorer.stride} in {time.perf_counter() - middle:.3f} s "
        f"(the first, with loading, {middle - start:.1f} s)"
    )
