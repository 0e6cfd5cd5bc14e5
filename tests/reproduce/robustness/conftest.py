"""A scorer that is easily foreseen, and rated images."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from kiqa.io.weights import Details
from kiqa.reproduce.robustness import degradations, histories, sizes


class Brightness:
    """Scores the mean, 0..1."""

    info = SimpleNamespace(
        name="mean", sha256="0" * 64, scale="0..1", higher_is_better=True,
        details=Details("mean", "1", "0..1", True, trained_on=()),
    )  # fmt: skip

    def score(self, pixels):
        return float(pixels.mean() / 255)


@pytest.fixture(autouse=True)
def brightness(monkeypatch):
    """Score by `Brightness` in all experiments; the scorer's class."""
    for module in (degradations, histories, sizes):
        monkeypatch.setattr(module, "load_quietly", lambda scorer: Brightness())
    return Brightness


@pytest.fixture
def rated(tmp_path, photo):
    """Six images in BIQ2021's layout, all in the test part; the brighter the better."""
    folder = tmp_path / "biq"
    (folder / "Images").mkdir(parents=True)
    lines, sets = ["Image Name,MOS,,"], ["image_name,set"]
    for index in range(6):
        name = f"{index}.jpg"
        part = np.clip(photo[:96, 60 * index : 60 * index + 80] * (0.4 + 0.1 * index), 0, 255)
        Image.fromarray(part.astype(np.uint8)).save(folder / "Images" / name, quality=95)
        lines.append(f"{name},{part.mean() / 255:.4f},,")
        sets.append(f"{name},test")
    (folder / "Train (Images and MOS).csv").write_text("\n".join(lines))
    (tmp_path / "split.csv").write_text("\n".join(sets))
    return ["--data", str(folder), "--dataset", "biq2021", "--split", str(tmp_path / "split.csv")]
