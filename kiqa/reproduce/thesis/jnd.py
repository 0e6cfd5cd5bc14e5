"""VarJPEG against JPEG where a difference is just noticeable: Figs. 15 and 16.

Public names: :data:`FIG_15`, :data:`FIG_16`, :func:`read_mos`,
:func:`measure_ladder`.
"""

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from kiqa.arguments import add_number
from kiqa.constants import VARJPEG
from kiqa.data.tables import read_table
from kiqa.evaluation.report import to_markdown, write_csv, write_json
from kiqa.io.images import load_image
from kiqa.reproduce.command import Command, add_output
from kiqa.reproduce.left_out import LeftOut
from kiqa.reproduce.thesis.figures import save
from kiqa.scoring import read_ahead, usable_workers
from kiqa.varjpeg.jnd import JndVotes, compare, read_jnd_votes
from kiqa.varjpeg.jnd.observers import (
    NOTICED_SPREAD,
    NOTICED_SSIM,
    luminance_ssim,
    simulate_observers,
)
from kiqa.varjpeg.jnd.versions import (
    CODECS,
    JPEG_CODEC,
    VARJPEG_CODEC,
    Version,
    group_versions,
    read_versions,
    reference_of,
)

_SIMULATED = "simulated observers, not people"


def read_mos(path: str | Path) -> dict[str, float]:
    """Read mean opinion scores of images.

    Args:
        path: CSV with the columns ``mos`` and ``image`` or ``image_name``, in
            any case; others are ignored.

    Returns:
        MOS by image.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a column is missing, a MOS is no finite number, or an
            image is there twice.
    """
    scores: dict[str, float] = {}
    for line, cells in read_table(path, ("mos",), ("image", "image_name")):
        name = cells.get("image") or cells.get("image_name")
        if not name:
            raise ValueError(
                f"Expected the columns image (or image_name) and mos in {path} line {line}, "
                "received no name of an image."
            )
        try:
            mos = float(cells["mos"])
        except ValueError:
            mos = math.nan
        if not math.isfinite(mos) or name in scores:
            raise ValueError(
                f"Expected every image once, with a finite mos, in {path} line {line}, received "
                f"{name}, {cells['mos']!r}{', again' if name in scores else ''}."
            )
        scores[name] = mos
    return scores


def measure_ladder(
    folder: str | Path,
    versions: Sequence[Version],
    *,
    measure: Callable = luminance_ssim,
    progress: Callable = lambda items: items,
    on_error: Callable[[Path, Exception], object] | None = None,
) -> dict[str, dict[str, list[float]]]:
    """Measure each version of a ladder against its source, once.

    Args:
        folder: The ladder.
        versions: Its versions.
        measure: From two RGB ``uint8`` images of shape ``(H, W, 3)``, the
            source first, to a number.
        progress: Given the images, yields them, to show how far it is.
        on_error: Called with the source of an image of which a file cannot be
            used, which is then left out; ``None`` raises.

    Returns:
        For each codec, for each image, the numbers from version 0 on.

    Raises:
        FileNotFoundError: Without ``on_error``, if an image is missing.
        ValueError: Likewise, if one is damaged or has another size than its
            source. The message names the file.
    """
    measured: dict[str, dict[str, list[float]]] = {codec: {} for codec in CODECS}
    for image, codecs in progress(group_versions(versions).items()):
        source, found = reference_of(folder, image), {}
        try:
            one = partial(_measured, Path(folder), load_image(source).pixels, measure)
            for codec, entries in codecs.items():
                found[codec] = list(read_ahead(one, entries, workers=usable_workers()))
        except (ValueError, OSError) as error:
            if on_error is None:
                raise
            on_error(source, error)
            continue
        for codec, values in found.items():
            measured[codec][image] = values
    return measured


def _measured(folder, reference, measure, entry):
    path = folder / entry.view
    pixels = load_image(path).pixels
    try:
        return measure(reference, pixels)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _run(name: str, quantile: float, options: argparse.Namespace) -> int:
    from kiqa.plotting import plot_jnd_panels

    sources = [options.varjpeg_votes is not None, options.jpeg_votes is not None]
    if not (all(sources) and options.simulated is None or not any(sources) and options.simulated):
        raise ValueError(
            "Expected either --varjpeg-votes FILE and --jpeg-votes FILE, or --simulated N with N "
            "of at least 1."
        )
    versions = read_versions(options.ladder)
    left_out = LeftOut()
    mos = None if options.mos is None else _mos_of(versions, options.mos)
    if options.simulated is None:
        source, details = f"{options.varjpeg_votes.name} and {options.jpeg_votes.name}", {}
        votes = _read_votes(versions, options)
    else:
        source = f"{_SIMULATED} ({options.simulated} an image, seed {options.seed})"
        details = {"measure": "SSIM of luminance", "noticed_ssim": NOTICED_SSIM,
                   "noticed_spread": NOTICED_SPREAD}  # fmt: skip
        votes = _simulate(versions, options, left_out)
    result = compare(
        votes[VARJPEG_CODEC], votes[JPEG_CODEC], versions,
        quantile=quantile, mos=mos, seed=options.seed,
    )  # fmt: skip
    summary = {"votes_source": source, "simulated": options.simulated is not None, **details,
               **result.summary}  # fmt: skip
    write_csv(
        [{**row, "votes_source": source} for row in result.table], options.output / f"{name}.csv"
    )
    write_json(summary, options.output / f"{name}.json")
    sys.stdout.write(_report(summary))
    axes = plot_jnd_panels(result.table)
    axes[0].figure.suptitle(
        f"JND at more than {100 * quantile:g} % of the participants: {source}", fontsize="medium"
    )
    save(axes[0], options, name)
    return left_out.status()


