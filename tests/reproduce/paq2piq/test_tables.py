"""``python -m kiqa.reproduce paq2piq-...``: every table and figure on small input."""

import json

import numpy as np
import pytest
from PIL import Image

from kiqa.data import DATASETS
from kiqa.evaluation.correlation import plcc, srocc
from kiqa.reproduce.__main__ import main
from kiqa.scoring import Scorer

pytestmark = pytest.mark.usefixtures("eager")


@pytest.mark.slow
def test_table_3_on_both_parts(live_fb, models, tmp_path, capsys, csv_rows):
    """The correlations of the scores that kiqa gives, beside the published rows; kept on disk."""
    arguments = ["paq2piq-table3", "--data", f"live-fb={live_fb}", "--output", str(tmp_path / "o")]
    for kind in ("rm", "fm"):
        arguments += ["--model", str(models[kind])]
    assert main(arguments) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert (
        "| P2P-FM | live-fb | test | | 0.601 | | 0.685 | | Ying et al. 2020, Table 3 |" in printed
    )
    result = json.loads((tmp_path / "o/paq2piq-table3.json").read_text())
    assert [(r["method"], r["part"], r["images"]) for r in result["results"]] == [
        ("p2p_rm", "val", 3), ("p2p_rm", "test", 3), ("p2p_fm", "val", 3), ("p2p_fm", "test", 3)
    ]  # fmt: skip
    lines = csv_rows(tmp_path / "o/paq2piq-table3-predictions.csv")
    ours = [line for line in lines if (line["model"], line["part"]) == ("p2p_rm", "test")]
    scorer = Scorer(models["rm"])
    expected = [scorer.score(live_fb / "database" / line["name"]) for line in ours]
    predicted = [float(line["predicted"]) for line in ours]
    np.testing.assert_allclose(predicted, expected, rtol=1e-5)
    mos = [float(line["mos"]) for line in ours]
    assert mos == [61, 68, 75]
    metrics = result["results"][1]["metrics"]
    assert metrics["srocc"]["value"] == pytest.approx(srocc(predicted, mos))
    assert metrics["plcc"]["value"] == pytest.approx(plcc(predicted, mos, logistic=None))


def test_table_3_again_scores_nothing(live_fb, models, tmp_path, monkeypatch, capsys):
    """A second run takes the rows that are there."""
    arguments = ["paq2piq-table3", "--data", f"live-fb={live_fb}", "--model", str(models["rm"]),
                 "--output", str(tmp_path / "o")]  # fmt: skip
    assert main(arguments) == 0
    first = capsys.readouterr().out

    def refuse(*_, **__):
        raise ValueError("scored again")

    monkeypatch.setattr("kiqa.maps.paq2piq.RegionRater.rate", refuse)
    monkeypatch.setattr("kiqa.maps.paq2piq.RegionRater.score", refuse)
    assert main(arguments) == 0
    assert capsys.readouterr().out == first
    assert main([*arguments, "--pad"]) == 2  # padded images are others, and need the network


def test_table_3_of_evaluations_scores_nothing(evaluation, tmp_path, capsys):
    """Without a data set: MOS on 0..100, on the images that all have."""
    mos = {f"{number}.jpg": 0.1 * number for number in range(6)}
    folders = [evaluation("one", mos), evaluation("other", dict(list(mos.items())[1:]))]
    both = [part for folder in folders for part in ("--evaluated", str(folder))]
    assert main(["paq2piq-table3", *both, "--output", str(tmp_path / "out")]) == 0
    ours = [line for line in capsys.readouterr().out.splitlines() if "biq2021" in line]
    assert len(ours) == 2 and all("| 5 " in line and "1.000" in line for line in ours)
    text = (tmp_path / "out" / "paq2piq-table3-predictions.csv").read_text().splitlines()
    assert len(text) == 11 and "one,biq2021,test,1.jpg,1.jpg,picture,10.0,0.1," in text[1]


