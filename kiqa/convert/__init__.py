"""Published checkpoints of other projects, converted to our ``.h5`` files.

One module a project, with a function ``(source, output, *, ...) -> Path`` in
`CONVERTERS`; ``kiqa convert NAME`` calls it. Nothing in a source is executed.
"""

from collections.abc import Callable
from importlib import import_module

CONVERTERS = {
    "brisque": "kiqa.convert.brisque:convert_brisque",
    "deepiqa": "kiqa.convert.deepiqa:convert_deepiqa",
    "efficientnet-lite": "kiqa.convert.efficientnet_lite:convert_efficientnet_lite",
    "lidq92": "kiqa.convert.wadiqam_ports:convert_lidq92",
    "niqe": "kiqa.convert.niqe:convert_niqe",
    "paq2piq": "kiqa.convert.paq2piq:convert_paq2piq",
    "pyiqa": "kiqa.convert.wadiqam_ports:convert_pyiqa",
    "rnnbiqa": "kiqa.convert.rnnbiqa:convert_rnnbiqa",
    "resnet18": "kiqa.convert.paq2piq:convert_resnet18",
}


def converter(name: str) -> Callable:
    """Return the function that converts the checkpoints of a project.

    Args:
        name: A key of `CONVERTERS`.

    Returns:
        A function of the source, the output and keyword options.

    Raises:
        ValueError: If there is no such project.
    """
    if name not in CONVERTERS:
        raise ValueError(f"Expected a project, one of {sorted(CONVERTERS)}. Received: {name!r}.")
    module, function = CONVERTERS[name].split(":")
    return getattr(import_module(module), function)
