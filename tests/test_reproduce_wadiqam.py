"""``python -m kiqa.reproduce wadiqam-...``: tables and figures on small input."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from kiqa.data import DATASETS
from kiqa.data.distortions import distort
from kiqa.data.records import ScoredImage
from kiqa.io.weights import export_h5, load_model
from kiqa.models.wadiqam import build_wadiqam
from kiqa.reproduce import wadiqam_curves, wadiqam_tables
from kiqa.reproduce.__main__ import NAMES, main
from kiqa.reproduce.published_rows import published_rows
from kiqa.reproduce.wadiqam_curves import patch_curve
from kiqa.reproduce.wadiqam_data import given_sets, some, split_tasks
from kiqa.reproduce.wadiqam_proxy import rank_agreement, responses, summarise_responses
from kiqa.reproduce.wadiqam_reduced import features_of, reduced_scores, reference_components
from kiqa.reproduce.wadiqam_report import Result, differences, summarise
from kiqa.reproduce.wadiqam_runs import patch_outputs, pooled_scores
from kiqa.training.wadiqam_tasks import PatchTask, rated_tasks

QUICK = ["--patches", "2", "--validation-patches", "2", "--test-patches", "3", "--epochs", "1"]
QUICK += ["--shallow", "--splits", "1"]
KINDS = {"tid2013": ("01", "08", "10", "11", "15", "22"), "live": ("jpeg", "gblur", "wn")}
KINDS["csiq"] = ("awgn", "blur", "contrast")


def _records(folder, photo, dataset, *, referenced=True):
    """Blurred photographs, worse the stronger, of some references."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    records = []
    for number in range(10):
        pixels = np.ascontiguousarray(photo[10 * number : 10 * number + 36, 40:80])
        original = folder / f"{dataset}-ref{number}.png"
        Image.fromarray(pixels).save(original)
        for index, kind in enumerate(KINDS.get(dataset, ("blur",))):
            for level in (1, 2):
                name = f"{dataset}-{number}-{kind}-{level}.png"
                copy = distort(pixels, "gaussian_blur", 0.4 * level + 0.1 * index, rng=rng)
                Image.fromarray(copy).save(folder / name)
                records.append(
                    ScoredImage(
                        name=name, path=folder / name, mos=0.9 - 0.3 * level - 0.02 * number,
                        sd=None, content=f"ref{number}", dataset=dataset, mos_range=(0.0, 1.0),
                        reference=original if referenced else None, distortion=kind, level=level,
                    )
                )  # fmt: skip
    return records


@pytest.fixture
def sets(tmp_path, photo, monkeypatch):
    """LIVE, TID2013, CSIQ and BIQ2021 are small invented ones; options that name them."""
    for name in ("live", "tid2013", "csiq", "biq2021"):
        records = _records(tmp_path / name, photo, name, referenced=name != "biq2021")
        monkeypatch.setitem(DATASETS, name, lambda root, records=records: records)

    def options(*names):
        return [part for name in names for part in ("--data", f"{name}={tmp_path}")]

    return options


@pytest.fixture
def untrained(monkeypatch):
    """Nothing is trained: networks are random, their histories invented."""
    made = []

    def trained(name, parts, settings, *, folder, watched=()):
        made.append((name, settings, {part: len(tasks) for part, tasks in parts.items()}))
        kind = "wadiqam" if settings.pooling == "weighted" else "diqam"
        folder = folder / f"{len(made)}"
        folder.mkdir(parents=True)
        network = build_wadiqam(
            mode=settings.mode, pooling=settings.pooling, fusion=settings.fusion, shallow=True,
            seed=len(made),
        )  # fmt: skip
        export_h5(
            network, folder / f"{kind}_{settings.mode}.h5", name="random", version="0",
            scale="0..1", higher_is_better=True,
        )  # fmt: skip
        test = f",{0.3}" if watched else ""
        head = "epoch,loss,val_loss" + (",test_loss" if watched else "")
        (folder / "history.csv").write_text(f"{head}\n1,0.2,0.25{test}\n2,0.1,0.2{test}\n")
        return folder, {"best_epoch": 1}

    for module in (wadiqam_tables, wadiqam_curves):
        monkeypatch.setattr(module, "trained", trained)
    return made