@pytest.mark.slow
@pytest.mark.parametrize("limit", [[], ["--limit", "3"]])
def test_table_3_scores_the_images_of_the_evaluations(biq, models, evaluation, capsys, limit):
    """Beside a model that is scored now, all rows are of the same images."""
    arguments = ["paq2piq-table3", "--data", f"biq2021={biq}", "--parts", "test", "--model",
                 str(models["rm"])]  # fmt: skip
    assert main(arguments) == 0
    (alone,) = [line for line in capsys.readouterr().out.splitlines() if "p2p_rm" in line]
    records = DATASETS["biq2021"](biq)
    rated = {record.name: record.mos01 for record in records[1:]}
    assert main([*arguments, *limit, "--evaluated", str(evaluation("one", rated))]) == 0
    ours = [line for line in capsys.readouterr().out.splitlines() if "biq2021" in line]
    count = 3 if limit else len(rated)
    assert len(ours) == 2 and all(f"| {count} " in line for line in ours)
    assert f"| {len(records)} " in alone


@pytest.mark.slow
def test_table_2_rates_patches_by_regions_and_by_crops(live_fb, models, tmp_path, capsys, csv_rows):
    """P2P-RM rates regions of the image; P2P-BM, which knows no regions, crops."""
    arguments = ["paq2piq-table2", "--data", f"live-fb={live_fb}", "--output", str(tmp_path / "o"),
                 "--model", str(models["rm"]), "--model", str(models["bm"])]  # fmt: skip
    # Patches of 20 % are 20x16 pixels, too small for an image of P2P-BM's: said, exit status 1.
    assert main(arguments) == 1
    assert "32x32" in capsys.readouterr().err
    result = json.loads((tmp_path / "o/paq2piq-table2.json").read_text())
    sizes = [(r["part"], r["size"]) for r in result["results"] if r["method"] == "p2p_rm"]
    assert sizes == [(part, s) for part in ("val", "test") for s in ("40 %", "30 %", "20 %")]
    lines = csv_rows(tmp_path / "o/paq2piq-table2-predictions.csv")
    assert all(line["content"] == line["name"] for line in lines)
    first = [line for line in lines if line["name"] == "set/3.png" and line["model"] == "p2p_rm"]
    assert [float(line["mos"]) for line in first] == [64, 67, 70]
    assert [line["size"] for line in first] == ["40 %", "30 %", "20 %"]


@pytest.mark.slow
def test_table_2_on_pseudo_scores_says_so(biq, models, tmp_path, capsys):
    """Other data sets take a file of patch scores, whose kind stands in the table."""
    file = tmp_path / "pseudo.csv"
    rows = [f"ss01 ({n}).jpg,0,0,40,32,{50 + 5 * n}" for n in range(6)]
    file.write_text("\n".join(["image_name,left,top,right,bottom,score", *rows, ""]))
    arguments = ["paq2piq-table2", "--data", f"biq2021={biq}", "--model", str(models["rm"]),
                 "--parts", "test", "--patch-scores", str(file)]  # fmt: skip
    assert main([*arguments, "--patch-scores-are", "pseudo-scores of patchnet"]) == 0
    (ours,) = [line for line in capsys.readouterr().out.splitlines() if "p2p_rm" in line]
    assert "biq2021" in ours and "40 %" in ours and "ours, pseudo-scores of patchnet" in ours


@pytest.mark.slow
def test_table_2_makes_pseudo_scores(biq, models, tmp_path, capsys):
    """Of few images, kept beside the table, and called so; not without a place for them."""
    arguments = ["paq2piq-table2", "--data", f"biq2021={biq}", "--model", str(models["rm"]),
                 "--parts", "test", "--pseudo-scores", "wadiqam_nr", "--limit", "4"]  # fmt: skip
    assert main(arguments) == 2
    assert "--pseudo-scores with --output DIR" in capsys.readouterr().err
    assert main([*arguments, "--output", str(tmp_path / "out")]) in (0, 1)
    ours = [line for line in capsys.readouterr().out.splitlines() if "p2p_rm" in line]
    assert ours and all("differences by wadiqam_nr, pseudo-scores" in line for line in ours)
    with np.load(tmp_path / "out" / "pseudo-scores-biq2021-test.npz") as made:
        assert len(set(made["image_name"].tolist())) == 4 and made["score"].max() <= 100


