"""``kiqa evaluate-maps``: human boxes and synthetic distortions, maps made and maps given."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kiqa.cli.main import main
from kiqa.data.trained import files_trained_on
from kiqa.evaluation.local.auc import threshold_aucs
from kiqa.io.map_files import QualityMap
from kiqa.scoring import Scorer

HEADER = "image_name,participant,left,top,right,bottom,none\n"


@pytest.fixture
def images(tmp_path, monkeypatch, photo):
    """A folder ``images`` with three images, and a table of boxes for them."""
    monkeypatch.chdir(tmp_path)
    Path("images/sub").mkdir(parents=True)
    for name, left in (("a.png", 0), ("b.png", 150), ("sub/a.png", 300)):
        Image.fromarray(photo[100:212, left : left + 136]).save(Path("images", name))
    Path("boxes.csv").write_text(
        HEADER
        + "a.png,p1,20,20,90,80,0\na.png,p2,,,,,1\n"
        + "sub/a.png,p1,0,0,60,112,0\nsub/a.png,p1,30,0,70,50,0\n"
        + "b.png,p1,,,,,1\nb.png,p2,,,,,1\n"
    )
    return tmp_path


def _rows(folder="out"):
    with open(f"{folder}/auc.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _human(*options):
    return main(["evaluate-maps", "--images", "images", "--boxes", "boxes.csv", *options])


def _synthetic(*options):
    return main(["evaluate-maps", "--images", "images", "--synthetic", *options])


@pytest.mark.slow
def test_human_boxes_give_table_and_files(stand_in, images, capsys):
    """Table, CSV, JSON, box plot and an image an image; undefined cases are counted."""
    assert _human("--map", "patchnet", "--output", "out") == 0
    table = capsys.readouterr().out
    assert "3 images: boxes.csv; blur 10 % of the width, border zero" in table
    assert Path("out/evaluation.md").read_text() == table
    rows = _rows()
    assert len(rows) == 3 * 9
    nobody = [row for row in rows if row["image_name"] == "b.png"]
    assert {(row["positive"], row["auc"]) for row in nobody} == {("0.0", "")}
    result = json.loads(Path("out/evaluation.json").read_text())
    half = result["predictors"]["patchnet"]["thresholds"][5]
    # Above 0.5 no pixel of a.png (one of two participants), some of sub/a.png (the only one).
    assert (half["threshold"], half["images"], half["undefined"]) == (0.5, 1, 2)
    assert result["maps"]["patchnet"]["stride"] == 7
    assert result["ground_truth"]["kind"] == "boxes"
    assert (result["blur"], result["border"], result["errors"]) == (0.1, "zero", 0)
    pictures = ["auc_boxes.png", *(f"images/{n}.png" for n in ("a.png", "b.png", "sub/a.png"))]
    for name in pictures:
        with Image.open(Path("out", name)) as picture:
            assert picture.width > 600


def test_json_boxes_give_the_same_numbers(stand_in, images, capsys):
    """The JSON form of the table leads to the same AUCs."""
    Path("boxes.json").write_text(
        json.dumps(
            {
                "a.png": {"p1": [[20, 20, 90, 80]], "p2": []},
                "sub/a.png": {"p1": [[0, 0, 60, 112], [30, 0, 70, 50]]},
                "b.png": {"p1": [], "p2": []},
            }
        )
    )
    _human("--map", "patchnet")
    expected = capsys.readouterr().out.partition("\n")[2]
    arguments = ["--images", "images", "--boxes", "boxes.json", "--map", "patchnet"]
    assert main(["evaluate-maps", *arguments]) == 0
    assert capsys.readouterr().out.partition("\n")[2] == expected


@pytest.mark.slow
def test_no_auc_at_all_is_no_success(unpainted, stand_in, images, capsys):
    """Nobody marked anything: every image has one class."""
    Path("boxes.json").write_text(
        json.dumps({name: {"p1": [], "p2": []} for name in ("a.png", "sub/a.png", "b.png")})
    )
    arguments = ["--images", "images", "--boxes", "boxes.json", "--map", "patchnet"]
    assert main(["evaluate-maps", *arguments, "--output", "out"]) == 1
    out, err = capsys.readouterr()
    assert "3 images" in out and err.startswith("kiqa: no AUC of patchnet: the ground truth of no")


@pytest.mark.slow
def test_maps_made_before_equal_those_made_here(unpainted, stand_in, images, capsys):
    """What `kiqa map --npz` wrote is found by relative name and gives the same AUCs."""
    assert main(["map", "images", "--stride", "7", "--npz", "stored"]) == 0
    assert _human("--map", "patchnet", "--maps", "mine=stored", "--output", "out") == 0
    rows = _rows()
    aucs = {
        name: [row["auc"] for row in rows if row["predictor"] == name]
        for name in ("patchnet", "mine")
    }
    assert aucs["mine"] == aucs["patchnet"]
    assert any(aucs["mine"])


@pytest.mark.slow
def test_arrays_of_anybody_are_compared(unpainted, images):
    """An array with one value per pixel needs no more than its name; no network is loaded."""
    Path("mine/sub").mkdir(parents=True)
    arrays = {}
    for name in ("a.png", "b.png", "sub/a.png"):
        arrays[name] = np.random.default_rng(0).random((112, 136))
        np.save(f"mine/{name}.npy", arrays[name])
    arguments = ["--maps", "mine=mine", "--thresholds", "0.2", "--no-blur", "--output", "out"]
    assert _human(*arguments) == 0
    truth = np.zeros((112, 136))
    truth[20:80, 20:90] = 0.5
    (expected,) = threshold_aucs(arrays["a.png"].astype(np.float32), truth, thresholds=[0.2])
    (row,) = [row for row in _rows() if row["image_name"] == "a.png"]
    assert float(row["auc"]) == pytest.approx(expected)
    assert float(row["positive"]) == pytest.approx(60 * 70 / (112 * 136))


def test_fish_and_gray_are_made_here(images, capsys):
    """The maps that need no network stand beside each other on the same images."""
    assert _human("--map", "fish", "fish-blocks", "gray", "--thresholds", "0.1", "0.3") == 0
    table = capsys.readouterr().out
    assert all(f"| {name} " in table for name in ("fish", "fish-blocks", "gray"))


@pytest.mark.slow
def test_synthetic_distortions_are_seeded(unpainted, stand_in, images, capsys):
    """One seed gives one table; version, kind and level are in the rows; another seed differs."""
    arguments = ["--map", "patchnet", "--versions", "2"]
    assert _synthetic(*arguments, "--output", "out") == 0
    first = capsys.readouterr().out
    rows = _rows()
    names = [f"{photo}.png.{version}.png" for photo in "ab" for version in (1, 2)]
    assert list(dict.fromkeys(row["image_name"] for row in rows)) == names
    assert all(row["distortion"] and float(row["level"]) > 0 for row in rows)
    assert len({row["positive"] for row in rows if row["threshold"] == "0.5"}) == 4
    assert _synthetic(*arguments) == 0
    assert capsys.readouterr().out == first
    assert _synthetic(*arguments, "--seed", "1") == 0
    assert capsys.readouterr().out.partition("\n")[2] != first.partition("\n")[2]


@pytest.mark.slow
def test_undistorted_area_is_the_good_one(images):
    """Maps of the kept images: what knows the rectangle has AUC 1, its opposite 0."""
    arguments = ["--no-blur", "--output", "out"]
    assert _synthetic("--map", "gray", *arguments, "--keep-images") == 0
    pictures = sorted(Path("out/distorted").iterdir())
    assert [path.name for path in pictures] == ["a.png.1.png", "b.png.1.png"]
    for folder in ("good", "bad"):
        Path(folder).mkdir()
    for path in pictures:
        pristine = Path("images", path.name.removesuffix(".1.png"))
        change = np.abs(
            np.asarray(Image.open(path), float) - np.asarray(Image.open(pristine), float)
        ).sum(axis=2)
        rows, columns = (np.flatnonzero(change.any(axis=axis)) for axis in (1, 0))
        mask = np.zeros(change.shape, np.float32)
        mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = 1
        np.save(f"good/{path.name}.npy", 1 - mask)
        defects = QualityMap(1 - mask, 1, 0.0, mask.shape, higher_is_better=False)
        defects.save(f"bad/{path.name}.npz")
    assert _synthetic("--maps", "good=good", "bad=bad", *arguments) == 0
    rows = _rows()
    assert {row["threshold"] for row in rows} == {"0.5"}
    for row in rows:
        # A weak distortion may leave the rectangle's edge unchanged by a pixel or two.
        assert float(row["auc"]) == pytest.approx(float(row["predictor"] == "good"), abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a.png,p9,120,20,137,80,0", "136x112 pixels, received left 120.*boxes.csv line 8"),
        ("b.png,p9,0,0,10,113,0", "bottom 113.*boxes.csv line 8"),
    ],
)
def test_box_outside_its_image_is_reported_with_its_line(
    unpainted, stand_in, images, capsys, line, said
):
    """The other images are compared; the status is 1."""
    with open("boxes.csv", "a") as file:
        file.write(line + "\n")
    assert _human("--map", "patchnet", "--output", "out") == 1
    out, err = capsys.readouterr()
    assert "2 images" in out
    report, last = err.splitlines()
    assert report.startswith("kiqa: images/")
    assert re.search(said, report)
    assert last == "kiqa: 1 of 3 images could not be compared"


def test_bad_images_and_maps_are_reported(stand_in, images, capsys):
    """A torn image, a map that is not there and one of another size leave the third image."""
    Path("mine/sub").mkdir(parents=True)
    np.save("mine/a.png.npy", np.random.default_rng(0).random((112, 135)))
    np.save("mine/sub/a.png.npy", np.random.default_rng(0).random((112, 136)))
    assert _human("--maps", "mine=mine") == 1
    reports = capsys.readouterr().err.splitlines()
    assert len(reports) == 3
    assert (
        "shape (112, 136) (height, width), in mine/a.png.npy. Received: shape (112, 135)"
        in (reports[0])
    )
    assert "map of b.png at mine/b.png.npz or b.png.npy" in reports[1]
    Path("images/b.png").write_bytes(b"\x89PNG torn")
    QualityMap(np.eye(4), 8, 31.5, (112, 137)).save("mine/a.png.npz")
    assert _human("--maps", "mine=mine") == 1
    reports = capsys.readouterr().err.splitlines()
    assert "136x112 pixels, received one of 137x112" in reports[0]
    assert "b.png" in reports[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--images", "gone", "--boxes", "boxes.csv"], "3 of them not there, a.png first"),
        (["--images", "images", "--boxes", "gone.csv"], "gone.csv"),
        (["--images", "gone", "--synthetic"], "gone"),
        (["--images", "images", "--boxes", "boxes.csv", "--maps", "mine"], "NAME=DIR"),
        (["--images", "images", "--boxes", "boxes.csv", "--maps", "m=gone"], "gone, not there"),
        (["--images", "images", "--boxes", "boxes.csv", "--keep-images"], "--synthetic"),
        (["--images", "images", "--synthetic", "--seed", "-1"], "seed"),
        (
            ["--images", "images", "--synthetic", "--map", "patchnet", "--maps", "patchnet=images"],
            "'patchnet' twice",
        ),
        (
            ["--images", "images", "--boxes", "boxes.csv", "--map", "patchnet"]
            + ["--thresholds", "0.5", "0.1"],
            "increasing",
        ),
    ],
)
def test_input_error_is_one_line_and_status_2(stand_in, images, capsys, arguments, said):
    """Wrong input ends with status 2 and nothing on standard output."""
    Path("images/sub/a.png").unlink() if "gone" in arguments else None
    assert main(["evaluate-maps", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1].startswith("kiqa: error: ")
    assert said in err.splitlines()[-1]


def test_truth_is_one_of_two():
    """Boxes and synthetic distortions exclude each other, and one is needed."""
    for arguments in ([], ["--boxes", "a.csv", "--synthetic"]):
        with pytest.raises(SystemExit) as end:
            main(["evaluate-maps", "--images", "images", *arguments])
        assert end.value.code == 2


@pytest.mark.slow
def test_images_that_a_model_was_trained_on_are_left_out(
    unpainted, stand_in, images, monkeypatch, capsys
):
    """By people's boxes and synthetic alike; fish alone has learned nothing."""
    load = Scorer._load
    seen = files_trained_on([Path("elsewhere/b.png")], scores="pseudo", about="a rule")

    def loaded(self):
        info, engine = load(self)
        return replace(info, details=replace(info.details, trained_on=seen)), engine

    monkeypatch.setattr(Scorer, "_load", loaded)
    assert _human("--map", "patchnet", "--output", "out") == 0
    out, err = capsys.readouterr()
    assert "2 images" in out and "1 of 3 images were trained on by stand-in" in err
    assert json.loads(Path("out/evaluation.json").read_text())["trained_on_met"] == 1
    assert _human("--map", "patchnet", "--include-trained") == 0
    assert "3 images" in capsys.readouterr().out
    assert _human("--map", "fish") == 0
    assert "3 images" in capsys.readouterr().out


