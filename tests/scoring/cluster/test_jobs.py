"""Maps by workers are the files of the plain run, also when workers are killed."""

import os
import signal
import threading
from pathlib import Path

import pytest

from kiqa.cli import map as map_command
from kiqa.cli.main import main

pytestmark = pytest.mark.slow
_COUNT = 12


@pytest.fixture
def mapped(workers_of, images, tmp_path, monkeypatch, capsys):
    """The function ``mapped(folder, *options, paths) -> (status, stdout, stderr, files)``."""
    chosen = [*images[: _COUNT - 2], images[-3], images[-2]]  # with bad.png

    def run(folder, *options, paths=chosen):
        where = tmp_path / folder
        where.mkdir(exist_ok=True)
        monkeypatch.chdir(where)
        outputs = ["--npz", "n", "--html", "p.html"]
        status = main(["map", *paths, "--model", "fish", "--stride", "16", *outputs, *options])
        files = {
            str(path.relative_to(where)): path.read_bytes()
            for path in Path(where).rglob("*")
            if path.is_file()
        }
        return status, *capsys.readouterr(), files

    run.paths = chosen
    return run


def test_a_killed_worker_changes_no_file(mapped, workers_of, monkeypatch):
    """Arrays, overlays and page are the plain run's, byte for byte; errors and lines, too."""
    status, out, err, files = mapped("plain", "--overlay", "o")
    assert (status, len(files)) == (1, 2 * (_COUNT - 1) + 1) and "bad.png" in err
    write, killed = map_command._write, []

    def struck(item, *rest):
        write(item, *rest)
        if not killed:
            victim = workers_of()[0]
            victim.suspend()  # it will not finish what it has
            killed.append(victim.pid)
            threading.Timer(0.5, lambda: os.kill(victim.pid, signal.SIGKILL)).start()

    monkeypatch.setattr(map_command, "_write", struck)
    by_workers = mapped("ray", "--overlay", "o", "--engine", "ray", "--workers", "2")
    assert killed and by_workers[0] == 1
    assert by_workers[1] == out
    assert by_workers[3] == files
    ended, *said = sorted(by_workers[2].splitlines(), key=lambda line: "ended, its" not in line)
    assert "ended, its" in ended and said == err.splitlines()


def test_resume_goes_on_with_the_page(mapped):
    """What is on the page is not mapped again; it ends as that of an undisturbed run."""
    mapped("resumed", paths=mapped.paths[:5])
    status, out, _, files = mapped("resumed", "--resume", "--engine", "ray", "--workers", "2")
    assert (status, len(out.splitlines())) == (1, _COUNT - 1 - 5)
    assert files == mapped("whole")[3]
