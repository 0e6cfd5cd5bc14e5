"""Trained networks as ``.h5`` files that open everywhere.

`export_h5` writes architecture and weights, uncompiled, so that one file opens
whole with ``keras.models.load_model`` in Keras 3 and in ``tf_keras`` (Keras 2),
without this package; ``load_weights`` into a hand-written model of the same
layers works in both too. `load_model` reads such files, and other complete
``.h5`` models of Keras, by name or path, on any Keras backend. The file is not
trusted: its sha256 is that of the manifest, its layers and settings are those
of `kiqa.io.weights.allowed`, its tensors are those of the network that it
describes, compared before any is allocated, and its content has the checksum
that it states (`kiqa.io.weights.seal`).

Public names: `export_h5`, `check_h5_name`, `load_model`, `read_info`,
`rewrite_details`, `write_manifest_entry`.
"""

import contextlib
import io
import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiqa.io.budget import MAX_BYTES, check_file
from kiqa.io.files import sha256_of, write_atomically
from kiqa.io.messages import shortened
from kiqa.io.weights import manifest, model_tensors
from kiqa.io.weights import tensors as h5_tensors
from kiqa.io.weights.details import Details
from kiqa.io.weights.hub import is_address, load_hub_model
from kiqa.io.weights.info import WeightsInfo
from kiqa.io.weights.manifest import WeightsError, find_weights
from kiqa.io.weights.seal import check_seal, sealed, unsealed
from kiqa.startup import check_process

if TYPE_CHECKING:
    import h5py
    import keras

_ATTRIBUTE = "kiqa"


def export_h5(
    model: "keras.Model",
    path: str | os.PathLike,
    details: Details,
    *,
    full_precision: bool = False,
) -> Path:
    """Publish a model: architecture and weights in one ``.h5`` file.

    The same model and details give the same bytes. Above
    `model_tensors.HALF_PRECISION_ABOVE` bytes of weights, tensors of two and more
    dimensions are stored as float16 (Keras 2 and 3 cast on load); vectors
    (biases, statistics) stay float32, they cost little and need the range.

    Args:
        model: Built Functional or Sequential model of stock layers; compiled
            or not, training state is left out.
        path: Target ending in ``.h5``, not ``.weights.h5``. Written under a
            temporary name and renamed; an existing file stays until then.
        details: What the file says of itself.
        full_precision: Store float32 whatever the size, as for weights
            converted from another program, whose outputs are to stay.

    Returns:
        The path written.

    Raises:
        WeightsError: If the model cannot be written so that both Keras 2 and
            Keras 3 open it (the message names the layers), or a weight is not
            finite.
        OSError: If writing fails, for example on a full disk.
    """
    import h5py
    import keras

    from kiqa.io.weights.dialect import keras2_config
    from kiqa.io.weights.model_configs import planned_model

    path = Path(path)
    check_h5_name(path)
    metadata = details.to_json()
    with about(f"export of {details.name!r}"):
        config = keras2_config(model)
        twin = planned_model(json.loads(json.dumps(config)))
        tensors = model_tensors.export_values(model, twin, halve=not full_precision)
    content, text = io.BytesIO(), json.dumps(config)
    with h5py.File(content, "w") as file:
        file.attrs["keras_version"] = keras.__version__
        file.attrs["backend"] = "tensorflow"  # the layout of the kernels, whoever trained them
        file.attrs["model_config"] = text
        file.attrs[_ATTRIBUTE] = sealed(text, metadata, tensors)
        h5_tensors.write_tensors(file, tensors, [layer.name for layer in twin.layers])
    write_atomically(path, content.getvalue())
    return path


def check_h5_name(path: str | os.PathLike) -> None:
    """Refuse a file name by which Keras would not read the file whole.

    Raises:
        WeightsError: If it does not end in ``.h5``, or in ``.weights.h5``.
    """
    name = Path(path).name
    if Path(name).suffix != ".h5" or name.endswith(".weights.h5"):
        raise WeightsError(
            f"Expected a file name that ends in .h5 and not in .weights.h5. Received: {name}. "
            "Keras chooses its reader by the ending."
        )


