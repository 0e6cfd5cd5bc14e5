"""``python -m kiqa.reproduce``: names, help, exit status."""

import subprocess
import sys
from pathlib import Path

import pytest

from kiqa.reproduce.__main__ import NAMES, main, reproduction_parser
from kiqa.startup import ProcessError

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("arguments", [[], ["--help"]], ids=["nothing", "help"])
def test_names_are_listed(arguments, capsys):
    """Without a name, every name is listed with its sentence."""
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in NAMES) and "ROC-AUC of quality maps" in printed


def test_unknown_name_is_status_2(capsys):
    """An unknown name ends with status 2 and the names there are."""
    assert main(["table-9"]) == 2
    assert "local-sensitivity" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [[], ["local-sensitivity", "--help"]], ids=["list", "help"])
def test_help_loads_no_tensorflow(arguments):
    """Listing names and options answers without TensorFlow or Keras."""
    code = (
        "import sys\n"
        "from kiqa.reproduce.__main__ import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "loaded = {'tensorflow', 'keras'} & set(sys.modules)\n"
        "sys.exit(f'loaded {loaded}' if loaded else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "local-sensitivity" in done.stdout


def test_every_figure_and_table_has_its_command():
    """Those that the issue names."""
    wanted = [f"table{n}" for n in (2, 3, 4)] + [
        f"fig{n}" for n in (1, 2, 3, 4, 5, 7, 8, 9, 10, 11)
    ]
    assert {f"paq2piq-{name}" for name in wanted} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_whatever_reads_many_images_can_leave_some_out(name):
    """A data set, a folder of images, or features of one: each goes with --exclude."""
    actions = {
        option: action
        for action in reproduction_parser(name)._actions
        for option in action.option_strings
    }
    many = {"--data", "--images", "--features"} & {
        option for option, action in actions.items() if action.metavar != "N"
    }
    assert not many or "--exclude" in actions


def test_any_error_is_one_line_and_status_2(monkeypatch, capsys):
    """Of a kind that tells what to do, or a defect."""
    for error, said in (
        (ProcessError("Expected TensorFlow."), "Expected TensorFlow."),
        (KeyError("x"), "KeyError: 'x' (python -X dev -m kiqa.reproduce shows where)"),
    ):

        def fail(name, options, error=error):
            raise error

        monkeypatch.setattr("kiqa.reproduce.__main__.run_named", fail)
        assert main(["sizes"]) == 2
        assert capsys.readouterr().err == f"kiqa.reproduce: error: {said}\n"


def test_sizes_need_images(capsys):
    """A folder, or a data set; said before a network is loaded."""
    for options in ([], ["--dataset", "biq2021"]):
        assert main(["sizes", *options]) == 2
        assert "Expected --data: a folder of images" in capsys.readouterr().err
