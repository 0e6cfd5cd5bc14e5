"""Seconds of functions that take turns, so that all see the same load.

Public names: `in_turns`.
"""

import time
from collections.abc import Callable, Mapping


def in_turns(jobs: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[tuple]]:
    """Time each job in each round, after one round that is not counted.

    Args:
        jobs: Functions by their names.
        rounds: How many count.

    Returns:
        For each job and round the seconds by the clock and of the processors.
    """
    times: dict[str, list[tuple]] = {name: [] for name in jobs}
    for turn in range(rounds + 1):
        for name, job in jobs.items():
            began = time.perf_counter(), time.process_time()
            job()
            ended = time.perf_counter(), time.process_time()
            if turn:
                times[name].append((ended[0] - began[0], ended[1] - began[1]))
    return times
