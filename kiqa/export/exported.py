"""One model in one format: its networks' files and ``kiqa.json`` in a folder.

Nothing is left of an export that fails, and nothing is said to be done before the
files were opened again and compared with our own networks.

Public names: `export`, `Exported`, `ExportError`.
"""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiqa import __version__
from kiqa.export.comparison import TOLERANCE, largest_difference, made_images, outputs_of
from kiqa.export.formats import FORMATS, check_installed
from kiqa.export.parts import Part, System, system_of
from kiqa.export.quantising import QUANTISATIONS
from kiqa.io.files import new_folder, sha256_of
from kiqa.io.messages import shortened
from kiqa.io.outputs import lock_output
from kiqa.io.weights import WeightsInfo
from kiqa.startup import check_backend, check_process

DESCRIPTION = "kiqa.json"
# Where in its graph LiteRT's converter is, with the name that it has for the file.
_PLACE = re.compile(r"(<unknown>\S* \w+: )?loc\((.*\): |.*)")


class ExportError(ValueError):
    """A model that a format cannot hold, or whose copy computes something else."""


@dataclass(frozen=True)
class Exported:
    """What an export has written.

    Attributes:
        folder: Where it is.
        description: What ``kiqa.json`` in it says.
    """

    folder: Path
    description: dict[str, Any]

    @property
    def difference(self) -> float:
        """The largest relative difference of any network from ours."""
        return max(part["difference"]["relative"] for part in self.description["parts"].values())

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())


def export(
    model: str | os.PathLike,
    output: str | os.PathLike,
    *,
    format: str = "saved-model",
    quantise: str | None = None,
) -> Exported:
    """Write a model as files that run without kiqa.

    Args:
        model: Name of a shipped model, or path of a published ``.h5`` file.
        output: Folder to make; it must not be there.
        format: ``"saved-model"``, ``"onnx"``, ``"litert"`` or ``"keras"``.
        quantise: ``"int8"`` for ``onnx`` and ``litert``: weights of eight bits,
            a quarter of the size. Its outputs are not those of our network:
            how far off they are is said and not refused.

    Returns:
        What was written: a file, or for ``saved-model`` a folder, for each
        network of the model, and ``kiqa.json``, which says what comes before,
        between and after them (``docs/export.md``).

    Raises:
        ExportError: If the format cannot hold a network, whose layer is then
            named, or the exported network's outputs differ from ours by more than
            1e-4 of the largest and it is not quantised.
        kiqa.io.weights.WeightsError: If the model is no network, or a file is
            damaged.
        FileNotFoundError: If a path was given and no file is there.
        ImportError: If the format's libraries are missing; the message names the
            extra that installs them.
        kiqa.io.outputs.OutputError: If there is something at ``output``.
        kiqa.startup.ProcessError: In a process forked after TensorFlow ran, or on
            another backend of Keras than TensorFlow.

    Examples:
        >>> import tempfile
        >>> import kiqa
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     exported = kiqa.export("patchnet", f"{folder}/patchnet", format="keras")
        ...     sorted(path.name for path in exported.folder.iterdir())
        ['kiqa.json', 'patchnet.keras']
        >>> exported.difference < 1e-4, exported.description["after"][0]
        (True, {'step': 'run', 'part': 'patchnet'})
    """
    from kiqa.scoring.engines import describe

    if format not in FORMATS:
        raise ValueError(f"Expected a format, one of {', '.join(FORMATS)}. Received: {format!r}.")
    quantised = [name for name, form in FORMATS.items() if form.quantiser]
    if quantise is not None and (quantise not in QUANTISATIONS or format not in quantised):
        raise ValueError(
            f"Expected {' or '.join(QUANTISATIONS)} for {' or '.join(quantised)}. Received: "
            f"quantise={quantise!r} for {format}. Leave it out, or use another format."
        )
    check_process()
    check_installed(format, quantise=quantise is not None)
    with lock_output(output), new_folder(output) as folder:
        info = describe(model)
        check_backend()
        system = system_of(info)
        parts = {
            part.name: _written(part, system, format, folder, quantise) for part in system.parts
        }
        description = _description(info, system, format, parts)
        if quantise is not None:
            description["quantisation"] = QUANTISATIONS[quantise]
        (folder / DESCRIPTION).write_text(json.dumps(description, indent=2) + "\n", "utf-8")
    return Exported(Path(output), description)


def _written(
    part: Part, system: System, format: str, folder: Path, quantise: str | None
) -> dict[str, Any]:
    """Write a network, compare it with ours, and describe it."""
    form = FORMATS[format]
    path = folder / f"{part.name}{form.ending}"
    smallest = next(iter(made_images(system.least_side, count=1 + system.needs_reference)))
    outputs_of(part, part.feed(*smallest))  # Keras exports networks that have been called
    try:
        form.write(part.network, path)
        if quantise is not None and form.quantiser is not None:
            form.quantiser.replace(path)
        opened = form.open(path)
        difference = largest_difference(part, opened, system)
    except (ImportError, MemoryError, OSError):
        raise
    except Exception as error:  # of Keras, TensorFlow and converters, which have no common base
        raise ExportError(
            f"Expected a network that {format} can hold. Received: {part.name}"
            f"{_layer_in(str(error), part.network)}: {_reason(str(error))}. Use another format."
        ) from error
    if quantise is None and not difference.relative <= TOLERANCE:
        raise ExportError(
            f"Expected outputs of {part.name} in {format} within {TOLERANCE:g} of ours, relative "
            f"to the largest. Received: {difference.relative:.2g}. Use another format."
        )
    return {
        "file": path.name,
        **({"sha256": sha256_of(path)} if path.is_file() else {}),
        "inputs": [
            {"name": tensor.name, "shape": list(opened.inputs[tensor.name]), "type": "float32"}
            for tensor in part.network.inputs
        ],
        "outputs": [
            {"name": name, "is": own, "shape": list(tensor.shape), "type": "float32"}
            for name, (own, tensor) in zip(opened.outputs, _outputs(part.network), strict=True)
        ],
        "source": {"file": part.info.path.name, "sha256": part.info.sha256},
        "difference": {
            "relative": difference.relative,
            "absolute": difference.absolute,
            "compared_on": [list(shape) for shape in difference.shapes],
        },
    }


def _outputs(network):
    """Names and tensors of the outputs, in the order of `outputs_of`; without names the layers'."""
    if isinstance(network.output, dict):
        return sorted(network.output.items())
    return list(zip(network.output_names, network.outputs, strict=True))


def _layer_in(text, network):
    """The layer in whose scope, ``network/layer_1/operation``, a library's error lies, if any."""
    for layer in network.layers:
        if re.search(rf"/{re.escape(layer.name)}(_\d+)?/", text):
            return f", layer {layer.name}"
    return ""


def _reason(text):
    """A library's error; of a converter's for each place in its graph the first, without places."""
    if "loc(" in text:
        text = _PLACE.sub(" ", text.partition("\n")[0]).strip()
    return shortened(text, 500)


def _description(info: WeightsInfo, system: System, format: str, parts: dict) -> dict[str, Any]:
    """What ``kiqa.json`` says."""
    return {
        "kiqa": __version__,
        "model": info.name,
        "format": format,
        "scale": info.scale,
        "higher_is_better": info.higher_is_better,
        "sha256": info.sha256,
        "input": {
            "channels": "RGB",
            "range": [0, 255],
            "layout": "batch, height, width, channels",
            "least_side": system.least_side,
            "reference": system.needs_reference,
        },
        "before": list(system.before),
        "parts": parts,
        "after": list(system.after),
        "details": json.loads(info.details.to_json()),
    }
