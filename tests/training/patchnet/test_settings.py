"""Settings: the paper's defaults, refusals, and what may change on a resumed run."""

import dataclasses
import json

import pytest

from kiqa.training.patchnet.settings import PatchnetSettings
from kiqa.training.runs.options import check_continues, settings_to_json
from kiqa.training.runs.seeding import epoch_rng, model_seed


def test_defaults_are_the_thesis_s_values():
    """20 % test, five folds, batch 512, split by patch, as section 5.1 prints them."""
    paper = PatchnetSettings()
    assert (paper.test_fraction, paper.folds, paper.batch_size) == (0.2, 5, 512)
    assert (paper.split_by, paper.precision, paper.devices) == ("patch", "float32", ())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seed", -1),
        ("folds", 1),
        ("batch_size", 0),
        ("epochs", 2.5),
        ("early_stopping", 0),
        ("test_fraction", 1.0),
        ("learning_rate", float("nan")),
        ("learning_rate", 0.0),
        ("split_by", "scene"),
        ("precision", "float16"),
    ],
)
def test_value_out_of_range_is_refused(name, value):
    """Each setting out of its range is an error with its name and value."""
    with pytest.raises(ValueError, match=f"{name}.*{value}"):
        PatchnetSettings(**{name: value})


def test_same_settings_continue_after_json():
    """Settings read back from JSON equal themselves, tuples included."""
    now = settings_to_json(PatchnetSettings(devices=("GPU:0", "GPU:1")))
    check_continues(json.loads(json.dumps(now)), now)


def test_other_settings_are_refused_by_name():
    """A changed number is named with both values."""
    earlier = settings_to_json(PatchnetSettings())
    now = settings_to_json(PatchnetSettings(learning_rate=0.5, seed=7))
    with pytest.raises(ValueError, match=r"learning_rate was 0.001, is 0.5; seed was 0, is 7"):
        check_continues(earlier, now)


@pytest.mark.parametrize(("epochs", "refused"), [(50, False), (30, True)])
def test_epochs_may_only_grow(epochs, refused):
    """A run may be continued with more epochs, not with fewer."""
    settings = PatchnetSettings(epochs=40)
    now = settings_to_json(dataclasses.replace(settings, epochs=epochs))
    if refused:
        with pytest.raises(ValueError, match="epochs was 40, is 30"):
            check_continues(settings_to_json(settings), now)
    else:
        check_continues(settings_to_json(settings), now)


def test_epoch_numbers_depend_on_seed_place_and_epoch_only():
    """Equal arguments give equal draws; each argument changes them."""
    draws = {
        arguments: epoch_rng(*arguments[:-1], epoch=arguments[-1]).integers(2**60)
        for arguments in [(0, 1, 0), (1, 1, 0), (0, 2, 0), (0, 1, 1)]
    }
    assert epoch_rng(0, 1, epoch=0).integers(2**60) == draws[0, 1, 0]
    assert len(set(draws.values())) == 4


def test_model_seeds_differ_and_fit_the_builder():
    """Instances and attempts get different seeds that fit in 32 bits times 1000."""
    seeds = {model_seed(0, instance, attempt) for instance in range(5) for attempt in range(5)}
    assert len(seeds) == 25
    assert max(seeds) * 1000 + 999 < 2**32
