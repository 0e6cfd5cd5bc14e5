"""``python -m kiqa.reproduce`` and the local-sensitivity experiment."""

import csv
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from kiqa.data.distortions import BASIC, LEVELS, available_distortions
from kiqa.data.trained import files_trained_on
from kiqa.io.map_files import QualityMap
from kiqa.reproduce.__main__ import main
from kiqa.reproduce.local_sensitivity import (
    photo_auc,
    sensitivity_rows,
    summarise,
    table_rows,
)


def _photo(seed=0, size=(224, 240)):
    """White noise: every distortion changes nearly every pixel of it."""
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)


def _oracle(original, *, offset=31.5, direction=1, **details):
    """A predictor that sees the original: its cells tell whether their centre changed."""

    def predict(pixels):
        same = (pixels == original).all(axis=2).astype(float)
        cells = (np.array(same.shape) - 64) // 8 + 1
        rows, columns = ((np.arange(n) * 8 + offset).astype(int) for n in cells)
        return SimpleNamespace(
            values=direction * same[np.ix_(rows, columns)], stride=8, offset=offset, **details
        )

    return predict


def _rows(photos, seed=0):
    """Rows of a predictor that depends on the pixels only: local mean of the gray values."""

    def predict(pixels):
        values = pixels.mean(axis=2)[31:-32:8, 31:-32:8].astype(np.float32)
        return QualityMap(values, 8, 31.5, pixels.shape[:2])

    return list(sensitivity_rows(photos, predict, seed=seed))


@pytest.mark.parametrize("kind", available_distortions())
def test_map_that_knows_the_rectangle_scores_one(kind):
    """A map of 1 where the centre pixel is untouched and 0 elsewhere has AUC near 1."""
    original = _photo()
    row = photo_auc("a.png", original, kind, LEVELS[kind][2], predict=_oracle(original), seed=0)
    assert row["auc"] > 0.99  # a distorted pixel keeps its value now and then


def test_shifted_map_scores_less():
    """The same map placed 24 pixels off loses: the offset decides where a cell lies."""
    original = _photo()
    honest = _oracle(original)

    def shifted(pixels):
        quality = honest(pixels)
        quality.offset -= 24
        return quality

    right, wrong = (
        photo_auc("a.png", original, "gaussian_blur", 6, predict=predict, seed=0)["auc"]
        for predict in (honest, shifted)
    )
    assert wrong < right - 0.05


def test_label_is_the_mask_at_the_pixel_up_left_of_the_centre():
    """For a centre of 31.5 the pixel 31 decides, for whole centres the pixel itself."""
    seen = []
    original = _photo()
    half, whole = _oracle(original, offset=31.5), _oracle(original, offset=31.0)
    for predict in (half, whole):
        seen.append(photo_auc("a.png", original, "jpeg", 5, predict=predict, seed=1))
    assert seen[0] == seen[1]


def test_lower_is_better_is_turned_round():
    """A map that says lower is better scores as its negation."""
    original = _photo()
    worse = _oracle(original, direction=-1, higher_is_better=False)
    row = photo_auc("a.png", original, "gaussian_noise", 40, predict=worse, seed=0)
    assert row["auc"] > 0.99


def test_constant_map_scores_one_half():
    """A map that tells nothing has AUC 0.5 exactly."""

    def predict(pixels):
        return SimpleNamespace(values=np.ones((21, 23)), stride=8, offset=31.5)

    assert photo_auc("a.png", _photo(), "jpeg", 5, predict=predict, seed=0)["auc"] == 0.5


def test_nine_rows_a_photograph_with_their_cells():
    """Each image has each condition once, and the cells of both classes add up."""
    rows = _rows([("a.png", _photo(0)), ("b.png", _photo(1))])
    conditions = [(kind, level) for kind in BASIC for level in LEVELS[kind]]
    assert [(r["distortion"], r["level"]) for r in rows] == 2 * conditions
    assert [r["image_name"] for r in rows] == 9 * ["a.png"] + 9 * ["b.png"]
    assert {r["positive"] + r["negative"] for r in rows} == {21 * 23}


def test_numbers_depend_on_neither_order_nor_selection():
    """An image alone, or after another, gives the same rows."""
    a, b = ("a.png", _photo(0)), ("b.png", _photo(1))
    both = _rows([a, b])
    assert _rows([b, a]) == both[9:] + both[:9]
    assert _rows([b]) == both[9:]


def test_name_and_seed_choose_the_rectangles():
    """Another seed or name draws other rectangles."""
    areas = {
        tuple(row["positive"] for row in _rows([(name, _photo())], seed=seed))
        for name, seed in (("a.png", 0), ("a.png", 1), ("b.png", 0))
    }
    assert len(areas) == 3


def test_map_that_is_not_finite_names_the_photograph():
    """NaN in a map is an error with image, distortion and level."""

    def predict(pixels):
        return SimpleNamespace(values=np.full((21, 23), np.nan), stride=8, offset=31.5)

    with pytest.raises(ValueError, match="dark.png, jpeg 30: .*finite"):
        photo_auc("dark.png", _photo(), "jpeg", 30, predict=predict, seed=0)


