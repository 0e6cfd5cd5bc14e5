"""Training of the pooling networks: Huber, Adam's schedule, penalty, padding, resuming."""

from dataclasses import replace

import numpy as np
import pytest

from kiqa.constants import RNN_BIQA
from kiqa.evaluation.correlation import srocc
from kiqa.io.weights import Details, export_h5
from kiqa.models import rnn_biqa as networks
from kiqa.models.rnn_biqa import PADDING
from kiqa.training.rnn_biqa.batches import epoch_plan, padded, predict_sequences
from kiqa.training.rnn_biqa.pooling import Rated, compile_pooling, pooling_network, train_pooling
from kiqa.training.rnn_biqa.settings import POOLING_PRESETS, PoolingSettings
from kiqa.training.runs.checkpoint import read_checkpoint

QUICK = PoolingSettings(method="average", epochs=2, batch_size=4)


def _rated(count, seed=0, width=6):
    """Images whose score follows from their last patches."""
    rng = np.random.default_rng(seed)
    sequences = [
        rng.gamma(2, 1, (rng.integers(2, 9), width)).astype(np.float32) for _ in range(count)
    ]
    mos = np.array([1 / (1 + np.exp(1 - sequence[-1, 0] / 2)) for sequence in sequences])
    names = [f"{seed}-{i}.png" for i in range(count)]
    return Rated(names, sequences, mos, contents=names)


def _history(folder):
    return np.genfromtxt(folder / "history.csv", delimiter=",", names=True)


def _batches(sequences, rated, **options):
    plan = epoch_plan(sequences, rated.mos, names=rated.names, **options)
    return [plan.make(number) for number in range(len(plan))]


@pytest.fixture(scope="module")
def train():
    return _rated(11)


@pytest.fixture(scope="module")
def validation():
    return _rated(5, seed=1)


@pytest.mark.parametrize(
    ("error", "value"),
    [  # by hand, delta 1/9
        (0.05, 0.00125),
        (1 / 9, 0.0061728395),
        (0.2, 0.0160493827),
        (0.5, 0.049382716),
        (-0.3, 0.0271604938),
    ],
)
def test_loss_is_the_papers_huber(train, error, value):
    """Values of the reference, mean and sum over a batch."""
    wanted = np.array([[0.25], [0.25]], np.float32)
    for reduction, factor in (("mean", 1), ("sum", 2)):
        settings = PoolingSettings(method="average", loss_reduction=reduction)
        model = compile_pooling(pooling_network(train.sequences, settings), settings, steps=3)
        loss = model.loss(wanted, wanted + np.float32(error))
        np.testing.assert_allclose(float(loss), factor * value, atol=1e-6)


def test_penalty_is_on_weights_and_its_gradient_is_l2_times_the_weight(train):
    """Half of 1e-5 times the sum of squares of kernels; biases and the mean are free."""
    settings = PoolingSettings()
    model = compile_pooling(pooling_network(train.sequences, settings), settings, steps=3)
    kernels = [w for w in model.trainable_weights if w.name != "bias"]
    assert len(kernels) == 10
    for weight in model.weights:
        if weight.name == "bias":
            weight.assign(np.full(weight.shape, 100.0))
    expected = sum(float(np.sum(np.asarray(w) ** 2)) for w in kernels) * 1e-5 / 2
    np.testing.assert_allclose(float(sum(model.losses)), expected, rtol=1e-5)
    assert model.optimizer.beta_1 == 0.95
    assert model.optimizer.beta_2 == 0.9


def test_mean_is_that_of_all_training_patches(train):
    """Long sequences count more."""
    model = pooling_network(train.sequences, QUICK)
    expected = np.concatenate(train.sequences).mean(axis=0)
    centre = model.get_layer("centre")
    np.testing.assert_allclose(centre.moving_mean.numpy(), expected, rtol=1e-5)
    np.testing.assert_array_equal(centre.moving_variance.numpy(), 1)


