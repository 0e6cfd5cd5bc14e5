"""``python -m kiqa.reproduce paq2piq-...``: every table and figure on small input."""

import csv
import json
from functools import cache

import numpy as np
import pytest
from PIL import Image

from kiqa.data.trained import names_trained_on
from kiqa.evaluation.correlation import plcc, srocc
from kiqa.evaluation.study.simulated import simulate_study
from kiqa.io.images import load_image
from kiqa.io.weights import Details, export_h5, find_companion, load_model, read_info
from kiqa.models.paq2piq import build_paq2piq_head
from kiqa.models.patchnet import build_patchnet
from kiqa.models.resnet18 import build_resnet18
from kiqa.reproduce.__main__ import NAMES, main
from kiqa.reproduce.paq2piq.images import largest_errors
from kiqa.reproduce.paq2piq.scores import open_model, rated_rows, size_of_patch
from kiqa.reproduce.paq2piq.study import picture_size, simulated_scores
from kiqa.reproduce.published_rows import published_rows
from kiqa.scoring import Scorer
from kiqa.scoring.engines.paq2piq import export_pair

PICTURES = 6
EDGES = ("left", "top", "right", "bottom")


def _photograph(number, size=(80, 100)):
    """Noise whose mean and contrast grow with the number."""
    noise = np.random.default_rng(number).integers(0, 8 + 20 * number, (*size, 3))
    return (noise + 15 * number).astype(np.uint8)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """P2P-RM, -BM and -FM of random weights in one folder."""
    folder, body = tmp_path_factory.mktemp("models"), build_resnet18(seed=1)
    seen = [names_trained_on([name], dataset="koniq10k", use=use, scores="human", about="MOS")
            for name, use in (("0.png", "train"), ("1.png", "val"))]  # fmt: skip
    return {
        kind: export_pair(body, build_paq2piq_head(seed=2, kind=kind),
                          folder / f"p2p_{kind}.h5", kind=kind, trained_on=seen)
        for kind in ("bm", "rm", "fm")
    }  # fmt: skip


@pytest.fixture(autouse=True)
def _models_stay_loaded(monkeypatch):
    """Each network is loaded once for all tests, for time."""
    for module in ("paq2piq.tables", "paq2piq.images"):
        monkeypatch.setattr(f"kiqa.reproduce.{module}.open_model", _opened)


@cache
def _opened(model):
    return open_model(model)


@pytest.fixture
def live_fb(tmp_path):
    """LIVE-FB with six pictures, three of val and three of test, and three patches each."""
    folder = tmp_path / "live-fb" / "database"
    (folder / "set").mkdir(parents=True)
    parts = ("image", "patch_1", "patch_2", "patch_3")
    header = [*(f"{edge}_{part}" for part in parts for edge in EDGES),
              *(f"mos_{part}" for part in parts), "name_image"]  # fmt: skip
    rows = []
    for number in range(PICTURES):
        name = f"set/{number}.png"
        Image.fromarray(_photograph(number)).save(folder / name)
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
    """BIQ2021 with six pictures, all of the test part."""
    root = tmp_path / "biq"
    (root / "Images").mkdir(parents=True)
    rows = []
    for number in range(PICTURES):
        name = f"ss01 ({number}).jpg"
        Image.fromarray(_photograph(number)).save(root / "Images" / name, format="PNG")
        rows.append((name, 0.2 + 0.1 * number))
    lines = [f"{name},{mos:.2f},," for name, mos in rows]
    (root / "Train (Images and MOS).csv").write_text("\n".join(["Image Name,MOS,,", *lines, ""]))
    lines = [f"{name},test" for name, _ in rows]
    (root / "split.csv").write_text("\n".join(["image_name,set", *lines, ""]))
    return root


def _rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("table", "key", "srocc", "plcc"),
    [
        ("paq2piq-table2", ("NIQE", "val", "20 %"), "0.052", "0.027"),
        ("paq2piq-table2", ("P2P-RM", "test", "30 %"), "0.759", "0.808"),
        ("paq2piq-table2", ("P2P-FM", "test", "20 %"), "0.786", "0.808"),
        ("paq2piq-table3", ("P2P-BM", "val"), "0.525", "0.599"),
        ("paq2piq-table3", ("P2P-FM", "test"), "0.601", "0.685"),
        ("paq2piq-table4", ("P2P-FM", "live-itw"), "0.784", "0.754"),
        ("paq2piq-table4", ("P2P-RM", "koniq10k"), "0.776", "0.794"),
        ("paq2piq-table4", ("P2P-BM trained on it", "koniq10k"), "0.890", ""),
    ],
)
def test_published_numbers(table, key, srocc, plcc):
    """Numbers as printed in Ying et al. 2020, Tables 2 to 4 and section 4.5."""
    (row,) = [row for row in published_rows(table) if set(key) <= set(row.values())]
    assert (row["srocc"], row["plcc"]) == (srocc, plcc) and "Ying et al. 2020" in row["source"]


