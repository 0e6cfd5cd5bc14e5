"""What runs on a worker: a scorer, and what is done with each item.

Public names: `Job`, `guest`, `opened`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kiqa.scoring.scorer import Scorer


@dataclass(frozen=True)
class Job:
    """What workers do; it is pickled.

    Attributes:
        scorer: With the model; each worker loads its own.
        prepare: From the scorer and an item to what `finish` needs; runs in
            threads.
        finish: From the scorer and what was prepared to the result.
        folder: Where relative paths begin, on machines that have it.
        seen: A path that must be there, or ``None``.
        threads: That prepare items.
        most: Items of one call, whose results wait in memory.
    """

    scorer: "Scorer"
    prepare: Callable[["Scorer", Any], Any]
    finish: Callable[["Scorer", Any], Any]
    folder: str
    seen: str | None
    threads: int
    most: int = 16


def guest() -> type:
    """Return the class of the actors.

    It is local to this function, so that Ray sends its code along: a machine
    without kiqa can say so.
    """

    class Guest:
        def open(self, version, environment, boxed):
            """Load the model; what is there, or the ``error``."""
            import os
            import platform

            os.environ.update(environment)  # before TensorFlow and OpenCV are loaded
            found = {"node": platform.node(), "kiqa": None, "error": None}
            try:
                from kiqa import __version__
            except ImportError as error:
                return {**found, "error": str(error)}
            found["kiqa"] = __version__
            if __version__ != version:
                return found
            import ray

            from kiqa.scoring.cluster.worker import opened

            try:
                self.do_all, more = opened(ray.get(boxed[0]))
            except Exception as error:  # of the model, its file, or the machine
                return {**found, "error": f"{type(error).__name__}: {error}"}
            return {**found, **more}

        def do(self, items):
            """The results of items."""
            return self.do_all(items)

    return Guest


def opened(job: Job) -> tuple[Callable[[Sequence[Any]], list[Any]], dict[str, Any]]:
    """Load the model of a job, in the process of a worker.

    Args:
        job: The job.

    Returns:
        The function that does items, and what identifies the model:
        ``weights_sha256`` and ``stride``.

    Raises:
        FileNotFoundError: If the images are not there.
        ValueError: If the model cannot be loaded.
    """
    import os

    from kiqa.scoring.paths import read_ahead
    from kiqa.startup import load_quietly

    if os.path.isdir(job.folder):
        os.chdir(job.folder)
    if job.seen is not None and not os.path.lexists(job.seen):
        raise FileNotFoundError(f"{job.seen} is not there")
    scorer = job.scorer
    load_quietly(scorer)

    def do_all(items):
        prepared = read_ahead(lambda item: job.prepare(scorer, item), items, workers=job.threads)
        return [job.finish(scorer, each) for each in prepared]

    return do_all, {"weights_sha256": scorer.info.sha256, "stride": scorer.stride}
