"""Settings of any training: number formats, as JSON, and whether a run may continue.

Loads no Keras, so a command line can read it.
"""

import dataclasses
from typing import Any

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


def settings_to_json(settings: Any) -> dict:
    """Return the settings as a dict of JSON types (tuples become lists)."""

    def plain(value):
        return [plain(item) for item in value] if isinstance(value, tuple) else value

    return {key: plain(value) for key, value in dataclasses.asdict(settings).items()}


def check_continues(earlier: dict, now: dict, *, extendable: tuple[str, ...] = ("epochs",)) -> None:
    """Refuse to continue a run with other settings.

    Args:
        earlier: Settings of the run as JSON types, e.g. read from its
            ``settings.json``.
        now: Settings asked for, in the same form.
        extendable: Numbers that may grow.

    Raises:
        ValueError: Naming each setting that differs, with both values.
    """
    different = []
    for key in sorted({*earlier, *now}):
        before, after = earlier.get(key), now.get(key)
        grows = key in extendable and before is not None and after is not None and after > before
        if before != after and not grows:
            different.append(f"{key} was {before}, is {after}")
    if different:
        growing = f" (only {', '.join(extendable)} may grow)" if extendable else ""
        raise ValueError(
            "Expected the settings of the run to be continued. Received: "
            f"{'; '.join(different)}. Use the same settings{growing}, or another working folder."
        )
