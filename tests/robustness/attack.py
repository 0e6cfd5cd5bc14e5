"""A folder and a data set of awkward names and files, and arguments that aim a command at them.

The arguments come from the command's own parser: what it requires is looked up
in `VALUES` by the option's name, what makes it quick in `QUICK`. A command that
requires something else fails in `test_attack.py` until it has a value there.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from .commands import furnish
from .files import encoded

# Of the kinds in `names.py` one each: commands are many, so names are few.
NAMES = (
    "Ba$$in$x$.jpg",
    "caf\udce9.jpg",
    f"{'n' * 248}.jpg",
    "red \x1b[31m.jpg",
    "two\nlines.jpg",
    "=1+1.jpg",
    "-rf.jpg",
    "good.jpg",
)
BAD = {
    "truncated.jpg": None,  # a part of a good one
    "text.jpg": b"no image",
    "empty.jpg": b"",
}
SIDECARS = {
    ".DS_Store": b"\0\0\0\1Bud1",
    "._good.jpg": b"\0\5\x16\7\0\2\0\0Mac OS X",
    "good.xmp": b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>",
    "Thumbs.db": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
}
SIZE = 96, 112  # rows and columns

# Values of what commands require, by the name of the option or the argument. Those that name the
# data or the output are given where they may be left out, too.
VALUES = {
    "paths": ["d"],
    "folder": ["d"],
    "images": ["d"],
    "image": ["d/two\nlines.jpg"],
    "data": ["biq"],
    "dataset": ["biq2021"],
    "output": ["o"],
    "workdir": ["o"],
    "features": ["d"],
    "ladder": ["d"],
    "codec": ["jpeg"],
    "like": ["d"],
    "count": ["1"],
    "ratings": ["tables/mos.csv"],
    "file": ["d/two\nlines.jpg"],
    "predictions": ["tables/predictions.csv"],
    "models": ["patchnet=biq"],
    "first": ["tables/one.csv"],
    "second": ["tables/two.csv"],
    "extractor": ["rnn_features"],
    "best": ["100%"],
    "model": ["tables/weights.npz"],
    "format": ["keras"],
}
ALWAYS = {"data", "dataset", "output", "workdir"}
# Numbers that make any command quick.
QUICK = {
    **dict.fromkeys(
        ("epochs", "judge_epochs", "splits", "repeats", "copies", "photographs", "studies"), "1"
    ),
    **dict.fromkeys(("patches", "validation_patches", "test_patches", "versions", "folds"), "2"),
    **{"numbers": "1", "patches_per_image": "4", "batch_size": "4", "stride": "16", "rounds": "20"},
    "studies": "1",
}


def furnish_attack(root: Path) -> list[str]:
    """Write ``d``, ``biq`` and what `furnish` writes; return the good names."""
    furnish(root)
    rng = np.random.default_rng(15)
    files: dict[str, bytes] = {}
    for number, name in enumerate(NAMES):
        coarse = rng.integers(0, 256, (6 + number, 7 + number, 3), np.uint8)
        image = Image.fromarray(coarse).resize(SIZE[::-1], Image.Resampling.BICUBIC)
        files[name] = encoded(image, "JPEG", quality=90)
    good = _written(root / "d", files)
    bad = {name: data or files["good.jpg"][:-200] for name, data in BAD.items()}
    bad["empty.jpg"] = b""
    _written(root / "d", bad | SIDECARS)
    _furnish_data(root / "biq", files, good, bad)
    return good


def _written(folder, files):
    """Write what this file system takes."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, data in files.items():
        try:
            (folder / name).write_bytes(data)
        except (OSError, ValueError):
            continue
        made.append(name)
    return made


def _furnish_data(root, files, good, bad):
    """BIQ2021's layout with these images, of which each part has good and bad ones."""
    for path in root.rglob("*.jpg"):
        path.unlink()
    listed = [name for name in good if "\udce9" not in name]  # tables are UTF-8
    copies = {f"1 {name}"[-250:]: files[name] for name in listed}
    _written(root / "Images", {name: files[name] for name in listed} | copies | bad | SIDECARS)
    names = sorted([*listed, *copies, *bad])
    scores, split = ["Image Name,MOS"], ["image_name,set"]
    for number, name in enumerate(names):
        cell = f'"{name}"'
        scores.append(f"{cell},{(number + 1) / (len(names) + 1):.4f}")
        split.append(f"{cell},{('train', 'val', 'test', 'train')[number % 4]}")
    for file, lines in (("Train (Images and MOS).csv", scores), ("split.csv", split)):
        (root / file).write_text("\n".join([*lines, ""]), encoding="utf-8")


def aimed(parser: argparse.ArgumentParser, more: Sequence[str] = ()) -> list[str]:
    """Arguments that aim a parser's command at the awkward folder or data set.

    Args:
        parser: Of the command.
        more: Further arguments; options among them are added by nothing else.

    Raises:
        KeyError: If the command requires what `VALUES` has no value for.
    """
    options: list[str] = []
    places: list[str] = []
    required = {action.dest for action in parser._actions if action.required}
    # Features were taken of a data set, which is not given again.
    always = ALWAYS - {"data", "dataset"} if "features" in required else ALWAYS
    for action in parser._actions:
        if set(action.option_strings) & set(more):
            continue
        if action.required or action.dest in always:
            value = VALUES[action.dest]
            if "=" in (action.metavar or ""):
                value = [f"biq2021={value[0]}"]
        elif action.dest in ("include_trained", "shallow"):
            value = []
        elif action.dest == "set":
            value = ["all"]
        elif action.dest in QUICK and action.type is not Path:
            value = [QUICK[action.dest]]
        else:
            continue
        if action.option_strings:
            options += [action.option_strings[-1], *value]
        else:
            places += value
    return [*places, *options, *more]
