"""Where trained weights are found, and what is known of them.

A folder of weights holds ``.h5`` files and a ``manifest.json`` that names
them: file, sha256, size, scale, builder, model card. A model's name is looked
up in `weight_folders`, in order; a file that no folder holds comes from the
cache, which is filled from the manifest's URL. Nothing else here touches the
network, and importing this module loads neither Keras nor h5py.
"""

import hashlib
import http.client
import importlib.metadata
import json
import os
import re
import sys
import urllib.request
from pathlib import Path
from typing import Any

from kiqa.io.files import sha256_of, write_atomically
from kiqa.io.json_files import read_json

MANIFEST = "manifest.json"
_SHARE = "share/kiqa/weights"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class WeightsError(ValueError):
    """A weights file or manifest that cannot be used; the message says why and what to do."""


def weight_folders() -> list[Path]:
    """Return the folders that are searched for weights, first one first.

    ``$KIQA_WEIGHTS``; ``weights/`` of a source checkout; the installed
    ``share/kiqa/weights``. Folders that do not exist are left out.

    Raises:
        FileNotFoundError: If ``$KIQA_WEIGHTS`` is set and is no folder.
    """
    candidates = []
    own = os.environ.get("KIQA_WEIGHTS")
    if own:
        if not Path(own).is_dir():
            raise FileNotFoundError(
                f"Expected a folder of .h5 files in $KIQA_WEIGHTS. Received: {own}, which is none. "
                "Correct or unset the variable."
            )
        candidates.append(Path(own))
    root = Path(__file__).resolve().parents[3]
    if (root / "setup.cfg").is_file():
        candidates.append(root / "weights")
    candidates.extend(_installed_folders())
    unique = dict.fromkeys(folder.resolve() for folder in candidates if folder.is_dir())
    return list(unique)


def cache_folder() -> Path:
    """Return the folder of downloaded weights: ``$KIQA_CACHE`` or ``~/.cache/kiqa``."""
    return Path(os.environ.get("KIQA_CACHE") or Path.home() / ".cache" / "kiqa")


def list_models() -> list[str]:
    """Return the sorted names of all models whose weights can be had by name.

    These are the names in the manifests of `weight_folders`, and the ``.h5``
    files in ``$KIQA_WEIGHTS`` by their stem.

    Raises:
        WeightsError: If a manifest is damaged.
        FileNotFoundError: If ``$KIQA_WEIGHTS`` is set and is no folder.

    Examples:
        >>> import kiqa
        >>> "patchnet" in kiqa.list_models()
        True
    """
    names: set[str] = set()
    for folder in weight_folders():
        for name, entry in read_manifest(folder).items():
            if entry.get("url") or (folder / entry["file"]).is_file():
                names.add(name)
    return sorted(names | set(_own_files()))


def absent_models() -> dict[str, dict[str, Any]]:
    """Return the manifests' entries, by name, whose file is in no folder and not in the cache.

    Raises:
        WeightsError: If a manifest is damaged.
        FileNotFoundError: If ``$KIQA_WEIGHTS`` is set and is no folder.
    """
    entries: dict[str, dict[str, Any]] = {}
    there = set(_own_files())
    for folder in weight_folders():
        for name, entry in read_manifest(folder).items():
            entries.setdefault(name, entry)
            if (folder / entry["file"]).is_file() or entry.get("url") and _cached(entry):
                there.add(name)
    return {name: entry for name, entry in entries.items() if name not in there}


def find_weights(name_or_file: str | os.PathLike) -> Path:
    """Find the ``.h5`` file of a model.

    Args:
        name_or_file: A model's name (see `list_models`), or a path: anything
            that has a folder in it or ends in ``.h5``.

    Returns:
        Path of an existing file. Its content is checked by whoever reads it.

    Raises:
        FileNotFoundError: If a path was given and no file is there.
        WeightsError: If no such name is known (the message lists the names
            and the places searched), or a download failed.
    """
    text = os.fspath(name_or_file)
    is_path = isinstance(name_or_file, os.PathLike) or Path(text).name != text
    if is_path or text.endswith((".h5", ".hdf5", ".keras")):
        return _existing(Path(text))
    folders = weight_folders()
    own = _own_files()
    listed = []
    for folder in folders:
        entry = read_manifest(folder).get(text)
        if entry is not None:
            listed.append((folder, entry))
            if (folder / entry["file"]).is_file():
                return folder / entry["file"]
        if own.get(text, Path()).parent == folder:
            return own[text]
    for _, entry in listed:
        if entry.get("url"):
            return _from_cache(entry)
    searched = ", ".join(map(str, folders)) or "no folder of weights found"
    if listed:
        folder, entry = listed[0]
        raise WeightsError(
            f"Expected the weights of {text!r} at {folder / entry['file']}. Received: no such "
            f"file, and its manifest names no URL (searched: {searched}). Copy the file there from "
            "weights/ of kiqa's repository; some are too large for the package."
        )
    raise WeightsError(
        f"Expected the name of a model, one of {list_models()}, or a path that ends in .h5. "
        f"Received: {text!r} (searched: {searched}). Correct the name, give a path, or set "
        "$KIQA_WEIGHTS to a folder that holds it."
    )


