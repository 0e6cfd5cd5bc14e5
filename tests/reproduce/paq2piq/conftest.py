"""LIVE-FB and BIQ2021 with six images each, and small networks of random weights."""

from functools import cache

import numpy as np
import pytest
from PIL import Image

from kiqa.data.trained import names_trained_on
from kiqa.models.paq2piq import build_paq2piq_head
from kiqa.reproduce.paq2piq.scores import open_model
from kiqa.scoring.engines.paq2piq import export_pair

PICTURES = 6
EDGES = ("left", "top", "right", "bottom")


def _noise_image(number, size=(80, 100)):
    """Noise whose mean and contrast grow with the number."""
    noise = np.random.default_rng(number).integers(0, 8 + 20 * number, (*size, 3))
    return (noise + 15 * number).astype(np.uint8)


@pytest.fixture(scope="session")
def noise_image():
    """The function ``noise_image(number, size)``."""
    return _noise_image


@pytest.fixture(scope="session")
def models(tmp_path_factory, small_body):
    """P2P-RM, -BM and -FM in little, of random weights, in one folder."""
    folder, body = tmp_path_factory.mktemp("models"), small_body(seed=1)
    seen = [names_trained_on([name], dataset="koniq10k", use=use, scores="human", about="MOS")
            for name, use in (("0.png", "train"), ("1.png", "val"))]  # fmt: skip
    return {
        kind: export_pair(body, build_paq2piq_head(seed=2, kind=kind),
                          folder / f"p2p_{kind}.h5", kind=kind, trained_on=seen)
        for kind in ("bm", "rm", "fm")
    }  # fmt: skip


@pytest.fixture(autouse=True)
def _models_stay_loaded(monkeypatch, opened):
    """Each network is loaded once for all tests, for time."""
    for module in ("tables", "images"):
        monkeypatch.setattr(f"kiqa.reproduce.paq2piq.{module}.open_model", opened)


@pytest.fixture(scope="session")
def opened():
    """`open_model`, each network once for all tests, for time."""
    return cache(open_model)


@pytest.fixture
def live_fb(tmp_path):
    """LIVE-FB with six images, three of val and three of test, and three patches each."""
    folder = tmp_path / "live-fb" / "database"
    (folder / "set").mkdir(parents=True)
    parts = ("image", "patch_1", "patch_2", "patch_3")
    header = [*(f"{edge}_{part}" for part in parts for edge in EDGES),
              *(f"mos_{part}" for part in parts), "name_image"]  # fmt: skip
    rows = []
    for number in range(PICTURES):
        name = f"set/{number}.png"
        Image.fromarray(_noise_image(number)).save(folder / name)
        edges = [0, 0, 100, 80, 2, 4, 42, 36, 50, 0, 80, 24, 60, 50, 80, 66]
        mos = [40 + 7 * number + 3 * patch for patch in range(4)]
        rows.append([*edges, *mos, name])
    lines = [",".join(map(str, row)) for row in rows]
    (folder / "labels640.csv").write_text("\n".join([",".join(header), *lines[3:], ""]))
    padded = [f"{line},True" for line in lines[:3]]
    (folder / "labels=640_padded.csv").write_text(
        "\n".join([",".join([*header, "is_valid"]), *padded, ""])
    )
    scores = [f"{row[-1]},{row[16]}" for row in rows]
    (folder / "labels_image.csv").write_text("\n".join(["name,mos", *scores, ""]))
    return folder.parent


@pytest.fixture
def biq(tmp_path):
    """BIQ2021 with six images, all of the test part."""
    root = tmp_path / "biq"
    (root / "Images").mkdir(parents=True)
    rows = []
    for number in range(PICTURES):
        name = f"ss01 ({number}).jpg"
        Image.fromarray(_noise_image(number)).save(root / "Images" / name, format="PNG")
        rows.append((name, 0.2 + 0.1 * number))
    lines = [f"{name},{mos:.2f},," for name, mos in rows]
    (root / "Train (Images and MOS).csv").write_text("\n".join(["Image Name,MOS,,", *lines, ""]))
    lines = [f"{name},test" for name, _ in rows]
    (root / "split.csv").write_text("\n".join(["image_name,set", *lines, ""]))
    return root