def rewrite_details(path: str | os.PathLike, details: Details) -> Path:
    """Give a weights file another description; its network and tensors stay.

    The file is then the one that `export_h5` writes with this description.

    Args:
        path: File of `export_h5`.
        details: What it shall say of itself.

    Returns:
        The path; its manifest, if any, does not know the new hash yet.

    Raises:
        FileNotFoundError: If there is no such file.
        WeightsError: If it is damaged.
        OSError: If writing fails; the old file stays.
    """
    import h5py

    path = find_weights(Path(path))
    metadata, content = details.to_json(), io.BytesIO()
    with about(path), h5_tensors.open_h5(path) as old, h5py.File(content, "w") as new:
        text, _ = h5_tensors.model_config(old)
        tensors = _whole(old, text)
        for key in ("keras_version", "backend", "model_config"):
            new.attrs[key] = old.attrs[key]
        new.attrs[_ATTRIBUTE] = sealed(text, metadata, tensors)
        h5_tensors.write_tensors(new, tensors, h5_tensors.layer_names(old))
    write_atomically(path, content.getvalue())
    return path


def load_model(name_or_file: str | os.PathLike, *, max_bytes: int = MAX_BYTES) -> "keras.Model":
    """Load a complete model from a ``.h5`` file, which need not be trusted.

    Args:
        name_or_file: A model's name (`list_models`), the path of a ``.h5``
            file, from `export_h5` or any Keras, or an address on the Hugging
            Face Hub, ``"hf://USER/NAME"`` (`kiqa.io.weights.hub`).
        max_bytes: Most bytes that the file, and its tensors, may have. Not for
            addresses: Keras downloads what is there.

    Returns:
        ``keras.Model``, uncompiled, every weight set from the file.

    Raises:
        FileNotFoundError: If a path was given and no file is there.
        WeightsError: If the name is unknown, the file is not the one of its
            manifest, damaged, incomplete, too large, holds weights only, or
            describes anything but layers and numbers; the message names the
            file and what is missing, extra or refused.
        kiqa.startup.ProcessError: In a process forked after TensorFlow ran.

    Examples:
        >>> import kiqa
        >>> model = kiqa.load_model("patchnet")
        >>> model.input_shape, model.output_shape
        ((None, 64, 64, 3), (None, 1))
    """
    check_process()
    if is_address(name_or_file):
        return _from_hub(os.fspath(name_or_file))
    path, _ = _verified(name_or_file, max_bytes)
    return _built(path, max_bytes)


def _built(path, max_bytes):
    """The network in a file, which is the one of its manifest."""
    from kiqa.io.weights.model_configs import build_model

    with about(path), h5_tensors.open_h5(path, max_bytes=max_bytes) as file:
        text, config = h5_tensors.model_config(file)
        found, stray = h5_tensors.read_tensors(file)
        model = build_model(
            config, lambda planned: model_tensors.check_tensors(planned, found, stray)
        )
        values = h5_tensors.read_values(found, max_bytes=max_bytes)
        model_tensors.assign_values(model, values)
        check_seal(text, h5_tensors.text_attribute(file, _ATTRIBUTE), values)
    return model


def read_info(name_or_file: str | os.PathLike) -> WeightsInfo:
    """Read what a weights file says of itself, without building the model.

    Args:
        name_or_file: As for `load_model`.

    Returns:
        `WeightsInfo`. A complete Keras file without our attribute gets its
        stem as name, ``"unknown"`` as version and scale, and counts as
        higher is better.

    Raises:
        FileNotFoundError: If a path was given and no file is there.
        WeightsError: As for `load_model`, as far as the model need not be
            built.
    """
    return _info(*_verified(name_or_file, MAX_BYTES))


