"""State dicts of the PyTorch ports, and files that are none."""

import json
import os
import pickle
import zipfile
from collections import OrderedDict

import h5py
import numpy as np
import pytest

from kiqa.convert.wadiqam_ports import convert_lidq92, convert_pyiqa
from kiqa.io.weights import read_info
from kiqa.scoring import Scorer

pytestmark = pytest.mark.usefixtures("eager", "narrow_wadiqam")

LIDQ92 = {
    "fr": {"fc1": "fc1_q", "fc2": "fc2_q", "fc1_a": "fc1_w", "fc2_a": "fc2_w"},
    "nr": {"fc1": "fc1q_nr", "fc2": "fc2q_nr", "fc1_a": "fc1w_nr", "fc2_a": "fc2w_nr"},
}
PYIQA = dict(
    zip(
        [f"conv{i}" for i in range(1, 11)],
        [f"features.{i}" for i in (0, 2, 5, 7, 10, 12, 15, 17, 20, 22)],
        strict=True,
    )
) | {"fc1": "fc_q.0", "fc2": "fc_q.3", "fc1_a": "fc_w.0", "fc2_a": "fc_w.3"}


def _state(layers, names):
    """A state dict with a port's names."""
    state = OrderedDict()
    for name, (kernel, bias) in layers.items():
        state[f"{names.get(name, name)}.weight"] = kernel
        state[f"{names.get(name, name)}.bias"] = bias
    return state


@pytest.mark.slow
@pytest.mark.parity
@pytest.mark.parametrize("mode", ["nr", "fr"])
def test_lidq92_scores_are_those_of_its_forward_pass(tmp_path, pair, twin, mode, save_torch):
    """Pixels of 0..1, and no patch that ends at the border: 3x2 of 100x96 pixels."""
    layers = twin.random_tensors(mode)
    path = tmp_path / f"WaDIQaM-{mode.upper()}-KADID-10K"
    save_torch(path, _state(layers, LIDQ92[mode]), legacy=True)
    output = convert_lidq92(path, tmp_path / "o.h5", lower_is_better=mode == "nr")
    images = pair if mode == "fr" else pair[:1]
    patches = [twin.blocks(image, skip_last=True) / 255 for image in images]
    assert len(patches[0]) == 6
    *_, score = twin.original(layers, *patches, weighted=True)
    scorer = Scorer(output)
    reference = {"reference": pair[1]} if mode == "fr" else {}
    assert scorer.score(pair[0], **reference) == pytest.approx(score, rel=1e-4)
    quality_map = scorer.map(pair[0], **reference)
    assert (quality_map.values.shape, quality_map.image_size) == ((3, 2), (100, 96))
    info = read_info(output)
    assert (info.scale, info.higher_is_better) == ("0..1", mode == "fr")
    assert info.details.pooling == "weighted"
    assert "none that ends at the border" in info.details.patch_grid
    with pytest.raises(ValueError, match="at least 33x33.*32x40"):
        scorer.score(
            pair[0][:40, :32], **{key: image[:40, :32] for key, image in reference.items()}
        )


@pytest.mark.slow
@pytest.mark.parity
def test_pyiqa_scores_are_those_of_its_forward_pass(tmp_path, pair, twin, save_torch):
    """Features in its own order, its own addend, under the key params."""
    layers = twin.random_tensors("fr", seed=6)
    path = save_torch(tmp_path / "w.pth", _state(layers, PYIQA), wrap="params")
    output = convert_pyiqa(path, tmp_path / "o.h5")
    patches = [twin.blocks(image, skip_last=True) / 255 for image in pair]
    *_, score = twin.original(layers, *patches, weighted=True, order="difference last", least=1e-8)
    other = twin.original(layers, *patches, weighted=True, least=1e-8)[2]
    assert abs(score - other) > 0.01 * abs(score)
    assert Scorer(output).score(pair[0], reference=pair[1]) == pytest.approx(score, rel=1e-4)
    info = read_info(output)
    assert (info.scale, info.higher_is_better) == ("unknown", True)
    with h5py.File(output) as file:
        config = json.loads(file.attrs["model_config"])["config"]
    (weight,) = [layer for layer in config["layers"] if layer["config"]["name"] == "weight"]
    assert weight["config"]["offset"] == 1e-8


class _Code:
    def __reduce__(self):
        return os.mkdir, (os.environ["KIQA_TEST_TARGET"],)


@pytest.mark.parametrize("form", ["pickle", "zip", "nested"])
def test_code_in_a_pickle_is_refused(tmp_path, monkeypatch, form):
    """It is named and never run."""
    target = tmp_path / "made"
    monkeypatch.setenv("KIQA_TEST_TARGET", str(target))
    path = tmp_path / "WaDIQaM.pth"
    content = pickle.dumps({"params": {"x": _Code()}} if form == "nested" else _Code(), protocol=2)
    path.write_bytes(content)
    if form == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", content)
    with pytest.raises(ValueError, match=r"WaDIQaM\.pth.*mkdir.*could run code"):
        convert_lidq92(path, tmp_path / "o.h5")
    assert not target.exists()


def test_a_wrong_port_lists_its_tensors(tmp_path, twin):
    """Names of the other port are missing here and extra there."""
    path = tmp_path / "WaDIQaM.npz"
    np.savez(path, **_state(twin.random_tensors("nr"), PYIQA))
    with pytest.raises(ValueError, match=r"missing: conv1\.bias.*extra: fc_q\.0\.bias"):
        convert_lidq92(path, tmp_path / "o.h5")
