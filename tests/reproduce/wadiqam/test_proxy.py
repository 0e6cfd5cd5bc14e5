"""``python -m kiqa.reproduce wadiqam-proxy``: agreement with the proxy, monotone responses."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kiqa.data.trained import files_trained_on
from kiqa.io.weights import Details, export_h5
from kiqa.models.wadiqam import build_wadiqam
from kiqa.reproduce.__main__ import main
from kiqa.reproduce.wadiqam.proxy import rank_agreement, responses, summarise_responses

pytestmark = pytest.mark.usefixtures("eager")


@pytest.mark.slow
def test_agreement_with_the_proxy():
    """Over all pairs, the identical ones too, and of each kind; intervals over images."""
    rows = [
        {"reference": f"r{i % 6}", "kind": ("", "blur", "jpeg")[i // 12], "proxy": i / 36,
         "score": i / 36 + (0.2 if i // 12 == 1 else 0) * (i % 5)}
        for i in range(36)
    ]  # fmt: skip
    entries = rank_agreement(rows)
    assert [(e["kind"], e["pairs"], e["photographs"]) for e in entries] == [
        ("all", 36, 6), ("blur", 12, 6), ("jpeg", 12, 6),
    ]  # fmt: skip
    assert entries[2]["srocc"]["value"] == 1.0 > entries[0]["srocc"]["value"]


def test_responses_begin_at_the_identical_pair_and_are_counted(photo, tmp_path):
    """A score that falls with the error is monotone; one that is constant is not."""
    for name in ("a", "b"):
        Image.fromarray(photo[:64, :64]).save(tmp_path / f"{name}.png")
    photographs = sorted(tmp_path.glob("*.png"))

    def score(copy, reference):
        return -float(np.mean((copy.astype(float) - reference) ** 2))

    rows = list(responses(photographs, score, levels=3, seed=0))
    assert [row["level"] for row in rows[:4]] == [0, 0.5, 2, 8] and rows[0]["score"] == 0
    assert len(rows) == 2 * 3 * 4
    assert [row["share"] for row in summarise_responses(rows, higher_is_better=True)] == [1.0] * 4
    flat = [row | {"score": 0.0} for row in rows if row["photograph"] == "a.png"]
    flat += [row for row in rows if row["photograph"] == "b.png"]
    shares = summarise_responses(flat, higher_is_better=True)
    assert [(row["kind"], row["monotone"]) for row in shares][-1] == ("all", 1)
    assert summarise_responses(rows, higher_is_better=False)[0]["share"] == 0
    with pytest.raises(ValueError, match="at least 2 levels"):
        list(responses(photographs, score, levels=1, seed=0))


@pytest.mark.slow
def test_proxy_command(photo, tmp_path, capsys):
    """Pairs are made, scored and written; gray images too; a wrong model is refused."""
    folder = tmp_path / "pristine"
    folder.mkdir()
    Image.fromarray(photo[:40, :44, 0]).save(folder / "a.png")
    Image.fromarray(photo[60:100, :44]).save(folder / "b.png")
    (folder / "split.csv").write_text("image_name,set\na.png,test\nb.png,test\n")
    seen = files_trained_on([Path("far", "c.png")], scores="proxy", about="SSIM")
    for mode in ("fr", "nr"):
        network = build_wadiqam(mode=mode, shallow=True, seed=0)
        export_h5(
            network, tmp_path / f"{mode}.h5", Details(name=mode, version="0", scale="0..1",
            higher_is_better=True, mode=f"wadiqam-{mode}", trained_on=seen),
        )  # fmt: skip
    options = ["wadiqam-proxy", "--data", str(folder), "--output", str(tmp_path / "out")]
    options += ["--copies", "2", "--levels", "2", "--model"]
    assert main([*options, str(tmp_path / "fr.h5")]) == 0
    assert "no human score" in capsys.readouterr().out
    result = json.loads((tmp_path / "out" / "wadiqam-proxy.json").read_text())
    assert result["agreement"][0]["pairs"] == 14 and len(result["responses"]) == 4
    assert (result["trained_on_met"], result["trained_on_included"]) == (0, False)
    images = (tmp_path / "out" / "wadiqam-proxy-pairs.csv").read_text()
    assert "/" not in images and str(tmp_path) not in images
    (folder / "c.png").write_bytes((folder / "b.png").read_bytes())
    (folder / "split.csv").write_text("image_name,set\na.png,test\nb.png,test\nc.png,test\n")
    options[options.index("--output") + 1] = str(tmp_path / "second")
    assert main([*options, str(tmp_path / "fr.h5")]) == 0
    assert "1 of 3 images were trained on by fr" in capsys.readouterr().err
    result = json.loads((tmp_path / "second" / "wadiqam-proxy.json").read_text())
    assert (result["agreement"][0]["pairs"], result["trained_on_met"]) == (14, 1)
    assert main([*options, str(tmp_path / "nr.h5")]) == 2
    assert "full-reference" in capsys.readouterr().err
    pairs = ["--pairs", str(tmp_path / "out" / "pairs" / "pairs.csv"), "--set", "train"]
    (folder / "split.csv").write_text("image_name,set\na.png,train\nb.png,test\n")
    assert main([*options, str(tmp_path / "fr.h5"), *pairs]) == 2
    assert "Use the pairs" in capsys.readouterr().err
