"""Writing and reading published .h5 files: content, checks, and every kind of damage."""

import errno
import json
import os
import warnings

import h5py
import keras
import numpy as np
import pytest
from keras import layers

from kiqa.io import files as whole_files
from kiqa.io.weights import (
    Details,
    Origin,
    WeightsError,
    export_h5,
    load_model,
    model_tensors,
    read_info,
    rewrite_details,
    write_manifest_entry,
)

KERNEL = "model_weights/score/score/kernel"


def _network(units=3):
    x = keras.Input((6,), name="features")
    y = layers.BatchNormalization(name="norm")(layers.Dense(units, name="hidden")(x))
    model = keras.Model(x, layers.Dense(1, name="score")(y), name="net")
    rng = np.random.default_rng(4)
    for variable in model.weights:
        variable.assign(rng.uniform(0.1, 0.9, variable.shape))
    return model


def _export(model, path, **details):
    return export_h5(
        model,
        path,
        Details(name="net", version="1.2", scale="0..1", higher_is_better=False, **details),
    )


def _outputs(model, size=6):
    x = np.random.default_rng(5).uniform(0, 1, (4, size)).astype(np.float32)
    return np.asarray(model(x))


def _save_with_keras(save, *arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras's own .h5 writer: NumPy's __array__ copy warning
        save(*arguments)


@pytest.fixture
def file(tmp_path):
    """A small published file."""
    return _export(_network(), tmp_path / "net.h5", mode="NR", patch_grid="sliding window")


def test_round_trip_is_exact(file):
    """The loaded model has the same outputs, layers and name, and is not compiled."""
    model = load_model(file)
    np.testing.assert_array_equal(_outputs(model), _outputs(_network()))
    assert [layer.name for layer in model.layers] == ["features", "hidden", "norm", "score"]
    assert model.name == "net"
    assert not model.compiled


def test_info_says_what_was_exported(file):
    """Name, version, scale, direction, hash and details come back."""
    info = read_info(file)
    assert (info.name, info.version, info.scale, info.higher_is_better) == (
        "net",
        "1.2",
        "0..1",
        False,
    )
    assert (info.details.mode, info.details.patch_grid) == ("NR", "sliding window")
    assert info.path == file
    assert info.sha256 == whole_files.sha256_of(file)


def test_same_model_gives_same_bytes(file, tmp_path):
    """A file is a function of model and arguments; compiling the model changes nothing."""
    model = _network()
    model.compile("adam", keras.losses.MeanSquaredError())
    again = _export(model, tmp_path / "again.h5", mode="NR", patch_grid="sliding window")
    assert again.read_bytes() == file.read_bytes()


def test_frozen_layers_are_written_in_the_order_of_free_ones(file, tmp_path):
    """trainable=False reorders Keras's weight lists, and must not reorder the file."""
    x = keras.Input((6,), name="outer")
    free = keras.Model(x, _network()(x), name="net")
    frozen = keras.models.clone_model(free)
    frozen.set_weights([np.asarray(w) for w in free.weights])
    frozen.get_layer("net").get_layer("hidden").trainable = False
    one, other = _export(free, tmp_path / "a.h5"), _export(frozen, tmp_path / "b.h5")
    assert one.read_bytes() == other.read_bytes()
    np.testing.assert_array_equal(_outputs(load_model(other)), _outputs(free))


def test_large_models_store_their_kernels_in_half_the_bytes(tmp_path):
    """Above the limit kernels are float16, vectors and what exceeds float16 stay float32."""
    x = keras.Input((600,), name="features")
    y = layers.BatchNormalization(name="norm")(layers.Dense(4400, name="wide")(x))
    model = keras.Model(x, layers.Dense(1, name="score")(y))
    score = model.get_layer("score").kernel
    score.assign(np.full(score.shape, 1e6))
    total = sum(4 * w.shape.num_elements() for w in model.weights)
    assert total > model_tensors.HALF_PRECISION_ABOVE
    path = _export(model, tmp_path / "large.h5")
    assert path.stat().st_size < 0.52 * total
    with h5py.File(path) as content:
        assert content["model_weights/wide/wide/kernel"].dtype == np.float16
        assert content["model_weights/norm/norm/moving_variance"].dtype == np.float32
        assert content[KERNEL].dtype == np.float32
    loaded = load_model(path)
    assert {w.dtype for w in loaded.weights} == {"float32"}
    wide, original = (np.asarray(m.get_layer("wide").kernel) for m in (loaded, model))
    np.testing.assert_allclose(wide, original, rtol=1e-3, atol=1e-7)


def test_full_disk_keeps_the_old_file(file, monkeypatch):
    """A failed write raises, leaves the old file and no temporary one."""
    before = file.read_bytes()

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        _export(_network(units=5), file)
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"path": "net.keras"}, "net.keras"),
        ({"path": "net.weights.h5"}, "net.weights.h5"),
        ({"name": "a/b"}, "'a/b'"),
        ({"name": ""}, "name"),
        ({"scale": 1}, "scale"),
        ({"higher_is_better": 1}, "higher_is_better"),
        ({"mode": object()}, "mode"),
        ({"form": {"limit": float("nan")}}, "JSON"),
    ],
)
def test_export_refuses_wrong_arguments(tmp_path, changes, part):
    """Wrong file names and kinds are named, and nothing is written."""
    arguments = {"name": "net", "version": "1", "scale": "0..1", "higher_is_better": True}
    arguments |= changes
    path = tmp_path / arguments.pop("path", "net.h5")
    with pytest.raises(WeightsError, match=part):
        export_h5(_network(), path, Details(**arguments))
    assert list(tmp_path.iterdir()) == []