@pytest.mark.parametrize(("table", "count"), [("2", 42), ("3", 14), ("4", 16)])
def test_published_tables_are_whole(table, count):
    """Seven methods with both parts (and three sizes, or two data sets and two trained on them)."""
    assert len(published_rows(f"paq2piq-table{table}")) == count


def test_table_3_on_both_parts(live_fb, models, tmp_path, capsys):
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
    lines = _rows(tmp_path / "o/paq2piq-table3-predictions.csv")
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
    assert main([*arguments, "--pad"]) == 2  # padded pictures are others, and need the network


def test_table_2_rates_patches_by_regions_and_by_crops(live_fb, models, tmp_path, capsys):
    """P2P-RM rates regions of the picture; P2P-BM, which knows no regions, crops."""
    arguments = ["paq2piq-table2", "--data", f"live-fb={live_fb}", "--output", str(tmp_path / "o"),
                 "--model", str(models["rm"]), "--model", str(models["bm"])]  # fmt: skip
    # Patches of 20 % are 20x16 pixels, too small for a picture of P2P-BM's: said, exit status 1.
    assert main(arguments) == 1
    assert "32x32" in capsys.readouterr().err
    result = json.loads((tmp_path / "o/paq2piq-table2.json").read_text())
    sizes = [(r["part"], r["size"]) for r in result["results"] if r["method"] == "p2p_rm"]
    assert sizes == [(part, s) for part in ("val", "test") for s in ("40 %", "30 %", "20 %")]
    lines = _rows(tmp_path / "o/paq2piq-table2-predictions.csv")
    first = [line for line in lines if line["name"] == "set/3.png" and line["model"] == "p2p_rm"]
    assert [float(line["mos"]) for line in first] == [64, 67, 70]
    assert [line["size"] for line in first] == ["40 %", "30 %", "20 %"]


def test_rows_of_pictures_and_patches(live_fb, models):
    """Regions by P2P-RM's rater, feedback from the patches by P2P-FM, crops by other models."""
    from kiqa.maps.paq2piq import RegionRater

    path = live_fb / "database/set/4.png"
    pixels = load_image(path).pixels
    rois = np.array([[2, 4, 66, 68], [30, 10, 80, 60], [40, 40, 100, 80]], np.float32)
    for kind in ("rm", "fm", "bm"):
        info = read_info(models[kind])
        head = load_model(find_companion(info, "head").path)
        rater = RegionRater(load_model(info.path), head, kind=kind)
        (row,) = rated_rows([path], [rois], _opened(str(models[kind])))
        if kind == "bm":
            parts = [pixels[4:68, 2:66], pixels[10:60, 30:80], pixels[40:80, 40:100]]
            expected = rater.score(pixels), [rater.score(part) for part in parts]
        elif kind == "rm":
            expected = rater.score(pixels), rater.rate(pixels, rois)
        else:
            expected = rater.score(pixels, rois), rater.rate(pixels, rois)
            assert rater.score(pixels) != expected[0]
        assert row["error"] is None
        assert row["score"] == pytest.approx(expected[0], rel=1e-5)
        np.testing.assert_allclose(row["patch_scores"], expected[1], rtol=1e-5)


def test_padded_pictures_of_validation(live_fb, models):
    """P2P-RM sees white round the picture and rates the picture's rectangle; P2P-FM is refused."""
    path = live_fb / "database/set/5.png"
    rois = np.array([[2, 4, 66, 68]], np.float32)
    (plain,), (padded,) = (
        list(rated_rows([path], [rois], _opened(str(models["rm"])), padded=padded))
        for padded in (False, True)
    )
    assert padded["error"] is None and len(padded["patch_scores"]) == 1
    assert padded["score"] != plain["score"]
    (row,) = rated_rows([path], [rois], _opened(str(models["fm"])), padded=True)
    assert row["score"] is None and "P2P-BM or P2P-RM" in row["error"]


def test_a_picture_that_cannot_be_read_is_a_row(live_fb, models):
    """The others are scored."""
    good, bad = live_fb / "database/set/1.png", live_fb / "labels.png"
    bad.write_bytes(b"no picture")
    none = [np.zeros((0, 4))] * 2
    rows = list(rated_rows([bad, good], none, _opened(str(models["rm"]))))
    assert "labels.png" in rows[0]["error"] and rows[0]["score"] is None
    assert rows[1]["error"] is None and rows[1]["patch_scores"] == []


