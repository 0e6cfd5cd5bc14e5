"""Where a command that makes one file of one file writes it."""

import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from kiqa.cli.inputs import Input
from kiqa.io.messages import shortened

_FILES = (".jpg", ".jpeg", ".vjpg", ".png")  # endings that nobody gives a new folder


def output_paths(inputs: Sequence[Input], output: Path, *, suffix: str) -> list[Path]:
    """Name the output file of every input.

    Args:
        inputs: Of `kiqa.cli.inputs.distinguish`.
        output: A folder; or, for one input, a file with the suffix.
        suffix: Of the files written.

    Returns:
        One path for each input: its name in the folder, the suffix replaced.

    Raises:
        ValueError: If two would be the same, one is an input itself, or the
            output has the name of a file that cannot be written.
    """
    named_file = output.suffix.lower() in _FILES and not output.is_dir()
    if named_file and (len(inputs) > 1 or output.suffix.lower() != suffix):
        raise ValueError(
            f"Expected a folder, or for one input a file ending in {suffix}. Received: {output} "
            f"for {len(inputs)} input{'s' * (len(inputs) > 1)}."
        )
    if named_file:
        paths = [output]
    else:
        paths = [(output / item.name).with_suffix(suffix) for item in inputs]
        twice = [path for path, count in Counter(paths).items() if count > 1]
        if twice:
            raise ValueError(
                f"Expected inputs whose names differ before the suffix. Received: two that become "
                f"{twice[0]}. Write them to different folders."
            )
    read = {os.path.realpath(item.path) for item in inputs}
    own = [path for path in paths if os.path.realpath(path) in read]
    if own:
        raise ValueError(
            f"Expected an output that replaces no input. Received: {own[0]}. "
            "Write to another folder."
        )
    return paths


def report(item: Input, error: Exception) -> int:
    """Write one line about a file that could not be worked on; return 1, to count it."""
    text = shortened(error) or type(error).__name__
    sys.stderr.write(f"kiqa: {text if item.path in text else f'{item.path}: {text}'}\n")
    return 1
