"""Local no-reference image quality assessment with Keras.

Conventions, decided once:

- An image on the way in is RGB, ``uint8``, of shape (H, W, 3), values 0..255;
  batches are (N, H, W, C). Scaling happens inside each network.
- A map is ``float32`` of shape (rows, columns), travels with its stride and
  offset in pixels (`QualityMap`), and is better the higher it is unless its
  model says otherwise.
- A score is a prediction of the mean opinion score (MOS), with its scale.

Importing this package loads neither TensorFlow nor Keras; the first use does.
"""

from kiqa.interrupts import watch_start

watch_start()  # before all else, so that Ctrl-C while it is loading is no traceback

from importlib import import_module  # noqa: E402

from kiqa.constants import DEFAULT_SCORER  # noqa: E402
from kiqa.startup import prepare_process  # noqa: E402

__version__ = "0.2.0"

_PUBLIC = {
    "export": "kiqa.export",
    "quality_map": "kiqa.scoring",
    "reasons": "kiqa.defects.reasons",
    "report": "kiqa.reporting.report",
    "score": "kiqa.scoring",
    "Scorer": "kiqa.scoring",
    "load_model": "kiqa.io.weights",
    "model_table": "kiqa.scoring",
    "list_models": "kiqa.io.weights",
    "load_image": "kiqa.io.images",
    "QualityMap": "kiqa.io.map_files",
}

__all__ = [
    "DEFAULT_SCORER",
    "QualityMap",
    "Scorer",
    "__version__",
    "export",
    "list_models",
    "load_image",
    "load_model",
    "model_table",
    "quality_map",
    "reasons",
    "report",
    "score",
]

prepare_process()


def __getattr__(name):
    if name in _PUBLIC:
        module = import_module(_PUBLIC[name])
        # `kiqa.export` is a module, which its import has set here, and is called as a function.
        return globals()[name] if name in globals() else getattr(module, name)
    raise AttributeError(f"module 'kiqa' has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_PUBLIC])