@pytest.mark.slow
@pytest.mark.parametrize("made", [True, False], ids=["pseudo-scores", "scores of a file"])
def test_table_2_goes_on_without_an_image_that_cannot_be_read(biq, models, tmp_path, capsys, made):
    """It is told, and the table is of the others; status 1."""
    (biq / "Images" / "ss01 (1).jpg").write_text("no image")
    arguments = ["paq2piq-table2", "--data", f"biq2021={biq}", "--model", str(models["rm"]),
                 "--parts", "test", "--output", str(tmp_path / "out")]  # fmt: skip
    if made:
        arguments += ["--pseudo-scores", "wadiqam_nr"]
    else:
        rows = [f"ss01 ({n}).jpg,0,0,40,32,{50 + 5 * n}" for n in range(6)]
        file = tmp_path / "scores.csv"
        file.write_text("\n".join(["image_name,left,top,right,bottom,score", *rows, ""]))
        arguments += ["--patch-scores", str(file)]
    assert main(arguments) == 1
    printed = capsys.readouterr()
    assert "ss01 (1).jpg" in printed.err and "p2p_rm" in printed.out
    lines = (tmp_path / "out" / "paq2piq-table2-predictions.csv").read_text().splitlines()
    assert any("ss01 (2).jpg" in line for line in lines)
    bad = [line for line in lines if "ss01 (1).jpg" in line]
    assert len(bad) == (0 if made else 1)


@pytest.mark.slow
def test_published_methods_stand_beside(live_fb, models, tmp_path, monkeypatch, capsys):
    """Without --model: those that kiqa computes, on the same images; what cannot is told."""
    tables = "kiqa.reproduce.paq2piq.tables"
    listed = {"brisque": "BRISQUE", "niqe": "NIQE", "no_such": "SOME"}
    monkeypatch.setattr(f"{tables}.computable", lambda table: listed)
    monkeypatch.setattr(f"{tables}._MODEL", str(models["rm"]))
    out = ["--output", str(tmp_path / "o")]
    assert main(["paq2piq-table3", "--data", f"live-fb={live_fb}", "--parts", "test", *out]) == 0
    result = json.loads((tmp_path / "o" / "paq2piq-table3.json").read_text())
    rows = [(row["method"], row["images"]) for row in result["results"]]
    assert rows == [("p2p_rm", 3), ("brisque", 3)]
    error = capsys.readouterr().err
    assert "no row of no_such: Expected" in error
    assert "no row of niqe on live-fb, test: Expected images that can be scored" in error


@pytest.mark.slow
def test_table_4_takes_all_but_what_was_trained_on(
    biq, live_fb, models, tmp_path, capsys, noise_image
):
    """All of a foreign data set, of its own what it has not seen, and models trained there."""
    names = [f"{number}.png" for number in range(6)]
    root = tmp_path / "koniq"
    (root / "1024x768").mkdir(parents=True)
    for number, name in enumerate(names):
        Image.fromarray(noise_image(number)).save(root / "1024x768" / name)
    sets = ["training", "validation"] + ["test"] * 4
    lines = [f"{name},{30 + 9 * i},0.5,{part}" for i, (name, part) in enumerate(zip(names, sets))]  # noqa: B905
    (root / "koniq10k_distributions_sets.csv").write_text(
        "\n".join(["image_name,MOS,SD,set", *lines, ""])
    )
    arguments = ["paq2piq-table4", "--data", f"koniq10k={root}", "--data", f"live-fb={live_fb}",
                 "--model", str(models["rm"])]  # fmt: skip
    assert main([*arguments, "--trained", f"live-fb={models['bm']}"]) == 0
    printed = capsys.readouterr()
    ours = [[cell.strip() for cell in line.split("|")[1:5]]
            for line in printed.out.splitlines() if "p2p_" in line]  # fmt: skip
    assert ours == [
        ["p2p_rm", "koniq10k", "all, less 2 trained on", "4"], ["p2p_rm", "live-fb", "all", "6"],
        ["p2p_bm", "live-fb", "test", "3"],
    ]  # fmt: skip
    assert "2 of 6 images were trained on by p2p_rm" in printed.err
    assert main([*arguments, "--include-trained"]) == 0
    assert "all, 2 trained on" in capsys.readouterr().out
    assert main([*arguments[:5], "--trained", f"koniq10k={models['bm']}", "--model", "x.h5"]) == 2


