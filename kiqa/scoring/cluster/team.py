"""Giving items to workers and collecting results: each once, in order, whoever ends meanwhile.

Public names: `Lost`, `spread`.
"""

import contextlib
import os
import time
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

from kiqa import __version__
from kiqa.io.messages import shortened, tell
from kiqa.scoring.cluster.session import Shares
from kiqa.scoring.cluster.worker import Job, guest
from kiqa.scoring.paths import usable_cores

_CALLS = 2  # of one worker at a time, so that it need not wait for the next
_TRIES = 4  # workers that may end with an item in their hands
_STARTS = 3  # workers that may end one after the other while they load the model
_PATIENCE = 60.0  # seconds without any worker after which that is said
_REASON = 200  # characters of Ray's reasons


@dataclass(frozen=True)
class Lost:
    """What stands for a result that no worker lived to give.

    Attributes:
        item: The item.
        reason: What Ray says of the last worker.
    """

    item: Any
    reason: str

    def told(self, path: str) -> str:
        """Return the error of the image of that path."""
        return (
            f"{path}: Expected a worker that lives until the image is done. Received: several that "
            f"ended with it: {self.reason} Give workers more memory, or leave --engine ray out."
        )


@dataclass
class _Worker:
    """One actor: while it loads the model ``calls`` holds the call that does so, with no item."""

    actor: Any
    node: str = "a node that did not answer"
    ready: bool = False
    ended: bool = False
    calls: dict[Any, list[int]] = field(default_factory=dict)


def spread(job: Job, items: Sequence[Any], shares: Shares) -> Generator[Any]:
    """Yield the result of each item, in order.

    Args:
        job: What workers do.
        items: What they do it with; small, and pickled.
        shares: How many workers, and what each has of the cluster.

    Yields:
        The results, or `Lost` for an item with which several workers ended.
        At most a few calls of each worker are done ahead.

    Raises:
        ValueError: If a worker has no kiqa, another version, other weights or
            no such images, or none lives until it has loaded the model.
    """
    team = _Team(job, items, shares)
    try:
        turn = 0
        while turn < len(items):
            team.hire()
            team.give(turn)
            team.collect()
            while turn in team.done:
                yield team.done.pop(turn)
                turn += 1
    finally:
        team.end()