def test_standardised_features_have_their_variance(train):
    """Of all training patches; a feature that never changes stays as it is."""
    sequences = [np.pad(s, [(0, 0), (0, 1)], constant_values=3.3) for s in train.sequences]
    model = pooling_network(sequences, replace(QUICK, normalisation="standardise"))
    expected = [*np.concatenate(train.sequences).var(axis=0), 1]
    found = model.get_layer("centre").moving_variance.numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.slow
def test_learning_rate_halves_after_each_epoch(train, validation, tmp_path, eager):
    """2e-4, 1e-4, 5e-5; the last epoch is kept."""
    settings = PoolingSettings(method="average", epochs=3, batch_size=4)
    _, result = train_pooling(train, settings, workdir=tmp_path, validation=validation)
    rows = _history(tmp_path)
    np.testing.assert_allclose(rows["learning_rate"], [2e-4, 1e-4, 5e-5], rtol=1e-5)
    assert rows["steps"].tolist() == [3, 6, 9]
    assert (result["epochs"], result["best_epoch"]) == (3, 3)


@pytest.mark.slow
def test_the_order_can_be_learnt(tmp_path, monkeypatch, only_fits):
    """The score is that of the last patch: the recurrent network finds it, an average cannot.

    Its layers are two narrow ones here.
    """
    monkeypatch.setattr(networks, "RNN_BIQA", replace(RNN_BIQA, gru_units=(32, 8)))
    errors = {}
    for method in ("rnn", "average"):
        settings = PoolingSettings(
            method=method, epochs=5, batch_size=8, learning_rate=0.01, rate_decay=0.9, keep="best"
        )
        model, result = train_pooling(
            _rated(160), settings, workdir=tmp_path / method, validation=_rated(40, seed=1)
        )
        assert (
            result["best_epoch"]
            == max(_history(tmp_path / method), key=lambda row: row["val_srocc"])["epoch"]
        )
        held_out = _rated(60, seed=2)
        predicted = predict_sequences(model, held_out.sequences, masked=True)
        errors[method] = srocc(predicted, held_out.mos)
    assert errors["rnn"] > errors["average"] + 0.2, errors