def read_manifest(folder: Path) -> dict[str, dict[str, Any]]:
    """Read the entries of a folder's manifest by model name; empty without a manifest.

    Raises:
        WeightsError: If the manifest is no JSON of the form that
            `update_manifest` writes.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return {}
    try:
        models = read_json(path)["models"]
        for entry in models.values():
            if Path(entry["file"]).name != entry["file"] or not isinstance(entry["sha256"], str):
                raise ValueError(f"the entry {entry}")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(
            f"Expected {path} to be JSON with 'models', and 'file' (a name without folder) and "
            f"'sha256' in each. Received: {error!r}. Restore the file."
        ) from error
    return models


def manifest_sha256(path: Path) -> str | None:
    """Return the sha256 that the manifest beside a weights file states for it, if any."""
    entries = read_manifest(path.parent).values()
    return next((entry["sha256"] for entry in entries if entry["file"] == path.name), None)


def update_manifest(manifest: Path, name: str, entry: dict[str, Any]) -> None:
    """Set one model's entry and write the manifest, sorted, in one step.

    Args:
        manifest: Path of the ``manifest.json``; made if it is not there.
        name: The model's name.
        entry: What is known of it; must hold ``file`` and ``sha256``.

    Raises:
        WeightsError: If the present manifest is damaged.
        OSError: If writing fails; the old manifest stays.
    """
    models = {**read_manifest(manifest.parent), name: entry}
    text = json.dumps({"models": models}, indent=2, sort_keys=True) + "\n"
    write_atomically(manifest, text.encode("utf-8"))


def check_name(name: str) -> str:
    """Return a model's name if it can be one.

    Raises:
        WeightsError: If it is empty, holds other characters than letters,
            digits, ``_ . -``, or could be taken for a file.
    """
    if not _NAME.fullmatch(name) or name.endswith(".h5"):
        raise WeightsError(
            "Expected a name of letters, digits, '_', '.', '-' that does not end in .h5. "
            f"Received: {name!r}."
        )
    return name


def _existing(path: Path) -> Path:
    if path.is_file():
        return path
    hint = f" The name {path.stem!r} is known." if path.stem in list_models() else ""
    raise FileNotFoundError(
        f"Expected a .h5 file. Received: {path}, which is no file. Correct the path.{hint}"
    )


def _own_files() -> dict[str, Path]:
    """Name -> file for the ``.h5`` files in $KIQA_WEIGHTS, manifest or not."""
    own = os.environ.get("KIQA_WEIGHTS")
    files = Path(own).resolve().glob("*.h5") if own else ()
    return {path.stem: path for path in files}


def _installed_folders() -> list[Path]:
    """Folders of the installed ``data_files``, by the package's record, then by prefix."""
    try:
        files = importlib.metadata.files("kiqa") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    recorded = [Path(file.locate()).parent for file in files if file.match(f"{_SHARE}/{MANIFEST}")]
    return [*recorded, Path(sys.prefix) / _SHARE]


def _cached(entry: dict[str, Any]) -> bool:
    target = cache_folder() / entry["file"]
    return target.is_file() and sha256_of(target) == entry["sha256"]


def _from_cache(entry: dict[str, Any]) -> Path:
    """Return the cached file of an entry; download it if it is not there or not the one."""
    target = cache_folder() / entry["file"]
    if _cached(entry):
        return target
    try:
        with urllib.request.urlopen(entry["url"], timeout=60) as response:
            content = response.read()
    except (http.client.HTTPException, OSError, ValueError) as error:
        raise WeightsError(
            f"Expected {entry['file']} from {entry['url']}. Received: {error}. Check the "
            f"connection, or put the file into {target.parent} by hand."
        ) from error
    received = hashlib.sha256(content).hexdigest()
    if received != entry["sha256"]:
        raise WeightsError(
            f"Expected {entry['file']} with sha256 {entry['sha256']} from {entry['url']}. "
            f"Received: sha256 {received}, {len(content)} bytes. Try again, or report it."
        )
    write_atomically(target, content)
    return target
