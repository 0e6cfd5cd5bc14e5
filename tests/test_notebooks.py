"""The notebooks: short, stripped, and executed on their small default input."""

from __future__ import annotations

import ast
import base64
import io
import re
from pathlib import Path

import nbclient
import nbformat
import numpy as np
import pytest
from jupyter_core.utils import run_sync
from PIL import Image

from kiqa.reproduce.__main__ import NAMES
from kiqa.reproduce.published_rows import published_numbers
from kiqa.reproduce.stored import found_results

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results"
DISPLAYED = ("display_data", "execute_result")
WALKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
TABLES = sorted((ROOT / "notebooks" / "tables").glob("*.ipynb"))


def _code_cells(book: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in book.cells if cell.cell_type == "code"]


@pytest.fixture(params=[*WALKS, *TABLES], ids=lambda path: path.stem)
def book(request: pytest.FixtureRequest) -> nbformat.NotebookNode:
    """A notebook as it stands in git."""
    return nbformat.read(request.param, as_version=4)


@pytest.fixture
def walk(book: nbformat.NotebookNode, request: pytest.FixtureRequest) -> bool:
    """Whether it walks through an experiment; the others are sections of one call each."""
    return request.node.callspec.params["book"] in WALKS


def test_notebook_is_stripped(book: nbformat.NotebookNode) -> None:
    """No output, execution count or editor's remark is kept in git."""
    cells = _code_cells(book)
    assert [cell.source for cell in cells if cell.outputs or cell.execution_count] == []
    assert [cell.metadata for cell in book.cells if cell.metadata] == []


def test_notebook_is_short_and_defines_nothing(book: nbformat.NotebookNode, walk: bool) -> None:
    """At most fifteen code cells; functions and classes belong in kiqa."""
    cells = _code_cells(book)
    assert 1 <= len(cells) <= (15 if walk else 30)
    source = "\n".join(re.sub(r"^%.*$", "", cell.source, flags=re.MULTILINE) for cell in cells)
    tree = ast.parse(source)
    defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    assert [node.lineno for node in ast.walk(tree) if isinstance(node, defined)] == []
    assert "sys.path" not in source


# What a notebook finds: no names of another one, and an empty folder.
BEGIN = (
    "%reset_selective -f .\nimport os\nimport skimage.data\nos.chdir({!r})\nskimage.data.side = {}"
)
# Its images are cut to so many pixels a side, since the time goes with the pixels; all but the
# first image to 128 at most. A network is trained on patches of four images.
SIDES = {"03_aggregator": 192, "04_local_evaluation": 352, "05_varjpeg": 160, "06_wadiqam": 96}
SIDE = 224  # of the others
# Cells run as they stand, but for what makes much work: a map at a stride that is not the network's
# own, and a search of each of many files.
CHEAPER = {
    "04_local_evaluation": ("STRIDE = 7\n", "STRIDE = 8\n"),
    "05_varjpeg": ("Settings(stride=8), n=20", "Settings(stride=8), n=6"),
}
SMALLER = """
import skimage.data
from kiqa.data.konpatch import embedded

embedded._IMAGES = embedded._IMAGES[:4]

def smaller(read, most):
    def cut():
        side = min(skimage.data.side, most)
        return read()[:side, :side].copy()

    return cut

for name, most in ("astronaut", 512), ("chelsea", 128), ("coffee", 128):
    setattr(skimage.data, name, smaller(getattr(skimage.data, name), most))
"""


def _run(cells: list[nbformat.NotebookNode], **options) -> nbclient.NotebookClient:
    """Run cells in a kernel, a new one or ``km``; it stays."""
    book = nbformat.v4.new_notebook(cells=cells)
    client = nbclient.NotebookClient(book, kernel_name="python3", timeout=300, **options)
    client.execute(cleanup_kc=False)
    client.kc.stop_channels()
    return client


@pytest.fixture(scope="module")
def kernel():
    """A process for all notebooks, so that Python and TensorFlow start once."""
    with pytest.MonkeyPatch.context() as patch:  # the kernel is this interpreter
        patch.setenv("PYTHONPATH", str(ROOT))
        manager = _run([nbformat.v4.new_code_cell(SMALLER)]).km
    yield manager
    run_sync(manager.shutdown_kernel)(now=True)


@pytest.fixture
def outputs_of(tmp_path: Path, kernel):
    """The function ``outputs_of(name)``: all outputs of a notebook run in an empty folder."""

    def outputs_of(name: str) -> list[nbformat.NotebookNode]:
        book = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
        if name in CHEAPER:
            old, new = CHEAPER[name]
            (cell,) = [cell for cell in _code_cells(book) if old in cell.source]
            cell.source = cell.source.replace(old, new, 1)
        begin = nbformat.v4.new_code_cell(BEGIN.format(str(tmp_path), SIDES.get(name, SIDE)))
        done = _run([begin, *book.cells], km=kernel)
        return [output for cell in _code_cells(done.nb) for output in cell.outputs]

    return outputs_of


