"""The command that trains the aggregator, on a small data set with stand-in networks."""

import json

import keras
import numpy as np
import pandas as pd
import pytest

from kiqa.data.records import SETS, original_name
from kiqa.data.splits import read_split
from kiqa.data.trained import names_trained_on
from kiqa.io.weights import Companion, Details, export_h5, read_info
from kiqa.models.patchnet import build_patchnet
from kiqa.train_aggregator import main
from kiqa.training.aggregator import network, stacks
from kiqa.training.aggregator import train as aggregator
from kiqa.training.aggregator.command import COMMAND
from kiqa.training.aggregator.settings import AggregatorSettings
from kiqa.training.runs.command import training_parser


@pytest.fixture
def data(tmp_path, photo, biq2021_tree):
    """A BIQ2021 tree of fifteen images; its split is given by hand."""
    images = [photo[index : index + 120, 50:180] for index in range(15)]
    sets, mos = ["val", "train", "train"] * 5, np.linspace(0.1, 0.9, 15)
    root = biq2021_tree(tmp_path / "biq", images, sets, mos=mos)
    (root / "split.csv").rename(tmp_path / "split.csv")
    return root


@pytest.fixture(autouse=True)
def small_network(monkeypatch):
    """A convolution and the head instead of DenseNet-169: any stack is large enough."""

    def build(*, weights=None, pooling="max", seed=None):
        inputs = keras.Input((None, None, 3), name="maps")
        x = keras.layers.Conv2D(
            1, 1, kernel_initializer=keras.initializers.GlorotUniform(seed=seed),
            name="quality_map",
        )(inputs)  # fmt: skip
        return keras.Model(inputs, keras.layers.GlobalMaxPooling2D(name="quality")(x))

    monkeypatch.setattr(network, "build_aggregator", build)
    monkeypatch.setattr(stacks, "LEAST_CELLS", 1)


def _patchnet(path, *, seed, trained_on=None):
    model = build_patchnet(conv_widths=((4,), (4,), (4,)), dense_widths=(16, 8), seed=seed)
    details = Details("patchnet", "0", "0..1", higher_is_better=True, trained_on=trained_on)
    return str(export_h5(model, path, details))


@pytest.fixture(scope="module")
def patchnet(tmp_path_factory):
    return _patchnet(tmp_path_factory.mktemp("patchnet") / "patchnet.h5", seed=1)


def _arguments(data, tmp_path, patchnet, *more):
    return [
        "--data", str(data), "--dataset", "biq2021", "--split", str(tmp_path / "split.csv"),
        "--workdir", str(tmp_path / "run"), "--patchnet", patchnet, "--rotations", "0",
        "--flips", "--stride", "16", "--batch-size", "4", "--epochs", "2", *more,
    ]  # fmt: skip


@pytest.mark.slow
def test_run_from_photographs_to_weights(data, tmp_path, patchnet, capsys):
    """Maps are computed, the network is trained, and its file names the Patchnet.

    How the stacks were made stands beside the settings.
    """
    assert main(_arguments(data, tmp_path, patchnet)) == 0
    assert "best epoch" in capsys.readouterr().out
    details = read_info(tmp_path / "run" / "aggregator.h5").details
    assert details.companions == {"patchnet": Companion("patchnet", read_info(patchnet).sha256)}
    assert (details.stride, details.fish) == (16, "sliding")
    assert details.maps == ("fish", "gray", "patchnet")
    told = [(part.dataset, part.use, part.images) for part in details.trained_on]
    assert told == [("biq2021", "train", 10), ("biq2021", "val", 5)]
    images = pd.read_csv(tmp_path / "run" / "images.csv")
    assert images["set"].value_counts().to_dict() == {"train": 10, "val": 5}
    assert len(list((tmp_path / "run" / "stacks").glob("*.npy"))) == 15
    kept = json.loads((tmp_path / "run" / "settings.json").read_text())
    assert kept["data"]["stacks"]["stride"] == 16
    assert kept["settings"]["batch_size"] == 4


