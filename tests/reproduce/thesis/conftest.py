"""Small data sets, a finished run of kiqa.train_patchnet, and one image."""

import json
from functools import cache

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from kiqa.data.splits import read_split

IMAGES = 10


def _noise_image(number, size=(72, 80)):
    """Noise whose mean and contrast grow with the number."""
    noise = np.random.default_rng(number).integers(0, 8 + 8 * number, (*size, 3))
    return (noise + 10 * number).astype(np.uint8)


def _write_photographs(folder, names):
    folder.mkdir(parents=True)
    for number, name in enumerate(names):
        Image.fromarray(_noise_image(number)).save(folder / name, format="PNG")


@pytest.fixture(scope="session")
def noise_image():
    """The function ``noise_image(number, size)``."""
    return _noise_image


@pytest.fixture
def biq(tmp_path):
    """BIQ2021 with ten images, better the higher their number; nine are tested."""
    root, names = tmp_path / "biq", [f"ss01 ({number}).jpg" for number in range(IMAGES)]
    _write_photographs(root / "Images", names)
    rows = [f"{name},{0.1 + 0.08 * number:.2f},," for number, name in enumerate(names)]
    (root / "Train (Images and MOS).csv").write_text("\n".join(["Image Name,MOS,,", *rows, ""]))
    sets = [f"{name},{'train' if number == 9 else 'test'}" for number, name in enumerate(names)]
    (root / "split.csv").write_text("\n".join(["image_name,set", *sets, ""]))
    return ["--data", str(root), "--dataset", "biq2021"]


@pytest.fixture
def koniq(tmp_path):
    """KonIQ-10k with ten images of its official test set."""
    official = read_split("koniq10k-official")
    names = [name for name, part in official.items() if part == "test"][:IMAGES]
    root = tmp_path / "koniq"
    _write_photographs(root / "1024x768", names)
    rows = [f"{name},0,0,1,0,0,100,3,0.5,{30 + 5 * i}" for i, name in enumerate(names)]
    header = "image_name,c1,c2,c3,c4,c5,c_total,MOS,SD,MOS_zscore"
    (root / "koniq10k_scores_and_distributions.csv").write_text("\n".join([header, *rows, ""]))
    return ["--data", str(root), "--dataset", "koniq10k"]


@pytest.fixture
def live(tmp_path):
    """LIVE In the Wild with its seven training images and ten images."""
    root = tmp_path / "live"
    folder = root / "ChallengeDB_release"
    rated = [f"{number}.bmp" for number in range(IMAGES)]
    _write_photographs(folder / "Images", rated)
    names = [f"t{i}.bmp" for i in range(1, 8)] + rated
    mos = [50.0] * 7 + [20.0 + 5 * number for number in range(IMAGES)]
    cells = np.empty((len(names), 1), object)
    cells[:, 0] = names
    (folder / "Data").mkdir()
    for key, value in (("Images", cells), ("MOS", [mos]), ("StdDev", [[10.0] * len(mos)])):
        savemat(folder / "Data" / f"All{key}_release.mat", {f"All{key}_release": value})
    return ["--data", str(root), "--dataset", "live-itw", "--set", "all"]


@pytest.fixture
def workdir(tmp_path):
    """What a run of kiqa.train_patchnet leaves, invented: two instances of five."""
    folder = tmp_path / "run"
    metrics = {"MSE": 0.0625, "MAE": 0.15, "SROCC": 0.75, "PLCC": 0.5}
    epochs = [{"loss": 0.2 / e, "val_loss": 0.2 / e + 0.01 * e, "epoch": e} for e in (1, 2, 3)]
    run = {
        "table": [{"Instance": name, **metrics} for name in ("1", "2", "mean")],
        "settings": {"folds": 5, "split_by": "patch"},
        "data": {"source": "invented", "patches": 80, "images": 8, "label": "lab",
                 "votes_source": "pseudo-votes"},
        "instances": [{"instance": i, **metrics, "history": epochs} for i in (1, 2)],
    }  # fmt: skip
    (folder / "instance-1").mkdir(parents=True)
    (folder / "table1.json").write_text(json.dumps(run))
    label = np.linspace(0, 1, 40)
    predicted = label + np.random.default_rng(0).normal(0, 0.2, 40)
    both = enumerate(zip(label, predicted, strict=True))
    rows = "".join(f"{i},{i // 10}.jpg,{a},{b}\n" for i, (a, b) in both)
    file = folder / "instance-1" / "test_predictions.csv"
    file.write_text(f"patch,image,label,predicted\n{rows}")
    return folder


@pytest.fixture
def photograph(tmp_path):
    """One image, sharp at the right."""
    pixels = _noise_image(6, (128, 160))
    pixels[:, :80] = 90
    Image.fromarray(pixels).save(tmp_path / "one.png")
    return tmp_path / "one.png"


@pytest.fixture(scope="session")
def _one_aggregator():
    from kiqa.models.aggregator import build_aggregator

    return cache(build_aggregator)


@pytest.fixture
def aggregator_once(monkeypatch, _one_aggregator):
    """The aggregator is built once for all tests that draw it."""
    monkeypatch.setattr("kiqa.models.aggregator.build_aggregator", _one_aggregator)
