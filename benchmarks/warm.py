"""Commands in processes that are forked from one that has loaded kiqa: `resumed.py` kills hundreds.

A fork is a process of its own, and SIGKILL ends it as it ends any other one: not
a line more is run, its threads are gone, the system closes its files and gives
back its locks. What it shares with the process that it came from are loaded
modules; that one has opened no file, taken no lock and run no network.
"""

import importlib
import json
import os
import runpy
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path


class Warm:
    """Runs command lines one after the other, without the time that Python and libraries take.

    Args:
        modules: What has been imported before a command begins.
    """

    def __init__(self, modules):
        pipe = subprocess.PIPE
        command = [sys.executable, __file__, *modules]
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        self._process.stdout.readline()  # it has started
        self._command = ()

    def start(self, program: str, options: list[str], *, limit: float, folder: Path) -> None:
        """Begin a command in a folder; it is killed after so many seconds."""
        self._command = program, *options
        ordered = {"program": program, "options": options, "limit": limit, "folder": str(folder)}
        self._process.stdin.write(json.dumps(ordered) + "\n")
        self._process.stdin.flush()

    def answer(self, seconds: float | None = None) -> subprocess.CompletedProcess | None:
        """Wait for its end, and return it; ``None`` if it goes on."""
        if not select.select([self._process.stdout], [], [], seconds)[0]:
            return None
        status, stderr = json.loads(self._process.stdout.readline())
        return subprocess.CompletedProcess(self._command, status, "", stderr)

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


def _serve(modules):
    for module in modules:
        importlib.import_module(module)
    answers = os.fdopen(os.dup(1), "w")
    answers.write("started\n")
    answers.flush()
    for line in sys.stdin:
        ordered = json.loads(line)
        with tempfile.TemporaryFile() as said:
            child = os.fork()
            if not child:
                _run(ordered, said.fileno())
            handle = os.pidfd_open(child)
            ended = select.select([handle], [], [], ordered["limit"])[0]
            os.close(handle)
            if not ended:
                os.kill(child, signal.SIGKILL)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            said.seek(0)
            answers.write(json.dumps([status, said.read().decode(errors="replace")[-4000:]]) + "\n")
        answers.flush()


def _run(ordered, said):
    """Be the command, and end."""
    status = 1
    try:
        os.setsid()
        os.chdir(ordered["folder"])
        nothing = os.open(os.devnull, os.O_RDWR)
        for number, target in enumerate((nothing, nothing, said)):
            os.dup2(target, number)
        sys.stdin = open(0, closefd=False)  # noqa: SIM115 as long as the process
        program, *rest = ordered["program"].split()
        sys.argv = [program, *rest, *ordered["options"]]
        sys.path[0] = ordered["folder"]
        runpy.run_module(program, run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
    finally:
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    _serve(sys.argv[1:])
