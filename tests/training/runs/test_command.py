"""The command line of all trainings: options, parts, errors as one line."""

import argparse
import re
from dataclasses import dataclass, replace

import pytest

from kiqa.data.chosen import training_parts
from kiqa.startup import ProcessError
from kiqa.training.runs import devices, options
from kiqa.training.runs.command import OtherCommand, SeveralCommands, TrainingCommand, main
from kiqa.training.runs.options import settings_to_json
from kiqa.training.runs.parts import chosen_parts, limited
from kiqa.training.runs.workdir import open_workdir

OPTIONS = (
    *("--data", "--dataset", "--split", "--limit", "--workdir", "--resume", "--gpus"),
    *("--tensorboard", "--preset", "--initial", "--seed", "--epochs", "--early-stopping"),
    "--precision",
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The least that a training has."""

    seed: int = options.seed()
    epochs: int = options.epochs(7)
    early_stopping: int | None = options.early_stopping()
    precision: str = options.precision()
    devices: tuple[str, ...] = options.devices()

    def __post_init__(self):
        options.check_settings(self)


@pytest.fixture
def calls():
    """What `train` of the command was called with."""
    return []


@pytest.fixture
def command(calls):
    """A training that notes what it is told."""

    def train(prepared, settings, run, arguments):
        calls.append((prepared, settings, run, arguments.initial))
        return {"best_epoch": 2, "epochs": 7, "val_srocc": 0.5, "val_plcc": 0.25}

    return TrainingCommand(
        name="train_nothing",
        summary="Train nothing.",
        settings=Settings,
        presets={"paper": {}, "quick": {"epochs": 1, "seed": 3}},
        prepare=chosen_parts,
        train=train,
        data=False,
    )


@pytest.fixture
def biq(tmp_path, photo, biq2021_tree):
    """A BIQ2021 tree of eight images: five to train, two val, one test."""
    sets = ["train"] * 5 + ["val"] * 2 + ["test"]
    mos = [index / 10 for index in range(8)]
    root = biq2021_tree(tmp_path / "biq", [photo[:16, :16]] * 8, sets, mos=mos)
    return ["--data", str(root), "--dataset", "biq2021"]


def test_the_run_gets_data_settings_and_folder(command, calls, biq, tmp_path, capsys):
    """Parts by the split; a preset, changed by an option; the best epoch is printed."""
    folder = tmp_path / "run"
    options = ["--preset", "quick", "--seed", "5", "--initial", "patchnet", "--resume"]
    assert main(command, [*biq, *options, "--workdir", str(folder)]) == 0
    ((parts, settings, run, initial),) = calls
    assert [len(part) for part in parts] == [5, 2, 1] and initial == "patchnet"
    assert (settings.epochs, settings.seed, settings.devices) == (1, 5, ())
    assert (run["workdir"], run["resume"], run["tensorboard"]) == (folder, True, False)
    out = capsys.readouterr().out
    assert out == (
        f"best epoch 2 of 7: validation SROCC 0.5000, PLCC 0.2500\nWritten to {folder}\n"
    )


@pytest.mark.parametrize(
    ("factor", "line"),
    [(1.9, ""), (7.6, "bfloat16 is slow .* 8 times .*--precision float32")],
)
def test_a_format_that_is_imitated_is_said(
    command, biq, tmp_path, capsys, monkeypatch, factor, line
):
    """Before the training, which may take hours."""
    monkeypatch.setattr(devices, "slowdown", lambda precision: factor)
    options = ["--precision", "mixed_bfloat16", "--workdir", str(tmp_path / "run")]
    assert main(command, [*biq, *options]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert re.search(line, said) if line else "slow" not in said


def test_a_run_without_a_chosen_epoch_says_how_many(command, biq, tmp_path, capsys):
    """Nothing was validated, or no epoch was asked for."""
    command = replace(command, train=lambda *_: {"best_epoch": 0, "epochs": 0})
    assert main(command, [*biq, "--workdir", str(tmp_path / "run")]) == 0
    assert capsys.readouterr().out.startswith("0 epochs\n")


def test_another_run_is_refused_before_anything_is_prepared(command, biq, tmp_path, capsys):
    """Preparations write into the folder, and take long; what a run left there stays."""
    begun = []
    command = replace(command, prepare=lambda *_: begun.append(1))
    workdir, earlier = tmp_path / "run", settings_to_json(Settings()) | {"started_from": "lite"}
    open_workdir(workdir, settings=earlier, data={"sha256": "a"}, resume=False)
    options = [*biq, "--workdir", str(workdir)]
    assert main(command, options) == 2 and not begun
    assert "without a run" in capsys.readouterr().err
    assert main(command, [*options, "--resume", "--seed", "3", "--epochs", "6"]) == 2 and not begun
    assert "epochs was 7, is 6; seed was 0, is 3" in capsys.readouterr().err
    assert main(command, [*options, "--resume", "--epochs", "8"]) == 0 and len(begun) == 1
    assert main(command, [*options, "--resume"]) == 0 and len(begun) == 2


def test_every_training_has_the_same_options(command, capsys):
    """Those of the run and of its settings, in --help."""
    with pytest.raises(SystemExit) as caught:
        main(command, ["--help"])
    text = capsys.readouterr().out
    assert caught.value.code == 0 and all(option in text for option in OPTIONS)


@pytest.mark.parametrize(
    ("changes", "words", "shown", "given", "chosen"),
    [
        ({}, "(default: paper)", 7, [], 7),
        ({"preset": "quick"}, "(default: quick)", 1, [], 1),
        ({"preset_without": ("quick", ("limit",))}, "paper; without --limit quick)", 7, [], 1),
        ({"preset_without": ("quick", ("limit",))}, "paper; without --limit quick)", 7, ["1"], 7),
    ],
)
def test_help_names_the_preset_that_is_taken(
    command, calls, biq, tmp_path, capsys, changes, words, shown, given, chosen
):
    """The same statement makes --help and chooses the preset; defaults are the preset's."""
    command = replace(command, **changes)
    with pytest.raises(SystemExit):
        main(command, ["--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert words in text and f"epochs at most (default: {shown})" in text
    limit = [part for value in given for part in ("--limit", value)]
    assert main(command, [*biq, *limit, "--workdir", str(tmp_path / "run")]) == 0
    assert calls[0][1].epochs == chosen


def test_limit_takes_some_at_random_in_their_order(command, calls, biq, tmp_path):
    """The same ones for the same seed; val and test stay."""
    for seed in ("1", "1", "2"):
        options = ["--limit", "3", "--seed", seed, "--workdir", str(tmp_path / "run")]
        assert main(command, [*biq, *options]) == 0
    chosen = [[record.name for record in parts[0]] for (parts, *_) in calls]
    assert chosen[0] == chosen[1] != chosen[2] and chosen[0] == sorted(chosen[0])
    assert [len(part) for part in calls[0][0]] == [3, 2, 1]
    with pytest.raises(ValueError, match="--limit from 1 to 2. Received: 3"):
        limited([1, 2], argparse.Namespace(limit=3), Settings())


def test_a_content_in_two_parts_is_refused_before_anything_is_made(
    command, calls, biq, tmp_path, monkeypatch, capsys
):
    """Of the images that are trained on; the parts and the content are named."""
    real = training_parts

    def shared(*arguments, **options):
        train, validation, test = real(*arguments, **options)
        return train, validation, [replace(test[0], content=train[1].content)]

    monkeypatch.setattr("kiqa.training.runs.parts.training_parts", shared)
    assert main(command, [*biq, "--workdir", str(tmp_path / "run")]) == 2
    assert "both train and test" in capsys.readouterr().err and not calls


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "Expected --data FOLDER and --dataset NAME together"),
        (["--epochs", "0"], "epochs to be an integer >= 1"),
        (["--data", "gone", "--dataset", "biq2021"], "gone"),
    ],
)
def test_wrong_input_is_one_line_and_status_2(command, calls, tmp_path, capsys, options, message):
    """No traceback, nothing trained."""
    assert main(command, [*options, "--workdir", str(tmp_path / "run")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("train_nothing: error: ") and message in line and not calls


@pytest.mark.parametrize(
    ("gpus", "message"),
    [("2", "Expected 2 GPUs"), ("all", "Expected 1 GPUs"), ("0", "--gpus"), ("x", "--gpus")],
)
def test_gpus_that_are_not_there_are_refused(command, calls, biq, tmp_path, capsys, gpus, message):
    """All, or so many; kiqa doctor is named."""
    arguments = [*biq, "--gpus", gpus, "--workdir", str(tmp_path / "run")]
    if message == "--gpus":
        with pytest.raises(SystemExit):
            main(command, arguments)
    else:
        assert main(command, arguments) == 2
    assert message in capsys.readouterr().err and not calls


@pytest.mark.parametrize("finished", [None, "settings.json", "features/val.npy"])
def test_interrupted_runs_say_how_to_continue(command, biq, tmp_path, capsys, finished):
    """Exit status 130; also where features were made, or part of them, and no run has begun."""
    import dataclasses

    folder = tmp_path / "run"

    def train(prepared, settings, run, arguments):
        if finished:
            (folder / finished).parent.mkdir(parents=True)
            (folder / finished).write_text("{}")
        raise KeyboardInterrupt

    stopped = dataclasses.replace(command, train=train)
    assert main(stopped, [*biq, "--workdir", str(folder)]) == 130
    text = capsys.readouterr().err
    again = (
        f"What is finished stays. Continue with the same options and --workdir {folder} --resume"
    )
    assert again in text if finished else "nothing was begun" in text


@pytest.mark.parametrize(
    ("error", "said", "stays"),
    [
        (ProcessError("Expected TensorFlow."), "error: Expected TensorFlow.", False),
        (ImportError("no libGL"), "error: no libGL", False),
        (OSError("Expected a folder."), "error: Expected a folder.", False),
        (OSError(28, "No space left"), "error: [Errno 28] No space left", True),
        (MemoryError("2 GiB"), "error: 2 GiB", True),
        (
            RuntimeError("OOM when allocating"),
            "error: RuntimeError: OOM when allocating (python -X dev -m ",
            True,
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_any_error_is_one_line_that_says_what_stays(
    command, biq, tmp_path, capsys, error, said, stays
):
    """What the machine could not do is continued; what was asked wrongly is not."""
    folder = tmp_path / "run"

    def train(prepared, settings, run, arguments):
        folder.mkdir()
        (folder / "settings.json").write_text("{}")
        raise error

    stopped = replace(command, train=train)
    assert main(stopped, [*biq, "--workdir", str(folder)]) == 2
    text = capsys.readouterr().err
    assert text.startswith(f"train_nothing: {said}") and text.count("\n") == 1
    assert (f"What is finished stays. Continue with the same options and --workdir {folder}" in
            text) == stays  # fmt: skip


def test_one_of_several_commands_is_named(command, calls, biq, tmp_path, capsys):
    """Trainings keep their presets; others run what they set; its status is the command's."""

    def add_options(parser):
        parser.add_argument("--size", type=int, default=3)
        parser.set_defaults(run=lambda arguments: arguments.size)

    several = SeveralCommands(
        name="train_rnn_biqa",
        summary="Train something.",
        commands={
            "nothing": ("train nothing", command),
            "other": ("count", OtherCommand("Count.", add_options)),
        },
        failed="something was left out",
    )
    assert main(several, ["other"]) == 3
    options = ["--preset", "quick", "--seed", "5", "--workdir", str(tmp_path / "run")]
    assert main(several, ["nothing", *biq, *options]) == 0
    assert (calls[0][1].epochs, calls[0][1].seed) == (1, 5)
    for words in ([], ["neither"]):
        with pytest.raises(SystemExit, match="2"):
            main(several, words)
    capsys.readouterr()
    with pytest.raises(SystemExit, match="0"):
        main(several, ["--help"])
    text = capsys.readouterr().out
    assert "python -m kiqa.train_rnn_biqa" in text and "0 done, 1 something was left out, 2" in text
    assert "train nothing" in text and "count" in text