def test_export_refuses_weights_that_are_not_finite(tmp_path):
    """A network that diverged is not published."""
    model = _network()
    model.get_layer("score").kernel.assign(np.full((3, 1), np.nan))
    with pytest.raises(WeightsError, match=r"3 of 3 values of score/kernel"):
        _export(model, tmp_path / "net.h5")


def test_export_names_the_layer_that_cannot_be_published(tmp_path):
    """Lambda is refused by name, through the public function."""
    x = keras.Input((6,), name="features")
    model = keras.Model(x, layers.Lambda(lambda v: v, name="anything")(x))
    with pytest.raises(WeightsError, match="'anything' \\(Lambda\\)"):
        _export(model, tmp_path / "net.h5")


def _cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _edit(change):
    """Damage the open HDF5 file."""

    def damage(path):
        with h5py.File(path, "r+") as content:
            change(content)

    return damage


def _delete(*keys):
    def change(content):
        for key in keys:
            del content[key]

    return _edit(change)


def _rename(content):
    content.move(KERNEL, "model_weights/score/score/other")


def _unlist(content):
    content["model_weights/norm"].attrs["weight_names"] = np.array([b"norm/gamma"])


def _reshape(content):
    del content[KERNEL]
    content[KERNEL] = np.zeros((4, 1), np.float32)


def _soft_link(content):
    del content[KERNEL]
    content[KERNEL] = h5py.SoftLink("/model_weights/hidden/hidden/bias")


def _external_link(content):
    del content[KERNEL]
    content[KERNEL] = h5py.ExternalLink("other.h5", "/secret")


def _external_data(content):
    del content[KERNEL]
    content.create_dataset(KERNEL, (3, 1), "f4", external=[("other.bin", 0, 12)])


def _cycle(content):
    content["model_weights/again"] = content["model_weights"]


def _nan(content):
    content[KERNEL][0] = np.nan


def _no_json(content):
    content.attrs["model_config"] = "{"


def _first_dialect(content):
    content.attrs["model_config"] = '{"class_name": "Sequential", "config": []}'


def _of_class(name):
    def change(content):
        text = content.attrs["model_config"]
        content.attrs["model_config"] = text.replace('"BatchNormalization"', f'"{name}"')

    return _edit(change)


@pytest.mark.parametrize(
    ("damage", "part"),
    [
        (lambda path: path.write_bytes(b""), "0 bytes that HDF5 cannot open"),
        (lambda path: path.write_text("<html>not found</html>"), "22 bytes that HDF5 cannot"),
        (_cut, "HDF5 cannot open"),
        (_delete(KERNEL), "missing: score/kernel."),
        (_delete("model_weights/score"), "missing: score/bias, score/kernel."),
        (_delete("model_weights"), "'model_weights'"),
        (_edit(_rename), "missing: score/kernel; extra: score/other."),
        (_edit(_unlist), "missing: norm/beta, norm/moving_mean, norm/moving_variance; extra"),
        (_edit(_reshape), "score/kernel is (4, 1) in the file, (3, 1) in the model"),
        (_edit(_soft_link), "link at /" + KERNEL),
        (_edit(_external_link), "link at /" + KERNEL),
        (_edit(_external_data), KERNEL + ", whose data lie in another file"),
        (_edit(_cycle), "cycle"),
        (_edit(_nan), "1 of 3 values of score/kernel are not"),
        (_edit(_no_json), "as JSON"),
        (_edit(_first_dialect), "'list'"),
        (_of_class("Lambda"), "'norm' (Lambda)"),
        (_of_class("Unheard"), "Unheard"),
    ],
    ids=[
        *("empty", "html", "cut", "no tensor", "no layer", "no tensors", "renamed", "unlisted"),
        *("shape", "soft link", "external link", "external data", "cycle", "nan", "no json"),
        *("first dialect", "lambda", "unknown class"),
    ],
)
def test_damaged_file_is_named_with_its_damage(file, damage, part):
    """Every damage gives one WeightsError with the file and what is wrong."""
    damage(file)
    with pytest.raises(WeightsError) as caught:
        load_model(file)
    assert str(file) in str(caught.value)
    assert part in str(caught.value)


