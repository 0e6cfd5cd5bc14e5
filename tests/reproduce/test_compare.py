"""``python -m kiqa.reproduce compare``: two models on the same images."""

import json

import numpy as np
import pandas as pd
import pytest

from kiqa.evaluation.correlation import srocc
from kiqa.io.files import sha256_of
from kiqa.reproduce.__main__ import main
from kiqa.reproduce.compare import compare
from kiqa.reproduce.predictions import read_predictions


@pytest.fixture
def files(tmp_path):
    """A good and a poor model on sixty images; one image lacks the poor one's score."""
    rng = np.random.default_rng(0)
    mos = rng.random(60)
    paths = []
    for name, noise in (("good", 0.1), ("poor", 0.8)):
        table = pd.DataFrame({"name": [f"{i}.jpg" for i in range(60)], "mos": mos})
        table["predicted"] = mos + noise * rng.random(60)
        if name == "poor":
            table.loc[7, "predicted"] = np.nan
        paths.append(tmp_path / f"{name}.csv")
        table.to_csv(paths[-1], index=False)
    return paths


def test_the_better_model_is_told_with_an_interval(files, tmp_path, capsys):
    """Both values, their difference and an interval above zero, on the images of both."""
    output = tmp_path / "compared.json"
    assert main(["compare", *map(str, files), "--output", str(output)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("59 images\n")
    assert err.endswith(": 1 images that not all models have rated are left out\n")
    written = json.loads(output.read_text())
    folder = tmp_path.name
    assert written["files"] == [
        [{"name": f"{folder}/{path.name}", "sha256": sha256_of(path)} for path in files]
    ]
    kept = written["srocc"]
    good, poor = (pd.read_csv(path).drop(7) for path in files)
    assert kept["first"] == pytest.approx(srocc(good["predicted"], good["mos"]))
    assert kept["second"] == pytest.approx(srocc(poor["predicted"], poor["mos"]))
    assert kept["difference"] == pytest.approx(kept["first"] - kept["second"])
    assert 0 < kept["lo"] < kept["difference"] < kept["hi"]


def test_scales_may_differ(files, tmp_path, capsys):
    """SROCC and PLCC know no scale: MOS of 0..1 beside the same of 0..100."""
    table = pd.read_csv(files[1])
    table["mos"], other = 100 * table["mos"], tmp_path / "hundred.csv"
    table.to_csv(other, index=False)
    shown = []
    for second in (files[1], other):
        assert main(["compare", str(files[0]), str(second)]) == 0
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1]


def test_a_model_equals_itself(files, capsys):
    """Paired: the interval of no difference is no interval at all."""
    assert main(["compare", str(files[0]), str(files[0])]) == 0
    assert "0.000 .. 0.000" in capsys.readouterr().out


def test_means_over_splits_are_compared(files, tmp_path, capsys):
    """With --also the values are means; the interval is narrower than that of one split."""
    more = []
    for path in files:
        table = pd.read_csv(path)
        table["predicted"] = table["predicted"].iloc[::-1].to_numpy() / 9 + table["mos"]
        more.append(tmp_path / f"more-{path.name}")
        table.to_csv(more[-1], index=False)
    first, second = map(str, files)
    output = tmp_path / "compared.json"
    also = ["--also", *map(str, more), "--also", first, second]
    assert main(["compare", first, second, *also, "--output", str(output)]) == 0
    assert "177 images, 3 splits" in capsys.readouterr().out
    kept = json.loads(output.read_text())
    single = []
    for one, two in (files, more):
        assert main(["compare", str(one), str(two), "--output", str(output)]) == 0
        single.append(json.loads(output.read_text())["srocc"])
    expected = np.mean([single[0]["difference"], single[1]["difference"], single[0]["difference"]])
    assert kept["srocc"]["difference"] == pytest.approx(expected)
    width = [entry["hi"] - entry["lo"] for entry in (kept["srocc"], single[0])]
    assert width[0] < width[1]


def test_files_that_do_not_fit_are_refused(files, tmp_path, capsys):
    """Other scores, other images, a missing file and a wrong number end with status 2."""
    table = pd.read_csv(files[0])
    other = tmp_path / "other.csv"
    for change, message in (
        ({"mos": table["mos"].iloc[::-1].to_numpy()}, "same MOS"),
        ({"mos": 0.5}, "same MOS"),
        ({"name": "x" + table["name"]}, "Received: 0"),
        ({"predicted": "high"}, "line 2"),
    ):
        table.assign(**change).to_csv(other, index=False)
        assert main(["compare", str(files[0]), str(other)]) == 2
        assert message in capsys.readouterr().err
    assert main(["compare", str(files[0]), str(tmp_path / "none.csv")]) == 2


@pytest.fixture
def foreign(files, tmp_path):
    """Scores of the poor model as another program writes them: no MOS, other columns and order."""
    table = pd.read_csv(files[1]).dropna().iloc[::-1]
    table = table.rename(columns={"name": "Image_Name", "predicted": "score"})
    path = tmp_path / "mine.csv"
    table.assign(seconds=1)[["score", "seconds", "Image_Name"]].to_csv(path, index=False)
    return path


def test_scores_from_elsewhere_take_the_mos_of_the_other_file(files, foreign, capsys):
    """On either side, as if the file had them."""
    with open(foreign, "a") as file:
        file.write("0.5,1,more.jpg\n")
    shown = []
    for pair in ((files[0], files[1]), (files[0], foreign), (files[1], files[0]),
                 (foreign, files[0])):  # fmt: skip
        assert main(["compare", *map(str, pair)]) == 0
        out, err = capsys.readouterr()
        told = f": 1 images of {foreign} that have no MOS in {files[0]} are left out\n"
        assert (told in err) == (foreign in pair)
        shown.append(out)
    assert shown[0] == shown[1] and shown[2] == shown[3]
    assert "| PLCC, no logistic |" in shown[0]


def test_images_of_one_scene_are_drawn_as_one(files, tmp_path, capsys):
    """One file names them, whichever: as many draws of scenes give a wider interval."""
    named = tmp_path / "scenes.csv"
    table = pd.read_csv(files[1]).sort_values("mos")
    table["predicted"] += np.arange(60) // 10 % 2  # what is wrong is so for a whole scene
    table.to_csv(files[1], index=False)
    table.assign(content=[f"scene {n // 10}" for n in range(60)]).to_csv(named, index=False)
    kept = []
    for one, two in ((files[0], files[1]), (files[0], named), (named, files[0])):
        assert main(["compare", str(one), str(two), "--output", str(tmp_path / "kept.json")]) == 0
        kept.append(json.loads((tmp_path / "kept.json").read_text()))
    shown = [line for line in capsys.readouterr().out.splitlines() if "images" in line]
    assert shown == ["59 images", "59 images of 6 scenes", "59 images of 6 scenes"]
    assert "groups" not in kept[0] and kept[1]["groups"] == kept[2]["groups"] == 6
    images, scenes, turned = (each["srocc"] for each in kept)
    assert scenes["difference"] == images["difference"] == -turned["difference"]
    assert scenes["hi"] - scenes["lo"] > 1.2 * (images["hi"] - images["lo"])
    assert turned["hi"] - turned["lo"] == pytest.approx(scenes["hi"] - scenes["lo"])
    with pytest.raises(ValueError, match="two groups at least. Received: .* 1 groups"):
        same = read_predictions(files[0])
        compare([({n: each._replace(content="s") for n, each in same.items()}, same)])