def test_table_3_trains_rates_and_compares(sets, tmp_path, capsys):
    """Both networks are trained; a second run finds them and prints the same."""
    options = ["wadiqam-table3", *sets("biq2021"), *QUICK, "--output", str(tmp_path / "out")]
    options += ["--images", "8", "--validation-images", "4"]
    assert main(options) == 0
    printed = capsys.readouterr().out
    assert "WaDIQaM-NR less DIQaM-NR" in printed and "8 images to train" in printed
    assert "| FRIQUEE" in printed and "0.671" in printed  # the paper's rows
    trainings = sorted((tmp_path / "out" / "trainings").iterdir())
    assert [folder.name.split("-")[0] for folder in trainings] == ["diqam", "wadiqam"]
    result = json.loads((tmp_path / "out" / "wadiqam-table3.json").read_text())
    assert {entry["method"] for entry in result["results"]} == {"DIQaM-NR", "WaDIQaM-NR"}
    for entry in result["results"]:
        assert entry["srocc"]["lo"] <= entry["srocc"]["mean"] <= entry["srocc"]["hi"]
    assert main(options) == 0
    assert capsys.readouterr().out == printed
    assert sorted((tmp_path / "out" / "trainings").iterdir()) == trainings


def test_table_1_takes_the_rows_that_fit(sets, untrained, tmp_path, capsys):
    """All four networks on LIVE, two on a data set without references; the paper's counts."""
    options = ["wadiqam-table1", *QUICK, "--output", str(tmp_path / "out")]
    assert main([*options, *sets("live", "biq2021")]) == 0
    assert [(name, s.mode, s.pooling) for name, s, _ in untrained] == [
        ("live", "fr", "average"), ("live", "fr", "weighted"), ("live", "nr", "average"),
        ("live", "nr", "weighted"), ("biq2021", "nr", "average"), ("biq2021", "nr", "weighted"),
    ]  # fmt: skip
    assert untrained[0][1].epochs == 1 and untrained[0][1].targets == "dmos"
    assert "WaDIQaM-FR less DIQaM-FR" in capsys.readouterr().out
    untrained.clear()
    assert main([*options, *sets("live"), "--mode", "nr", "--output", str(tmp_path / "2")]) == 0
    assert {settings.mode for _, settings, _ in untrained} == {"nr"}


@pytest.mark.parametrize(
    ("table", "groups"),
    [
        ("wadiqam-table2", {"Noise": 8, "Actual": 16, "Simple": 12, "Color": 8}),
        ("wadiqam-table4", {"GB": 4, "JPEG": 4, "J2K": 4, "LBDDI": 4}),
    ],
)
def test_groups_of_tid2013(sets, untrained, tmp_path, table, groups):
    """Test images of 2 references, 2 levels a kind; groups without an image are left out."""
    options = [table, *sets("tid2013"), *QUICK, "--output", str(tmp_path)]
    assert main([*options, *(["--mode", "fr"] if table == "wadiqam-table4" else [])]) == 0
    rows = json.loads((tmp_path / f"{table}.json").read_text())["results"]
    assert {row["subset"]: row["images"] for row in rows} == groups


def test_cross_tables_train_on_whole_data_sets(sets, untrained, tmp_path):
    """Table V: two directions; Table VI: also the four shared distortions."""
    out = tmp_path / "out"
    data = sets("live", "tid2013", "csiq")
    assert main(["wadiqam-table5", *data, *QUICK, "--output", str(out)]) == 0
    assert [(name, parts) for name, _, parts in untrained] == [
        ("live", {"train": 48, "val": 12}), ("live", {"train": 48, "val": 12}),
        ("tid2013", {"train": 96, "val": 24}), ("tid2013", {"train": 96, "val": 24}),
    ]  # fmt: skip
    rows = json.loads((out / "wadiqam-table5.json").read_text())["results"]
    assert {(row["trained_on"], row["tested_on"], row["images"]) for row in rows} == {
        ("live", "tid2013", 120), ("live", "csiq", 60), ("tid2013", "csiq", 60),
        ("tid2013", "live", 60),
    }  # fmt: skip
    assert main(["wadiqam-table6", *data, *QUICK, "--output", str(out)]) == 0
    rows = json.loads((out / "wadiqam-table6.json").read_text())["results"]
    assert {(row["tested_on"], row["subset"], row["images"]) for row in rows} == {
        ("csiq", "full", 60), ("csiq", "4 distortions", 40), ("tid2013", "full", 120),
        ("tid2013", "4 distortions", 80),
    }  # fmt: skip


