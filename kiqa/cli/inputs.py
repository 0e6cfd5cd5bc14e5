"""Which files a command works on: files, folders, globs and a list on stdin."""

import argparse
import glob
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kiqa.arguments import add_flag, add_text
from kiqa.constants import DEFAULT_SCORER
from kiqa.io.messages import tell
from kiqa.io.outputs import declare_inputs
from kiqa.io.remote import is_url
from kiqa.io.walk import Judge, Walk, matching

if TYPE_CHECKING:
    from kiqa.data.records import ScoredImage

# The keys of kiqa.data.DATASETS, so that --help loads no reader.
DATASETS = (
    "biq2021 csiq kadid10k koniq10k live live-fb live-fb-patches live-itw mos-csv spaq tid2008 "
    "tid2013"
).split()


_LARGEST_LIST = 256 << 20  # bytes: a million long paths


@dataclass(frozen=True)
class Input:
    """One file to work on.

    Attributes:
        path: As to be opened and reported.
        name: Relative to the argument it came from, with ``/``. Shards
            follow from it; results are filed under it after `distinguish`.
    """

    path: str
    name: str


def add_paths(
    parser: argparse.ArgumentParser, *, model: str = DEFAULT_SCORER, more: str = ""
) -> None:
    """Add the positional PATH arguments and --model, with its default, to a command.

    Args:
        parser: Of the command.
        model: The default of --model.
        more: What else PATH may be, for the help.
    """
    add_images(parser, more=more)
    add_model(parser, default=model)


def add_images(parser: argparse.ArgumentParser, *, more: str = "") -> None:
    """Add the positional PATH arguments alone; ``more`` as for `add_paths`."""
    text = (
        "image file, folder (with all below), glob in quotes, - for a list on stdin, or with "
        f"kiqa[remote] a URL of a file, folder or archive such as s3://bucket/folder{more}"
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help=text)


def add_model(parser: argparse.ArgumentParser, *, default: str = DEFAULT_SCORER) -> None:
    """Add --model to a command."""
    add_text(parser, "--model", "NAME|FILE", "shipped model or .h5 file", default=default)


def add_reference(parser: argparse.ArgumentParser) -> None:
    """Add --reference to a command."""
    text = (
        "for full-reference models: the undistorted image, or a folder with one under the relative "
        "path of each image, of the same size and mode; no URL"
    )
    add_text(parser, "--reference", "PATH", text)


def add_memory(
    parser: argparse.ArgumentParser, *, doing: str = "loading it and in the network"
) -> None:
    """Add --memory to a command; the help says what the image takes memory for."""
    parser.add_argument(
        "--memory",
        type=_size,
        metavar="SIZE",
        help=f"most memory that one image may take, {doing}, such as 2G; by "
        "estimates, larger images are refused (default: half of what is free)",
    )


def _size(text):
    from kiqa.io.memory import parse_size

    try:
        return parse_size(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected a size such as 512M or 2G, got {text!r}"
        ) from None


def add_spreadsheet(parser: argparse.ArgumentParser) -> None:
    """Add --spreadsheet to a command that writes CSV."""
    add_flag(
        parser,
        "--spreadsheet",
        "in CSV, put an apostrophe before names that begin with = + - or @, which a "
        "spreadsheet would run as formulas",
    )


def add_part(parser: argparse.ArgumentParser, *, default: str) -> None:
    """Add --split and --set, which say what to take of a data set."""
    parser.add_argument(
        "--split",
        metavar="FILE|NAME",
        help="split file (image_name,set) or published split (default: the data set's own)",
    )
    parser.add_argument(
        "--set",
        dest="part",
        choices=("train", "val", "test", "all"),
        default=default,
        help="part of the split (default: %(default)s)",
    )


def records_of(
    arguments: argparse.Namespace, *, exclude: Sequence[str] | None = None
) -> list["ScoredImage"]:
    """Read the images of --data and --dataset that the options of `add_part` choose.

    Args:
        arguments: Parsed arguments.
        exclude: What names images to leave out, see `kiqa.data.excluded`.

    Returns:
        The records, at least one.

    Raises:
        FileNotFoundError: If the data set, the split or a file of ``exclude`` is not there.
        ValueError: If there is no split, or no image is in the part or left.
    """
    from kiqa.data.chosen import scored_images

    return scored_images(
        arguments.dataset,
        arguments.data,
        split=arguments.split,
        part=arguments.part,
        exclude=exclude,
        report=tell,
    )


