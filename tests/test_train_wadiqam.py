"""The command line of DIQaM's and WaDIQaM's training."""

import pandas as pd
import pytest
from PIL import Image

from kiqa.io.weights import read_info
from kiqa.train_wadiqam import main
from kiqa.training.runs.command import training_parser
from kiqa.training.runs.origin import described
from kiqa.training.runs.start import start_from
from kiqa.training.wadiqam.command import COMMAND
from kiqa.training.wadiqam.network import network_of
from kiqa.training.wadiqam.settings import WadiqamSettings

pytestmark = pytest.mark.usefixtures("small_wadiqam")
QUICK = ["--shallow", "--patches", "3", "--validation-patches", "2", "--epochs", "1"]


@pytest.fixture
def biq(tmp_path, photo, biq2021_tree, blurrier):
    """A BIQ2021 tree of 12 images, blurrier the lower their MOS."""
    images = blurrier([photo[index : index + 60, 50:110] for index in range(12)])
    root = biq2021_tree(tmp_path / "biq", images, ["val", "train", "train"] * 4)
    return ["--data", str(root), "--dataset", "biq2021"]


@pytest.fixture
def pristine(tmp_path, photo):
    """Ten photographs, two of them of the set test."""
    folder = tmp_path / "pristine"
    folder.mkdir()
    rows = []
    for index in range(10):
        name = f"{index}.png"
        Image.fromarray(photo[8 * index : 8 * index + 40, :44]).save(folder / name)
        rows.append({"image_name": name, "set": "test" if index > 7 else "train"})
    pd.DataFrame(rows).to_csv(folder / "split.csv", index=False)
    return folder


@pytest.mark.slow
def test_no_reference_training(biq, tmp_path, capsys):
    """The command trains on a data set and names the folder."""
    assert main([*biq, *QUICK, "--workdir", str(tmp_path / "run"), "--limit", "6"]) == 0
    assert "validation SROCC" in capsys.readouterr().out
    sets = pd.read_csv(tmp_path / "run" / "images.csv")["set"].value_counts()
    assert sets.to_dict() == {"train": 6, "val": 4}
    seen = read_info(tmp_path / "run" / "wadiqam_nr.h5").details.trained_on
    told = [(part.dataset, part.use, part.images, part.scores) for part in seen]
    assert told == [("biq2021", "train", 6, "human"), ("biq2021", "val", 4, "human")]


def test_blended_scores_are_told_in_the_weights_file(biq, tmp_path, all_half):
    """Without degraded copies too: people's scores and the teacher's, and what it saw."""
    options = [*biq, "--teacher", "patchnet", "--workdir", str(tmp_path / "run")]
    arguments = training_parser(COMMAND).parse_args(options)
    train, validation, _, seen = COMMAND.prepare(arguments, WadiqamSettings())
    own = [(part.use, part.scores, part.images) for part in seen if part.through is None]
    count = len(train)
    assert own == [
        ("train", "human", count), ("val", "human", len(validation)), ("train", "teacher", count),
    ]  # fmt: skip
    assert {part.through for part in seen if part.through} == {"patchnet"}


@pytest.mark.slow
def test_options_change_a_preset(biq, eager, tmp_path):
    """--preset gives values, options given change them, --no-flip takes one back."""
    folder = tmp_path / "run"
    options = ["--preset", "two-cores", "--batch-size", "4", "--no-flip", "--precision", "float32"]
    options += ["--pooling", "average", "--patch-loss", "0", "--warmup-steps", "1"]
    assert main([*biq, *QUICK, *options, "--workdir", str(folder)]) == 0
    settings = pd.read_json(folder / "settings.json", typ="series")["settings"]
    assert (settings["form"], settings["batch_size"], settings["flip"]) == ("normalised", 4, False)
    assert (folder / "diqam_nr.h5").is_file()


@pytest.mark.slow
def test_counts_draw_a_split_and_write_it(biq, eager, tmp_path):
    """So many scenes a part, another draw for another seed."""
    splits = []
    for seed in ("0", "0", "1"):
        folder = tmp_path / f"run{len(splits)}"
        options = ["--counts", "6/4/2", "--split-seed", seed, "--workdir", str(folder)]
        assert main([*biq, *QUICK, *options]) == 0
        splits.append((folder / "split.csv").read_text())
    assert splits[0] == splits[1] != splits[2]
    assert splits[0].count("train") == 6 and splits[0].count("test") == 2


