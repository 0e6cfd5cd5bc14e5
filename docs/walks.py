"""The notebooks with their outputs, for the site: ``notebooks/`` holds them without.

    python docs/walks.py                 # all
    python docs/walks.py 02_maps         # one
    python docs/walks.py tables/thesis   # one of those with the papers' tables

Each is run in an empty folder and written to ``docs/walks``. A test compares
the cells of both, so that no change of a notebook is forgotten here.
"""

import argparse
import base64
import os
import tempfile
from pathlib import Path

import nbclient
import nbformat
from pictures import few_colours

from kiqa.io.files import write_atomically

ROOT = Path(__file__).resolve().parents[1]
WALKS = ROOT / "docs" / "walks"
_KEPT = ("text/plain", "text/html", "image/png")  # of what a cell shows


def walked(path: Path) -> str:
    """Run a notebook in an empty folder.

    Args:
        path: The notebook.

    Returns:
        Its text with the outputs, without counts of cells and without what
        libraries log to stderr.
    """
    book = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        place = {"metadata": {"path": folder}}
        nbclient.NotebookClient(book, kernel_name="python3", timeout=600, resources=place).execute()
    for cell in book.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.execution_count = None
            shown = [output for output in cell.outputs if output.get("name") != "stderr"]
            cell.outputs = [_plain(output) for output in shown]
    return nbformat.writes(book)


def _plain(output):
    output.pop("execution_count", None)
    if "data" in output:
        output.data = {kind: value for kind, value in output.data.items() if kind in _KEPT}
        output.metadata = {}
        if "image/png" in output.data:
            png = few_colours(base64.b64decode(output.data["image/png"]))
            output.data["image/png"] = base64.b64encode(png).decode()
    if output.output_type == "execute_result":
        output.execution_count = None
    return output


def main() -> None:
    """Run the notebooks that are named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="without .ipynb (default: all)")
    names = parser.parse_args().names
    os.environ["PYTHONPATH"] = str(ROOT)
    notebooks = {
        path.relative_to(ROOT / "notebooks").with_suffix("").as_posix(): path
        for path in sorted((ROOT / "notebooks").rglob("*.ipynb"))
    }
    if unknown := set(names) - set(notebooks):
        parser.error(f"expected names of {', '.join(notebooks)}, got {', '.join(sorted(unknown))}")
    for name in names or notebooks:
        walk = walked(notebooks[name])
        write_atomically(WALKS / f"{name}.ipynb", walk.encode("utf-8"))


if __name__ == "__main__":
    main()
