"""KonPatch: random patches of scored images with binary votes, their labels and their file."""

from kiqa.data.konpatch.building import build_konpatch
from kiqa.data.konpatch.embedded import embedded_konpatch
from kiqa.data.konpatch.file import KonPatch, load_konpatch, save_konpatch
from kiqa.data.konpatch.votes import write_vote_template

__all__ = [
    "KonPatch",
    "build_konpatch",
    "embedded_konpatch",
    "load_konpatch",
    "save_konpatch",
    "write_vote_template",
]
