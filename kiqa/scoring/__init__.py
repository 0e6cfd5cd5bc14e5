"""From images to scores: one scorer, rows of results, and the resumable loop.

The parts load at first use: the command line imports `kiqa.startup` for
its ``--help``, and `kiqa doctor` where NumPy or OpenCV may be broken.
"""

from importlib import import_module

_PUBLIC = {
    "MAP_STRIDE": "kiqa.scoring.scorer",
    "ROW_KEYS": "kiqa.scoring.rows",
    "Scorer": "kiqa.scoring.scorer",
    "content_hash": "kiqa.scoring.decoding",
    "in_shard": "kiqa.scoring.paths",
    "model_table": "kiqa.scoring.catalogue",
    "quality_map": "kiqa.scoring.single",
    "read_ahead": "kiqa.scoring.paths",
    "row_columns": "kiqa.scoring.paths",
    "score": "kiqa.scoring.single",
    "score_paths": "kiqa.scoring.paths",
    "usable_cores": "kiqa.scoring.paths",
    "usable_workers": "kiqa.scoring.paths",
}

__all__ = list(_PUBLIC)


def __getattr__(name):
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'kiqa.scoring' has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_PUBLIC])
