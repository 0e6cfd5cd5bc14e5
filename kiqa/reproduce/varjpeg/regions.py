"""VarJPEG against plain JPEG and mozjpeg at equal size, where the sharp region is known.

Images are blurred outside an ellipse, as with a shallow depth of field.
Each is coded by a baseline at some qualities, and by both forms of VarJPEG
with the map of the blurred image to at most the same size. Compared are
PSNR and SSIM of the sharp region and of the whole image.

Public names: :data:`COMMAND`, :func:`compare_regions`.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kiqa.evaluation.resampling import mean_interval
from kiqa.reproduce.command import Command, add_model, add_output
from kiqa.reproduce.varjpeg.forms import save_rows
from kiqa.reproduce.varjpeg.images import add_images, blurred_outside, psnr, rows_of
from kiqa.varjpeg.jnd.observers import luminance_ssim

if TYPE_CHECKING:
    from kiqa.io.map_files import QualityMap

QUALITIES = (25, 50, 75)
BASELINES = ("jpeg", "mozjpeg")
_MOZJPEG = "mozjpeg403"
_MEASURES = ("region_psnr", "region_ssim", "whole_psnr", "whole_ssim")


def compare_regions(
    pixels: np.ndarray,
    mask: np.ndarray,
    quality_map: "QualityMap",
    *,
    qualities: Sequence[int] = QUALITIES,
) -> list[dict]:
    """Compare the codecs on one image.

    Args:
        pixels: RGB ``uint8``, shape ``(H, W, 3)``.
        mask: Its sharp pixels, ``bool``, shape ``(H, W)``.
        quality_map: Map of ``pixels``.
        qualities: Of the baselines.

    Returns:
        A row for each baseline, quality and form: bytes of both, and the
        four measures of both, VarJPEG's with ``varjpeg_`` before the name.
        4:4:4 and optimised Huffman tables throughout; mozjpeg with its own
        defaults besides (progressive, trellis quantisation). Sizes that
        VarJPEG cannot reach are left out.
    """
    from kiqa.varjpeg import Settings, SizeSearch, coded_jpeg, decode, prepare

    forms = ("compatible", "thesis")
    searches = {
        form: SizeSearch(prepare(pixels, quality_map, settings=Settings(form=form)))
        for form in forms
    }
    plain = prepare(pixels, quality_map, settings=Settings())

    def measures(decoded, prefix=""):
        values = [
            measure(pixels, decoded, where)
            for where in (mask, None)
            for measure in (psnr, luminance_ssim)
        ]
        return {prefix + name: value for name, value in zip(_MEASURES, values, strict=True)}

    rows = []
    for baseline in BASELINES:
        for quality in qualities:
            if baseline == "jpeg":
                data = coded_jpeg(plain, quality).data
                shown = decode(data)
            else:
                data, shown = _mozjpeg(pixels, quality)
            theirs = {"baseline": baseline, "quality": quality, "bytes": len(data)}
            theirs |= measures(shown)
            for form, search in searches.items():
                if len(data) < len(search.floor.data):
                    continue
                ours = search.largest_within(len(data))
                rows.append(
                    {
                        **theirs,
                        "form": form,
                        "varjpeg_quality": ours.quality,
                        "varjpeg_bytes": len(ours.data),
                        **measures(decode(ours.data), "varjpeg_"),
                    }
                )
    return rows


def _mozjpeg(pixels, quality):
    """Bytes and image of mozjpeg through jpeglib, 4:4:4, its own defaults."""
    import jpeglib

    from kiqa.io.images import load_image

    with tempfile.TemporaryDirectory(prefix="kiqa-") as folder, jpeglib.version(_MOZJPEG):
        path = Path(folder, "coded.jpg")
        jpeg = jpeglib.from_spatial(np.ascontiguousarray(pixels))
        jpeg.samp_factor = "4:4:4"
        jpeg.write_spatial(str(path), qt=quality)
        data = path.read_bytes()
    return data, load_image(data).pixels


def _options(parser):
    add_images(parser)
    add_model(parser, default="patchnet", stride=1)
    add_output(parser, figures=False)


def _run(options) -> int:
    from kiqa.io.images import load_image

    def compare(path, scorer):
        pixels, mask = blurred_outside(load_image(path).pixels, path.name)
        return compare_regions(pixels, mask, scorer.map(pixels), qualities=QUALITIES)

    rows, note, left_out = rows_of(options, compare)
    summary = _summary(rows)
    sys.stdout.write(_table(summary))
    if options.output:
        save_rows(options.output, "varjpeg-regions", rows, {"groups": summary} | note)
    return left_out.status()


def _summary(rows):
    """For each baseline, form and quality: differences, VarJPEG minus baseline."""
    keys = ("baseline", "form", "quality")
    groups = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    summary = []
    for group, members in groups.items():
        found = dict(zip(keys, group, strict=True)) | {"images": len(members)}
        gains = {
            name: np.array([row[f"varjpeg_{name}"] - row[name] for row in members])
            for name in _MEASURES
        }
        for name, gain in gains.items():
            found[name] = float(np.mean(gain))
            found[f"{name}_interval"] = mean_interval(gain, level=0.95, n=2000, seed=0)
            found[f"{name}_higher"] = float(np.mean(gain > 0))
        both = (gains["region_psnr"] > 0) & (gains["region_ssim"] > 0)
        found["region_both_higher"] = float(np.mean(both))
        found["bytes"] = float(np.mean([row["varjpeg_bytes"] / row["bytes"] for row in members]))
        summary.append(found)
    return summary


def _table(summary):
    lines = [
        "baseline  form         q  images  bytes   region PSNR   region SSIM  both higher"
        "   whole PSNR   whole SSIM"
    ]
    for row in summary:
        lines.append(
            f"{row['baseline']:<9} {row['form']:<11} {row['quality']:2d} {row['images']:7d} "
            f"{100 * row['bytes']:5.1f}% {row['region_psnr']:+10.2f} dB "
            f"{row['region_ssim']:+13.4f} {100 * row['region_both_higher']:10.0f} % "
            f"{row['whole_psnr']:+9.2f} dB {row['whole_ssim']:+12.4f}"
        )
    return "\n".join(lines) + "\n"


COMMAND = Command(
    "VarJPEG against JPEG and mozjpeg at equal size, on images blurred outside a known region",
    _options,
    _run,
)
