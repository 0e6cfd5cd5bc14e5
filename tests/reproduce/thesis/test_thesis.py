"""``python -m kiqa.reproduce thesis-...``: every name on small input, and the notebooks."""

import shutil

import numpy as np
import pytest
from PIL import Image

from kiqa.reproduce.__main__ import NAMES, main


@pytest.mark.parametrize("name", ["thesis-table1", "thesis-fig8"])
def test_missing_run_names_the_command(name, tmp_path, capsys):
    """Without a finished run the message is the command that makes it; a torn one is refused."""
    assert main([name, "--workdir", str(tmp_path)]) == 2
    assert "python -m kiqa.train_patchnet --data ROOT --dataset biq2021" in capsys.readouterr().err
    (tmp_path / "table1.json").write_text('{"instances": []}')
    assert main([name, "--workdir", str(tmp_path)]) == 2
    assert "--resume" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("dataset", "page", "holds"),
    [
        ("biq2021", "github.com/nisarahmedrana/BIQ2021", "Images/"),
        ("koniq10k", "database.mmsp-kn.de", "1024x768/"),
        ("live-itw", "live.ece.utexas.edu", "ChallengeDB_release/"),
    ],
)
@pytest.mark.parametrize("name", ["thesis-table2", "thesis-table3", "thesis-table4",
                                  "thesis-fig17", "thesis-examples"])  # fmt: skip
def test_missing_data_set_says_what_to_download(name, dataset, page, holds, tmp_path, capsys):
    """One line with the page and what the folder must hold; status 2."""
    assert main([name, "--data", str(tmp_path / "gone"), "--dataset", dataset]) == 2
    error = capsys.readouterr().err
    assert page in error and holds in error and str(tmp_path / "gone") in error
    assert error.count("\n") == 1


def test_data_set_without_split_names_the_option(live, capsys):
    """LIVE In the Wild has no split of its own."""
    assert main(["thesis-table2", *live[:4]]) == 2
    assert "--split" in capsys.readouterr().err


FIGURES = {
    "thesis-fig8": ["--workdir", "{run}"],
    "thesis-fig9": ["--image", "{image}"],
    "thesis-fig10": ["--image", "{image}"],
    "thesis-fig13": ["--image", "{image}", "--stride", "16"],
    "thesis-fig17": ["{biq}", "--set", "test", "--patches-per-image", "4"],
    "thesis-examples": ["{biq}", "--count", "3", "--stride", "8"],
}


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_written(stand_in, name, biq, workdir, photograph, tmp_path, capsys):
    """Each figure becomes an image whose path is printed."""
    options = []
    for text in FIGURES[name]:
        options += biq if text == "{biq}" else [text.format(run=workdir, image=photograph)]
    assert main([name, *options, "--output", str(tmp_path / "out")]) == 0
    path = tmp_path / "out" / f"{name}.png"
    assert capsys.readouterr().out == f"{path}\n"
    with Image.open(path) as picture:
        assert min(picture.size) > 300
        assert np.ptp(np.asarray(picture.convert("L"))) > 200


def test_every_thesis_name_is_tested():
    """No table or figure is registered without a test that runs it."""
    tables = {f"thesis-table{number}" for number in (1, 2, 3, 4)}
    # By tests of their own: test_comparators, test_local, test_architectures, test_fig14, test_jnd
    # and test_konpatch.
    elsewhere = {f"thesis-fig{number}" for number in (1, 2, 7, 11, 12, 14, 15, 16)}
    elsewhere.add("thesis-konpatch")
    named = {name for name in NAMES if name.startswith("thesis-")}
    assert named == tables | set(FIGURES) | elsewhere


@pytest.mark.slow
@pytest.mark.parametrize("paper", ["thesis", "qomex"])
def test_notebooks_compute_again(
    run_notebook, paper, stand_in, aggregator_once, biq, workdir, photo, tmp_path, monkeypatch
):
    """With DATA each section has a result on it; two want other input and say so."""
    root, settings = tmp_path / "biq", {}
    Image.fromarray(photo[:240, :240]).save(root / "Images" / "ss01 (0).jpg", format="PNG")
    calls = []

    def train(options):
        calls.append(options)
        shutil.copytree(workdir, options[options.index("--workdir") + 1])

    monkeypatch.setattr("kiqa.train_patchnet.main", train)
    if paper == "thesis":
        pristine = tmp_path / "pristine"
        pristine.mkdir()
        for number in range(2):
            Image.fromarray(photo[:128, 100 * number :][:, :160]).save(pristine / f"{number}.png")
        (pristine / "split.csv").write_text("image_name,set\n0.png,test\n1.png,test\n")
        settings["PRISTINE"] = str(pristine)
    shown = run_notebook(
        paper, DATA=str(root), DATASET="biq2021", MODELS=[], TRAINING=["--epochs", "1"], **settings
    )
    assert calls == [[*biq, "--workdir", "runs/patchnet-biq2021", "--resume", "--epochs", "1"]]
    missing = {name: value.missing for name, value in shown.items() if value.missing}
    # Votes of people, a claim, and a sheet of more patches than one image has.
    elsewhere = {"thesis-fig15", "thesis-fig16", "qomex-abstract", "thesis-konpatch"}
    assert missing.keys() <= elsewhere
    refused = [name for name, text in missing.items() if text.startswith("Not computed")]
    assert refused == (["thesis-konpatch"] if paper == "thesis" else [])
    assert shown["thesis-table1"].rows()[-1]["SROCC"] == "0.7500"
    for number in (2, 3, 4):
        row = shown[f"thesis-table{number}"].rows()[-1]
        assert (row["data set"], row["images"]) == ("biq2021", "9")
