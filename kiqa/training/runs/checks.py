"""The check that every training makes: nothing is trained on that it is judged by.

Public names: `refuse_shared_contents`.
"""

import itertools
from collections.abc import Mapping, Sequence


def refuse_shared_contents(parts: Mapping[str, Sequence[Mapping]]) -> None:
    """Refuse parts of a data set that share a scene.

    Args:
        parts: By part (``"train"``, ``"val"``, ``"test"``) rows with
            ``image_name`` and ``content``, the scene or reference.

    Raises:
        ValueError: Naming the two parts, and how many contents are in both.
    """
    for one, other in itertools.combinations(parts, 2):
        shared = sorted(
            {row["content"] for row in parts[one]} & {row["content"] for row in parts[other]}
        )
        if shared:
            raise ValueError(
                "Expected every scene, or reference, on one side of the split. Received: "
                f"{len(shared)} in both {one} and {other}, such as {shared[:3]}. Split by content."
            )
