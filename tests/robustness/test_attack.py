"""Every command against awkward names and files: no traceback, one-line messages, good files done.

Commands of `kiqa`, names of ``python -m kiqa.reproduce`` and trainings are
found in their own lists; a new one is attacked without an entry anywhere,
unless it requires something that `attack.VALUES` does not know.
"""

import contextlib
import csv
import importlib
import io
import json
import re
import shutil
import unicodedata
from pathlib import Path
from types import SimpleNamespace

import pytest

from kiqa.io.text import unescaped
from kiqa.io.weights import Details, export_h5

from .attack import BAD, aimed, furnish_attack
from .test_outputs import _parsers

PARSERS = dict(_parsers())
# What a command needs to do its work, beyond what its parser says.
MORE = {
    "kiqa score": ("--output", "o.csv"),
    "kiqa map": ("--html", "p.html", "--npz", "n", "--overlay", "v"),
    "kiqa pick": ("--copy", "c", "--list", "l.txt", "--xmp", "--keep-alike"),
    "kiqa evaluate-maps": ("--synthetic", "--map", "gray", "--no-blur", "--versions", "1"),
    "kiqa compress": ("--quality", "50"),
    "kiqa study patches": ("--output", "o.html", "--images", "4"),
    "kiqa study boxes": ("--output", "o.html"),
    "kiqa study jnd": ("--output", "o.html"),
    **dict.fromkeys(
        (f"kiqa convert {name}" for name in
         ("deepiqa", "efficientnet-lite", "lidq92", "paq2piq", "pyiqa", "resnet18")),
        ("--output", "o.h5"),
    ),
    # Maps of the images; the network itself takes minutes.
    "train_aggregator": ("--maps-only", "--rotations", "0", "--stride", "16"),
    # Images of a plain folder, and so many of a data set that bad ones are among them.
    "reproduce degradations": ("--data", "d"),
    # Its rectangle leaves images of this size too few cells.
    "reproduce local-sensitivity": ("--data", "d", "--map", "gray"),
    "reproduce sizes": ("--factors", "0.9"),
    "reproduce thesis-fig12": ("--height", "96", "--width", "112"),
    **dict.fromkeys(
        ("reproduce thesis-examples", "reproduce paq2piq-fig5", "reproduce paq2piq-fig10"),
        ("--count", "30"),
    ),
    # The networks that make features are not what is attacked.
    "train_rnn_biqa features": ("--extractor", "extractor.h5"),
    **dict.fromkeys(
        ("train_comparator deepbiq", "train_comparator koncept512", "train_comparator nima"),
        ("--body", "body.h5"),
    ),
    "train_patchnet": ("--limit", "8", "--learning-rate", "1e-5", "--batch-size", "16"),
    "train_lite": ("--initial", "random", "--variant", "lite0"),
    "train_rnn_biqa fine-tune": ("--backbone", "compact", "--assumed-sd", "15"),
}  # fmt: skip


@pytest.fixture(scope="module")
def furnished(tmp_path_factory, feature_body):
    """A folder with all that is attacked, and the names of the good images in ``d``."""
    folder = tmp_path_factory.mktemp("furnished")
    good = furnish_attack(folder)
    shutil.copy(feature_body, folder / "body.h5")
    from kiqa.models.rnn_features import build_extractor, without_head

    extractor = without_head(build_extractor("compact", widths=((4,), (4,)), seed=1))
    about = Details("extractor", "1", "features", True, mode="rnn-features", trained_on=())
    export_h5(extractor, folder / "extractor.h5", about)
    return folder, good


@pytest.fixture(scope="module")
def attacked(
    request, tmp_path_factory, furnished, put_stand_in, built_once, eagerly, draw_coarsely,
    small_wadiqam,
):  # fmt: skip
    """One run of the command named, in a folder with all that is attacked.

    It stays the working folder. Tests of one command come one after the other and look at the
    same run: its ``name``, ``status``, ``out`` and ``err``, and the names of the ``good`` images
    in ``d``.
    """
    folder = shutil.copytree(furnished[0], tmp_path_factory.mktemp("attack"), dirs_exist_ok=True)
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="") for _ in range(2))
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        put_stand_in(monkeypatch)
        draw_coarsely(monkeypatch)
        monkeypatch.setattr("kiqa.io.weights.h5._built", built_once)
        for module in ("forms", "regions"):
            monkeypatch.setattr(f"kiqa.reproduce.varjpeg.{module}.QUALITIES", (50,))
        mode = eagerly() if _trains(request.param) else contextlib.nullcontext()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), mode:
            status = _call(request.param)
        said = []
        for stream in (out, err):
            stream.flush()
            said.append(stream.buffer.getvalue().decode())
        yield SimpleNamespace(
            name=request.param, status=status, out=said[0], err=said[1], good=furnished[1]
        )