@pytest.mark.slow
def test_excluded_images_are_left_out(unpainted, images, capsys):
    """By their file names, in the folder and below it; of distorted versions all of an image."""
    Path("konpatch.csv").write_text("image_name\na.png\n")
    excluded = ("--map", "gray", "--exclude", "konpatch.csv", "--output", "out")
    _human(*excluded)
    assert "2 of 3 images are excluded by konpatch.csv" in capsys.readouterr().err
    assert {row["image_name"] for row in _rows()} == {"b.png"}
    assert _synthetic(*excluded, "--versions", "2") == 0
    assert {row["image_name"] for row in _rows()} == {"b.png.1.png", "b.png.2.png"}
    assert _human("--map", "gray", "--exclude", "gone.csv") == 2


def test_published_annotations_and_the_agreement_of_annotators(unpainted, images, capsys):
    """Masks by annotator are the truth, and the annotators a row of their own."""
    folder = Path("qground/masks")
    folder.mkdir(parents=True)
    for name, right in (("1", 60), ("2", 80)):
        mask = np.zeros((112, 136), np.uint8)
        mask[:, :right] = 255
        Image.fromarray(mask).save(folder / f"{name}.png")
    entries = [
        {"id": f"a_{who}", "image": "a.png", "ann_list": [{"mask": f"{who}.png"}]} for who in "12"
    ]
    Path("qground/train.json").write_text(json.dumps(entries))
    Path("images").rename("qground/images")
    Path("mine").mkdir()
    np.save("mine/a.png.npy", np.arange(136.0) + np.zeros((112, 1)))
    arguments = ["evaluate-maps", "--images", ".", "--annotations", "qground", "--no-blur"]
    arguments += ["--maps", "mine=mine", "--agreement", "--thresholds", "0", "0.5"]
    assert main([*arguments, "--output", "out"]) == 0
    assert "on 1 images: qground; blur none" in capsys.readouterr().out
    aucs = {(row["predictor"], row["threshold"]): row["auc"] for row in _rows()}
    # Any annotator good: columns from 60 on; both good: from 80 on. A ramp is perfect.
    assert aucs["mine", "0.0"] == aucs["mine", "0.5"] == "1.0"
    # Of the columns good for the one, 60 and 80, those good for the other: means of (1 + 1) / 2,
    # less half of the 20 columns that one of them counts otherwise, among 56, 76, 60 or 80.
    first, second = 1 - 20 / 2 / 80, 1 - 20 / 2 / 76
    assert float(aucs["annotators", "0.5"]) == pytest.approx((first + second) / 2)
    made = json.loads(Path("out/evaluation.json").read_text())
    assert made["ground_truth"] == {"kind": "annotations", "set": "qground", "bright": None}