class _Team:
    """The workers of one run, and what is still to be done."""

    def __init__(self, job, items, shares):
        import ray

        self.ray, self.items, self.done = ray, items, {}
        self._job, self._shares = job, shares
        self._size = min(shares.workers, len(items))
        self._boxed = [ray.put(job)]
        self._environment = {
            # Two threads add up in the order of more, one in another: its last digit differs.
            "TF_NUM_INTRAOP_THREADS": str(max(shares.cpus, min(2, usable_cores()))),
            "TF_NUM_INTEROP_THREADS": "1",
            "OPENCV_FOR_THREADS_NUM": str(shares.cpus),
            "TF_FORCE_GPU_ALLOW_GROWTH": "true",  # others may have their share of the GPU
            "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3"),
        }
        if not shares.gpus:
            self._environment["CUDA_VISIBLE_DEVICES"] = "-1"
        self._class = ray.remote(guest()).options(
            num_cpus=shares.cpus, num_gpus=shares.gpus, max_restarts=0,
            scheduling_strategy="SPREAD",
        )  # fmt: skip
        self._workers: list[_Worker] = []
        self._next, self._again, self._strikes = 0, deque(), {}
        self._failed_starts = 0
        self._idle_since = time.monotonic()

    def hire(self) -> None:
        """Replace workers that have ended."""
        left = len(self.items) - self._next + len(self._again)
        needed = self._size if left else 0
        while len(self._workers) < needed:
            worker = _Worker(self._class.remote())
            ref = worker.actor.open.remote(__version__, self._environment, self._boxed)
            worker.calls[ref] = []
            self._workers.append(worker)

    def give(self, turn: int) -> None:
        """Give every worker that is ready something to do."""
        ahead = turn + 2 * _CALLS * self._job.most * max(1, self._size)
        for _ in range(_CALLS):
            for worker in self._workers:
                if worker.ready and len(worker.calls) < _CALLS and (batch := self._batch(ahead)):
                    ref = worker.actor.do.remote([self.items[index] for index in batch])
                    worker.calls[ref] = batch

    def _batch(self, ahead):
        """Indices for one call: what comes again alone, so that a bad one harms no other."""
        if self._again:
            return [self._again.popleft()]
        left = max(0, min(len(self.items), ahead) - self._next)  # `ahead` shrinks with the team
        count = min(left, max(1, min(self._job.most, left // (2 * _CALLS * self._size))))
        batch = list(range(self._next, self._next + count))
        self._next += count
        return batch

    def collect(self) -> None:
        """Wait for what comes next, a second at most."""
        owners = {ref: worker for worker in self._workers for ref in worker.calls}
        refs, _ = self.ray.wait(list(owners), num_returns=1, timeout=1.0)
        if refs:
            more, _ = self.ray.wait(list(owners), num_returns=len(owners), timeout=0)
            refs = more or refs
        for ref in refs:
            self._take(owners[ref], ref)
        self._workers = [each for each in self._workers if each.calls or not each.ended]
        if any(worker.ready for worker in self._workers):
            self._idle_since = time.monotonic()
        elif time.monotonic() - self._idle_since > _PATIENCE:
            self._idle_since = float("inf")
            has = self.ray.cluster_resources()
            tell(
                f"waiting for a worker: each takes {self._shares.cpus} cores and "
                f"{self._shares.gpus:g} GPUs, the cluster has {has.get('CPU', 0):g} and "
                f"{has.get('GPU', 0):g}"
            )

    def _take(self, worker, ref):
        """Take a result, or note that its worker has ended."""
        from ray.exceptions import RayError, RayTaskError

        try:
            found = self.ray.get(ref)
        except RayTaskError:  # raised by what runs there: a defect
            raise
        except RayError as error:
            self._lose(worker, ref, shortened(str(error).splitlines()[0], _REASON))
            return
        batch = worker.calls.pop(ref)
        if batch:
            self.done.update(zip(batch, found, strict=True))
            return
        worker.node = found["node"]
        self._check(found)
        worker.ready, self._failed_starts = not worker.ended, 0

    def _lose(self, worker, ref, reason):
        """Take back what a worker had that has ended; the first of its calls is what it did."""
        if not worker.ended:
            worker.ended, worker.ready = True, False
            with contextlib.suppress(Exception):
                self.ray.kill(worker.actor)  # one that only cannot be reached must not come back
            doing = next(iter(worker.calls.values()))
            count = sum(map(len, worker.calls.values()))
            if count:
                tell(f"a worker on {worker.node} ended, its {count} images come again: {reason}")
            else:
                self._note_failed_start(reason)
            if len(doing) == 1:
                self._strikes[doing[0]] = self._strikes.get(doing[0], 0) + 1
        for index in reversed(worker.calls.pop(ref)):
            if self._strikes.get(index, 0) < _TRIES:
                self._again.appendleft(index)
            else:
                self.done[index] = Lost(self.items[index], reason)

    def _note_failed_start(self, reason):
        """After several that ended while they were loading there is no room for so many."""
        self._failed_starts += 1
        if self._failed_starts < _STARTS:
            return
        self._failed_starts, self._size = 0, self._size - 1
        if self._size < 1:
            raise ValueError(
                f"Expected workers that can load {self._job.scorer.model}. Received: {_STARTS} one "
                f"after the other that ended while they did: {reason} Look at the memory of the "
                "nodes, and take fewer workers (--workers)."
            )
        tell(f"{_STARTS} workers ended while they loaded the model; going on with {self._size}")

    def _check(self, found):
        """Refuse a worker that would give other rows, or none."""
        node = found["node"]
        if found["kiqa"] is None:
            raise ValueError(
                f"Expected kiqa {__version__} on every node. Received: {node}, which has none "
                f"({found['error']}). Install it there: pip install 'kiqa[ray]=={__version__}'."
            )
        if found["kiqa"] != __version__:
            raise ValueError(
                f"Expected kiqa {__version__} on every node. Received: {node} with kiqa "
                f"{found['kiqa']}. Install the same there: pip install 'kiqa[ray]=={__version__}'."
            )
        if found["error"] is not None:
            raise ValueError(
                f"Expected a node that can load {self._job.scorer.model} and sees the images. "
                f"Received: {node}: {found['error']}. Put both into a folder that all nodes have, "
                "under the same path."
            )
        scorer = self._job.scorer
        wanted = {"weights_sha256": scorer.info.sha256, "stride": scorer.stride}
        if any(found[name] != value for name, value in wanted.items()):
            raise ValueError(
                f"Expected the weights {scorer.info.sha256[:12]} of {scorer.model} on every node. "
                f"Received: {node} with {found['weights_sha256'][:12]}. Put the same file there."
            )

    def end(self) -> None:
        """Let all workers go."""
        for worker in self._workers:
            with contextlib.suppress(Exception):
                self.ray.kill(worker.actor)
