"""``wadiqam-fig6`` to ``wadiqam-fig8``: curves over patches and epochs."""

import shutil

import numpy as np
import pytest

from kiqa.data import DATASETS
from kiqa.data.trained import names_trained_on
from kiqa.io.weights import Details, export_h5
from kiqa.models.wadiqam import build_wadiqam
from kiqa.reproduce.__main__ import main
from kiqa.reproduce.wadiqam.curves import patch_curve

pytestmark = pytest.mark.usefixtures("eager")


@pytest.mark.slow
def test_patch_curves_and_losses(quick, sets, untrained, tmp_path, csv_rows):
    """Figs. 6 to 8: a table and an image; splits are averaged; three curves a network."""
    out = str(tmp_path / "out")
    options = [*quick[:-1], "2", "--output", out]
    numbers = ["--numbers", "1", "2", "4"]
    assert main(["wadiqam-fig6", *sets("live"), *numbers, *options]) == 0
    assert main(["wadiqam-fig7", *sets("biq2021"), *numbers, *options]) == 0
    rows = csv_rows(tmp_path / "out" / "wadiqam-fig6.csv")
    assert [(r["network"], r["patches"], r["splits"]) for r in rows[:4]] == [
        ("DIQaM-FR, live", "1", "2"), ("DIQaM-FR, live", "2", "2"), ("DIQaM-FR, live", "4", "2"),
        ("WaDIQaM-FR, live", "1", "2"),
    ]  # fmt: skip
    assert main(["wadiqam-fig8", *sets("biq2021"), *options[:-3], "1", "--output", out]) == 0
    rows = csv_rows(tmp_path / "out" / "wadiqam-fig8.csv")
    assert {(r["network"], r["part"]) for r in rows} == {
        (f"{name}-NR", part)
        for name in ("DIQaM", "WaDIQaM")
        for part in ("training", "validation", "testing")
    }
    for number in (6, 7, 8):
        assert (tmp_path / "out" / f"wadiqam-fig{number}.png").stat().st_size > 5000


@pytest.mark.slow
def test_trained_networks_are_tested_on_what_they_have_not_seen(
    quick, sets, random_file, tmp_path, capsys, csv_rows
):
    """--model asks for the split; pairs have their own sets."""
    file = shutil.copy(random_file("fr", "weighted", "both"), tmp_path / "fr.h5")
    out = ["--model", str(file), "--numbers", "1", "4", "--output", str(tmp_path / "out")]
    assert main(["wadiqam-fig6", *sets("live"), *quick, *out]) == 2
    assert "has seen" in capsys.readouterr().err
    records = DATASETS["live"]("")
    part = dict(zip(dict.fromkeys(r.content for r in records), 4 * ["train"] + 3 * ["val", "test"],
                    strict=True))  # fmt: skip
    lines = [f"{r.path},{r.reference},{r.mos01},{part[r.content]},blur" for r in records]
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("\n".join(["image,reference,score,set,kind", *lines, ""]))
    (tmp_path / "pairs.json").write_text('{"proxy": "an invented one"}')
    assert main(["wadiqam-fig6", "--data", f"proxy={pairs}", *quick, *out]) == 0
    assert "proxy: an invented one" in capsys.readouterr().out
    rows = csv_rows(tmp_path / "out" / "wadiqam-fig6.csv")
    assert [row["network"] for row in rows] == ["fr, proxy"] * 2


def test_patch_curve_rises_with_patches():
    """Qualities with noise agree the better the more are pooled; all weights equal."""
    rng = np.random.default_rng(0)
    wanted = rng.random(60)
    quality = wanted[:, None] + rng.normal(0, 1, (60, 64))
    curve = patch_curve(quality, np.ones_like(quality), wanted, [1, 8, 64])
    assert curve == sorted(curve) and curve[0] < 0.5 < curve[2]
    with pytest.raises(ValueError, match="from 1 to 64"):
        patch_curve(quality, np.ones_like(quality), wanted, [65])


@pytest.mark.slow
def test_networks_do_not_meet_their_own_training_images(quick, sets, tmp_path, capsys):
    """A split that would test on some is no help: all of a scene go; the option takes them."""
    records = DATASETS["biq2021"]("")
    scenes = list(dict.fromkeys(record.content for record in records))
    part = {scene: "test" for scene in scenes} | {scenes[0]: "train", scenes[1]: "val"}
    split = tmp_path / "split.csv"
    lines = "".join(f"{record.name},{part[record.content]}\n" for record in records)
    split.write_text(f"image_name,set\n{lines}")
    tested = [record for record in records if part[record.content] == "test"]
    met = sum(record.content == tested[0].content for record in tested)
    names = [tested[0].name]
    seen = [names_trained_on(names, dataset="biq2021", use="val", scores="human", about="MOS")]
    network = build_wadiqam(mode="nr", shallow=True, seed=0)
    file = export_h5(network, tmp_path / "nr.h5", Details("nr", "0", "0..1", True, trained_on=seen))
    command = ["wadiqam-fig7", *sets("biq2021"), *quick, "--model", str(file), "--split",
               str(split), "--numbers", "1", "4", "--output", str(tmp_path / "out")]  # fmt: skip
    for more, said in (([], "are left out"), (["--include-trained"], "included")):
        assert main([*command, *more]) == 0
        err = capsys.readouterr().err
        assert f"{met} of {len(tested)} images were trained on by nr" in err and said in err