def test_bright_is_good_or_bad(unpainted, images):
    """As it is told: what is perfect for the one is the worst for the other."""
    for kind in ("image", "gt"):
        Path("cuhk", kind).mkdir(parents=True)
    Image.fromarray(np.full((112, 136, 3), 90, np.uint8)).save("cuhk/image/out_of_focus0001.jpg")
    mask = np.zeros((112, 136), np.uint8)
    mask[:, 60:] = 255
    Image.fromarray(mask).save("cuhk/gt/out_of_focus0001.png")
    Path("mine").mkdir()
    np.save("mine/out_of_focus0001.jpg.npy", np.arange(136.0) + np.zeros((112, 1)))
    arguments = ["evaluate-maps", "--images", "cuhk", "--annotations", "cuhk-blur"]
    found = {}
    for bright in ("good", "bad"):
        more = ["--maps", "mine=mine", "--thresholds", "0.5", "--output", bright]
        assert main([*arguments, "--bright", bright, *more]) == 0
        made = json.loads(Path(bright, "evaluation.json").read_text())
        assert made["ground_truth"]["bright"] == bright
        with open(Path(bright, "auc.csv"), newline="") as file:
            (row,) = csv.DictReader(file)
        found[bright] = float(row["auc"])
    assert found == {"good": 1.0, "bad": 0.0}