@pytest.mark.slow
def test_continued_training_equals_an_uninterrupted_one(
    train, validation, tmp_path, only_fits, as_killed
):
    """Killed after the first epoch; bit by bit, on a CPU."""
    run, report = {"validation": validation}, as_killed(tmp_path / "a", tmp_path / "b")
    whole, _ = train_pooling(train, QUICK, workdir=tmp_path / "a", report=report, **run)
    again, result = train_pooling(train, QUICK, workdir=tmp_path / "b", resume=True, **run)
    assert result["epochs"] == 2
    for one, two in zip(whole.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.slow
@pytest.mark.parametrize(("method", "loss_reduction"), [("rnn", "mean"), ("average", "sum")])
def test_two_devices_take_the_steps_of_one(
    train, validation, tmp_path, one_then_two, shares, monkeypatch, method, loss_reduction
):
    """Each device gets half of a batch; the weights agree to 1e-5. Shallow, without dropout."""
    small = replace(RNN_BIQA, dropout=0.0, gru_units=(4, 3))
    monkeypatch.setattr(networks, "RNN_BIQA", small)
    settings = PoolingSettings(
        method=method, epochs=1, batch_size=4, whole_batches=True, loss_reduction=loss_reduction
    )
    for name, devices in zip(("one", "two"), one_then_two, strict=True):
        train_pooling(
            train, replace(settings, devices=devices), validation=validation,
            workdir=tmp_path / name,
        )  # fmt: skip
        assert shares == ([2] * 4 if devices else [4] * 2)
    one, two = (read_checkpoint(tmp_path / name / "checkpoint.npz") for name in ("one", "two"))
    for first, second in zip(one.best, two.best, strict=True):
        np.testing.assert_allclose(first, second, atol=1e-5)
    histories = [_history(tmp_path / name) for name in ("one", "two")]
    for column in ("loss", "val_srocc", "val_mse", "learning_rate"):
        np.testing.assert_allclose(*(rows[column] for rows in histories), rtol=1e-3)


@pytest.mark.slow
def test_a_run_starts_from_a_whole_network(train, tmp_path, eager):
    """All weights are the file's, its centring too; another network is refused."""

    def export(model, folder):
        export_h5(
            model, folder / "start.h5", Details(name="start", version="1", scale="0..1",
            higher_is_better=True), full_precision=True,
        )  # fmt: skip

    first, _ = train_pooling(train, QUICK, workdir=tmp_path / "a", export=export)
    settings = replace(QUICK, epochs=1, learning_rate=1e-12, l2=0.0)
    options = {"initial": tmp_path / "a" / "start.h5"}
    again, _ = train_pooling(_rated(8, seed=3), settings, workdir=tmp_path / "b", **options)
    for one, two in zip(first.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-6)
    with pytest.raises(ValueError, match="same widths"):
        train_pooling(_rated(8, width=7), settings, workdir=tmp_path / "c", **options)
    assert not (tmp_path / "c").exists()


def test_batches_hold_every_image_once(train):
    """In another order each epoch; the code's preset drops what fills no batch."""
    options = {"batch_size": 4, "masked": True, "seed": 0}
    orders = []
    for epoch in (0, 1):
        batches = _batches(train.sequences, train, whole_batches=False, epoch=epoch, **options)
        assert sorted(len(y) for _, y in batches) == [3, 4, 4]
        orders.append(np.concatenate([y for _, y in batches])[:, 0])
        np.testing.assert_allclose(np.sort(orders[-1]), np.sort(train.mos), rtol=1e-6)
    assert (orders[0] != orders[1]).any()
    whole = _batches(train.sequences, train, whole_batches=True, epoch=0, **options)
    assert [len(y) for _, y in whole] == [4, 4]


def test_a_batch_holds_sequences_of_nearly_one_length():
    """Other ones each epoch, in another order; what fills no batch is left out at random."""
    lengths = np.repeat([3, 20, 40, 41], [5, 9, 3, 3])
    sequences = [np.full((length, 2), index, np.float32) for index, length in enumerate(lengths)]
    rated = Rated([str(i) for i in range(20)], sequences, np.arange(20.0), [])
    firsts, members, left = set(), set(), set()
    for epoch in range(12):
        batches = _batches(
            sequences, rated, batch_size=3, masked=True, whole_batches=True, seed=0, epoch=epoch
        )
        chosen = [targets[:, 0].astype(int) for _, targets in batches]
        assert [len(batch) for batch in chosen] == [3] * 6
        spans = sorted((-(-min(lengths[b]) // 8), -(-max(lengths[b]) // 8)) for b in chosen)
        assert all(one[1] <= other[0] for one, other in zip(spans[:-1], spans[1:], strict=True))
        for (inputs, _), batch in zip(batches, chosen, strict=True):
            assert inputs.shape[1] == -(-max(lengths[batch]) // 8) * 8
        firsts.add(batches[0][0].shape[1])
        members |= {frozenset(batch) for batch in chosen}
        left |= {*range(20)} - {*np.concatenate(chosen)}
    assert len(firsts) > 2 and len(members) > 40 and {lengths[i] for i in left} >= {3, 20}


def test_padding_fills_the_end():
    """To a multiple of eight with the mask's value; unmasked with zeros to the longest.

    So equal lengths of a batch make no new shapes either.
    """
    sequences = [np.ones((3, 2), np.float32), np.ones((9, 2), np.float32)]
    masked, plain = padded(sequences, masked=True), padded(sequences, masked=False)
    assert (masked.shape, plain.shape) == ((2, 16, 2), (2, 9, 2))
    assert (masked[0, 3:] == PADDING).all() and (plain[0, 3:] == 0).all()
    assert (masked[0, :3] == 1).all() and (plain[1] == 1).all()
    assert padded(sequences[:1] * 2, masked=True).shape == (2, 8, 2)
    assert padded(sequences[:1] * 2, masked=False).shape == (2, 3, 2)


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        ([np.ones((3, 2)), np.ones((0, 2))], r"at least one patch.*b.png, shape \(0, 2\)"),
        ([np.ones((3, 2)), np.ones((3, 4))], "equal features, 2 as in a.png.*b.png.*again"),
        ([np.ones((3, 2)), np.full((3, 2), PADDING)], "b.png.*stands for padding.*--no-masked"),
    ],
)
def test_refuses_sequences_that_cannot_be_padded(sequences, message):
    """Empty ones, other features, and what would be masked."""
    with pytest.raises(ValueError, match=message):
        padded([s.astype(np.float32) for s in sequences], masked=True, names=["a.png", "b.png"])


@pytest.mark.slow
@pytest.mark.parametrize("masked", [True, False])
def test_predictions_do_not_depend_on_batch_mates(train, masked):
    """The score of each image is that of the image alone; order is kept."""
    model = pooling_network(train.sequences, PoolingSettings(masked=masked, seed=3))
    together = predict_sequences(model, train.sequences, masked=masked, batch_size=4)
    alone = [predict_sequences(model, [s], masked=masked)[0] for s in train.sequences]
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert np.ptp(together) > 1e-4


def test_messages_name_the_image_of_any_batch(train):
    """In training and in prediction."""
    sequences, model = [*train.sequences], pooling_network(train.sequences, QUICK)
    sequences[6] = np.full((3, 6), PADDING, np.float32)
    with pytest.raises(ValueError, match=train.names[6]):
        predict_sequences(model, sequences, masked=True, batch_size=2, names=train.names)
    options = {"batch_size": 2, "masked": True, "whole_batches": False, "seed": 0, "epoch": 0}
    with pytest.raises(ValueError, match=train.names[6]):
        _batches(sequences, train, **options)


@pytest.mark.parametrize("part", ["train", "validation"])
@pytest.mark.parametrize("field", ["sequences", "mos"])
def test_refuses_what_is_not_finite(train, validation, tmp_path, part, field):
    """Before a run is begun; the image is named."""
    parts = {"train": train, "validation": validation}
    values = [np.array(value) for value in getattr(parts[part], field)]
    values[2] = values[2] * np.nan
    parts[part] = replace(parts[part], **{field: values})
    with pytest.raises(ValueError, match=rf"finite.*1 without.*'{parts[part].names[2]}'"):
        train_pooling(**parts, settings=QUICK, workdir=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_presets_are_the_papers_and_the_codes():
    """Huber's mean and masks, or its sum, padding and whole batches."""
    paper = PoolingSettings(**POOLING_PRESETS["paper"])
    assert paper == PoolingSettings()
    assert (paper.learning_rate, paper.epochs, paper.batch_size, paper.l2) == (2e-4, 5, 16, 1e-5)
    assert paper.huber_delta == RNN_BIQA.huber_delta == 1 / 9
    code = PoolingSettings(**POOLING_PRESETS["code"])
    assert (code.masked, code.loss_reduction, code.whole_batches) == (False, "sum", True)


def test_refuses_parts_that_do_not_fit(train, tmp_path):
    """Nothing to choose by, an image on both sides, another method."""
    for options, settings, message in (
        ({}, PoolingSettings(keep="best"), "validation images"),
        ({"validation": train}, QUICK, "both train and val"),
        ({"test": train}, QUICK, "both train and test"),
        ({}, PoolingSettings(method="svr"), "rnn, average"),
        ({}, PoolingSettings(batch_size=50, whole_batches=True), "at least 50 images"),
    ):
        with pytest.raises(ValueError, match=message):
            train_pooling(train, settings, workdir=tmp_path, **options)
    for wrong in (
        {"method": "max"}, {"epochs": 0}, {"l2": -1}, {"beta_1": 1.0}, {"batch_size": 1.5},
        {"early_stopping": 2},
    ):  # fmt: skip
        with pytest.raises(ValueError, match=next(iter(wrong))):
            PoolingSettings(**wrong)
