"""A network whose scores are learned must not have seen the test part.

Public names: `refuse_seen`.
"""

from collections.abc import Callable, Sequence

from kiqa.data.records import ScoredImage
from kiqa.data.untrained import untrained
from kiqa.io.weights import WeightsInfo


def refuse_seen(
    info: WeightsInfo, test: Sequence[ScoredImage], *, report: Callable[[str], object]
) -> None:
    """Refuse a teacher that has seen images of the test part.

    Args:
        info: Of its file.
        test: Images that it must not have been trained on.
        report: Called with a sentence where the file does not say what it was
            trained on.

    Raises:
        ValueError: If it was.
    """
    met: list[str] = []
    found = untrained(test, [info.details], include=True, report=met.append)
    if found.met:
        raise ValueError(
            "Expected a teacher that was not trained on images of the test part. Received: "
            f"{info.name}, which was on {found.met} of {len(test)}. Use another one, or another "
            "split."
        )
    for text in met:
        report(text)
