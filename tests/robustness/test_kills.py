"""What Ctrl-C, SIGTERM, SIGHUP and SIGKILL leave: finished work that can be read and continued."""

import inspect
import json
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kiqa.cli import map as map_command
from kiqa.cli.main import main
from kiqa.io.files import replacing, write_atomically
from kiqa.io.rows import RowFile

from ..conftest import INFO, BrightnessMapper

ROOT = Path(__file__).parents[2]
posix = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
COUNT = 6
MAP = ["map", "d", "--html", "p.html", "--npz", "n", "--stride", "16"]
# The stand-in for the network by its source: its module takes longer to load than all of this.
STAND_IN = f"""
import os, pickle, sys
import numpy as np
from kiqa.io.map_files import QualityMap

{inspect.getsource(BrightnessMapper)}
INFO = pickle.loads({pickle.dumps(INFO)!r})
"""
# Runs a command with it, and a signal after some images.
DRIVER = STAND_IN + textwrap.dedent(
    """
    import json
    from kiqa.cli import map as map_command, score
    from kiqa.cli.main import main
    from kiqa.scoring import Scorer

    def load(self):
        if self._loaded is None:
            self._loaded = INFO, BrightnessMapper(self._stride or self._default_stride)
        return self._loaded

    def run(number, after, method, argv):
        def struck(self, *arguments, **options):
            struck.left -= 1
            if struck.left < 0:
                os.kill(os.getpid(), number)
            return real(self, *arguments, **options)

        struck.left = after
        Scorer._load, real = load, getattr(Scorer, method)
        setattr(Scorer, method, struck)
        sys.exit(main(argv))
    """
)
# Each in a process of its own, which has loaded all before it begins; says their statuses.
EACH = DRIVER + textwrap.dedent(
    """
    for folder, *rest in json.loads(sys.argv[1]):
        if child := os.fork():
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
            continue
        os.chdir(folder)
        for stream in (1, 2):
            os.dup2(os.open(f"../{stream}", os.O_WRONLY | os.O_CREAT), stream)
        run(*rest)
    """
)
KILLS = {"map": (signal.SIGKILL, 4, "map", MAP)} | {
    (form, number): (number, 3, "note", ["score", "d", "--output", f"rows.{form}"])
    for form in ("csv", "jsonl")
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
}