@pytest.mark.slow
def test_full_reference_training_from_pristine_photographs(pristine, eager, tmp_path):
    """Copies are made, one photograph chooses the epoch, the file says that SSIM is a proxy."""
    folder = tmp_path / "run"
    options = ["--mode", "fr", "--pristine", str(pristine), "--copies", "1"]
    assert main([*options, *QUICK, "--workdir", str(folder)]) == 0
    details = read_info(folder / "wadiqam_fr.h5").details
    assert [(part.use, part.images) for part in details.trained_on] == [("train", 7), ("val", 1)]
    assert {part.scores for part in details.trained_on} == {"proxy"}
    assert "no human score" in details.trained_on[0].about
    pairs = pd.read_csv(folder / "pairs" / "pairs.csv")
    assert pairs["set"].value_counts().to_dict() == {"train": 28, "test": 8, "val": 4}
    again = ["--mode", "fr", "--pairs", str(folder / "pairs" / "pairs.csv")]
    assert main([*again, *QUICK, "--workdir", str(tmp_path / "again")]) == 0
    details = read_info(tmp_path / "again" / "wadiqam_fr.h5").details
    assert {part.scores for part in details.trained_on} == {"proxy"}
    assert [(part.use, part.images) for part in details.trained_on] == [("train", 7), ("val", 1)]


@pytest.mark.slow
def test_no_reference_pre_training_on_a_metric(pristine, eager, tmp_path):
    """Copies with FSIM's scores: the file says so, and so does what starts from all its layers."""
    first = tmp_path / "first"
    excluded = tmp_path / "konpatch.csv"
    excluded.write_text("image_name\n8.png\n")
    options = ["--pristine", str(pristine), "--metric", "fsim", "--copies", "1"]
    options += ["--exclude", str(excluded)]
    assert main([*options, *QUICK, "--workdir", str(first)]) == 0
    details = read_info(first / "wadiqam_nr.h5").details
    assert [(part.use, part.images) for part in details.trained_on] == [("train", 7), ("val", 1)]
    assert {part.scores for part in details.trained_on} == {"proxy"}
    assert "FSIM" in details.trained_on[0].about and "no human score" in details.trained_on[0].about
    assert not list((first / "pairs").glob("8_*.png"))
    network = network_of(WadiqamSettings(shallow=True), seed=7)
    kept = start_from(network, first / "wadiqam_nr.h5")  # as --initial does
    assert {layer.name for layer in network.layers if layer.weights} == set(kept)
    after = described("wadiqam_nr", (), first / "wadiqam_nr.h5").trained_on
    assert {(part.scores, part.through) for part in after} == {("proxy", "wadiqam_nr")}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "Received: none"),
        (["--pairs", "x.csv"], "x.csv"),
        (["--pairs", "x.csv", "--metric", "gmsd"], "--metric together with --pristine"),
        (["--pairs", "x.csv", "--teacher", "lite"], "--histories and --teacher together"),
        (
            ["--data", "x", "--dataset", "live", "--mode", "fr", "--histories", "1"],
            "with --mode nr",
        ),
        (["--dataset", "biq2021"], "Expected --data"),
        (["--mode", "fr", "--pairs", "gone.csv"], "gone.csv"),
        (["--mode", "fr", "--pristine", "gone"], "gone"),
        (["--dataset", "biq2021", "--data", "gone"], "gone"),
        (["--dataset", "biq2021", "--data", ".", "--counts", "17/6"], "17/6/6"),
        (["--dataset", "biq2021", "--data", ".", "--counts", "1/1/1", "--split", "a"], "both"),
        (["--mode", "fr", "--pairs", "x.csv", "--dropout", "1"], "dropout"),
    ],
)
def test_wrong_input_is_one_line(tmp_path, capsys, options, message):
    """Exit status 2, no traceback, nothing trained."""
    assert main([*options, "--workdir", str(tmp_path / "run")]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and message in lines[0]


def test_references_are_needed_for_full_reference(biq, tmp_path, capsys):
    """BIQ2021 has none."""
    assert main([*biq, *QUICK, "--mode", "fr", "--workdir", str(tmp_path / "run")]) == 2
    assert "with a reference" in capsys.readouterr().err


def test_help_loads_no_tensorflow(loaded_by_help):
    """--help answers without Keras or TensorFlow."""
    loaded, _ = loaded_by_help("kiqa.train_wadiqam")
    assert not {"tensorflow", "keras", "skimage"} & loaded
