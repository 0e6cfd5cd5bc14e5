"""Giving out and collecting: each item once and in order, whichever workers end, and when.

Ray is a stand-in here, whose workers end when a test says so; `test_rows.py` has a real one.
"""

import random
import sys
from types import ModuleType, SimpleNamespace

import pytest

from kiqa import __version__
from kiqa.scoring.cluster.session import Shares
from kiqa.scoring.cluster.team import Lost, spread

ANSWER = {"node": "n1", "kiqa": __version__, "error": None, "weights_sha256": "a" * 64, "stride": 8}
SCORER = SimpleNamespace(model="lite", info=SimpleNamespace(sha256="a" * 64), stride=8)
JOB = SimpleNamespace(scorer=SCORER, most=16)


class _Ray:
    """Answers calls when they are waited for: by ``do(item)``, or with the worker's end."""

    def __init__(self, ends=lambda items: False, opening=lambda number: ANSWER, end=None):
        self.ends, self.opening = ends, opening
        self.end = end or sys.modules["ray.exceptions"].RayError("The actor died.\nAnd more.")
        self.hired, self.order, self.dead = 0, random.Random(1), set()

    def put(self, thing):
        return thing

    def kill(self, actor):
        self.dead.add(actor.number)

    def cluster_resources(self):
        return {"CPU": 2.0}

    def remote(self, _):
        return SimpleNamespace(options=lambda **_: SimpleNamespace(remote=self._hire))

    def _hire(self):
        number, self.hired = self.hired, self.hired + 1

        def call(kind):
            return SimpleNamespace(remote=lambda *given: _Call(number, kind, given))

        return SimpleNamespace(number=number, open=call("open"), do=call("do"))

    def wait(self, calls, *, num_returns, timeout):
        assert calls, "nothing to wait for"
        alive = [call for call in calls if call.number not in self.dead]
        if len(alive) < len(calls):  # a dead one's calls come back at once
            return [call for call in calls if call.number in self.dead], alive
        first = self.order.choice(calls)
        return [next(call for call in calls if call.number == first.number)], []

    def get(self, call):
        if call.number in self.dead:
            raise self.end
        if call.kind == "open":
            answer = self.opening(call.number)
        else:
            answer = None if self.ends(call.given[0]) else [10 * each for each in call.given[0]]
        if answer is None:
            self.dead.add(call.number)
            return self.get(call)
        return answer


class _Call:
    def __init__(self, number, kind, given):
        self.number, self.kind, self.given = number, kind, given


@pytest.fixture
def run(monkeypatch):
    """The function ``run(count, *, workers=2, **options) -> (results, ray)``."""

    def start(count, *, workers=2, **options):
        ray = _Ray(**options)
        for name, attribute in (("put", ray.put), ("kill", ray.kill), ("wait", ray.wait),
                                ("get", ray.get), ("remote", ray.remote),
                                ("cluster_resources", ray.cluster_resources)):  # fmt: skip
            setattr(module, name, attribute)
        return list(spread(JOB, list(range(count)), Shares(workers, 1, 0.0))), ray

    module, exceptions = ModuleType("ray"), ModuleType("ray.exceptions")
    exceptions.RayError = type("RayError", (Exception,), {})
    exceptions.RayTaskError = type("RayTaskError", (exceptions.RayError,), {})
    monkeypatch.setitem(sys.modules, "ray", module)
    monkeypatch.setitem(sys.modules, "ray.exceptions", exceptions)
    return start


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 3, 200])
def test_results_come_once_and_in_order(run, workers, count):
    """Of any number of items and workers; no worker more than there are items is hired."""
    results, ray = run(count, workers=workers)
    assert results == [10 * number for number in range(count)]
    assert ray.hired == min(workers, count) and len(ray.dead) == ray.hired


@pytest.mark.parametrize("seed", range(5))
def test_ten_ends_lose_and_double_nothing(run, seed, capsys):
    """Workers that end at any moment are replaced, and what they had comes again."""
    rng, left = random.Random(seed), [10]

    def ends(items):
        if left[0] and rng.random() < 0.2:
            left[0] -= 1
            return True
        return False

    results, ray = run(900, workers=3, ends=ends)
    assert results == [10 * number for number in range(900)]
    assert (left[0], ray.hired) == (0, 13)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 10 and "a worker on n1 ended" in said[0] and "And more" not in said[0]