def _read_votes(versions, options) -> dict[str, JndVotes]:
    groups = group_versions(versions)
    return {
        codec: read_jnd_votes(
            path, counts={image: len(codecs.get(codec, ())) for image, codecs in groups.items()}
        )
        for codec, path in (
            (VARJPEG_CODEC, options.varjpeg_votes),
            (JPEG_CODEC, options.jpeg_votes),
        )
    }


def _simulate(versions, options, left_out) -> dict[str, JndVotes]:
    from tqdm import tqdm

    shown = partial(tqdm, disable=not sys.stderr.isatty())
    measured = measure_ladder(options.ladder, versions, progress=shown, on_error=left_out.note)
    return {
        codec: simulate_observers(ssim, observers=options.simulated, seed=options.seed)
        for codec, ssim in measured.items()
    }


def _mos_of(versions, path) -> dict[str, float]:
    """The scores of the ladder's images, by their name or its last part."""
    scores = read_mos(path)
    found = {}
    for image in group_versions(versions):
        name = next((n for n in (image, PurePosixPath(image).name) if n in scores), None)
        if name is not None:
            found[image] = scores[name]
    if not found:
        raise ValueError(
            f"Expected the mos of at least one image of the ladder in {path}, received those of "
            f"{len(scores)} others, such as {next(iter(scores))}."
        )
    return found


def _report(summary) -> str:
    """The text that is printed."""
    compared, tests = summary["compared"], summary["tests"]
    lines = [
        f"votes: {summary['votes_source']}",
        f"JND at more than {100 * summary['quantile']:g} % of the participants; "
        f"{compared} of {summary['images']} images compared",
        *(f"left out: {count}, {reason}" for reason, count in summary["left_out"].items()),
        f"smaller with VarJPEG: {summary['benefit']}, equal: {summary['equal']}, "
        f"smaller with JPEG: {summary['worse']}",
    ]
    if compared:
        bpp = summary["mean_bpp"]
        lines += [
            f"mean bpp at the JND: VarJPEG {bpp[VARJPEG_CODEC]:.3f}, JPEG {bpp[JPEG_CODEC]:.3f}",
            f"p of no difference: Wilcoxon signed-rank {tests['wilcoxon_p']:.3g}, "
            f"sign test {tests['sign_p']:.3g} ({tests['tested']} images differ)",
        ]
    first = {codec: count for codec, count in summary["jnd_at_version_0"].items() if count}
    lines += [
        f"JND at version 0, so perhaps above the ladder: {count} with {codec}"
        for codec, count in first.items()
    ]
    return "\n".join([*lines, "", to_markdown(_rows(summary)), "", ""])


def _rows(summary) -> list[dict]:
    share = f"{100 * summary['interval_level']:g} %"
    return [
        {
            "JPEG - VarJPEG": name,
            "value": entry["value"],
            f"{share}, images": _interval(entry["images"]),
            f"{share}, images and participants": _interval(entry["images_and_participants"]),
        }
        for name, entry in summary["savings"].items()
    ]


def _read(summary):
    """What the stored figure was computed on, and its rows; see `Command.read`."""
    about = (
        f"votes: {summary['votes_source']}; {summary['compared']} of {summary['images']} images "
        f"compared; smaller with VarJPEG: {summary['benefit']}, with JPEG: {summary['worse']}"
    )
    return about, _rows(summary)


def _interval(interval) -> str | None:
    return interval and f"{interval[0]:.3f} to {interval[1]:.3f}"


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--ladder", type=Path, required=True, metavar="LADDER", help="folder made by kiqa ladder"
    )
    for codec in CODECS:
        parser.add_argument(
            f"--{codec}-votes", type=Path, metavar="FILE",
            help=f"votes on {codec}: image,participant,version, the first noticed, empty for never",
        )  # fmt: skip
    parser.add_argument(
        "--simulated", type=int, metavar="N",
        help="in place of votes: N simulated observers an image, who notice where the SSIM falls "
        f"below a threshold of their own (the thesis asked {VARJPEG.votes} people)",
    )  # fmt: skip
    parser.add_argument(
        "--mos", type=Path, metavar="FILE.csv", help="image (or image_name), mos: for panel (d)"
    )
    add_number(parser, "--seed", "of simulated observers and bootstraps", default=0, low=0)
    add_output(parser)


FIG_15, FIG_16 = (
    Command(
        f"Fig. {number}: bitrates of VarJPEG and JPEG at the {quantile:g} JND",
        _options,
        partial(_run, f"thesis-fig{number}", quantile),
        _read,
    )
    for number, quantile in zip((15, 16), VARJPEG.jnd, strict=True)
)
