"""Batches made in the background while earlier ones are trained on."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item, Made = TypeVar("Item"), TypeVar("Made")

_AHEAD = 4  # steps prepared while one is trained


def made_ahead(
    make: Callable[[Item], Made], steps: Sequence[Item], *, workers: int = 1
) -> Iterator[Made]:
    """Yield what a function makes of each step, in order.

    Args:
        make: Makes one step; called in other threads, a few steps early.
        steps: What it is called with.
        workers: Threads.

    Yields:
        Its results; what it raises is raised when the step's turn comes.
    """
    with ThreadPoolExecutor(workers) as pool:
        waiting = [pool.submit(make, step) for step in steps[:_AHEAD]]
        for number in range(len(steps)):
            if number + _AHEAD < len(steps):
                waiting.append(pool.submit(make, steps[number + _AHEAD]))
            yield waiting.pop(0).result()
