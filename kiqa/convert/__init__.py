"""Published checkpoints of other projects, converted to our ``.h5`` files.

One module a project, with a function ``(source, output, *, ...) -> Path`` in
`CONVERTERS`; ``kiqa convert NAME`` calls it. Nothing in a source is executed.
"""

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