def test_any_patch_network_takes_crops(live_fb, tmp_path):
    """Patchnet rates patches as pictures of their own."""
    network = build_patchnet(conv_widths=((4,), (4,)), dense_widths=(8,), seed=0)
    file = export_h5(network, tmp_path / "tiny.h5", Details(name="tiny", version="1", scale="0..1",
                     higher_is_better=True))  # fmt: skip
    path = live_fb / "database/set/4.png"
    (row,) = rated_rows([path], [np.array([[0, 0, 70, 66]])], open_model(file))
    scorer, pixels = Scorer(file), load_image(path).pixels
    assert row["score"] == pytest.approx(scorer.score(pixels))
    assert row["patch_scores"][0] == pytest.approx(scorer.score(pixels[:66, :70].copy()))


def test_table_2_on_pseudo_scores_says_so(biq, models, tmp_path, capsys):
    """Other data sets take a file of patch scores, whose kind stands in the table."""
    file = tmp_path / "pseudo.csv"
    rows = [f"ss01 ({n}).jpg,0,0,40,32,{50 + 5 * n}" for n in range(PICTURES)]
    file.write_text("\n".join(["image_name,left,top,right,bottom,score", *rows, ""]))
    arguments = ["paq2piq-table2", "--data", f"biq2021={biq}", "--model", str(models["rm"]),
                 "--parts", "test", "--patch-scores", str(file)]  # fmt: skip
    assert main([*arguments, "--patch-scores-are", "pseudo-scores of patchnet"]) == 0
    (ours,) = [line for line in capsys.readouterr().out.splitlines() if "p2p_rm" in line]
    assert "biq2021" in ours and "40 %" in ours and "ours, pseudo-scores of patchnet" in ours


def test_table_4_takes_all_but_what_was_trained_on(biq, live_fb, models, tmp_path, capsys):
    """All of a foreign data set, of its own what it has not seen, and models trained there."""
    names = [f"{number}.png" for number in range(PICTURES)]
    root = tmp_path / "koniq"
    (root / "1024x768").mkdir(parents=True)
    for number, name in enumerate(names):
        Image.fromarray(_photograph(number)).save(root / "1024x768" / name)
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
    (["paq2piq-fig11", "--data", "{biq}", "--dataset", "biq2021", "--photographs", "0"], "least"),
    (["paq2piq-fig8", "--data", "a={bad}"], "'120' in line 2"),
    (["paq2piq-fig8", "--data", "a={five}"], "none above 5"),
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


def _drawn(path):
    """A figure that was written, and that it is not empty."""
    with Image.open(path) as picture:
        assert np.asarray(picture.convert("L")).std() > 5


def test_figure_4(biq, tmp_path, capsys):
    """Of a data set, or of a folder."""
    out = ["--output", str(tmp_path / "o")]
    assert main(["paq2piq-fig4", "--data", str(biq), "--dataset", "biq2021", *out]) == 0
    _drawn(capsys.readouterr().out.strip())
    assert main(["paq2piq-fig4", "--images", str(biq / "Images"), *out]) == 0


def test_sizes_are_those_of_upright_pictures(tmp_path):
    """Width and height of a picture on its side are exchanged."""
    image = Image.new("RGB", (30, 20))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "a.jpg", exif=exif)
    image.save(tmp_path / "b.png")
    assert picture_size(tmp_path / "a.jpg") == (30, 20)
    assert picture_size(tmp_path / "b.png") == (20, 30)
    assert load_image(tmp_path / "a.jpg").pixels.shape[:2] == (30, 20)


def test_figure_5_and_patches_for_a_study(biq, live_fb, tmp_path):
    """Random patches, LIVE-FB's own, and the files of all patches with --cut."""
    out = ["--output", str(tmp_path / "o")]
    arguments = ["paq2piq-fig5", "--data", str(biq), "--dataset", "biq2021"]
    assert main([*arguments, "--cut", str(tmp_path / "cut"), *out]) == 0
    assert len(_rows(tmp_path / "cut/patches.csv")) == 3 * PICTURES
    assert main(["paq2piq-fig5", "--data", str(live_fb), "--dataset", "live-fb", *out]) == 0
    picture = str(live_fb / "database/set/5.png")
    assert main(["paq2piq-fig5", "--image", picture, "--image", picture, *out]) == 0
    _drawn(tmp_path / "o/paq2piq-fig5.png")