def test_fusions_and_depths(sets, untrained, tmp_path):
    """Table VIII has six networks, section IV-H two."""
    for name, count in (("wadiqam-table8", 6), ("wadiqam-depth", 2)):
        untrained.clear()
        assert main([name, *sets("live"), *QUICK, "--output", str(tmp_path / name)]) == 0
        assert len({settings for _, settings, _ in untrained}) == (1 if "depth" in name else count)
        assert len(untrained) == count


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("wadiqam-table")])
def test_missing_data_sets_are_named(name, capsys, tmp_path):
    """One line on stderr, exit status 2, nothing written."""
    assert main([name, "--output", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert "=ROOT" in error and len(error.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["wadiqam-table1", "--data", "live"], "NAME=PATH"),
        (["wadiqam-table1", "--data", "cats=."], "cats"),
        (["wadiqam-table1", "--data", "live=gone"], "gone"),
        (["wadiqam-table2", "--data", "biq2021=."], "reference images"),
        (["wadiqam-table5", "--data", "live=."], "tid2013=ROOT"),
        (["wadiqam-fig6"], "--data live=ROOT"),
        (["wadiqam-fig8", "--data", "live=.", "--model", "x.h5"], "no --model"),
        (["wadiqam-fig9", "--data", "biq2021=."], "reference images"),
    ],
)
def test_wrong_input_is_one_line(sets, options, message, capsys, tmp_path):
    """Exit status 2 and the reason."""
    if "gone" in options[-1]:
        DATASETS["live"] = _gone
    assert main([*options, "--output", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert message in error and len(error.splitlines()) == 1


def _gone(root):
    raise FileNotFoundError(f"Expected a data set. Received: {root}.")


def test_published_numbers():
    """As printed; rows that the paper labels wrongly say so."""
    (row,) = [r for r in published_rows("wadiqam-table1", dataset="tid2013")
              if r["method"] == "WaDIQaM-FR"]  # fmt: skip
    assert (row["plcc"], row["srocc"]) == ("0.946", "0.940")
    table2 = published_rows("wadiqam-table2")
    (row,) = [r for r in table2 if (r["method"], r["group"]) == ("WaDIQaM-FR", "Exotic")]
    assert row["srocc"] == "0.925" and "printed as NR" in row["source"]
    counts = {1: 33, 2: 36, 3: 7, 4: 16, 5: 12, 6: 22, 7: 6, 8: 12}
    for table, count in counts.items():
        assert len(published_rows(f"wadiqam-table{table}")) == count


def test_patch_curves_and_losses(sets, untrained, tmp_path):
    """Figs. 6 to 8: a table and a picture; splits are averaged; three curves a network."""
    out = str(tmp_path / "out")
    options = [*QUICK[:-1], "2", "--output", out]
    numbers = ["--numbers", "1", "2", "4"]
    assert main(["wadiqam-fig6", *sets("live"), *numbers, *options]) == 0
    assert main(["wadiqam-fig7", *sets("biq2021"), *numbers, *options]) == 0
    rows = list(csv.DictReader((tmp_path / "out" / "wadiqam-fig6.csv").open()))
    assert [(r["network"], r["patches"], r["splits"]) for r in rows[:4]] == [
        ("DIQaM-FR, live", "1", "2"), ("DIQaM-FR, live", "2", "2"), ("DIQaM-FR, live", "4", "2"),
        ("WaDIQaM-FR, live", "1", "2"),
    ]  # fmt: skip
    assert main(["wadiqam-fig8", *sets("biq2021"), *options[:-3], "1", "--output", out]) == 0
    rows = list(csv.DictReader((tmp_path / "out" / "wadiqam-fig8.csv").open()))
    assert {(r["network"], r["part"]) for r in rows} == {
        (f"{name}-NR", part)
        for name in ("DIQaM", "WaDIQaM")
        for part in ("training", "validation", "testing")
    }
    for number in (6, 7, 8):
        assert (tmp_path / "out" / f"wadiqam-fig{number}.png").stat().st_size > 5000


def test_reduced_reference(sets, untrained, tmp_path):
    """Fig. 9: with all components the network's own scores, which the heads give by hand."""
    out = tmp_path / "out"
    options = [*sets("live"), *QUICK, "--components", "0", "3", "256", "--output", str(out)]
    assert main(["wadiqam-fig9", *options, "--pca-patches", "40"]) == 0
    rows = list(csv.DictReader((out / "wadiqam-fig9.csv").open()))
    assert [r["components"] for r in rows] == ["0", "3", "256"] * 2
    assert (out / "wadiqam-fig9.png").is_file()

    tasks = rated_tasks(DATASETS["live"](""), mode="fr")[:5]
    for file in sorted((out / "trainings").rglob("*.h5")):
        network = load_model(file)
        expected = pooled_scores(*patch_outputs(network, tasks, patches=4, seed=0))
        from kiqa.reproduce.wadiqam_reduced import _cut

        features = [features_of(network, cut) for cut in _cut(tasks, patches=4, seed=0)]
        scores = reduced_scores(network, *features, patches=4)
        np.testing.assert_allclose(scores, expected, rtol=1e-4)


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
        export_h5(network, models[-1], name=mode, version="0", scale="0..1", higher_is_better=True)
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


def _result(method, split, noise, *, contents=12):
    rng = np.random.default_rng(split)
    tasks = [PatchTask(f"{i}", "", i / 24, f"c{i % contents}") for i in range(24)]
    scores = np.arange(24) / 24 + rng.normal(0, noise, 24)
    return Result(method, "a", "a", split, tasks, scores)


def test_summary_over_splits():
    """Mean and median of the splits; a better method is better on the same draws."""
    results = [_result(m, s, n) for s in range(3) for m, n in (("good", 0.05), ("bad", 0.4))]
    entries = summarise(results, ("srocc",))
    good, bad = (entry["srocc"] for entry in entries)
    assert good["mean"] == pytest.approx(np.mean(good["values"])) and len(good["values"]) == 3
    assert good["median"] == pytest.approx(np.median(good["values"]))
    assert good["lo"] < good["mean"] < good["hi"] and entries[0]["images"] == 24
    (row,) = differences(entries, [("good", "bad")], "srocc")
    assert row["difference"] == pytest.approx(good["mean"] - bad["mean"])
    assert 0 < row["lo"] < row["difference"] < row["hi"]


def test_splits_keep_references_together(sets, tmp_path):
    """Ours by shares; another seed, another draw; LIVE's counts where there are 29 references."""
    tasks = given_sets([f"live={tmp_path}"], printed=("live",), mode="fr")["live"]
    parts, said = split_tasks("live", tasks, seed=0)
    assert said.startswith("0.6/0.2/0.2")
    contents = [{task.content for task in parts[part]} for part in ("train", "val", "test")]
    assert sum(map(len, contents)) == 10 and not contents[0] & contents[2]
    assert split_tasks("live", tasks, seed=1)[0] != parts
    many = [PatchTask(f"{i}", tmp_path, 0.5, f"ref{i % 29}") for i in range(58)]
    parts, said = split_tasks("live", many, seed=0)
    assert said.startswith("17/6/6") and len(parts["train"]) == 34
    parts, said = split_tasks("live", many, seed=0, cross=True)
    assert said.startswith("23/6") and set(parts) == {"train", "val"}
    with pytest.raises(ValueError, match="at least 1 image"):
        some(many, 0, seed=0)


def test_agreement_with_the_proxy():
    """Over all pairs, the identical ones too, and of each kind; intervals over photographs."""
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


def test_proxy_command(photo, tmp_path, capsys):
    """Pairs are made, scored and written; gray photographs too; a wrong model is refused."""
    folder = tmp_path / "pristine"
    folder.mkdir()
    Image.fromarray(photo[:40, :44, 0]).save(folder / "a.png")
    Image.fromarray(photo[60:100, :44]).save(folder / "b.png")
    (folder / "split.csv").write_text("image_name,set\na.png,test\nb.png,test\n")
    for mode in ("fr", "nr"):
        network = build_wadiqam(mode=mode, shallow=True, seed=0)
        export_h5(
            network, tmp_path / f"{mode}.h5", name=mode, version="0", scale="0..1",
            higher_is_better=True, mode=f"wadiqam-{mode}",
        )  # fmt: skip
    options = ["wadiqam-proxy", "--data", str(folder), "--output", str(tmp_path / "out")]
    options += ["--copies", "2", "--levels", "2", "--model"]
    assert main([*options, str(tmp_path / "fr.h5")]) == 0
    assert "no human score" in capsys.readouterr().out
    result = json.loads((tmp_path / "out" / "wadiqam-proxy.json").read_text())
    assert result["agreement"][0]["pairs"] == 14 and len(result["responses"]) == 4
    assert main([*options, str(tmp_path / "nr.h5")]) == 2
    assert "full-reference" in capsys.readouterr().err
    pairs = ["--pairs", str(tmp_path / "out" / "pairs" / "pairs.csv"), "--set", "train"]
    (folder / "split.csv").write_text("image_name,set\na.png,train\nb.png,test\n")
    assert main([*options, str(tmp_path / "fr.h5"), *pairs]) == 2
    assert "Use the pairs" in capsys.readouterr().err