def write_manifest_entry(
    manifest_path: str | os.PathLike,
    weights_file: str | os.PathLike,
    *,
    builder: str,
    card: str,
    largest_output_change: float | None = None,
    url: str | None = None,
    earlier: Sequence[str] = (),
    before: Sequence[str] = (),
) -> dict[str, Any]:
    """Enter a published weights file into the manifest of its folder.

    Args:
        manifest_path: The folder's ``manifest.json``; made if not there.
        weights_file: File from `export_h5` in the same folder.
        builder: Key of ``kiqa.models.MODELS`` that builds the network.
        card: Where the model card is, relative to the folder.
        largest_output_change: By how much storing float16 changed any output,
            in the output's units; ``None`` for files in float32.
        url: Where the file can be downloaded, if it can.
        earlier: sha256 of earlier files with the same tensors and another
            description; results that name one of them are of this network.
        before: sha256 of files with other tensors that had this name, or that
            this one was trained on from; networks that began with one of them
            name it as their origin.

    Returns:
        The entry written.

    Raises:
        FileNotFoundError: If there is no weights file.
        WeightsError: If the file lies elsewhere, is not ours, or the present
            manifest is damaged.
        OSError: If writing fails; the old manifest stays.
    """
    target, path = Path(manifest_path), find_weights(Path(weights_file))
    if path.resolve().parent != target.resolve().parent:
        raise WeightsError(
            f"Expected {path.name} in the folder of its manifest, {target.parent}. Received: "
            f"{path}. Move the file there first."
        )
    digest = sha256_of(path)
    info = _info(path, digest)
    with about(path), h5_tensors.open_h5(path) as file:
        _whole(file, h5_tensors.model_config(file)[0])
    if info.scale == "unknown":
        raise WeightsError(
            f"{path}: Expected a file written by export_h5. Received: a .h5 file without name, "
            "scale and direction. Load it and export it with them."
        )
    entry = {
        "file": path.name,
        "sha256": digest,
        "bytes": path.stat().st_size,
        "version": info.version,
        "scale": info.scale,
        "higher_is_better": info.higher_is_better,
        "builder": builder,
        "card": card,
        "largest_output_change": largest_output_change,
        "url": url,
        **({"earlier": list(earlier)} if earlier else {}),
        **({"before": list(before)} if before else {}),
    }
    manifest.update_manifest(target, info.name, entry)
    return entry


def _info(path: Path, digest: str) -> WeightsInfo:
    """Read a file's own description; its hash has been computed and, if due, compared."""
    with about(path), h5_tensors.open_h5(path) as file:
        h5_tensors.model_config(file)
        text = h5_tensors.text_attribute(file, _ATTRIBUTE)
        if text is None:
            return WeightsInfo(path, digest, _of_foreign(path))
        return WeightsInfo(path, digest, Details.from_json(unsealed(text)[0]))


def _whole(file: "h5py.File", config: str) -> "dict[str, h5_tensors.Named]":
    """Read all tensors that a file lists, and compare them with its checksum."""
    found, _ = h5_tensors.read_tensors(file)
    tensors = h5_tensors.read_values(found)
    check_seal(config, h5_tensors.text_attribute(file, _ATTRIBUTE), tensors)
    return tensors


def _of_foreign(path: Path) -> Details:
    """What is known of a complete Keras file without our attribute."""
    name = re.sub("[^A-Za-z0-9_.-]", "-", path.stem).lstrip("_.-") or "model"
    return Details(name, "unknown", "unknown", True)


def _from_hub(address: str) -> "keras.Model":
    with about(address):
        return load_hub_model(address)


def _verified(name_or_file: str | os.PathLike, max_bytes: int) -> tuple[Path, str]:
    """Find a file and compare its hash with the manifest beside it."""
    path = find_weights(name_or_file)
    with about(path):
        check_file(path, max_bytes=max_bytes)
    received, expected = sha256_of(path), manifest.manifest_sha256(path)
    if expected not in (None, received):
        raise WeightsError(
            f"{path}: Expected sha256 {expected}, as in the manifest beside it. Received: "
            f"{received}. Get the file again, or, if you made it, enter it with "
            "write_manifest_entry."
        )
    return path, received


@contextlib.contextmanager
def about(subject: object) -> Iterator[None]:
    """Turn whatever a damaged file or odd model raises into one error that names it."""
    try:
        yield
    except (
        *(ValueError, TypeError, LookupError, AttributeError, RuntimeError, OSError),
        *(MemoryError, ArithmeticError),
    ) as error:
        text = shortened(error)
        if "xpected" not in text:  # not one of ours
            text = (
                f"Expected an undamaged file. Received: {type(error).__name__}: {text}. Get the "
                "file again."
            )
        raise WeightsError(f"{subject}: {text}") from error
