"""``python -m kiqa.reproduce wadiqam-fig...``: curves, reduced references, maps."""

import csv

import numpy as np
import pytest
from PIL import Image

from kiqa.data import DATASETS
from kiqa.data.trained import names_trained_on
from kiqa.io.weights import Details, export_h5, load_model
from kiqa.models.wadiqam import build_wadiqam
from kiqa.reproduce.__main__ import main
from kiqa.reproduce.wadiqam.curves import patch_curve
from kiqa.reproduce.wadiqam.reduced import _cut, features_of, reduced_scores, reference_components
from kiqa.reproduce.wadiqam.runs import patch_outputs, pooled_scores
from kiqa.training.wadiqam.tasks import rated_tasks


def test_patch_curves_and_losses(quick, sets, untrained, tmp_path):
    """Figs. 6 to 8: a table and a picture; splits are averaged; three curves a network."""
    out = str(tmp_path / "out")
    options = [*quick[:-1], "2", "--output", out]
    numbers = ["--numbers", "1", "2", "4"]
    assert main(["wadiqam-fig6", *sets("live"), *numbers, *options]) == 0
    assert main(["wadiqam-fig7", *sets("biq2021"), *numbers, *options]) == 0
    rows = _rows(tmp_path / "out" / "wadiqam-fig6.csv")
    assert [(r["network"], r["patches"], r["splits"]) for r in rows[:4]] == [
        ("DIQaM-FR, live", "1", "2"), ("DIQaM-FR, live", "2", "2"), ("DIQaM-FR, live", "4", "2"),
        ("WaDIQaM-FR, live", "1", "2"),
    ]  # fmt: skip
    assert main(["wadiqam-fig8", *sets("biq2021"), *options[:-3], "1", "--output", out]) == 0
    rows = _rows(tmp_path / "out" / "wadiqam-fig8.csv")
    assert {(r["network"], r["part"]) for r in rows} == {
        (f"{name}-NR", part)
        for name in ("DIQaM", "WaDIQaM")
        for part in ("training", "validation", "testing")
    }
    for number in (6, 7, 8):
        assert (tmp_path / "out" / f"wadiqam-fig{number}.png").stat().st_size > 5000


def test_reduced_reference(quick, sets, untrained, tmp_path):
    """Fig. 9: with all components the network's own scores, which the heads give by hand."""
    out = tmp_path / "out"
    options = [*sets("live"), *quick, "--components", "0", "3", "256", "--output", str(out)]
    assert main(["wadiqam-fig9", *options, "--pca-patches", "40"]) == 0
    rows = _rows(out / "wadiqam-fig9.csv")
    assert [r["components"] for r in rows] == ["0", "3", "256"] * 2
    assert (out / "wadiqam-fig9.png").is_file()

    tasks = rated_tasks(DATASETS["live"](""), mode="fr")[:5]
    for file in sorted((out / "trainings").rglob("*.h5")):
        network = load_model(file)
        expected = pooled_scores(*patch_outputs(network, tasks, patches=4, seed=0))
        features = [features_of(network, cut) for cut in _cut(tasks, patches=4, seed=0)]
        scores = reduced_scores(network, *features, patches=4)
        np.testing.assert_allclose(scores, expected, rtol=1e-4)


def test_trained_networks_are_tested_on_what_they_have_not_seen(quick, sets, tmp_path, capsys):
    """--model asks for the split; pairs have their own sets."""
    network = build_wadiqam(mode="fr", shallow=True, seed=0)
    file = tmp_path / "fr.h5"
    export_h5(network, file, Details(name="fr", version="0", scale="0..1", higher_is_better=True))
    out = ["--model", str(file), "--numbers", "1", "4", "--output", str(tmp_path / "out")]
    assert main(["wadiqam-fig6", *sets("live"), *quick, *out]) == 2
    assert "has seen" in capsys.readouterr().err
    records = DATASETS["live"]("")
    part = dict(zip(dict.fromkeys(r.content for r in records), 4 * ["train"] + 3 * ["val", "test"],
                    strict=True))  # fmt: skip
    lines = [f"{r.path},{r.reference},{r.mos01},{part[r.content]},blur" for r in records]
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("\n".join(["image,reference,score,set,kind", *lines, ""]))
    assert main(["wadiqam-fig6", "--data", f"proxy={pairs}", *quick, *out]) == 0
    assert "no human score" in capsys.readouterr().out
    rows = _rows(tmp_path / "out" / "wadiqam-fig6.csv")
    assert [row["network"] for row in rows] == ["fr, proxy"] * 2


