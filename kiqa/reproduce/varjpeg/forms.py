"""What the compatible form costs against the thesis form, at equal PSNR.

For each image and each q~ of the thesis form the compatible form is coded at
the q~ that gives the same PSNR of the whole image; the sizes of the whole
files are compared.

Public names: :data:`COMMAND`, :func:`compare_forms`.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kiqa.reproduce.command import Command, add_model, add_output
from kiqa.reproduce.varjpeg.images import add_images, psnr, rows_of

if TYPE_CHECKING:
    from kiqa.io.map_files import QualityMap
    from kiqa.varjpeg.source import Source

QUALITIES = (20, 35, 50, 70)
_TOLERANCE = 0.02  # of q~; less than 0.01 dB


def compare_forms(
    source: "Source",
    quality_map: "QualityMap | np.ndarray | None",
    *,
    qualities: Sequence[float] = QUALITIES,
    **options: Any,
) -> list[dict]:
    """Compare the two forms on one image.

    Args:
        source: Of `kiqa.varjpeg.read_source`.
        quality_map: What `kiqa.varjpeg.prepare` takes.
        qualities: q~ of the thesis form.
        **options: Fields of `kiqa.varjpeg.Settings` for both forms.

    Returns:
        For each q~ a row: ``quality``, ``compatible_quality`` of equal PSNR,
        bytes of both, ``extra``, the relative difference of bytes, and both
        PSNR in dB.
    """
    from scipy.optimize import brentq

    from kiqa.varjpeg import Settings, coded, decode, prepare

    prepared = {
        form: prepare(source, quality_map, settings=Settings(form=form, **options))
        for form in ("thesis", "compatible")
    }

    def measured(form, quality):
        encoded = coded(prepared[form], quality)
        return encoded, psnr(decode(encoded.data), source.upright)

    def excess(quality, wanted):
        return measured("compatible", quality)[1] - wanted

    lowest = 1 - prepared["compatible"].settings.delta
    rows = []
    for quality in qualities:
        thesis, wanted = measured("thesis", quality)
        equal = brentq(excess, lowest, 99.0, args=(wanted,), xtol=_TOLERANCE)
        compatible, reached = measured("compatible", equal)
        rows.append(
            {
                "quality": quality,
                "compatible_quality": compatible.quality,
                "thesis_bytes": len(thesis.data),
                "compatible_bytes": len(compatible.data),
                "extra": len(compatible.data) / len(thesis.data) - 1,
                "thesis_psnr": wanted,
                "compatible_psnr": reached,
            }
        )
    return rows


def _options(parser):
    add_images(parser)
    add_model(parser, default="patchnet", stride=1)
    parser.add_argument(
        "--subsampling", choices=("4:4:4", "4:2:0"), default="4:4:4", help="default: %(default)s"
    )
    add_output(parser, figures=False)


def _run(options) -> int:
    from kiqa.varjpeg import read_source

    def compare(path, scorer):
        source = read_source(path)
        found, subsampling = scorer.map(source.rgb()), options.subsampling
        return compare_forms(source, found, qualities=QUALITIES, subsampling=subsampling)

    rows, note, left_out = rows_of(options, compare)
    table = {quality: [row for row in rows if row["quality"] == quality] for quality in QUALITIES}
    lines = ["  q~  compatible q~  extra bytes  PSNR difference"]
    summary = {}
    for quality, group in table.items():
        summary[quality] = {
            "compatible_quality": float(np.mean([row["compatible_quality"] for row in group])),
            "extra": float(np.mean([row["extra"] for row in group])),
            "largest_psnr_difference": float(
                max(abs(row["compatible_psnr"] - row["thesis_psnr"]) for row in group)
            ),
        }
        lines.append(
            f"{quality:4d} {summary[quality]['compatible_quality']:14.1f} "
            f"{100 * summary[quality]['extra']:+11.1f} % "
            f"{summary[quality]['largest_psnr_difference']:13.3f} dB"
        )
    mean = float(np.mean([row["extra"] for row in rows]))
    lines.append(f"mean over q~: {100 * mean:+.1f} %, {len(rows) // len(QUALITIES)} images")
    sys.stdout.write("\n".join(lines) + "\n")
    if options.output:
        found = {"by_quality": summary, "mean_extra": mean} | note
        save_rows(Path(options.output), "varjpeg-forms", rows, found)
    return left_out.status()


def save_rows(folder: Path, name: str, rows: list[dict], summary: dict) -> None:
    """Write rows as CSV and a summary as JSON, whole or not at all."""
    from kiqa.io.csv_lines import write_csv_file
    from kiqa.io.files import write_atomically

    write_atomically(folder / f"{name}.json", (json.dumps(summary, indent=2) + "\n").encode())
    cells = ([_cell(value) for value in row.values()] for row in rows)
    write_csv_file(folder / f"{name}.csv", list(rows[0]), cells)


def _cell(value):
    return f"{value:.6g}" if isinstance(value, float) else value


COMMAND = Command(
    "Bytes of VarJPEG's compatible form against the thesis form at equal PSNR", _options, _run
)