def _furnish(folder):
    """Write ``d``, six images."""
    (folder / "d").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(COUNT):
        pixels = rng.integers(0, 256, (72, 80, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"d/{number}.png")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working folder with images."""
    _furnish(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """Of each of `KILLS` the folder, the status and stderr, after its signal."""
    folders = [tmp_path_factory.mktemp("killed") / "place" for _ in KILLS]
    for folder in folders:
        _furnish(folder)
    jobs = [[str(folder), *kill] for folder, kill in zip(folders, KILLS.values(), strict=True)]
    done = subprocess.run(
        [sys.executable, "-c", EACH, json.dumps(jobs)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    said = [(folder.parent / "2").read_text() for folder in folders]
    found = zip(folders, map(int, done.stdout.split()), said, strict=True)
    return dict(zip(KILLS, found, strict=True))


def _names(folder):
    return sorted(os.listdir(folder))


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_end_a_map_with_its_page(place, stand_in, monkeypatch, capsys, number):
    """What is finished is there and said, and the next run goes on with it."""
    former = signal.getsignal(number)
    write = map_command._write

    def struck(item, *rest):
        if item.name == "3.png":
            os.kill(os.getpid(), number)
            time.sleep(1)
        write(item, *rest)

    monkeypatch.setattr(map_command, "_write", struck)
    assert main(MAP) == 128 + number
    assert signal.getsignal(number) == former
    err = capsys.readouterr().err.splitlines()
    assert err[1:] == [f"kiqa: interrupted. The maps of 3 of {COUNT} images are written."]
    page = Path("p.html").read_text()
    assert page.count("<article") == 3 and page.endswith("</html>\n")
    assert _names(".") == ["d", "n", "p.html"] and len(_names("n")) == 3

    monkeypatch.setattr(map_command, "_write", write)
    capsys.readouterr()
    assert main([*MAP, "--resume"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == COUNT - 3
    assert Path("p.html").read_text().count("<article") == COUNT


@posix
@pytest.mark.slow
def test_a_killed_map_leaves_a_page_that_is_continued(killed, monkeypatch, stand_in, capsys):
    """The unfinished page holds all that was mapped; the end is as of an undisturbed run."""
    folder, status, _ = killed["map"]
    monkeypatch.chdir(folder)
    assert status == -signal.SIGKILL
    part = Path("p.html.part").read_text()
    assert part.count("<article") == part.count("</article>") == 4
    assert main([*MAP, "--resume"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == COUNT - 4
    assert _names(".") == ["d", "n", "p.html"]
    resumed = Path("p.html").read_bytes()
    assert main(MAP) == 0
    assert Path("p.html").read_bytes() == resumed


def test_a_torn_page_is_continued(place, stand_in, capsys):
    """Cut anywhere, also within an image; of other settings it is refused and stays."""
    assert main(MAP) == 0
    whole = Path("p.html").read_bytes()
    Path("p.html").unlink()
    begin = whole.index(b"<article")
    for at in (0, 10, begin - 1, begin + 9, len(whole) // 2, len(whole) - 5, len(whole)):
        Path("p.html.part").write_bytes(whole[:at])
        if 0 < at < begin:  # no image is lost
            Path("p.html.part").unlink()
        assert main([*MAP, "--resume"]) == 0
        assert Path("p.html").read_bytes() == whole
    capsys.readouterr()
    assert main([*MAP[:-1], "8", "--resume"]) == 2
    assert "leave out --resume" in capsys.readouterr().err
    assert Path("p.html").read_bytes() == whole and _names(".") == ["d", "n", "p.html"]


def test_a_changed_image_is_mapped_again(place, stand_in):
    """The page knows images by their content, and has one card of each in its place."""
    assert main(MAP) == 0
    Image.new("RGB", (72, 80), "white").save("d/2.png")
    assert main([*MAP, "--resume"]) == 0
    resumed = Path("p.html").read_bytes()
    assert resumed.count(b"<article") == COUNT
    assert main(MAP) == 0
    assert Path("p.html").read_bytes() == resumed


@posix
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_killed_scores_are_continued(killed, monkeypatch, stand_in, number, form):
    """Each image has one row."""
    folder, status, err = killed[form, number]
    argv = KILLS[form, number][-1]
    monkeypatch.chdir(folder)
    assert status == (-number if number == signal.SIGKILL else 128 + number)
    assert "Traceback" not in err
    if number != signal.SIGKILL:
        assert f"3 of {COUNT} images are finished and in rows.{form}; add --resume" in err
    assert main([*argv, "--resume"]) == 0
    lines = Path(f"rows.{form}").read_text().splitlines()
    assert len(lines) == COUNT + (form == "csv")
    assert _names(".") == ["d", f"rows.{form}"]


@posix
def test_temporaries_of_the_dead_are_swept_and_never_images(place, stand_in, capsys):
    """Those of a running process stay; the next writer in the folder removes the others."""
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                          capture_output=True, text=True).stdout.strip()  # fmt: skip
    with replacing("d/x.png") as alive:
        left = alive.with_name(alive.name.replace(f"-{os.getpid()}-", f"-{dead}-"))
        Image.new("RGB", (80, 80)).save(left)
        Image.new("RGB", (80, 80)).save(alive)
        capsys.readouterr()
        assert main(["score", "d"]) == 0
        out, err = capsys.readouterr()
        assert len(out.splitlines()) == COUNT + 1 and err == ""
        from kiqa.io.outputs import temporaries

        temporaries._swept.clear()
        write_atomically("d/y.bin", b"y")
        assert alive.is_file() and not left.exists()


# Says when the first line of kiqa has run.
TELLING = """
import os, sys

class Telling:
    def find_spec(self, name, path, target=None):
        if name == "kiqa.constants":
            os.write(1, b"up")

sys.meta_path.insert(0, Telling())
"""


@posix
@pytest.mark.slow
@pytest.mark.parametrize(
    ("argv", "delays"),
    [
        (["kiqa", "score", "d"], (0, 0.05, 0.2, 1.5)),
        (["kiqa.reproduce", "thesis-table1", "--workdir", "x"], (0, 0.05, 0.6)),
        (["kiqa.train_patchnet", "--workdir", "run"], (0, 0.01, 0.2, 3.0)),
    ],
    ids=["kiqa", "kiqa.reproduce", "kiqa.train_patchnet"],
)
def test_ctrl_c_while_starting_is_no_traceback(place, argv, delays):
    """At whatever moment after the first line of kiqa; the commands share the moments."""
    Path("telling").mkdir()
    Path("telling/sitecustomize.py").write_text(TELLING)
    path = os.pathsep.join([str(place / "telling"), str(ROOT)])
    for delay in delays:
        process = subprocess.Popen(
            [sys.executable, "-m", *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )  # fmt: skip
        assert process.stdout is not None and process.stdout.read(2) == b"up"
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
        assert b"Traceback" not in err, (delay, err.decode())
        # -SIGINT is what a shell calls 130: Python ends so if a library lost the interrupt.
        assert process.returncode in (130, -signal.SIGINT, 0, 1, 2), (delay, err.decode())
        if process.returncode in (130, -signal.SIGINT):
            assert b"interrupted" in err


def test_two_writers_of_rows_in_one_process(tmp_path):
    """Of Python's callers too the second is refused, until the first has closed its file."""
    path = tmp_path / "rows.jsonl"
    first = RowFile(path, form="jsonl", columns=("path",), resume=False)
    with pytest.raises(ValueError, match="another run is writing"):
        RowFile(path, form="jsonl", columns=("path",), resume=True)
    first.append({"path": "a"})
    first.close()
    RowFile(path, form="jsonl", columns=("path",), resume=True).close()
    assert [json.loads(line) for line in path.read_text().splitlines()] == [{"path": "a"}]
    assert os.listdir(tmp_path) == ["rows.jsonl"]


@posix
@pytest.mark.slow
def test_two_scores_of_one_output_at_once(place, stand_in):
    """One of them is refused by name, status 2; the rows are those of the other."""
    code = DRIVER.replace("os.kill(os.getpid(), number)", "__import__('time').sleep(2)")
    code += "run(0, 0, 'note', ['score', 'd', '--output', 'rows.csv'])"
    argv = [sys.executable, "-c", code]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    both = [
        subprocess.Popen(argv, env=environment, stderr=subprocess.PIPE, text=True) for _ in "12"
    ]
    said = [process.communicate(timeout=300)[1] for process in both]
    assert sorted(process.returncode for process in both) == [0, 2], said
    assert any("rows.csv, which another run is writing" in text for text in said)
    assert len(Path("rows.csv").read_text().splitlines()) == COUNT + 1
