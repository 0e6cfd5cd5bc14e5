"""Scoring with an aggregator's file: a small one beside a small Patchnet."""

import argparse
import inspect
import json
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

import kiqa
from kiqa.cli import map as map_command
from kiqa.cli.main import main
from kiqa.io.weights import Companion, Details, export_h5, load_model, read_info
from kiqa.maps.stack import StackMaker
from kiqa.models.patchnet import build_patchnet
from kiqa.scoring import Scorer, score_paths, single

DETAILS = {
    "mode": "aggregator",
    "maps": ["fish", "gray", "patchnet"],
    "stride": 4,
    "fish": "sliding",
}
COMMON = {"version": "1", "scale": "0..1", "higher_is_better": True}


def _network():
    """One weighted mean of the maps for every 32x32 cells, and the highest of them."""
    x = inputs = keras.Input((None, None, 3), name="maps")
    x = layers.AveragePooling2D(32, name="pool")(x)
    x = layers.Conv2D(1, 1, name="quality_map")(x)
    model = keras.Model(inputs, layers.GlobalMaxPooling2D(name="quality")(x))
    head = model.get_layer("quality_map")
    head.set_weights([np.array([0.1, 0.2, 0.6], np.float32).reshape(1, 1, 3, 1), np.array([0.05])])
    return model


def _export(folder, **changes):
    """Write the aggregator for the Patchnet in the folder, with other details."""
    patchnet = Companion("patchnet", read_info(folder / "patchnet.h5").sha256)
    details = {**DETAILS, "companions": {"patchnet": patchnet}, **changes}
    return export_h5(
        _network(), folder / "aggregator.h5", Details(name="aggregator", **COMMON, **details)
    )


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """Folder of weights with a small patchnet and aggregator; the working folder is above it."""
    folder = tmp_path / "weights"
    patchnet = build_patchnet(conv_widths=((4,), (4,)), dense_widths=(8,), seed=3)
    export_h5(patchnet, folder / "patchnet.h5", Details(name="patchnet", **COMMON))
    _export(folder)
    monkeypatch.setenv("KIQA_WEIGHTS", str(folder))
    monkeypatch.chdir(tmp_path)
    single._cached_scorer.cache_clear()
    yield folder
    single._cached_scorer.cache_clear()


@pytest.fixture(scope="module")
def pixels(photo):
    """200x330 pixels: 35x67 map cells, two values of the aggregator's map."""
    return photo[50:250, 100:430]


def _expected_map(weights, pixels):
    patchnet, info = load_model(weights / "patchnet.h5"), read_info(weights / "patchnet.h5")
    stack = StackMaker(patchnet, stride=4, fish="sliding", info=info).stack(pixels)
    assert stack.shape == (35, 67, 3)
    means = stack[:32, :64].reshape(1, 32, 2, 32, 3).mean(axis=(1, 3))
    return means @ np.array([0.1, 0.2, 0.6]) + 0.05


def test_score_and_map_are_the_network_s_on_the_stack(weights, pixels):
    """The score is the network's output, the map its values before the maximum, placed."""
    expected = _expected_map(weights, pixels)
    assert kiqa.score(pixels, model="aggregator") == pytest.approx(expected.max(), abs=1e-5)
    found = kiqa.quality_map(pixels, model="aggregator")
    np.testing.assert_allclose(found.values, expected, atol=1e-5)
    # Window centres begin at 31.5; the mean of 32 cells, 4 pixels each, lies 15.5 cells on.
    assert (found.stride, found.offset) == (128, 31.5 + 15.5 * 4)
    assert (found.image_size, found.model) == ((200, 330), "aggregator")
    assert found.weights_sha256 == read_info("aggregator").sha256


@pytest.mark.slow
def test_commands_take_the_aggregator(weights, pixels, capsys):
    """score and map name its stride and its file's hash; a small file is one error."""
    Image.fromarray(pixels).save("a.png")
    Image.fromarray(pixels[:187]).save("small.png")
    names = ["a.png", "small.png", "--model", "aggregator"]
    assert main(["score", *names, "--format", "jsonl"]) == 1
    row, small = map(json.loads, capsys.readouterr().out.splitlines())
    assert row["score"] == pytest.approx(_expected_map(weights, pixels).max(), abs=1e-5)
    assert (row["stride"], row["weights_sha256"]) == (4, read_info("aggregator").sha256)
    assert "188x188" in small["error"] and "330x187" in small["error"]
    assert "--model patchnet" in small["error"]
    assert small["sha256"] is not None
    assert main(["map", *names, "--npz", "maps", "--html", "page.html"]) == 1
    assert kiqa.QualityMap.load("maps/a.png.npz").values.shape == (1, 2)
    assert "every 128 pixels" in Path("page.html").read_text()


