"""``python -m kiqa.reproduce lite-ablation``, with a network of random weights on few images."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from kiqa.evaluation.correlation import srocc
from kiqa.reproduce.__main__ import main
from kiqa.reproduce.lite import looks
from kiqa.reproduce.lite.designs import designs

SETS = ["train"] * 8 + ["val"] * 4 + ["test"] * 6
FEW = ["--sides", "48", "--images", "4"]


def _command(data, output, *more):
    where = ["--data", data, "--dataset", "biq2021", "--split", data / "split.csv"]
    return main(["lite-ablation", *map(str, [*where, *FEW, "--output", output, *more])])


@pytest.fixture(scope="module")
def data(tmp_path_factory, biq2021_tree, blurrier, photo):
    """Images of all parts, in no order of quality."""
    images = blurrier([photo[:72, 20 * k : 20 * k + 80] for k in range(len(SETS))], step=0.2)
    order = np.random.default_rng(0).permutation(len(SETS))
    root = tmp_path_factory.mktemp("ablation") / "biq2021"
    mos = [round(1 - k / len(SETS), 4) for k in order]
    return biq2021_tree(root, [images[k] for k in order], SETS, mos=mos, name="few {}.png")


@pytest.fixture(scope="module")
def output(data):
    """The folder of a finished run."""
    assert _command(data, data.parent / "out") == 0
    return data.parent / "out"


def _result(folder):
    content = json.loads((folder / "lite-ablation.json").read_text())
    rows = {row["design"]: row for row in content["rows"]}
    return content, rows, pd.read_csv(folder / "lite-ablation-predictions.csv")


@pytest.mark.slow
def test_each_design_is_rated_on_test_alone(output):
    """With the difference from its base, of the predictions that are stored."""
    content, rows, predictions = _result(output)
    expected = designs(working=64, sides=[48], images=[4], count=8)
    assert list(rows) == [design.name for design in expected]
    assert content["images"] == {"test": 6, "val": 4, "train": 8}
    assert list(predictions["name"]) == [f"few {k}.png" for k in range(12, 18)]
    for name, row in rows.items():
        value = row["metrics"]["srocc"]["value"]
        assert value == pytest.approx(srocc(predictions[name], predictions["mos"]))
        if "less_base" in row:
            base = srocc(predictions[row["base"]], predictions["mos"])
            assert row["less_base"]["srocc"]["difference"] == pytest.approx(value - base)
    assert rows["4 images"]["images"] == 4 and rows["reference"]["images"] == 8
    assert rows["frozen and tuned"]["features"] > rows["reference"]["features"]
    assert "| stage1 alone" in (output / "lite-ablation.md").read_text()


@pytest.mark.slow
def test_no_design_knows_a_mos_that_it_must_not(output, data, tmp_path):
    """Other MOS of test change no score; those of images without a MOS not the teacher's rows."""
    tree = shutil.copytree(data, tmp_path / "data")
    kept = shutil.copytree(output, tmp_path / "out")
    file = tree / "Train (Images and MOS).csv"
    table = pd.read_csv(file)
    train = np.random.default_rng(0).permutation(8)  # the first four have a MOS in all designs
    changed = [*train[4:], *range(12, 18)]
    table.loc[changed, "MOS"] = table.loc[changed, "MOS"].to_numpy()[::-1]
    table.to_csv(file, index=False)
    assert _command(tree, kept) == 0
    before, after = _result(output)[2], _result(kept)[2]
    few = [name for name in before if "4 images" in name]
    assert len(few) == 5  # images, both of the resolution, student and taught
    pd.testing.assert_frame_equal(before[few], after[few])
    assert not np.allclose(before["reference"], after["reference"])
    assert not np.allclose(before["mos"], after["mos"])


@pytest.mark.slow
def test_an_evaluated_model_stands_beside_the_designs(output, data, tmp_path, evaluation):
    """Nothing is looked at again; the model is not scored."""
    kept = shutil.copytree(output, tmp_path / "out")
    before = _result(output)[2]
    folder = evaluation("lite", dict(zip(before["name"], before["mos"], strict=True)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(looks, "working_pixels", None)
        assert _command(data, kept, "--evaluated", folder) == 0
    _, rows, predictions = _result(kept)
    row = rows["lite, as evaluated"]
    assert row["metrics"]["srocc"]["value"] == 1
    assert row["less_base"]["srocc"]["second"] < 1
    pd.testing.assert_frame_equal(predictions[before.columns], before)


@pytest.mark.slow
def test_an_evaluation_of_other_images_is_refused(output, data, tmp_path, evaluation, capsys):
    """Before anything is computed."""
    kept = shutil.copytree(output, tmp_path / "out")
    folder = evaluation("lite", {f"other {number}.png": 0.1 * number for number in range(5)})
    assert _command(data, kept, "--evaluated", folder) == 2
    assert "at least 3 images that all evaluations have. Received: 0" in capsys.readouterr().err


@pytest.mark.slow
def test_an_image_that_cannot_be_read_is_left_out(output, data, tmp_path, capsys):
    """It is named; the others are rated, and the status is 1."""
    tree = shutil.copytree(data, tmp_path / "data")
    kept = shutil.copytree(output, tmp_path / "out")
    (tree / "Images" / "few 13.png").write_bytes(b"none")
    assert _command(tree, kept) == 1
    assert "few 13.png is left out" in capsys.readouterr().err
    content, _, predictions = _result(kept)
    assert content["left_out"] == 1 and "few 13.png" not in set(predictions["name"])


@pytest.mark.parametrize(
    ("more", "message"),
    [(["--images", "4", "8"], "below the 8"), (["--limit", "4"], "below the 4"),
     (["--model", "patchnet"], "Expected the network of lite")],
)  # fmt: skip
def test_wrong_options_are_one_line(data, tmp_path, capsys, more, message):
    """Exit status 2, before anything is looked at."""
    assert _command(data, tmp_path / "out", *more) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