def test_figure_7_of_ratings_and_simulated(live_fb, tmp_path, monkeypatch):
    """Ratings and LIVE-FB where they are there; what is simulated is called so."""
    from kiqa import plotting

    titles = []
    plot = plotting.plot_mos_pairs

    def spy(*arguments, **options):
        titles.append(options["title"])
        return plot(*arguments, **options)

    monkeypatch.setattr(plotting, "plot_mos_pairs", spy)
    monkeypatch.setattr("kiqa.reproduce.paq2piq.study._SIMULATED", 60)
    out = ["--output", str(tmp_path / "o")]
    assert main(["paq2piq-fig7", *out]) == 0
    assert all("simulated" in title for title in titles) and len(titles) == 2
    study = simulate_study(images=40, subjects=20, seed=0, contents=30, golden=0, repeats=2)
    r = study.ratings
    columns = zip(r.subject, r.image, r.rating, r.repeat.astype(int), strict=True)
    rows = [",".join(map(str, row)) for row in columns]
    file = tmp_path / "r.csv"
    file.write_text("\n".join(["subject,image,rating,repeat", *rows, ""]))
    assert main(["paq2piq-fig7", "--ratings", str(file), "--live-fb", str(live_fb), *out]) == 0
    assert titles[2].startswith("r.csv, mean LCC of 25 divisions 0.") and titles[3] == "LIVE-FB"
    _drawn(tmp_path / "o/paq2piq-fig7.png")


def test_simulated_scores_are_like_the_published():
    """LCC of halves near 0.48, of pictures and patches near 0.43."""
    first, second, pictures, patches = simulated_scores(seed=0)
    assert np.corrcoef(first, second)[0, 1] == pytest.approx(0.48, abs=0.08)
    assert np.corrcoef(pictures, patches)[0, 1] == pytest.approx(0.43, abs=0.08)


def test_figure_8(biq, live_fb, tmp_path):
    """Data sets, and a file of scores such as KonIQ-10k's or mos.csv of kiqa ratings."""
    file = tmp_path / "scores.csv"
    file.write_text("image_name,MOS,MOS_zscore\na,3.5,50.5\nb,4,61\n")
    data = [f"--data={name}={place}" for name, place in
            (("biq2021", biq), ("live-fb", live_fb), ("ours", file))]  # fmt: skip
    assert main(["paq2piq-fig8", *data, "--output", str(tmp_path / "o")]) == 0
    _drawn(tmp_path / "o/paq2piq-fig8.png")


def test_figure_10(biq, models, tmp_path, capsys):
    """Maps of a data set's pictures, of a file at any grid; P2P-BM has no maps."""
    out = ["--output", str(tmp_path / "o")]
    arguments = ["paq2piq-fig10", "--model", str(models["rm"]), *out]
    data = ["--data", str(biq), "--dataset", "biq2021", "--photographs", "2"]
    assert main([*arguments, *data]) == 0
    _drawn(tmp_path / "o/paq2piq-fig10.png")
    picture = str(biq / "Images/ss01 (3).jpg")
    assert main([*arguments, "--image", picture, "--grid", "5x7"]) == 0
    capsys.readouterr()
    assert main(["paq2piq-fig10", "--model", str(models["bm"]), *out, *data]) == 2
    assert "rates whole pictures only" in capsys.readouterr().err


def test_figure_11(biq, models, tmp_path):
    """The pictures with the largest differences to both sides are named and drawn."""
    arguments = ["paq2piq-fig11", "--data", str(biq), "--dataset", "biq2021", "--photographs", "2",
                 "--output", str(tmp_path / "o"), "--model", str(models["rm"])]  # fmt: skip
    assert main(arguments) == 0
    _drawn(tmp_path / "o/paq2piq-fig11.png")
    scorer = Scorer(models["rm"])
    for row in _rows(tmp_path / "o/paq2piq-fig11.csv"):
        score = scorer.score(biq / "Images" / row["name"])
        assert float(row["predicted"]) == pytest.approx(score, rel=1e-5)
        assert row["case"] == ("rated too high" if score > float(row["mos"]) else "rated too low")


def test_largest_errors():
    """Largest first, to each side; none of the other side."""
    assert largest_errors([50, 90, 10, 60], [50, 40, 70, 50], 2) == ([1, 3], [2])
    assert largest_errors([1, 2], [0, 0], 5) == ([1, 0], [])


@pytest.mark.parametrize(("roi", "size"), [
    ((0, 0, 40, 32), "40 %"), ((0, 0, 36, 27), "30 %"), ((0, 0, 5, 5), "20 %"),
    ((0, 0, 90, 80), "40 %"),
])  # fmt: skip
def test_sizes_of_patches(roi, size):
    """The nearest published size by area, of a picture of 100x80."""
    assert size_of_patch(np.array(roi), (80, 100)) == size


def test_every_figure_and_table_has_its_command():
    """Those that the issue names."""
    wanted = [f"table{n}" for n in (2, 3, 4)] + [f"fig{n}" for n in (4, 5, 7, 8, 10, 11)]
    assert {f"paq2piq-{name}" for name in wanted} <= set(NAMES)