def test_damaged_description_is_named(file):
    """A kiqa attribute that lacks a field is an error, not a guess."""
    with h5py.File(file, "r+") as content:
        content.attrs["kiqa"] = json.dumps({"name": "net"})
    with pytest.raises(WeightsError, match="attribute 'kiqa'.*version"):
        read_info(file)


def test_foreign_model_is_loaded_and_described_by_its_stem(tmp_path):
    """A compiled file of Keras's own writer gives its outputs; unknown stays unknown."""
    model = _network()
    model.compile("adam", loss="mse")
    path = tmp_path / "theirs.h5"
    _save_with_keras(model.save, path)
    np.testing.assert_array_equal(_outputs(load_model(path)), _outputs(model))
    info = read_info(path)
    assert (info.name, info.scale, info.higher_is_better) == ("theirs", "unknown", True)


@pytest.mark.parametrize("name", ["theirs.weights.h5", "theirs.keras"])
def test_other_formats_of_keras_get_a_remedy(tmp_path, name):
    """Files with weights only, and .keras files, say what to do instead."""
    model, path = _network(), tmp_path / name
    save = model.save_weights if name.endswith("weights.h5") else model.save
    _save_with_keras(save, path)
    for read in (load_model, read_info):
        with pytest.raises(WeightsError, match=r"load_weights|keras\.models\.load_model"):
            read(path)


def test_another_description_changes_nothing_else(file, tmp_path):
    """The file is the one that an export with that description writes, bit by bit."""
    other = Details("other", "2", "0..100", True, origin=Origin("net", "0" * 64))
    expected = export_h5(_network(), tmp_path / "expected.h5", other).read_bytes()
    assert file.read_bytes() != expected
    assert rewrite_details(file, other).read_bytes() == expected
    np.testing.assert_array_equal(_outputs(load_model(file)), _outputs(_network()))


def test_manifest_entry_states_the_file(file):
    """The entry has hash, size, scale and what the caller knows; loading checks it."""
    target = file.parent / "manifest.json"
    entry = write_manifest_entry(
        target, file, builder="patchnet", card="README.md", largest_output_change=1e-4
    )
    assert json.loads(target.read_text())["models"] == {"net": entry}
    assert entry == {
        "file": "net.h5",
        "sha256": whole_files.sha256_of(file),
        "bytes": file.stat().st_size,
        "version": "1.2",
        "scale": "0..1",
        "higher_is_better": False,
        "builder": "patchnet",
        "card": "README.md",
        "largest_output_change": 1e-4,
        "url": None,
    }
    assert load_model(file).name == "net"


def test_file_that_is_not_the_one_of_its_manifest_is_refused(file):
    """Both hashes and a remedy are in the message; entering it again accepts the new file."""
    target = file.parent / "manifest.json"
    old = write_manifest_entry(target, file, builder="patchnet", card="README.md")["sha256"]
    _export(_network(units=5), file)
    for read in (load_model, read_info):
        with pytest.raises(WeightsError) as caught:
            read(file)
        for part in (str(file), old, whole_files.sha256_of(file), "Get the file again"):
            assert part in str(caught.value)
    about = {"builder": "patchnet", "card": "README.md", "before": [old], "earlier": ["0" * 64]}
    entry = write_manifest_entry(target, file, **about)
    assert (entry["before"], entry["earlier"]) == ([old], ["0" * 64])
    assert load_model(file).get_layer("hidden").units == 5


def test_manifest_takes_only_published_files_of_its_folder(file, tmp_path):
    """A file elsewhere, and a foreign file without scale, are refused."""
    (tmp_path / "other").mkdir()
    with pytest.raises(WeightsError, match="in the folder of its manifest"):
        write_manifest_entry(tmp_path / "other" / "manifest.json", file, builder="b", card="c")
    foreign = tmp_path / "theirs.h5"
    _save_with_keras(_network().save, foreign)
    with pytest.raises(WeightsError, match="written by export_h5"):
        write_manifest_entry(tmp_path / "manifest.json", foreign, builder="b", card="c")
    assert not (tmp_path / "manifest.json").exists()


def test_model_is_loaded_by_name(file, monkeypatch):
    """The public way: a name, found in $KIQA_WEIGHTS."""
    monkeypatch.setenv("KIQA_WEIGHTS", str(file.parent))
    assert load_model("net").name == "net"
    assert read_info("net").path == file.resolve()
