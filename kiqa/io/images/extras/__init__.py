"""Formats whose decoder is a package of its own, installed by an extra of kiqa.

Used by `kiqa.io.images` only. Without the package such files are refused, with
the name of the extra.

Public names: `Extra`, `HEIF`, `RAW`, `extra_for`.
"""

from dataclasses import dataclass
from importlib import util


@dataclass(frozen=True)
class Extra:
    """An optional decoder.

    Attributes:
        formats: How the names of its formats begin, as in `kiqa.io.images.foreign`.
        module: What must be importable.
        name: Of the extra of kiqa that installs it.
        suffixes: Of its files.
    """

    formats: str
    module: str
    name: str
    suffixes: tuple[str, ...]

    def installed(self) -> bool:
        """Say whether the package is there; it is not imported."""
        return util.find_spec(self.module) is not None


HEIF = Extra("HEIC", "pillow_heif", "heif", (".heic", ".heif", ".hif"))
RAW = Extra(
    "camera raw", "rawpy", "raw",
    (".cr2", ".cr3", ".nef", ".arw", ".dng", ".raf", ".orf", ".rw2", ".pef", ".srw"),
)  # fmt: skip


def extra_for(name: str) -> Extra | None:
    """Return the optional decoder for a format by the format's name, or ``None``."""
    return next((extra for extra in (HEIF, RAW) if name.startswith(extra.formats)), None)