def _trains(name):
    """Whether it takes a few steps of a network; others run one network over many images."""
    return name.startswith(("train_", "reproduce wadiqam"))


def _call(name):
    """Run a command as its own program does; an exception here is a traceback there."""
    program, *rest = name.split()
    argv = [*rest, *aimed(PARSERS[name], MORE.get(name, ()))]
    module = {"kiqa": "kiqa.cli.main", "reproduce": "kiqa.reproduce.__main__"}
    return importlib.import_module(module.get(program, f"kiqa.{program}")).main(argv)


@pytest.mark.slow
@pytest.mark.parametrize("attacked", PARSERS, indirect=True)
def test_no_command_falls_over(attacked):
    """Status 0, 1 or 2, whatever the command makes of it.

    It says one line a message, with its speaker first; nothing that a terminal obeys.
    """
    assert attacked.status in (0, 1, 2)
    for line in attacked.err.splitlines():
        assert re.match(r"(kiqa|train_)[\w. -]*: ", line), line
        assert len(line) < 3000
        # An error that the program did not foresee says how to find its place.
        assert "python -X dev" not in line and "Traceback" not in line, line
    for text in (attacked.out, attacked.err):
        assert not [c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs")]


def _rows(file, column):
    with open(file, encoding="utf-8", newline="") as stream:
        return [
            unescaped(row[column]).rpartition("/")[2]
            for row in csv.DictReader(stream)
            if not row.get("error")
        ]


def _files(folder):
    return [path.name.removesuffix(path.suffix) for path in Path(folder).iterdir()]


def _on_page(file):
    text = Path(file).read_text(encoding="utf-8")
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    return [image["name"] for image in json.loads(data[1])["images"]]


# Of commands that take a folder: which of its images were done.
DONE = {
    "kiqa score": lambda: _rows("o.csv", "path"),
    "kiqa map": lambda: _files("n"),
    "kiqa report": lambda: _on_page("o"),
    "kiqa pick": lambda: _files("c"),
    "kiqa compress": lambda: _files("o"),
    "kiqa decompress": lambda: _files("o"),
    "kiqa ladder": lambda: set(_rows("o/versions.csv", "image")),
    "reproduce varjpeg-forms": lambda: set(_rows("o/varjpeg-forms.csv", "image")),
    "reproduce varjpeg-regions": lambda: set(_rows("o/varjpeg-regions.csv", "image")),
}


@pytest.mark.slow
@pytest.mark.parametrize("attacked", DONE, indirect=True)
def test_good_files_are_done(attacked):
    """Whatever lies beside them: each is there once, and the bad ones are said; status 1."""
    assert attacked.status == 1
    done = DONE[attacked.name]()
    assert len(done) == len(attacked.good)
    assert {"good", "good.jpg"} & {*done}
    if attacked.name == "kiqa score":
        assert "3 of 11 files could not be scored" in attacked.err
    else:
        assert all(f"d/{bad}" in attacked.err for bad in BAD)


def test_every_command_can_be_attacked():
    """Its parser asks for nothing that has no value here."""
    for name, parser in PARSERS.items():
        assert aimed(parser, MORE.get(name, ())) is not None


# Reproductions that walk over images: what they write of the good ones.
WALKS = {
    "reproduce degradations": "degradations.csv",
    "reproduce history-robustness": "history.csv",
    "reproduce paq2piq-fig4": "paq2piq-fig4.png",
    "reproduce paq2piq-fig5": "paq2piq-fig5.png",
    "reproduce paq2piq-fig10": "paq2piq-fig10.png",
    "reproduce sizes": "sizes.csv",
    "reproduce thesis-examples": "thesis-examples.png",
    "reproduce thesis-fig11": "thesis-fig11.csv",
    "reproduce thesis-fig17": "thesis-fig17.png",
    "reproduce thesis-table2": "thesis-table2-biq2021.json",
    "reproduce varjpeg-forms": "varjpeg-forms.csv",
}


@pytest.mark.slow
@pytest.mark.parametrize("attacked", WALKS, indirect=True)
def test_reproductions_leave_out_bad_images(attacked):
    """The others go on; each bad one is said once, status 1."""
    assert attacked.status == 1
    assert (Path("o") / WALKS[attacked.name]).stat().st_size > 0
    for bad in BAD:
        assert sum(f"/{bad}" in line for line in attacked.err.splitlines()) <= 1, bad
    assert any(bad in attacked.err for bad in BAD)
