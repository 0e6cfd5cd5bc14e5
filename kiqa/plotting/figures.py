"""Figures: a fresh one where no axes is given, and their files.

Public names: :func:`axes_or_new`, :func:`figure_bytes`, :func:`save_figure`.
"""

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kiqa.io.files import write_atomically

_METADATA = {  # without version and date, so that equal figures are equal files
    ".png": {"Software": "kiqa"},  # by which kiqa knows it and takes it for no input
    ".pdf": {"Creator": None, "Producer": None, "CreationDate": None},
}


def axes_or_new(ax: Axes | None, size: tuple[float, float] = (6.4, 4.8)) -> Axes:
    """Return the axes given, or those of a fresh figure.

    Args:
        ax: Axes to draw on, or ``None``.
        size: Width and height of the fresh figure in inches.

    Returns:
        The axes; a fresh figure has a constrained layout and no pyplot state.
    """
    return ax if ax is not None else Figure(figsize=size, layout="constrained").add_subplot()


def save_figure(figure: Figure | Axes, path: str | os.PathLike, *, dpi: int = 150) -> Path:
    """Write a figure as PNG or PDF, whole or not at all.

    The file carries no date and no version: equal figures, equal bytes on
    one machine.

    Args:
        figure: A figure, or any axes of it.
        path: Target ending in ``.png`` or ``.pdf``; replaced if it exists.
        dpi: Pixels an inch.

    Returns:
        The path written.

    Raises:
        ValueError: If the suffix is another one.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in _METADATA:
        raise ValueError(f"Expected a file ending in {' or '.join(_METADATA)}, received {path}.")
    write_atomically(path, figure_bytes(figure, suffix=suffix, dpi=dpi))
    return path


def figure_bytes(figure: Figure | Axes, *, suffix: str = ".png", dpi: int = 150) -> bytes:
    """Return what `save_figure` writes.

    Args:
        figure: As for `save_figure`.
        suffix: ``".png"`` or ``".pdf"``.
        dpi: Pixels an inch.
    """
    whole: Any = figure.figure if isinstance(figure, Axes) else figure
    content = io.BytesIO()
    with _laid_out(whole, dpi) if suffix == ".png" else contextlib.nullcontext():
        whole.savefig(content, format=suffix[1:], dpi=dpi, metadata=_METADATA[suffix])
    return content.getvalue()


@contextlib.contextmanager
def _laid_out(figure: Figure, dpi: int) -> Iterator[None]:
    """Place the parts of a figure, so that matplotlib need not draw it twice, once to place them.

    A PDF has a resolution of its own.
    """
    engine, resolution = figure.get_layout_engine(), figure.dpi
    if engine is None:
        yield
        return
    figure.dpi = dpi
    try:
        engine.execute(figure)
        figure.set_layout_engine(None)
        yield
    finally:
        figure.set_layout_engine(engine)
        figure.dpi = resolution
