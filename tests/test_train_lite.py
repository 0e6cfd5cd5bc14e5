"""``python -m kiqa.train_lite``: what the options are for."""

import pytest

from kiqa.train_lite import main
from kiqa.training.lite import train as lite


@pytest.fixture
def biq(tmp_path, photo, biq2021_tree):
    """A BIQ2021 tree of eight images: five to train, two val, one test."""
    sets = ["train"] * 5 + ["val"] * 2 + ["test"]
    return biq2021_tree(tmp_path / "biq", [photo[:40, :40]] * 8, sets)


@pytest.fixture
def calls(monkeypatch):
    """What `train_lite` was called with."""
    found = []

    def train(images, validation, settings, **options):
        found.append((images, validation, settings, options))
        return {"best_epoch": 1, "epochs": 1, "val_srocc": 0.5, "val_plcc": 0.5}

    monkeypatch.setattr(lite, "train_lite", train)
    return found


def test_options_reach_the_training(biq, tmp_path, calls, capsys):
    """Parts by the split, settings by their options, and the images without a score."""
    arguments = ["--data", str(biq), "--dataset", "biq2021", "--workdir", str(tmp_path / "run")]
    more = ["--copies", "7", "--copy-weight", "0.5", "--order-epochs", "0", "--initial", "lite"]
    assert main([*arguments, *more]) == 0
    ((images, validation, settings, options),) = calls
    assert [len(part) for part in (images, validation, options["test"])] == [5, 2, 1]
    assert (settings.copies, settings.copy_weight, settings.order_epochs) == (7, 0.5, 0)
    assert options["initial"] == "lite" and list(options["unrated"]) == []
    assert options["workdir"] == tmp_path / "run"
    assert "validation SROCC 0.5000" in capsys.readouterr().out


def test_the_body_is_imagenets_without_initial(biq, tmp_path, calls):
    """And unrated images are those of the folder's part."""
    unrated = tmp_path / "pristine"
    unrated.mkdir()
    for number in range(3):
        (unrated / f"{number}.png").write_bytes(b"not read here")
    (tmp_path / "split.csv").write_text("image_name,set\n0.png,train\n1.png,train\n2.png,test\n")
    arguments = ["--data", str(biq), "--dataset", "biq2021", "--workdir", str(tmp_path / "run")]
    more = ["--unrated", str(unrated), "--unrated-split", str(tmp_path / "split.csv")]
    assert main([*arguments, *more]) == 0
    ((_, _, _, options),) = calls
    assert options["initial"] == "imagenet"
    assert [path.name for path in options["unrated"]] == ["0.png", "1.png"]