def test_networks_do_not_meet_their_own_training_images(quick, sets, tmp_path, capsys):
    """A split that would test on some is no help; the option takes them."""
    records = DATASETS["biq2021"]("")
    names = [record.name for record in records]
    split = tmp_path / "split.csv"
    parts = zip(names, ["train", "val"] + ["test"] * (len(names) - 2), strict=True)
    split.write_text("image_name,set\n" + "".join(f"{name},{part}\n" for name, part in parts))
    seen = [names_trained_on(names[2:4], dataset="biq2021", use="val", scores="human", about="MOS")]
    network = build_wadiqam(mode="nr", shallow=True, seed=0)
    file = export_h5(network, tmp_path / "nr.h5", Details("nr", "0", "0..1", True, trained_on=seen))
    command = ["wadiqam-fig7", *sets("biq2021"), *quick, "--model", str(file), "--split",
               str(split), "--numbers", "1", "4", "--output", str(tmp_path / "out")]  # fmt: skip
    for more, said in (([], "are left out"), (["--include-trained"], "included")):
        assert main([*command, *more]) == 0
        err = capsys.readouterr().err
        assert f"2 of {len(names) - 2} images were trained on by nr" in err and said in err


def test_components_are_principal():
    """Of points on a line the first one is the line; mean and all components give all back."""
    rng = np.random.default_rng(0)
    line = rng.normal(size=(50, 1)) * np.array([[3.0, 4.0, 0.0]]) + 7
    mean, components = reference_components(line)
    np.testing.assert_allclose(np.abs(components[0]), [0.6, 0.8, 0], atol=1e-9)
    np.testing.assert_allclose(mean + (line - mean) @ components.T @ components, line)


def test_patch_curve_rises_with_patches():
    """Qualities with noise agree the better the more are pooled; all weights equal."""
    rng = np.random.default_rng(0)
    wanted = rng.random(60)
    quality = wanted[:, None] + rng.normal(0, 1, (60, 64))
    curve = patch_curve(quality, np.ones_like(quality), wanted, [1, 8, 64])
    assert curve == sorted(curve) and curve[0] < 0.5 < curve[2]
    with pytest.raises(ValueError, match="from 1 to 64"):
        patch_curve(quality, np.ones_like(quality), wanted, [65])


@pytest.mark.parametrize("number", [3, 5])
def test_maps_of_quality_and_weight(number, photo, tmp_path):
    """Fig. 3 with and without a reference, Fig. 5 of two images; a reference is asked for."""
    files, models = [], []
    for index in range(2):
        files.append(str(tmp_path / f"{index}.png"))
        Image.fromarray(photo[64 * index : 64 * index + 96, :128]).save(files[-1])
    for mode in ("fr", "nr"):
        network = build_wadiqam(mode=mode, shallow=True, seed=0)
        models.append(str(tmp_path / f"{mode}.h5"))
        export_h5(
            network,
            models[-1],
            Details(name=mode, version="0", scale="0..1", higher_is_better=True),
        )
    out = ["--output", str(tmp_path)]
    if number == 3:
        options = ["--image", files[0], "--model", models[0], "--model", models[1], *out]
        assert main(["wadiqam-fig3", *options]) == 2
        assert main(["wadiqam-fig3", *options, "--reference", files[1]]) == 0
    else:
        images = ["--image", files[0], "--image", files[1], "--model", models[1], *out]
        assert main(["wadiqam-fig5", *images, "--stride", "16"]) == 0
        assert main(["wadiqam-fig5", *images, "--reference", files[0]]) == 2
    assert (tmp_path / f"wadiqam-fig{number}.png").stat().st_size > 20_000


def _rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