@pytest.mark.parametrize("linked", [False, True])
def test_agreement_of_other_annotators_is_refused(images, capsys, linked):
    """Both groups and the first image of each; who marked in both joins them."""
    who = {"a.png": ["p1", "p2"], "b.png": ["p3", "p4"], "sub/a.png": ["p3", "p2"][: 1 + linked]}
    boxes = [f"{name},{one},20,20,90,80,0\n" for name, each in who.items() for one in each]
    Path("boxes.csv").write_text(HEADER + "".join(boxes))
    assert _human("--map", "gray", "--agreement") == (0 if linked else 2)
    err = capsys.readouterr().err
    assert ("Received: p1, p2 on a.png, p3, p4 on b.png." in err) != linked


@pytest.mark.slow
def test_patches_with_scores_leave_the_rest_out(unpainted, images, capsys):
    """LIVE-FB: only what lies in a patch counts, and nothing is blurred."""
    edges = {"image": (0, 0, 136, 112), "patch_1": (0, 0, 20, 20), "patch_2": (50, 50, 70, 70),
             "patch_3": (100, 80, 130, 110)}  # fmt: skip
    names = ("left", "top", "right", "bottom")
    cells = {f"{edge}_{part}": value for part, box in edges.items()
             for edge, value in zip(names, box, strict=True)}  # fmt: skip
    cells |= {"name_image": "a.png", "mos_image": 50, "mos_patch_1": 20, "mos_patch_2": 55,
              "mos_patch_3": 75}  # fmt: skip
    Path("images/labels_image.csv").write_text("name,mos\na.png,50\n")
    lines = [",".join(map(str, row)) for row in (cells, cells.values())]
    Path("images/labels640.csv").write_text("\n".join([*lines, ""]))
    Path("mine").mkdir()
    values = np.full((112, 136), 9.0)  # best where nobody was asked
    values[:20, :20], values[50:70, 50:70], values[80:110, 100:130] = 2, 1, 3
    np.save("mine/a.png.npy", values)
    arguments = ["evaluate-maps", "--images", "images", "--annotations", "live-fb"]
    assert main([*arguments, "--maps", "mine=mine", "--output", "out"]) == 0
    aucs = {row["threshold"]: row["auc"] for row in _rows()}
    assert (aucs["0.6"], aucs["0.8"]) == ("1.0", "")  # the best patch is found; none is above 0.8
    assert float(aucs["0.3"]) == pytest.approx(1 - 400 / (400 + 900))  # one of two below the worst
    assert json.loads(Path("out/evaluation.json").read_text())["blur"] == 0
    assert main([*arguments, "--maps", "mine=mine", "--agreement"]) == 2
    assert "several annotators for --agreement" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--annotations", "cuhk-blur"], "good or bad as the meaning of bright pixels"),
        (["--annotations", "vida-ugc"], "train_metadata.json"),
        (["--synthetic", "--agreement"], "several annotators"),
    ],
)
def test_annotations_that_cannot_be_used(images, capsys, options, said):
    """One line, status 2."""
    assert main(["evaluate-maps", "--images", "images", "--map", "gray", *options]) == 2
    assert said in capsys.readouterr().err


def test_equal_names_in_folders_are_refused_before_any_map(images, capsys):
    """Their versions, figures and random numbers would be one."""
    Path("images/split.csv").write_text("image_name,set\na.png,test\nsub/a.png,test\n")
    assert _synthetic("--map", "gray") == 2
    assert "images of different names. Received: ['a.png']" in capsys.readouterr().err
