"""The scorers of ``docs/export.md``, from its own text, in processes that cannot import kiqa."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import kiqa
from kiqa.export.formats import FORMATS
from kiqa.io.weights import Details, export_h5, load_model
from kiqa.maps.lite import working_pixels

DOCUMENT = (Path(__file__).parents[2] / "docs" / "export.md").read_text(encoding="utf-8")
SCORERS = dict(re.findall(r"^```python\n# (\S+)\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL))
# What a process with the files of a format must do without.
ABSENT = {
    "onnx": ("kiqa", "keras", "tf_keras", "tensorflow"),
    "litert": ("kiqa", "keras", "tf_keras", "tensorflow"),
    "saved-model": ("kiqa", "keras", "tf_keras"),
}


def test_every_format_without_keras_has_a_short_scorer():
    """About ten lines; an argument names the image."""
    assert SCORERS.keys() == ABSENT.keys() == FORMATS.keys() - {"keras"}
    for code in SCORERS.values():
        lines = [line for line in code.splitlines() if line and " import " not in f" {line}"]
        assert len(lines) <= 10 and "sys.argv[1]" in code


@pytest.fixture(scope="module")
def lite(tmp_path_factory, small):
    """The file of a lite that is a small network: the steps before it are the same.

    That they are the engine's is tested in test_parts, with the shipped network.
    """
    about = Details("lite", "0", "0..1", True, mode="lite", trained_on=())
    network = load_model(small("lite"))
    return export_h5(network, tmp_path_factory.mktemp("lite") / "lite.h5", about)


@pytest.fixture(scope="module", params=ABSENT)
def exported(request, tmp_path_factory, lite):
    """A format, and a folder in which the command of the document has written a lite."""
    for module in FORMATS[request.param].modules:
        pytest.importorskip(module, reason=f"needs kiqa[{FORMATS[request.param].extra}]")
    folder = tmp_path_factory.mktemp("exported")
    command = rf"kiqa export lite --format {request.param} --output (\S+)"
    kiqa.export(lite, folder / re.search(command, DOCUMENT)[1], format=request.param)
    return request.param, folder


@pytest.mark.slow
def test_scorer_prints_the_score_without_kiqa(exported, lite, photo):
    """For an image that is made smaller and one that is enlarged; what is absent stays absent."""
    name, folder = exported
    absent = f"import sys\nfor name in {ABSENT[name]}:\n    sys.modules[name] = None\n"
    network = load_model(lite)
    images = [np.asarray(Image.fromarray(photo).resize((801, 640))), photo[:150, :300]]
    for number, pixels in enumerate(images[:1] if name == "saved-model" else images):
        Image.fromarray(pixels).save(folder / f"{number}.png")
        done = subprocess.run(
            [sys.executable, "-I", "-c", absent + SCORERS[name], f"{number}.png"],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        (wanted,) = network.predict_on_batch(working_pixels(pixels)[np.newaxis])
        assert float(done.stdout) == pytest.approx(wanted.item(), rel=1e-4)