def test_evaluation_names_the_stride_of_the_aggregator(weights, pixels, capsys):
    """evaluate writes the stride that the network has, not one it was not asked for."""
    Path("biq/Images").mkdir(parents=True)
    scores = ["Image Name,MOS,,"]
    for number in range(5):
        image = Image.fromarray((pixels[:, :200] * (0.4 + 0.1 * number)).astype(np.uint8))
        image.save(f"biq/Images/{number}.png")
        scores.append(f"{number}.png,0.{number},,")
    Path("biq/Train (Images and MOS).csv").write_text("\n".join(scores) + "\n")
    command = ["evaluate", "--data", "biq", "--dataset", "biq2021", "--set", "all"]
    assert main([*command, "--model", "aggregator", "--output", "out"]) == 0
    result = json.loads(Path("out/evaluation.json").read_text())
    assert (result["model"], result["stride"], result["images"]) == ("aggregator", 4, 5)


@pytest.mark.slow
def test_rows_of_another_patchnet_are_not_resumed(weights, pixels):
    """Equal networks trained with different Patchnets are different files."""
    Image.fromarray(pixels).save("a.png")

    def run():
        one = Scorer("aggregator")
        rows = list(score_paths(["a.png"], one, output="rows.jsonl", resume=True))
        return rows[0], len(Path("rows.jsonl").read_text().splitlines())

    first, count = run()
    assert run() == (first, 1)
    patchnet = build_patchnet(conv_widths=((4,), (4,)), dense_widths=(8,), seed=4)
    export_h5(patchnet, weights / "patchnet.h5", Details(name="patchnet", **COMMON))
    with pytest.raises(ValueError, match="patchnet that .*aggregator.h5 was written with.*sha256"):
        run()
    _export(weights)
    second, count = run()
    assert count == 2
    assert second["weights_sha256"] != first["weights_sha256"]
    assert second["score"] != first["score"]


@pytest.mark.parametrize("stride", [1, 8])
def test_only_its_own_stride_is_taken(weights, pixels, stride):
    """Another stride than that of the training is an error that names the remedy."""
    with pytest.raises(ValueError, match=f"stride 4.*Received: {stride}. Leave.*patchnet"):
        Scorer("aggregator", stride=stride).score(pixels)
    assert Scorer("aggregator", stride=4).stride == 4


@pytest.mark.parametrize(
    "change",
    [
        {"maps": ["gray", "fish", "patchnet"]},
        {"stride": None},
        {"fish": "whole"},
    ],
    ids=str,
)
def test_file_that_does_not_say_its_maps_is_refused(weights, change):
    """Each detail has to be there and right; the file is named."""
    _export(weights, **change)
    with pytest.raises(ValueError, match="Expected an aggregator's file to say.*aggregator.h5"):
        Scorer("aggregator").stride  # noqa: B018 loads


def test_file_that_names_no_patchnet_is_refused(weights):
    """Nothing says which maps it was trained on."""
    _export(weights, companions={})
    with pytest.raises(ValueError, match="aggregator.h5 to name its patchnet"):
        Scorer("aggregator").stride  # noqa: B018 loads


def test_unknown_mode_is_refused(weights):
    """A file of a newer kiqa is not taken for a patch network."""
    _export(weights, mode="sequence")
    with pytest.raises(ValueError, match=r"\['aggregator', .*'patch', .*\]. Received: 'sequence'"):
        Scorer("aggregator").info  # noqa: B018 loads


def test_other_network_is_refused(weights):
    """A patch network that calls itself an aggregator is named with its shapes."""
    patchnet = Companion("patchnet", read_info("patchnet").sha256)
    network = build_patchnet(conv_widths=((4,), (4,)), dense_widths=(8,))
    details = {**DETAILS, "companions": {"patchnet": patchnet}}
    export_h5(network, weights / "wrong.h5", Details(name="wrong", **COMMON, **details))
    with pytest.raises(ValueError, match=r"\(n, rows, columns, 3\).*64, 64.*wrong.h5"):
        Scorer("wrong").info  # noqa: B018 loads


def test_maps_are_patchnet_s_whichever_model_scores():
    """quality_map and kiqa map keep their default when the default scorer changes."""
    assert inspect.signature(kiqa.quality_map).parameters["model"].default == "patchnet"
    parser = argparse.ArgumentParser()
    map_command.add_options(parser)
    assert parser.get_default("model") == "patchnet"
