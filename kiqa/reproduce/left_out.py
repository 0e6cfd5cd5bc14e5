"""One image that cannot be used ends no table and no figure of many.

Public names: `LeftOut`, `table_status`.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from kiqa.evaluation.report import undefined_metrics
from kiqa.io.files import is_of_the_disk
from kiqa.io.messages import name_file
from kiqa.reproduce.command import report


class LeftOut:
    """Images that could not be used: each said in one line, left out and counted.

    Attributes:
        files: Their files; one that was tried several times is there once.
    """

    def __init__(self) -> None:
        self.files: list[str] = []

    def over(
        self,
        items: Iterable,
        work: Callable[[Any], Any],
        *,
        file: Callable[[Any], str | os.PathLike] = os.fspath,
    ) -> Iterator[tuple[Any, Any]]:
        """Work on each item, and leave out those that cannot be worked on.

        Args:
            items: Images, in any form.
            work: From an item to its result.
            file: From an item to the image's file; by default it is one.

        Yields:
            Item and result, in the order of the items.

        Raises:
            ValueError: At the end, if there were items and none could be used; of
                a single one the error says why.
            OSError: If the error means that no other file can be written.
        """
        tried = done = 0
        first: tuple[str, Exception] | None = None  # told when another one comes
        for item in items:
            if first is not None:
                self.note(*first)
                first = None
            tried += 1
            try:
                result = work(item)
            except Exception as error:
                if tried == 1 and not is_of_the_disk(error):
                    first = os.fspath(file(item)), error
                else:
                    self.note(file(item), error)
            else:
                done += 1
                yield item, result
        if first is not None:
            raise ValueError(name_file(first[1], first[0])) from first[1]
        if tried and not done:
            raise ValueError(f"Expected images that can be used. Received: none, of {tried}.")

    def note(self, file: str | os.PathLike, error: Exception) -> None:
        """Say that an image is left out, and count it.

        Args:
            file: Of the image.
            error: Why.

        Raises:
            OSError: The error itself, if no other file can be written either.
        """
        if is_of_the_disk(error):
            raise error
        path = os.fspath(file)
        if path not in self.files:
            self.files.append(path)
            report(name_file(error, path))

    def status(self) -> int:
        """Return the exit status of what was made of the others: 1 if any was left out, told."""
        count = len(self.files)
        if count:
            report(f"{count} {'image was' if count == 1 else 'images were'} left out")
        return 1 if count else 0


def table_status(errors: Sequence[str], results: Sequence[Mapping], metrics: Sequence[str]) -> int:
    """Report what is missing in a table, and return the exit status.

    Args:
        errors: Of the images without a score.
        results: Those of the table, each with its ``metrics``.
        metrics: Those that the table shows.

    Returns:
        1 if a score is missing or a metric is not defined, else 0.
    """
    if errors:
        report(f"{len(errors)} scores are missing, the first: {errors[0]}")
    undefined = [undefined_metrics(result["metrics"], metrics) for result in results]
    for line in filter(None, undefined):
        report(line)
    return 1 if errors or any(undefined) else 0
