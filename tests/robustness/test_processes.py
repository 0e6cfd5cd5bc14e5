"""Processes and threads: one load, no hanging fork, a backend that is named."""

import importlib
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context

import numpy as np
import pytest

import kiqa
from kiqa import startup
from kiqa.cli.main import main
from kiqa.scoring import Scorer, single

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


# A program of kiqa: a fork before it uses a network, threads, and a fork after it.
PROGRAM = """
import multiprocessing, os
from concurrent.futures import ThreadPoolExecutor

def told(scorer, image, errors):
    os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT), 2)
    import keras, kiqa
    from kiqa.scoring import engines
    from kiqa.startup import ProcessError

    def forked():
        with multiprocessing.get_context("fork").Pool(1) as pool:
            return pool.apply(scorer.score, [image])

    before = forked()
    loads, load = [], engines.load_engine
    engines.load_engine = lambda *a, **k: loads.append(1) or load(*a, **k)
    with ThreadPoolExecutor(4) as pool:
        one = list(pool.map(scorer.score, 4 * [image]))
        two = list(pool.map(lambda i: kiqa.score(i, model="patchnet"), 4 * [image]))
    try:
        forked()
    except ProcessError as error:
        refused = str(error)
    return {"forked": before, "threads": one + two, "loads": len(loads), "refused": refused}
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory, shipped_scorer):
    """What `PROGRAM` says, spawned by this process, which has used its scorer before."""
    folder = tmp_path_factory.mktemp("told")
    (folder / "told_when_spawned.py").write_text(PROGRAM)
    image = np.random.default_rng(0).integers(0, 256, (80, 96, 3), dtype=np.uint8)
    scorer = shipped_scorer("patchnet")
    expected = scorer.score(image)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        program = importlib.import_module("told_when_spawned")
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            found = pool.submit(program.told, scorer, image, str(folder / "2")).result(timeout=300)
    return found | {"spawned by": expected, "err": (folder / "2").read_text()}


@pytest.mark.slow
@needs_fork
def test_a_fork_after_use_says_so_and_one_before_works(told):
    """It would wait for ever; by spawn it gives the parent's score."""
    assert "spawn" in told["refused"]
    for score in (told["forked"], told["threads"][0]):
        assert score == pytest.approx(told["spawned by"], abs=1e-6)


@pytest.mark.slow
@needs_fork
def test_four_threads_load_and_trace_one_network_once(told):
    """Of a new Scorer, and of `kiqa.score`; without a warning of TensorFlow."""
    assert told["loads"] == 2
    assert len(told["threads"]) == 8 and len(set(told["threads"])) == 1
    assert "retracing" not in told["err"]


@needs_fork
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # Python 3.12 on forks
def test_a_fork_is_refused_only_after_tensorflow_ran(monkeypatch, stand_in):
    """In the child, by everything that would run a network."""
    outcome = {}
    for ran in (False, True):
        monkeypatch.setattr(startup, "_tensorflow_has_run", lambda ran=ran: ran)
        receive, send = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                startup.check_process()
                os.write(send, b"fine")
            except startup.ProcessError as error:
                os.write(send, str(error).encode())
            finally:
                os._exit(0)
        os.close(send)
        os.waitpid(child, 0)
        with os.fdopen(receive) as pipe:
            outcome[ran] = pipe.read()
    assert outcome[False] == "fine"
    assert "get_context('spawn')" in outcome[True]


@pytest.mark.parametrize("act", [
    lambda image: kiqa.score(image), lambda image: kiqa.quality_map(image),
    lambda image: Scorer().score(image), lambda image: Scorer()([image]),
    lambda image: Scorer().info,
], ids=["score", "quality_map", "Scorer.score", "Scorer", "info"])  # fmt: skip
def test_nothing_runs_in_a_late_fork(monkeypatch, photo, act):
    """Each way to a network is closed."""
    monkeypatch.setattr(startup, "_forked_too_late", True)
    with pytest.raises(startup.ProcessError, match="spawn"):
        act(photo)