@pytest.mark.parametrize(("start", "said"), [("imagenet", "densenet169_"), ("gone.h5", "gone.h5")])
def test_a_start_that_is_not_there_is_refused_before_any_map(
    data, tmp_path, patchnet, capsys, monkeypatch, start, said
):
    """The maps take hours; nothing is downloaded."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert main(_arguments(data, tmp_path, patchnet, "--initial", start)) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_versions_multiply_the_training_photographs_only(data, tmp_path, patchnet, capsys):
    """One rotation and the horizontal flip make four of each; validation stays plain."""
    arguments = _arguments(data, tmp_path, patchnet, "--maps-only")
    arguments[arguments.index("--rotations") + 1] = "1"
    arguments.insert(arguments.index("--flips") + 1, "horizontal")
    assert main(arguments) == 0
    assert "45 stacks" in capsys.readouterr().err
    assert not (tmp_path / "run" / "aggregator.h5").exists()


@pytest.mark.slow
def test_cross_fit_maps_each_photograph_by_the_network_that_did_not_see_it(
    data, tmp_path, patchnet, monkeypatch, eager
):
    """Training photographs go to the fold whose test part holds them, validation to --patchnet."""
    table = pd.read_csv(tmp_path / "split.csv")
    train = list(table["image_name"][table["set"] == "train"])
    options, asked = [], []
    for fold in (0, 1):
        held = set(train[fold::2])
        rows = [{"image_name": n, "set": "test" if n in held else "train"} for n in train]
        split = tmp_path / f"fold{fold}.csv"
        pd.DataFrame(rows).to_csv(split, index=False)
        file = _patchnet(tmp_path / f"fold{fold}.h5", seed=10 + fold)
        options += ["--cross-fit", f"{split}={file}"]
    from kiqa.training.aggregator.stacks import StackSource

    original = StackSource.items

    def items(self, wanted, *, patchnet, **more):
        asked.append((patchnet, sorted(record.name for record, _ in wanted)))
        return original(self, wanted, patchnet=patchnet, **more)

    monkeypatch.setattr(StackSource, "items", items)
    assert main(_arguments(data, tmp_path, patchnet, *options)) == 0
    # Each fold's own photographs, then the validation ones by both networks, to match them.
    held_out = [name for name in table["image_name"] if name not in train]
    files = [str(tmp_path / "fold0.h5"), str(tmp_path / "fold1.h5")]
    for fold, file in enumerate(files):
        own, by_fold, by_reference = asked[3 * fold : 3 * fold + 3]
        assert own == (file, sorted(train[fold::2]))
        assert by_fold == (file, sorted(held_out))
        assert by_reference == (patchnet, sorted(held_out))
    assert asked[6] == (patchnet, sorted(held_out))
    details = read_info(tmp_path / "run" / "aggregator.h5").details
    assert details.companions["patchnet"].sha256 == read_info(patchnet).sha256


def test_a_patchnet_that_saw_validation_images_is_named(data, tmp_path, capsys, monkeypatch):
    """Before any map is made."""
    names = ["ss01 (0).jpg", "ss01 (1).jpg", "ss01 (3).jpg"]
    seen = names_trained_on(names, dataset="biq2021", use="train", scores="human", about="MOS")
    patchnet = _patchnet(tmp_path / "patchnet.h5", seed=1, trained_on=(seen,))
    monkeypatch.setattr(stacks.StackSource, "items", lambda *args, **options: [])
    assert main(_arguments(data, tmp_path, patchnet, "--maps-only")) == 0
    assert "Patchnet patchnet was trained on 2 of 5 val images" in capsys.readouterr().err


def test_cross_fit_with_a_photograph_in_no_fold_is_refused(data, tmp_path, patchnet, capsys):
    """A photograph that would be mapped by a network that saw it stops the run."""
    split = tmp_path / "split.csv"
    option = f"{split}={patchnet}"
    assert main(_arguments(data, tmp_path, patchnet, "--cross-fit", option)) == 2
    assert "exactly one --cross-fit split" in capsys.readouterr().err
    assert main(_arguments(data, tmp_path, patchnet, "--cross-fit", "nothing")) == 2
    assert "SPLIT=FILE" in capsys.readouterr().err


def test_images_that_show_nothing_are_shared_by_the_folds(
    data, tmp_path, patchnet, monkeypatch, eager
):
    """They are in no split; degraded copies of an image go where the image goes."""
    train = ["ss01 (1).jpg", "ss01 (2).jpg"]
    table = "image_name,set\nss01 (0).jpg,val\nss01 (3).jpg,val\nss01 (6).jpg,val\n"
    (tmp_path / "split.csv").write_text(table + "".join(f"{name},train\n" for name in train))
    options, asked = ["--teacher", patchnet, "--degraded", "6"], []
    for own, other in (train, train[::-1]):
        split = tmp_path / f"fold{len(options)}.csv"
        split.write_text(f"image_name,set\n{own},test\n{other},train\n")
        options += ["--cross-fit", f"{split}={_patchnet(split.with_suffix('.h5'), seed=1)}"]

    def items(self, wanted, **more):
        asked.append([record.name for record, _ in wanted])
        return []

    monkeypatch.setattr("kiqa.training.runs.teaching.made._NOTHING", 2)
    monkeypatch.setattr(stacks.StackSource, "items", items)
    monkeypatch.setattr(stacks.StackSource, "matching", lambda self, *args, **options: None)
    assert main(_arguments(data, tmp_path, patchnet, "--maps-only", *options)) == 0
    first, second, _ = asked
    shown = [[name for name in fold if not name.startswith("nothing")] for fold in (first, second)]
    assert [set(map(original_name, fold)) for fold in shown] == [{name} for name in train]
    assert [len(fold) for fold in shown] == [len(first) - 2, len(second) - 1]
    assert len(first + second) == len({*first, *second}) == 2 + 6


@pytest.mark.slow
def test_resume_finds_the_run(data, tmp_path, patchnet, capsys, eager):
    """Without --resume a run in the folder is refused; with it more epochs can follow."""
    assert main(_arguments(data, tmp_path, patchnet)) == 0
    assert main(_arguments(data, tmp_path, patchnet)) == 2
    assert "--resume" in capsys.readouterr().err
    longer = _arguments(data, tmp_path, patchnet, "--resume")
    longer[longer.index("--epochs") + 1] = "3"
    assert main(longer) == 0
    assert len(pd.read_csv(tmp_path / "run" / "history.csv")) == 3


@pytest.mark.slow
def test_without_a_split_the_thesis_shares_are_drawn(data, tmp_path, patchnet):
    """60/20/20 at random, written to the working folder."""
    arguments = _arguments(data, tmp_path, patchnet, "--maps-only")
    at = arguments.index("--split")
    assert main(arguments[:at] + arguments[at + 2 :]) == 0
    split = pd.read_csv(tmp_path / "run" / "split.csv")
    assert split["set"].value_counts().to_dict() == {"train": 9, "val": 3, "test": 3}


@pytest.mark.parametrize("asked", [[], ["--split", "random"]], ids=["own", "random"])
def test_split_random_draws_the_thesis_shares_of_what_is_left(tmp_path, asked):
    """KonIQ-10k keeps its official split, or is drawn anew without the excluded images."""
    official = read_split("koniq10k-official")
    names = list(official)[:28]
    root, konpatch = tmp_path / "koniq", tmp_path / "konpatch.csv"
    (root / "1024x768").mkdir(parents=True)
    for name in names:
        (root / "1024x768" / name).touch()
    rows = "".join(f"{name},3,{40 + index}\n" for index, name in enumerate(names))
    scores = root / "koniq10k_scores_and_distributions.csv"
    scores.write_text(f"image_name,MOS,MOS_zscore\n{rows}")
    konpatch.write_text("\n".join(["image_name", *names[:3]]) + "\n")
    arguments = training_parser(COMMAND).parse_args(
        ["--data", str(root), "--dataset", "koniq10k", "--exclude", str(konpatch),
         "--workdir", str(tmp_path / "run"), *asked]
    )  # fmt: skip
    parts = COMMAND.prepare(arguments, AggregatorSettings(seed=3))[:3]
    found = {r.name: part for part, records in zip(SETS, parts, strict=True) for r in records}
    assert set(found) == set(names[3:])
    split = tmp_path / "run" / "split.csv"
    if asked:
        assert found == read_split(split) and [len(part) for part in parts] == [15, 5, 5]
    else:
        assert found == {name: official[name] for name in names[3:]} and not split.exists()


@pytest.mark.slow
def test_a_data_set_with_a_split_of_its_own_keeps_it(data, tmp_path, patchnet, eager):
    """Nothing is drawn; as in every other training."""
    (data / "split.csv").write_text((tmp_path / "split.csv").read_text())
    arguments = _arguments(data, tmp_path, patchnet)
    at = arguments.index("--split")
    assert main(arguments[:at] + arguments[at + 2 :]) == 0
    assert not (tmp_path / "run" / "split.csv").exists()
    images = pd.read_csv(tmp_path / "run" / "images.csv")
    assert images["set"].value_counts().to_dict() == {"train": 10, "val": 5}


@pytest.mark.slow
def test_fewer_images(data, tmp_path, patchnet, capsys):
    """--limit takes some of the training part; more than there are is refused."""
    assert main(_arguments(data, tmp_path, patchnet, "--limit", "6", "--maps-only")) == 0
    assert "11 stacks" in capsys.readouterr().err
    assert main(_arguments(data, tmp_path, patchnet, "--limit", "99")) == 2
    assert "from 1 to 10" in capsys.readouterr().err


@pytest.mark.slow
def test_settings_reach_the_training(data, tmp_path, patchnet):
    """What was given is in settings.json; the rest are the defaults."""
    more = ("--pooling", "mean", "--flip-maps", "--crop-maps", "0.8", "--schedule", "cosine",
            "--early-stopping", "0", "--correlation-loss", "0.2")  # fmt: skip
    seen = {}

    def train(items, validation, settings, **options):
        seen["settings"] = settings
        return {"best_epoch": 1, "epochs": 1, "val_srocc": 0.5, "val_plcc": 0.5}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aggregator, "train_aggregator", train)
        assert main(_arguments(data, tmp_path, patchnet, *more)) == 0
    settings = seen["settings"]
    assert (settings.pooling, settings.flip_maps, settings.crop_maps) == ("mean", True, 0.8)
    assert (settings.schedule, settings.early_stopping) == ("cosine", None)
    assert settings.learning_rate == 1e-4


@pytest.mark.slow
def test_pretraining_on_distortions_needs_no_scores(data, tmp_path, patchnet):
    """Targets are what distortions leave; both parts get distorted versions."""
    more = ("--target", "distortion", "--distorted", "2")
    assert main(_arguments(data, tmp_path, patchnet, *more)) == 0
    images = pd.read_csv(tmp_path / "run" / "images.csv")
    assert images["set"].value_counts().to_dict() == {"train": 30, "val": 15}
    assert (images["target"] == 1).sum() == 15
    assert images["target"][images["target"] < 1].between(0.05, 0.7).all()
    seen = read_info(tmp_path / "run" / "aggregator.h5").details.trained_on
    assert {part.scores for part in seen if "distortion" in part.about} == {"pseudo"}
    assert not [part for part in seen if part.about == "MOS"]


@pytest.mark.slow
def test_unreadable_photographs_are_left_out(data, tmp_path, patchnet, capsys, eager):
    """They are named, and the run goes on with the others."""
    (data / "Images" / "ss01 (1).jpg").write_bytes(b"no picture")
    assert main(_arguments(data, tmp_path, patchnet)) == 0
    assert "left out" in capsys.readouterr().err
    assert len(pd.read_csv(tmp_path / "run" / "images.csv")) == 14


@pytest.mark.slow
def test_interrupted_run_says_how_to_go_on(data, tmp_path, patchnet, capsys, monkeypatch):
    """Ctrl-C ends with 130; before anything was begun there is nothing to continue."""

    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("kiqa.training.aggregator.stacks.StackSource.items", stop)
        assert main(_arguments(data, tmp_path, patchnet)) == 130
    assert "nothing was begun" in capsys.readouterr().err
    monkeypatch.setattr(aggregator, "predict_scores", stop)
    assert main(_arguments(data, tmp_path, patchnet)) == 130
    assert "--resume" in capsys.readouterr().err


def test_help_loads_no_tensorflow(loaded_by_help):
    """--help answers without Keras or TensorFlow."""
    loaded, _ = loaded_by_help("kiqa.train_aggregator")
    assert not {"tensorflow", "keras"} & loaded


@pytest.mark.slow
def test_images_of_too_few_cells_are_left_out(data, tmp_path, patchnet, capsys, monkeypatch):
    """130x120 pixels have 5x4 cells at stride 16."""
    monkeypatch.setattr(stacks, "LEAST_CELLS", 5)
    assert main(_arguments(data, tmp_path, patchnet)) == 2
    said = capsys.readouterr().err.splitlines()
    left = [line for line in said if "left out" in line]
    assert len(left) == 15
    assert left[0].startswith("train_aggregator: left out: ss01")
    assert (
        "Expected at least 5 map cells a side. Received: 5x4 at stride 16. Use a larger image "
        "or a smaller --stride." in left[0]
    )
    assert "Received: 0 and 0." in said[-1]
    assert not list((tmp_path / "run").rglob("*.npy"))  # said before a map is made