def test_photograph_all_covered_is_refused():
    """An image of one cell has no AUC; the error says which size has."""
    original = _photo(size=(68, 68))
    with pytest.raises(ValueError, match="small.png, jpeg 5: .*at least 256x256 pixels"):
        photo_auc("small.png", original, "jpeg", 5, predict=_oracle(original), seed=0)


def _invented_rows(photos=20):
    rng = np.random.default_rng(0)
    return [
        {"image_name": str(photo), "distortion": kind, "level": level, "auc": auc}
        for photo, offset in enumerate(rng.normal(0, 0.02, photos))
        for kind in BASIC
        for level, auc in zip(
            LEVELS[kind], (0.8 + offset, 0.85 + offset, 0.9 + offset), strict=True
        )
    ]


def test_summary_is_the_mean_over_the_nine():
    """Condition means, their mean over the nine, and intervals that hold them."""
    rows = _invented_rows()
    summary = summarise(rows, seed=0)
    by_condition = {(c["distortion"], c["level"]): c["auc"] for c in summary["conditions"]}
    for (kind, level), auc in by_condition.items():
        own = [r["auc"] for r in rows if (r["distortion"], r["level"]) == (kind, level)]
        assert auc == pytest.approx(np.mean(own)), (kind, level)
    overall = summary["overall"]
    assert overall["auc"] == pytest.approx(np.mean(list(by_condition.values())))
    assert overall["lo"] < overall["auc"] < overall["hi"]
    assert summary["photographs"] == 20


def test_interval_resamples_photographs_not_rows():
    """Nine equal conditions of one image count once: the interval is that of 20 values."""
    rows = _invented_rows()
    overall = summarise(rows, seed=0, n=2000)["overall"]
    spread = np.std([r["auc"] for r in rows if (r["distortion"], r["level"]) == ("jpeg", 5)])
    assert overall["hi"] - overall["lo"] == pytest.approx(2 * 1.96 * spread / 20**0.5, rel=0.15)


@pytest.mark.parametrize("rows", [[], _invented_rows(2)[:-1]], ids=["none", "one missing"])
def test_incomplete_rows_are_refused(rows):
    """No rows, or an image without one of its conditions, give no mean."""
    with pytest.raises(ValueError, match="rows for each image"):
        summarise(rows, seed=0)


def test_table_has_the_conditions_and_their_mean():
    """Ten rows, the last one the mean over all."""
    table = table_rows(summarise(_invented_rows(), seed=0))
    assert len(table) == 10 and table[-1]["distortion"] == "mean of all"
    assert table[0]["level"] == "1.5" and " .. " in table[0]["95 % interval"]


@pytest.fixture
def photographs(tmp_path):
    """A folder of three images, two of them in the test part."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for i, name in enumerate("abc"):
        Image.fromarray(_photo(i)).save(folder / f"{name}.png")
    (folder / "split.csv").write_text("image_name,set\na.png,test\nb.png,train\nc.png,test\n")
    return folder


@pytest.fixture
def weights(tmp_path):
    """A very small Patchnet with random weights, trained on ``b.png``."""
    from kiqa.io.weights import Details, export_h5
    from kiqa.models.patchnet import build_patchnet

    model = build_patchnet(conv_widths=((2,), (2,), (2,)), dense_widths=(4,), seed=1)
    return export_h5(
        model,
        tmp_path / "tiny.h5",
        Details(
            name="tiny",
            version="1",
            scale="0..1",
            higher_is_better=True,
            trained_on=files_trained_on([Path("b.png")], scores="pseudo", about="a rule"),
        ),
    )


def test_other_maps_and_distortions(photographs, tmp_path, capsys):
    """FISH instead of a network, with one distortion of the longer list."""
    options = ["--data", str(photographs), "--map", "fish", "--distortions", "motion_blur"]
    assert main(["local-sensitivity", *options, "--output", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("fish, stride 8, 2 images") and "motion_blur" in printed
    kept = json.loads((tmp_path / "out" / "local_sensitivity.json").read_text())
    assert kept["model"] == "fish" and kept["weights_sha256"] is None
    assert [row["level"] for row in kept["conditions"]] == list(LEVELS["motion_blur"])
    # White noise is as sharp as can be; a blurred rectangle of it is found.
    assert kept["overall"]["auc"] > 0.9
    with open(tmp_path / "out" / "local_sensitivity.csv", newline="") as file:
        assert [row["model"] for row in csv.DictReader(file)] == 6 * ["fish"]


def test_a_bad_image_is_left_out(photographs, tmp_path, capsys):
    """It is said, the status is 1, and the others' numbers are as without it."""
    options = ["--data", str(photographs), "--map", "gray", "--distortions", "motion_blur"]
    assert main(["local-sensitivity", *options, "--set", "train", "--output", str(tmp_path)]) == 0
    alone = (tmp_path / "local_sensitivity.csv").read_text()
    (photographs / "a.png").write_bytes(b"no image")
    (photographs / "split.csv").write_text("image_name,set\na.png,train\nb.png,train\n")
    assert main(["local-sensitivity", *options, "--set", "train", "--output", str(tmp_path)]) == 1
    assert "1 image was left out" in capsys.readouterr().err
    assert (tmp_path / "local_sensitivity.csv").read_text() == alone