@cache
def _raters():
    """Loaded by the parent, as a program that forks its workers has them."""
    from kiqa.maps.lite import LiteRater
    from kiqa.maps.paq2piq import RegionRater
    from kiqa.maps.quality import QualityMapper
    from kiqa.maps.rnn_biqa import GazeExtractor
    from kiqa.maps.wadiqam import PatchPooler

    def without_network(rater, **attributes):
        made = object.__new__(rater)
        for name, value in attributes.items():
            setattr(made, name, value)
        return made

    mapper = without_network(QualityMapper)
    return {
        "QualityMapper": mapper.map,
        "PatchPooler": without_network(PatchPooler).pool,
        "RegionRater": without_network(RegionRater, kind="rm").score,
        "LiteRater.score": without_network(LiteRater).score,
        "LiteRater.map": without_network(LiteRater, _local=None).map,
        "GazeExtractor": without_network(GazeExtractor).of_gaze,
    }


@pytest.mark.parametrize(
    "name",
    ["QualityMapper", "PatchPooler", "RegionRater", "LiteRater.score", "LiteRater.map",
     "GazeExtractor"],
)  # fmt: skip
def test_networks_that_were_loaded_before_do_not_run_in_a_late_fork(monkeypatch, photo, name):
    """What makes scores and maps of a Keras model asks before it runs it."""
    monkeypatch.setattr(startup, "_forked_too_late", True)
    with pytest.raises(startup.ProcessError, match="spawn"):
        _raters()[name](photo)


def test_nothing_is_loaded_or_trained_in_a_late_fork(monkeypatch, capsys, tmp_path):
    """`kiqa.load_model`, the commands and the run of all trainings; the doctor says it."""
    from kiqa.training.runs.run import Training, run_training, train_epochs

    monkeypatch.setattr(startup, "_forked_too_late", True)
    for act in (
        lambda: kiqa.load_model("patchnet"),
        startup.start_keras,
        lambda: run_training(object.__new__(Training), workdir=tmp_path),
        lambda: train_epochs(object.__new__(Training), folder=tmp_path, resume=False),
    ):
        with pytest.raises(startup.ProcessError, match="spawn"):
            act()
    monkeypatch.setattr("kiqa.cli.doctor._gpu", lambda: ("none", "not asked"))
    assert main(["doctor", "--model", "patchnet"]) == 1
    broken = [line for line in capsys.readouterr().out.splitlines() if line.startswith("broken")]
    assert len(broken) == 2 and all("get_context('spawn')" in line for line in broken)


@pytest.mark.parametrize("backend", ["jax", "torch", "nonsense"])
def test_another_backend_is_named(monkeypatch, capsys, photos, backend):
    """In one line of the command line, and by the doctor; nothing blames the weights."""
    monkeypatch.setenv("KERAS_BACKEND", backend)
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    assert main(["score", str(photos / "a.png"), "--model", "patchnet"]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and f"KERAS_BACKEND={backend}" in err and "Unset" in err

    monkeypatch.setattr("kiqa.cli.doctor._gpu", lambda: ("none", "not asked"))
    assert main(["doctor", "--model", "patchnet"]) == 1
    broken = [line for line in capsys.readouterr().out.splitlines() if line.startswith("broken")]
    assert len(broken) == 2
    assert all(f"KERAS_BACKEND={backend}" in line for line in broken)


def test_an_empty_variable_is_none(monkeypatch):
    """As Keras takes it."""
    monkeypatch.setenv("KERAS_BACKEND", "")
    startup.check_backend()


def test_one_scorer_of_a_kind_is_made(monkeypatch, stand_in, photo):
    """Also by threads that come at once."""
    from concurrent.futures import ThreadPoolExecutor

    made = []
    monkeypatch.setattr(single, "Scorer", lambda *a, **k: made.append(1) or Scorer(*a, **k))
    single._cached_scorer.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        values = list(pool.map(lambda _: kiqa.score(photo), range(8)))
    single._cached_scorer.cache_clear()
    assert len(set(values)) == 1
    assert len(made) == 1