@pytest.mark.parametrize(("arguments", "message"), [
    (["paq2piq-table2"], "--data live-fb=ROOT"),
    (["paq2piq-table3"], "--data live-fb=ROOT"),
    (["paq2piq-table4"], "--data live-itw=ROOT and --data koniq10k=ROOT"),
    (["paq2piq-fig8"], "--data live-fb=ROOT"),
    (["paq2piq-table3", "--data", "live-fb=nowhere"], "Download it: https://github.com/niu-haoran"),
    (["paq2piq-table4", "--data", "spaq=nowhere"], "Download it: https://github.com/h4nwei"),
    (["paq2piq-table3", "--data", "else=nowhere"], "'else=nowhere'"),
    (["paq2piq-table2", "--data", "biq2021={biq}"], "--patch-scores FILE"),
    (["paq2piq-table4", "--data", "biq2021={biq}", "--trained", "koniq10k=a.h5"], "each --trained"),
    (["paq2piq-table3", "--data", "biq2021={biq}", "--model", "no.h5"], "no.h5"),
    (["paq2piq-fig4"], "--images FOLDER"), (["paq2piq-fig4", "--images", "nowhere"], "nowhere"),
    (["paq2piq-fig4", "--data", "{biq}"], "together"),
    (["paq2piq-fig5"], "one of --image"), (["paq2piq-fig7", "--ratings", "no.csv"], "no.csv"),
    (["paq2piq-fig10"], "neither"), (["paq2piq-fig10", "--data", "{biq}"], "together"),
    (["paq2piq-fig11", "--data", "{biq}", "--dataset", "biq2021", "--count", "0"], "least"),
    (["paq2piq-fig8", "--data", "a={bad}"], "'120' in line 2"),
    (["paq2piq-fig8", "--data", "a={five}"], "none above 5"),
    (["paq2piq-fig8", "--data", "a={five}", "--exclude", "{bad}"], "--exclude with the folders"),
])  # fmt: skip
def test_what_is_missing_is_one_line_and_status_2(biq, tmp_path, capsys, arguments, message):
    """No data, no model, no patches: one line on stderr."""
    bad = tmp_path / "bad.csv"
    bad.write_text("mos\n120\n")
    five = tmp_path / "five.csv"
    five.write_text("mos\n4.5\n1\n")
    assert main([text.format(biq=biq, bad=bad, five=five) for text in arguments]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


@pytest.mark.slow
def test_notebook_computes_again(run_notebook, biq, models, tmp_path):
    """Each section that computes anything has a result of the given data and model."""
    scores = tmp_path / "patches.csv"
    lines = [f"ss01 ({n}).jpg,{4 * n},8,{4 * n + 40},40,{30 + 5 * n}" for n in range(6)]
    scores.write_text("\n".join(["image_name,left,top,right,bottom,score", *lines, ""]))
    shown = run_notebook(
        "paq2piq", DATA=str(biq), DATASET="biq2021", MODELS=["--model", str(models["rm"])],
        PARTS=["--parts", "test"], STUDIES="1",
        PATCHES=["--patch-scores", str(scores), "--patch-scores-are", "invented"],
    )  # fmt: skip
    assert {name for name, value in shown.items() if value.missing} == {"paq2piq-table1"}
    for number in (2, 3, 4):
        (*_, row) = shown[f"paq2piq-table{number}"].rows()
        assert (row["method"], row["data set"], row["images"]) == ("p2p_rm", "biq2021", "6")
    assert "invented" in shown["paq2piq-table2"].rows()[-1]["source"]
    for number in (1, 2, 3, 4, 5, 7, 8, 9, 10, 11):
        (found,) = shown[f"paq2piq-fig{number}"].found
        assert found.picture is not None


def test_excluded_images_are_in_no_row(evaluation, tmp_path, capsys):
    """Of evaluations as of data sets."""
    file = tmp_path / "konpatch.csv"
    file.write_text("image_name\n1.jpg\n4.jpg\n")
    folder = evaluation("one", {f"{number}.jpg": 0.1 * number for number in range(6)})
    assert main(["paq2piq-table3", "--evaluated", str(folder), "--exclude", str(file)]) == 0
    printed = capsys.readouterr()
    (ours,) = [line for line in printed.out.splitlines() if "biq2021" in line]
    assert "| 4 " in ours and "2 of 6 images are excluded by konpatch.csv" in printed.err