def test_all_distortions_leave_the_published_ones_as_they_are(photographs, tmp_path):
    """``all`` adds rows to the default's; a distortion named twice counts once."""
    found = []
    for chosen in ([], ["--distortions", "all"], ["--distortions", "jpeg", "jpeg"]):
        arguments = ["--data", str(photographs), "--map", "gray", "--output", str(tmp_path / "out")]
        assert main(["local-sensitivity", *arguments, *chosen]) == 0
        with open(tmp_path / "out" / "local_sensitivity.csv", newline="") as file:
            found.append(list(csv.DictReader(file)))
    default, everything, twice = found
    assert list(dict.fromkeys(row["distortion"] for row in everything)) == available_distortions()
    assert [row for row in everything if row["distortion"] in BASIC] == default
    assert twice == [row for row in default if row["distortion"] == "jpeg"]


def test_command_prints_the_table_and_writes_the_files(photographs, weights, tmp_path, capsys):
    """The command runs a network on the test part: Markdown, CSV per image and JSON."""
    output = tmp_path / "out"
    arguments = ["--data", str(photographs), "--model", str(weights), "--output", str(output)]
    assert main(["local-sensitivity", *arguments]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("tiny, stride 8, 2 images, seed 0\n\n| distortion")
    assert len(printed.splitlines()) == 2 + 2 + 10
    with open(output / "local_sensitivity.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["image_name"] for row in rows] == 9 * ["a.png"] + 9 * ["c.png"]
    result = json.loads((output / "local_sensitivity.json").read_text())
    mean = np.mean([float(row["auc"]) for row in rows])
    assert result["overall"]["auc"] == pytest.approx(mean)
    assert (result["model"], result["stride"], result["set"]) == ("tiny", 8, "test")
    assert len(result["weights_sha256"]) == 64


def test_interrupt_keeps_the_rows(photographs, weights, tmp_path, monkeypatch, capsys):
    """Ctrl-C in the second image: exit status 130 and the finished rows in the CSV."""
    from kiqa.maps.quality import QualityMapper

    honest, calls = QualityMapper.map, []

    def interrupted(self, pixels, **options):
        calls.append(1)
        if len(calls) == 1 + 12:  # the first map is the network's warm-up
            raise KeyboardInterrupt
        return honest(self, pixels, **options)

    monkeypatch.setattr(QualityMapper, "map", interrupted)
    arguments = ["--data", str(photographs), "--model", str(weights), "--output", str(tmp_path)]
    assert main(["local-sensitivity", *arguments]) == 130
    assert capsys.readouterr().err == "kiqa.reproduce: interrupted\n"
    assert len((tmp_path / "local_sensitivity.csv").read_text().splitlines()) == 1 + 11
    assert not (tmp_path / "local_sensitivity.json").exists()


@pytest.mark.parametrize(
    "options, message",
    [
        (["--data", "nowhere"], "Expected a folder of images, received nowhere"),
        (["--data", "{photos}", "--set", "val"], "0 names"),
        (["--data", "{photos}", "--split", "{extra}"], "1 of them not there ['gone.png']"),
        (["--data", "{photos}", "--split", "no.csv"], "no.csv"),
        (["--data", "{photos}", "--model", "no.h5"], "no.h5"),
    ],
    ids=["folder", "set", "photograph", "split", "model"],
)
def test_wrong_input_is_one_line_and_status_2(photographs, tmp_path, capsys, options, message):
    """Wrong input ends with one line on stderr and status 2, no traceback."""
    extra = tmp_path / "extra.csv"
    extra.write_text("image_name,set\na.png,test\ngone.png,test\n")
    options = [option.format(photos=photographs, extra=extra) for option in options]
    assert main(["local-sensitivity", *options]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_photographs_that_were_trained_on_are_left_out(photographs, weights, tmp_path, capsys):
    """A split under which the training photograph would be tested."""
    split = tmp_path / "other.csv"
    split.write_text("image_name,set\na.png,test\nb.png,test\n")
    arguments = ["--data", str(photographs), "--split", str(split), "--model", str(weights)]
    arguments += ["--distortions", "jpeg", "--output", str(tmp_path / "out")]
    for more, count, included in (([], "1 images", False), (["--include-trained"], "2", True)):
        assert main(["local-sensitivity", *arguments, *more]) == 0
        out, err = capsys.readouterr()
        assert f"stride 8, {count}" in out and "1 of 2 images were trained on by tiny" in err
        kept = json.loads((tmp_path / "out" / "local_sensitivity.json").read_text())
        assert (kept["trained_on_met"], kept["trained_on_included"]) == (1, included)
