"""Checkpoints of deepIQA give the scores of the original's forward pass."""

import h5py
import numpy as np
import pytest

from kiqa.convert.deepiqa import convert_deepiqa
from kiqa.io.weights import load_model, read_info
from kiqa.scoring import Scorer

pytestmark = pytest.mark.usefixtures("eager", "narrow_wadiqam")


@pytest.mark.slow
@pytest.mark.parity
@pytest.mark.parametrize(
    ("mode", "name", "weighted"),
    [
        ("nr", "nr_live_weighted.model", True),
        ("nr", "nr_tid_patchwise.model", False),
        ("fr", "fr_tid_weighted.model", True),
        ("fr", "fr_live_patchwise.model", False),
    ],
)
def test_scores_are_those_of_the_original(tmp_path, twin, pair, mode, name, weighted):
    """Each patch to 1e-3 on the scale 0..100, the image to 1e-4 of its score."""
    layers = twin.random_tensors(mode, weight_branch=weighted or mode == "nr", seed=3)
    images = [image[:70, :64] for image in pair[: 2 if mode == "fr" else 1]]  # 2x2 patches
    quality, weight, score = twin.original(layers, *map(twin.blocks, images), weighted=weighted)
    if weighted:  # so that some weights are what is added to zero
        layers["fc2_a"][1][:] -= np.quantile(weight, 0.3)
        quality, weight, score = twin.original(layers, *map(twin.blocks, images), weighted=True)
        assert (weight == 1e-6).any()
        assert weight.std() > 1
    path = convert_deepiqa(twin.write_chainer(tmp_path / name, layers), tmp_path / "out.h5")
    assert quality.std() > 1  # the comparison says something
    model = load_model(path)
    patches = [twin.blocks(image).astype(np.float32) for image in images]
    outputs = model(patches if mode == "fr" else patches[0], training=False)
    np.testing.assert_allclose(np.asarray(outputs["quality"])[:, 0], quality, atol=1e-3)
    assert set(outputs) == ({"quality", "weight"} if weighted else {"quality"})
    if weighted:
        np.testing.assert_allclose(np.asarray(outputs["weight"])[:, 0], weight, atol=1e-3)
    reference = {"reference": images[1]} if mode == "fr" else {}
    assert Scorer(path).score(images[0], **reference) == pytest.approx(score, rel=1e-4)
    info = read_info(path)
    assert (info.name, info.scale, info.higher_is_better) == ("out", "0..100 DMOS", False)
    assert info.details.mode == f"wadiqam-{mode}"
    assert info.details.pooling == ("weighted" if weighted else "average")
    assert info.details.patch_grid == "non-overlapping"
    assert info.details.origin.name == name


@pytest.fixture(scope="module")
def layers(twin, narrow_wadiqam):
    """Tensors of a file without reference, with both branches."""
    return twin.random_tensors("nr")


@pytest.mark.slow
def test_pooling_must_be_known(tmp_path, twin, layers):
    """A file without reference has both branches; its name or the option decides."""
    path = twin.write_chainer(tmp_path / "mine.model", layers)
    with pytest.raises(ValueError, match=r"mine\.model.*--pooling average or --pooling weighted"):
        convert_deepiqa(path, tmp_path / "o.h5")
    assert not (tmp_path / "o.h5").exists()
    info = read_info(convert_deepiqa(path, tmp_path / "o.h5", pooling="average"))
    assert info.details.pooling == "average"
    with pytest.raises(ValueError, match="average, weighted.*'mean'"):
        convert_deepiqa(path, tmp_path / "o.h5", pooling="mean")


@pytest.mark.slow
def test_files_with_reference_say_their_pooling_by_their_tensors(tmp_path, twin):
    """Only weighted ones have a weight branch; without one there is no weighted pooling."""
    without = twin.random_tensors("fr", weight_branch=False)
    path = twin.write_chainer(tmp_path / "a.model", without)
    assert read_info(convert_deepiqa(path, tmp_path / "o.h5")).details.pooling == "average"
    with pytest.raises(ValueError, match="fc1_a, fc2_a.*--pooling average"):
        convert_deepiqa(path, tmp_path / "o.h5", pooling="weighted")
    path = twin.write_chainer(tmp_path / "b.model", twin.random_tensors("fr"))
    assert read_info(convert_deepiqa(path, tmp_path / "o.h5")).details.pooling == "weighted"


def _without(layers, name):
    return {key: parts for key, parts in layers.items() if key != name}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda it: _without(it, "conv3"), "missing: conv3/W, conv3/b"),
        (lambda it: _without(it, "fc2_a"), "missing: fc2_a/W, fc2_a/b"),
        (lambda it: _without(it, "fc1"), "missing: fc1/W, fc1/b"),
        (lambda it: _without(_without(it, "fc1_a"), "fc2_a"), "missing: fc1_a/W, fc1_a/b, fc2_a"),
        (lambda it: it | {"conv11": it["conv10"]}, "extra: conv11/W, conv11/b"),
        (lambda it: it | {"conv2": it["conv1"]}, r"conv2/W is \(32, 3, 3, 3\), not \(32, 32"),
        (lambda it: it | {"fc1": (np.ones((512, 1024), "f4"), it["fc1"][1])}, "fc1/W.*1024"),
        (lambda it: it | {"fc2": (it["fc2"][0] * np.nan, it["fc2"][1])}, "not finite.*fc2/W"),
        (lambda it: it | {"fc2": (it["fc2"][0].astype("S4"), it["fc2"][1])}, "fc2/W"),
    ],
)
def test_wrong_tensors_are_listed(tmp_path, twin, layers, change, message):
    """Missing, extra, misshapen and damaged tensors, with the file."""
    path = twin.write_chainer(tmp_path / "nr_live_weighted.model", change(layers))
    with pytest.raises(ValueError, match=rf"nr_live_weighted\.model.*{message}"):
        convert_deepiqa(path, tmp_path / "o.h5")
    assert not (tmp_path / "o.h5").exists()


def test_links_out_of_a_file_are_refused(tmp_path, twin, layers):
    """A checkpoint reads no other file."""
    path = twin.write_chainer(tmp_path / "nr_live_weighted.model", layers)
    with h5py.File(path, "a") as file:
        del file["conv1/W"]
        file["conv1/W"] = h5py.ExternalLink("/etc/hostname", "/")
    with pytest.raises(ValueError, match="link at /conv1/W"):
        convert_deepiqa(path, tmp_path / "o.h5")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"no HDF5 at all"])
def test_other_files_are_named(tmp_path, content):
    """Damaged files are ValueErrors with their name; missing ones FileNotFoundErrors."""
    path = tmp_path / "nr_live_weighted.model"
    with pytest.raises(FileNotFoundError, match="nr_live_weighted"):
        convert_deepiqa(path, tmp_path / "o.h5")
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"nr_live_weighted\.model"):
        convert_deepiqa(path, tmp_path / "o.h5")


@pytest.mark.slow
def test_npz_form_is_read_too(tmp_path, layers):
    """chainer's other serializer writes the same names."""
    path = tmp_path / "nr_live_weighted.npz"
    arrays = {f"{n}/{k}": p for n, ps in layers.items() for k, p in zip("Wb", ps, strict=True)}
    np.savez(path, **arrays)
    model = load_model(convert_deepiqa(path, tmp_path / "o.h5"))
    kernel = model.get_layer("stage1_conv1").get_weights()[0]
    np.testing.assert_array_equal(kernel.transpose(3, 2, 0, 1), layers["conv1"][0])
