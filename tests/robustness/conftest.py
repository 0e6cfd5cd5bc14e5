"""Folders of awkward things, for whatever reads files."""

import pytest

from .awkward_images import JPEGS, LOSSLESS, REFUSED


@pytest.fixture(scope="session")
def awkward_images(tmp_path_factory, write_files):
    """A folder with ``sound`` and ``refused`` images of `awkward_images.py`."""
    files = {f"sound/{name}": data for name, data in (LOSSLESS | JPEGS).items()}
    files |= {f"refused/{name}": data for name, (data, _) in REFUSED.items()}
    return write_files(tmp_path_factory.mktemp("images"), files)


@pytest.fixture(scope="session")
def draw_coarsely():
    """The function ``draw_coarsely(monkeypatch)``: figures have few pixels, all else is theirs."""
    from matplotlib.figure import Figure

    real = Figure.savefig

    def savefig(self, *arguments, **options):
        return real(self, *arguments, **options | {"dpi": 30})

    return lambda monkeypatch: monkeypatch.setattr(Figure, "savefig", savefig)
