"""Our models as files of other programs: SavedModel, ONNX, LiteRT, ``.keras``.

`kiqa.export` is this module and a function at once: calling it is calling
`export` in it, whether or not a part of the package has been imported.

Public names: `export`, `Exported`, `ExportError`, `FORMATS`.

Examples:
    >>> import kiqa
    >>> sorted(kiqa.export.FORMATS)
    ['keras', 'litert', 'onnx', 'saved-model']
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

_PUBLIC = {
    "export": "kiqa.export.exported",
    "Exported": "kiqa.export.exported",
    "ExportError": "kiqa.export.exported",
    "FORMATS": "kiqa.export.formats",
}

__all__ = list(_PUBLIC)


class _Callable(ModuleType):
    """A module that is called for its function of the same name."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self.export(*arguments, **options)


sys.modules[__name__].__class__ = _Callable


def __getattr__(name):
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'kiqa.export' has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_PUBLIC])
