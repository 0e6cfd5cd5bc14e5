"""Small data sets of rated copies, and networks that need no training."""

import shutil
from functools import cache

import numpy as np
import pytest
from PIL import Image

from kiqa.data import DATASETS
from kiqa.data.distortions import distort
from kiqa.data.records import ScoredImage
from kiqa.io.weights import Details, export_h5
from kiqa.models.wadiqam import build_wadiqam
from kiqa.reproduce.wadiqam import curves as wadiqam_curves
from kiqa.reproduce.wadiqam import tables as wadiqam_tables

KINDS = {"tid2013": ("01", "08", "10", "11", "15", "22"), "live": ("jpeg", "gblur", "wn")}
KINDS["csiq"] = ("awgn", "blur", "contrast")


@pytest.fixture(autouse=True, scope="module")
def _narrow_networks(small_wadiqam):
    """All networks here have two narrow convolutions: tables and curves are made of any."""


def _records(folder, photo, dataset, *, referenced=True):
    """Blurred images, worse the stronger, of some references."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    records = []
    for number in range(10):
        pixels = np.ascontiguousarray(photo[10 * number : 10 * number + 36, 40:80])
        original = folder / f"{dataset}-ref{number}.png"
        Image.fromarray(pixels).save(original)
        for index, kind in enumerate(KINDS.get(dataset, ("blur",))):
            for level in (1, 2):
                name = f"{dataset}-{number}-{kind}-{level}.png"
                copy = distort(pixels, "gaussian_blur", 0.4 * level + 0.1 * index, rng=rng)
                Image.fromarray(copy).save(folder / name)
                records.append(
                    ScoredImage(
                        name=name, path=folder / name, mos=0.9 - 0.3 * level - 0.02 * number,
                        sd=None, content=f"ref{number}", dataset=dataset, mos_range=(0.0, 1.0),
                        reference=original if referenced else None, distortion=kind, level=level,
                    )
                )  # fmt: skip
    return records


@pytest.fixture(scope="session")
def records_of(tmp_path_factory, photo):
    """The function ``records_of(dataset) -> list``; each is written once for all tests."""
    folder = tmp_path_factory.mktemp("sets")
    return cache(lambda name: _records(folder / name, photo, name, referenced=name != "biq2021"))


@pytest.fixture
def sets(tmp_path, records_of, monkeypatch):
    """LIVE, TID2013, CSIQ and BIQ2021 are small invented ones; options that name them."""
    for name in ("live", "tid2013", "csiq", "biq2021"):
        monkeypatch.setitem(DATASETS, name, lambda root, name=name: records_of(name))

    def options(*names):
        return [part for name in names for part in ("--data", f"{name}={tmp_path}")]

    return options


@pytest.fixture(scope="session")
def random_file(tmp_path_factory):
    """The function ``random_file(mode, pooling, fusion) -> Path``: one file for all who ask."""

    @cache
    def make(mode, pooling, fusion):
        network = build_wadiqam(mode=mode, pooling=pooling, fusion=fusion, shallow=True, seed=1)
        kind = "wadiqam" if pooling == "weighted" else "diqam"
        return export_h5(
            network, tmp_path_factory.mktemp("random") / f"{kind}_{mode}.h5",
            Details(name="random", version="0", scale="0..1", higher_is_better=True),
        )  # fmt: skip

    return make


@pytest.fixture
def untrained(monkeypatch, random_file, eager):
    """Nothing is trained: networks are random, their histories invented; no comparators."""
    made = []
    monkeypatch.setattr("kiqa.reproduce.wadiqam.comparators.computable", lambda table: {})

    def trained(name, parts, settings, *, folder, pairs, watched=False):
        made.append((name, settings, {part: len(tasks) for part, tasks in parts.items()}))
        folder = folder / f"{len(made)}"
        folder.mkdir(parents=True)
        shutil.copy(random_file(settings.mode, settings.pooling, settings.fusion), folder)
        test = f",{0.3}" if watched else ""
        head = "epoch,loss,val_loss" + (",test_loss" if watched else "")
        (folder / "history.csv").write_text(f"{head}\n1,0.2,0.25{test}\n2,0.1,0.2{test}\n")
        return folder, {"best_epoch": 1}

    for module in (wadiqam_tables, wadiqam_curves):
        monkeypatch.setattr(module, "trained", trained)
    return made


@pytest.fixture
def quick():
    """Options that make every command small."""
    options = ["--patches", "2", "--validation-patches", "2", "--test-patches", "2"]
    return [*options, "--epochs", "1", "--shallow", "--splits", "1"]
