"""The command as a whole: help, version, exit status, and no traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import kiqa
from kiqa.cli import score
from kiqa.cli.main import main

ROOT = Path(kiqa.__file__).parents[1]


def _python(*arguments, **options):
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, **options
    )


@pytest.mark.parametrize(
    "command", [[], ["score"], ["map"], ["evaluate"], ["evaluate-maps"], ["doctor"]]
)
def test_help_needs_no_heavy_library(command):
    """Help of every command comes without TensorFlow, Keras, NumPy or matplotlib."""
    code = (
        "import sys\n"
        "from kiqa.cli.main import main\n"
        "try:\n    main(sys.argv[1:])\n"
        "except SystemExit as end:\n    status = end.code\n"
        "heavy = {'tensorflow', 'keras', 'numpy', 'matplotlib', 'PIL'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else status)"
    )
    run = _python("-c", code, *command, "--help")
    assert (run.returncode, run.stderr) == (0, "")
    assert "usage: kiqa" in run.stdout


def test_python_m_kiqa_is_the_command():
    """`python -m kiqa --version` names the version."""
    run = _python("-m", "kiqa", "--version")
    assert (run.returncode, run.stdout) == (0, f"kiqa {kiqa.__version__}\n")


@pytest.mark.parametrize(
    "arguments",
    [[], ["paint"], ["score"], ["score", "x", "--shard", "0/2"], ["score", "x", "--shard", "3/2"]]
    + [["score", "x", "--shard", "1/0"], ["score", "x", "--stride", "0"]]
    + [["score", "x", "--workers", "two"], ["score", "x", "--format", "xml"]]
    + [["score", "x", "--output", "s3://b/rows.jsonl"], ["map", "x", "--npz", "gs://b/maps"]]
    + [["merge", "x", "--output", "s3://b/rows.jsonl"], ["map", "x", "--html", "s3://b/p.html"]]
    + [["evaluate", "--data", "x"], ["evaluate", "--data", "x", "--dataset", "ava"]],
    ids=" ".join,
)
def test_usage_error_ends_with_status_2(arguments, capsys):
    """Wrong usage says what is wrong on stderr and nothing on stdout."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "error:" in err


@pytest.mark.parametrize(
    "error",
    [ValueError("bad\nvalue"), FileNotFoundError("bad value"), OSError("bad value")],
    ids=lambda error: type(error).__name__,
)
def test_error_is_one_line_and_status_2(monkeypatch, capsys, error):
    """An error of the input is one line on stderr."""
    monkeypatch.setattr(score, "run", _raise(error))
    assert main(["score", "x"]) == 2
    assert capsys.readouterr() == ("", "kiqa: error: bad value\n")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ImportError("libGL.so.1 is missing"), "libGL.so.1 is missing"),
        (MemoryError(), "MemoryError"),
        (KeyError("bad\nkey"), "KeyError: 'bad\\nkey' (python -X dev -m kiqa shows where)"),
        (RuntimeError("no\nkernel"), "RuntimeError: no kernel (python -X dev"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_no_kind_of_error_reaches_the_user_as_a_traceback(monkeypatch, capsys, error, said):
    """A broken library, too little memory or a defect is one line that says what it was."""
    monkeypatch.setattr(score, "run", _raise(error))
    assert main(["score", "x"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"kiqa: error: {said}")
    assert err.count("\n") == 1


def test_interrupt_is_one_line_and_status_130(monkeypatch, capsys):
    """Ctrl-C says what is finished."""
    monkeypatch.setattr(score, "run", _raise(KeyboardInterrupt("3 of 5 images are finished.")))
    assert main(["score", "x"]) == 130
    assert capsys.readouterr().err == "kiqa: interrupted. 3 of 5 images are finished.\n"


def _raise(error):
    def run(arguments):
        raise error

    return run


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_standard_output_on_a_full_disk_is_one_line_and_status_2(monkeypatch):
    """Rows that standard output cannot take end the run; Python's exit adds nothing."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    code = (
        "import sys\n"
        "from kiqa.cli import main, score\n"
        "def run(arguments):\n    score._emit('row\\n')\n    return 0\n"
        "score.run = run\n"
        "sys.exit(main.main(['score', 'x']))"
    )
    with open("/dev/full", "w") as full:
        run = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert run.stderr == "kiqa: error: [Errno 28] No space left on device\n"
    assert run.returncode == 2


def test_reader_that_leaves_is_no_error(tmp_path):
    """`kiqa ... | head` ends without a complaint."""
    code = (
        "import sys, os\n"
        "from kiqa.cli import main, score\n"
        "def run(arguments):\n"
        "    for _ in range(100_000):\n        sys.stdout.write('row\\n')\n"
        "    return 0\n"
        "score.run = run\n"
        "sys.exit(main.main(['score', 'x']))"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "row\n"
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0
