"""The description in a weights file: kinds, JSON there and back, damage."""

import json
from dataclasses import fields, replace

import pytest

from kiqa.io.weights.details import Companion, Details, Origin
from kiqa.io.weights.manifest import WeightsError
from kiqa.io.weights.trained_on import TrainingPart, names_sha256, pack_fingerprints

NAMES = ("a.jpg", "b.jpg")
PART = TrainingPart(
    use="train",
    images=2,
    names_sha256=names_sha256(NAMES),
    scores="human",
    about="MOS",
    dataset="biq2021",
    fingerprints=pack_fingerprints(NAMES),
)
LEAST = Details("net", "1", "0..1", higher_is_better=True)
FULL = Details(
    name="net",
    version="1.2",
    scale="0..100",
    higher_is_better=False,
    mode="rnn-biqa",
    pooling="rnn",
    patch_grid="sliding window",
    trained_on=(PART, replace(PART, use="val", through="other")),
    origin=Origin("start", "ab" * 32, "project"),
    companions={"extractor": Companion("rnn_features", "0" * 64)},
    stride=4,
    maps=("fish", "gray"),
    fish="sliding",
    form={"display": None, "downscaling": "area"},
    masked=True,
    multi_resolution=False,
    backbone="compact",
    assumed_sd=20.5,
    patch_scores="made up",
    body="net.h5",
    input_range="RGB",
    variant="lite2",
    working_area=147456,
    percentiles=(0.0, 0.5, 1.0),
    interval={"edges": [0.5], "half_widths": [0.1, 0.2]},
    instance=2,
    best_epoch=7,
)


def test_json_brings_everything_back():
    """Every field, set or not."""
    assert all(getattr(FULL, field.name) not in (None, {}) for field in fields(Details))
    for details in (FULL, LEAST, replace(LEAST, trained_on=())):
        assert Details.from_json(details.to_json()) == details


def test_json_holds_what_is_set_only():
    """A small file says little; not known and nothing are two things."""
    assert sorted(json.loads(LEAST.to_json())) == [
        "higher_is_better", "mode", "name", "scale", "version",
    ]  # fmt: skip
    assert json.loads(replace(LEAST, trained_on=()).to_json())["trained_on"] == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "a b"}, "'a b'"),
        ({"version": ""}, "version"),
        ({"scale": 1}, "scale"),
        ({"higher_is_better": 1}, "higher_is_better"),
        ({"mode": None}, "mode"),
        ({"pooling": 3}, "pooling to be a str"),
        ({"patch_grid": "hexagons"}, "'hexagons'"),
        ({"stride": 0}, "stride to be at least 1"),
        ({"stride": True}, "stride to be a int"),
        ({"maps": "fish"}, "maps"),
        ({"masked": 1}, "masked to be a bool"),
        ({"assumed_sd": float("nan")}, "assumed_sd"),
        ({"trained_on": "MOS of biq2021"}, "trained_on"),
        ({"trained_on": ("MOS",)}, "trained_on"),
        ({"origin": "patchnet"}, "origin"),
        ({"companions": {"head": "head.h5"}}, "companion 'head'"),
        ({"form": []}, "form"),
    ],
    ids=str,
)
def test_values_of_the_wrong_kind_are_refused(changes, message):
    """The field is named, with what was given."""
    with pytest.raises(WeightsError, match=message):
        replace(LEAST, **changes)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Companion("../head", "0" * 64), "head"),
        (lambda: Companion("head", "0" * 63), "64 hexadecimal digits"),
        (lambda: Origin("/somewhere/start.h5", "0" * 64), "without folders"),
        (lambda: Origin("start", "0" * 20), "64 or 16"),
        (lambda: Origin("start", "X" * 64), "hexadecimal"),
        (lambda: replace(PART, use="test"), "use"),
        (lambda: replace(PART, images=0), "images"),
        (lambda: replace(PART, scores="free text"), "scores"),
        (lambda: replace(PART, names_sha256="ab"), "names_sha256"),
        (lambda: replace(PART, fingerprints=None), "fingerprints"),
        (lambda: replace(PART, fingerprints="?"), "base64"),
        (lambda: replace(PART, images=1), "at most 1"),
    ],
)
def test_parts_of_it_are_checked_too(make, message):
    """Names without folders, whole hashes, known uses and scores."""
    with pytest.raises(WeightsError, match=message):
        make()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda values: "{", "JSONDecodeError"),
        (lambda values: "[]", r"Received: \[\]"),
        (lambda values: {k: v for k, v in values.items() if k != "scale"}, r"\['scale'\] missing"),
        (lambda values: values | {"started_from": "x"}, r"\['started_from'\] unknown"),
        (lambda values: values | {"trained_on": "MOS of biq2021"}, "trained_on"),
        (lambda values: values | {"trained_on": [{"use": "train"}]}, "trained_on"),
        (lambda values: values | {"origin": {"file": "x"}}, "file"),
        (lambda values: values | {"companions": {"head": {"file": "x"}}}, "file"),
        (lambda values: values | {"companions": ["head"]}, "list"),
    ],
)
def test_damaged_text_is_an_error_that_names_it(change, message):
    """Whatever is wrong with the attribute, one kind of error with a remedy or the field."""
    changed = change(json.loads(FULL.to_json()))
    text = changed if isinstance(changed, str) else json.dumps(changed)
    with pytest.raises(WeightsError, match=message):
        Details.from_json(text)