@pytest.mark.slow
def test_patchnet_notebook_shows_table_and_figures(outputs_of) -> None:
    """It runs from images to a map: Table 1 with five instances, and five filled figures."""
    outputs = outputs_of("01_patchnet")
    shown = [output.data for output in outputs if output.output_type in DISPLAYED]
    tables = [data["text/html"] for data in shown if "SROCC" in data.get("text/html", "")]
    assert len(tables) == 1
    assert re.findall(r"<th>(\w+)</th>", tables[0])[-6:] == ["1", "2", "3", "4", "5", "mean"]
    _check_figures(outputs, 5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "figures", "text"),
    [
        ("02_maps", 2, "this window alone"),
        ("03_aggregator", 2, "mean of the Patchnet map"),
        ("04_local_evaluation", 3, "mean AUC"),
        ("05_varjpeg", 3, "compatible"),
        ("06_wadiqam", 3, "wadiqam_fr"),
        ("08_rnn_biqa", 3, "score of the whole gaze"),
    ],
)
def test_notebook_runs_and_shows_its_figures(
    name: str, figures: int, text: str, outputs_of
) -> None:
    """Every cell runs without a warning; tables and filled figures appear."""
    outputs = outputs_of(name)
    shown = [output.data for output in outputs if output.output_type in DISPLAYED]
    assert any(text in data.get("text/plain", "") for data in shown)
    _check_figures(outputs, figures)


@pytest.mark.slow
def test_paq2piq_notebook_finds_the_planted_subjects(outputs_of) -> None:
    """Every cell runs, with four figures, and those left out are those planted."""
    outputs = outputs_of("07_paq2piq")
    printed = "".join(output.text for output in outputs if output.get("name") == "stdout")
    left_out = re.search(r"left out (\d+) subjects, (\d+) of the (\d+) planted", printed)
    assert left_out is not None and len(set(left_out.groups())) == 1
    _check_figures(outputs, 4)


def _check_figures(outputs: list[nbformat.NotebookNode], count: int) -> None:
    """So many figures, none of them empty, and nothing that warns."""
    shown = [output.data for output in outputs if output.output_type in DISPLAYED]
    figures = [data["image/png"] for data in shown if "image/png" in data]
    assert len(figures) == count
    for figure in figures:
        with Image.open(io.BytesIO(base64.b64decode(figure))) as picture:
            assert np.asarray(picture.convert("L")).std() > 5
    warned = [output.text for output in outputs if output.get("name") == "stderr"]
    assert [text for text in warned if "Warning" in text or "Error" in text] == []


def _sections(path: Path) -> list[str]:
    """Names in the calls of `beside_published`, one for each section."""
    source = "\n".join(cell.source for cell in _code_cells(nbformat.read(path, as_version=4)))
    return re.findall(r'beside_published\(\s*"([\w-]+)"', source)


def test_every_table_and_figure_of_the_papers_has_a_section() -> None:
    """Whatever kiqa.reproduce computes of a paper stands in the paper's notebook."""
    for paper, path in (("thesis", "thesis"), ("paq2piq", "paq2piq"), ("wadiqam", "wadiqam"),
                        ("rnn", "rnn_biqa")):  # fmt: skip
        sections = _sections(ROOT / "notebooks" / "tables" / f"{path}.ipynb")
        assert {name for name in NAMES if name.startswith(f"{paper}-")} <= set(sections)
        assert len(sections) == len(set(sections))


@pytest.mark.slow
@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_tables_notebook_shows_what_is_stored(path: Path, outputs_of) -> None:
    """Each section shows the paper's rows and, where there is one, the stored result."""
    outputs = outputs_of(f"tables/{path.stem}")
    assert [output for output in outputs if output.output_type == "stream"] == []
    pages = [output.data["text/html"] for output in outputs]
    sections = _sections(path)
    assert len(pages) == len(sections)
    for name, page in zip(sections, pages, strict=True):
        stored = found_results(name, RESULTS) if name in NAMES else []
        assert [found.place for found in stored if f"[{found.place}; " not in page] == []
        assert bool(stored) != ("No result of ours" in page or "Nothing is computed" in page)
        assert ("<th>paper</th>" in page or 'valign="top">paper<' in page) == bool(
            published_numbers(name)
        )
        assert page.count("<img") == sum(found.picture is not None for found in stored)