@pytest.fixture(params=["OutOfMemoryError", "NodeDiedError"])
def end(real_ray, request):
    """An end of a worker's, of Ray's own kind."""
    kind = getattr(real_ray.exceptions, request.param)
    return real_ray.exceptions, kind(f"{request.param} of node n1.\nAnd more.")


def test_memory_that_is_full_and_a_node_that_goes_are_ends(end, run, monkeypatch, capsys):
    """What Ray raises for them is no defect: the images come again, and the reason is said."""
    exceptions, error = end
    monkeypatch.setitem(sys.modules, "ray.exceptions", exceptions)
    left = [2]

    def ends(items):
        left[0] -= 1
        return left[0] in (0, 1)

    results, ray = run(30, ends=ends, end=error)
    assert results == [10 * number for number in range(30)] and ray.hired == 4
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2 and str(error).splitlines()[0] in said[0]


def test_an_item_that_ends_every_worker_is_given_up_and_no_other(run):
    """Several workers end with it; what they had beside it is done."""
    results, ray = run(60, ends=lambda items: 7 in items)
    assert results[7] == Lost(7, "The actor died.")
    assert results[:7] + results[8:] == [10 * n for n in range(60) if n != 7]
    assert ray.hired < 10


def test_what_is_done_ahead_is_bounded(run, monkeypatch):
    """A first item that takes long does not let the others run through."""
    given = []
    original = _Ray.get

    def get(self, call):
        if call.kind == "do":
            given.extend(call.given[0])
        return original(self, call)

    def wait(self, calls, *, num_returns, timeout):
        others = [call for call in calls if call.kind == "open" or 0 not in call.given[0]]
        return (others or calls)[:1], []

    monkeypatch.setattr(_Ray, "get", get)
    monkeypatch.setattr(_Ray, "wait", wait)
    results, _ = run(1000)
    assert results == [10 * number for number in range(1000)]
    assert given.index(0) <= 2 * 2 * 16 * 2


def test_a_team_that_shrinks_does_nothing_twice(run, monkeypatch):
    """A first item that takes long, and a worker that cannot be replaced."""
    done, left = [], [1]
    original = _Ray.get

    def get(self, call):
        found = original(self, call)
        if call.kind == "do":
            done.extend(call.given[0])
        return found

    def wait(self, calls, *, num_returns, timeout):
        others = [call for call in calls if call.kind == "open" or 0 not in call.given[0]]
        return (others or calls)[:1], []

    def ends(items):
        left[0] -= 200 in items
        return 200 in items and left[0] == 0

    monkeypatch.setattr(_Ray, "get", get)
    monkeypatch.setattr(_Ray, "wait", wait)
    opening = {"opening": lambda number: ANSWER if number < 8 else None}
    results, _ = run(2000, workers=8, ends=ends, **opening)
    assert results == [10 * number for number in range(2000)]
    assert sorted(done) == list(range(2000))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"kiqa": None, "error": "No module named 'kiqa'"}, "n1, which has none (No module"),
        ({"kiqa": "0.0.1"}, "n1 with kiqa 0.0.1. Install the same there"),
        ({"error": "OSError: x.h5"}, "n1: OSError: x.h5. Put both into a folder"),
        ({"weights_sha256": "b" * 64}, "n1 with bbbbbbbbbbbb. Put the same file there"),
    ],
)
def test_unfit_workers_are_named(run, answer, said):
    """No kiqa, another version, no model or images, other weights: the run ends."""
    with pytest.raises(ValueError, match="Expected") as error:
        run(5, opening=lambda number: ANSWER | answer)
    assert said in str(error.value)


def test_workers_that_cannot_start_are_fewer(run, capsys):
    """Where the memory is enough for one, one does it all."""
    results, _ = run(50, opening=lambda number: ANSWER if number == 0 else None)
    assert results == [10 * number for number in range(50)]
    with pytest.raises(ValueError, match="3 one after the other that ended.*fewer workers"):
        run(5, opening=lambda number: None)
    assert "going on with 1" in capsys.readouterr().err


def test_an_error_of_the_work_itself_is_raised(run, monkeypatch):
    """A defect is no worker's end: it would come again for ever."""

    def get(self, call):
        if call.kind == "do":
            raise sys.modules["ray.exceptions"].RayTaskError("KeyError")
        return ANSWER

    monkeypatch.setattr(_Ray, "get", get)
    with pytest.raises(Exception, match="KeyError"):
        run(3)