def collect(
    paths: Sequence[str],
    *,
    leave_out: Iterable[str | os.PathLike | None] = (),
    judge: Judge | None = None,
) -> list[Input]:
    """List the files that the PATH arguments mean, and declare them as inputs.

    Args:
        paths: Files, folders, globs that the shell left alone, or ``-``: a
            list on standard input, one path a line or separated by NUL.
        leave_out: Files that are not input, such as the output file, and
            folders with all below.
        judge: From the path of a file found in a folder to why it is skipped;
            by default `kiqa.io.images.kinds.no_image`. What the arguments
            name is always tried.

    Returns:
        The files, each once, folders in sorted order. A folder is walked
        with all below and through links; one that cannot be listed stands in
        for its files. What is skipped is said in one line on standard error.

    Raises:
        FileNotFoundError: If an argument matches nothing or a folder has no
            images. A path *on stdin* that is not there is kept: it becomes an
            error row.
    """
    from kiqa.io.images.kinds import no_image

    walk = Walk(judge or no_image)
    found = {}
    for argument in paths:
        before = walk.skipped.total()
        listed = _listed(walk) if argument == "-" else _matches(argument, walk)
        count = 0
        for item in listed:
            found.setdefault(item.path, item)
            count += 1
        if count == 0:
            what = "list on standard input" if argument == "-" else argument
            others = f" ({walk.summary()})" if walk.skipped.total() > before else ""
            raise FileNotFoundError(
                f"Expected at least one image. Received: {what}, with none{others}."
            )
    omitted = {os.path.realpath(path) for path in leave_out if path}
    folders = tuple(os.path.join(path, "") for path in omitted if os.path.isdir(path))
    names = {os.path.basename(path) for path in omitted}  # few need the whole look
    inputs = [
        item
        for path, item in found.items()
        if (os.path.basename(path) not in names or os.path.realpath(path) not in omitted)
        and not (folders and os.path.realpath(path).startswith(folders))
    ]
    if not inputs:
        raise FileNotFoundError(
            "Expected at least one file. Received: the output file of this command only."
        )
    declare_inputs(item.path for item in inputs)
    if walk.summary():
        tell(walk.summary())
    return inputs


def _matches(argument: str, walk: Walk) -> Iterator[Input]:
    """Files of one argument that is not ``-``."""
    if is_url(argument):
        for path, name in walk.elsewhere(argument):
            yield Input(path, name)
    elif os.path.isdir(argument):
        yield from _below(argument, walk)
    elif os.path.lexists(argument):
        yield Input(argument, os.path.basename(argument))
    elif glob.has_magic(argument):
        root = argument
        while glob.has_magic(root):
            root = os.path.dirname(root)
        for path in matching(argument):
            # With ** both a folder and its files match; the files are enough.
            if os.path.isdir(path) and "**" in argument:
                continue
            prefix = os.path.relpath(path, root or ".")
            for item in _below(path, walk) if os.path.isdir(path) else [Input(path, "")]:
                yield replace(item, name=_posix(os.path.join(prefix, item.name).rstrip(os.sep)))
    else:
        raise FileNotFoundError(
            f"Expected an image file, a folder or a glob. Received: {argument}, not there."
        )


def _below(folder: str, walk: Walk) -> Iterator[Input]:
    for path, name in walk.below(folder):
        yield Input(path, name)


def _listed(walk: Walk) -> Iterator[Input]:
    """Files of the list on standard input."""
    data = sys.stdin.buffer.read(_LARGEST_LIST + 1) if sys.stdin else b""
    if len(data) > _LARGEST_LIST:
        raise ValueError(
            f"Expected a list of at most {_LARGEST_LIST} bytes on standard input. Received: more. "
            "Give the folder itself, or several lists one after the other."
        )
    lines = data.split(b"\0") if b"\0" in data else data.splitlines()
    for line in lines:
        path = os.fsdecode(line)
        if path and not is_url(path) and os.path.isdir(path):
            yield from _below(path, walk)
        elif path:
            yield Input(path, os.path.basename(path))


def _without_drive(path: str) -> str:
    return os.path.splitdrive(os.path.abspath(path))[1]


def _posix(name: str) -> str:
    return name.replace(os.sep, "/")


def distinguish(inputs: list[Input]) -> list[Input]:
    """Give every input a name of its own.

    Args:
        inputs: From `collect`.

    Returns:
        The same inputs; those that share a name are named by the path below
        their common folder. No name leads out of a folder it is put into.
    """
    count = Counter(item.name for item in inputs)
    shared = [os.path.abspath(item.path) for item in inputs if count[item.name] > 1]
    if not shared:
        return inputs
    top = os.path.dirname(os.path.commonprefix([os.path.join(path, "") for path in shared]))
    named = [
        replace(item, name=_posix(os.path.relpath(os.path.abspath(item.path), top)))
        if count[item.name] > 1
        else item
        for item in inputs
    ]
    if len({item.name for item in named}) < len(named):
        return [
            replace(item, name=_posix(_without_drive(item.path)).lstrip("/")) for item in inputs
        ]
    return named
