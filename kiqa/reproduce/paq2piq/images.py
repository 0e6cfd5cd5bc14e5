"""PaQ-2-PiQ's figures of what a network says: quality maps, and its largest errors.

Public names: :data:`FIG_10`, :data:`FIG_11`, :func:`largest_errors`.

References:
    Ying et al. 2020, sections 4.3 and 4.4.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kiqa.arguments import add_number, add_path, grid_of
from kiqa.constants import PAQ2PIQ
from kiqa.evaluation.report import write_csv
from kiqa.io.images import load_image
from kiqa.reproduce.command import (
    Command,
    add_evaluation,
    add_output,
    records_of,
    report,
    require_dataset,
    unseen,
)
from kiqa.reproduce.evaluated import described, read_evaluated, shared_images
from kiqa.reproduce.left_out import LeftOut
from kiqa.reproduce.paq2piq.scores import open_model, rated_rows, watched
from kiqa.reproduce.thesis.figures import save, spread
from kiqa.scoring import Scorer
from kiqa.startup import load_quietly

_MODEL = "paq2piq_rm"
_FACTORS = {"0..1": 100.0, "0..100": 1.0}  # to the scale of the figure


def largest_errors(
    predicted: Sequence[float], mos: Sequence[float], count: int
) -> tuple[list[int], list[int]]:
    """Find what a model rated most too high and most too low.

    Args:
        predicted: Scores on the scale of ``mos``.
        mos: Mean opinion scores.
        count: How many of each, fewer where there are fewer.

    Returns:
        Places of those rated too high, the worst first, and of those rated
        too low, likewise.
    """
    off = np.asarray(predicted, float) - np.asarray(mos, float)
    order = np.argsort(-off, kind="stable")
    high = [int(place) for place in order[:count] if off[place] > 0]
    low = [int(place) for place in order[::-1][:count] if off[place] < 0]
    return high, low


def _fig_10(options) -> int:
    from matplotlib.figure import Figure

    from kiqa.plotting import literal, plot_blend

    records = _records(options)
    scorer = load_quietly(Scorer(options.model, grid=options.grid))
    paths = options.image
    if records is not None:
        records = unseen(records, [scorer.info.details], options).images
        paths = [record.path for record in spread(records, options.count)]
    top = 100.0 if scorer.info.scale == "0..100" else 1.0
    left_out = LeftOut()

    def rated(path):
        pixels = load_image(path).pixels
        return pixels, scorer.map(pixels), scorer.score(pixels)

    shown = list(left_out.over(paths, rated))
    figure = Figure(figsize=(8.8, 3.4 * len(shown)), layout="constrained")
    for (left, right), (path, (pixels, made, score)) in zip(
        figure.subplots(len(shown), 2, squeeze=False), shown, strict=True
    ):
        left.imshow(pixels)
        left.set(xticks=[], yticks=[])
        left.set_title(literal(path.name), fontsize="small")
        plot_blend(pixels, made, ax=right, limits=(0.0, top))
        right.set_title(
            f"score {score:.1f}, blocks {made.values.min():.1f} to "
            f"{made.values.max():.1f}", fontsize="small",
        )  # fmt: skip
    save(figure, options, "paq2piq-fig10")
    return left_out.status()


def _records(options):
    """The images of a data set, or none where files are named."""
    if bool(options.image) == (options.data is not None):
        raise ValueError(
            "Expected --image FILE, or --data with --dataset. Received: "
            f"{'both' if options.image else 'neither'}."
        )
    if options.image:
        return None
    require_dataset(options)
    return records_of(options)


def _options_10(parser):
    add_evaluation(parser, default=_MODEL, required=False)
    parser.add_argument(
        "--image", type=Path, action="append", metavar="FILE",
        help="instead: an image; may be given several times",
    )  # fmt: skip
    add_number(
        parser,
        "--count",
        "with --data: images, evenly over the ranks of the MOS",
        default=3,
        low=1,
    )
    parser.add_argument(
        "--grid", type=grid_of, default=PAQ2PIQ.grid, metavar="ROWSxCOLUMNS",
        help="blocks of the maps (default: 32x32)",
    )  # fmt: skip
    add_output(parser)


def _fig_11(options) -> int:
    from matplotlib.figure import Figure

    from kiqa.plotting import literal

    if options.count < 1:
        raise ValueError(f"Expected at least one image. Received: {options.count}.")
    name, factor, records, rows = _predicted(options)
    scored = [(record, row) for record, row in zip(records, rows, strict=True)
              if row["error"] is None]  # fmt: skip
    errors = [row["error"] for row in rows if row["error"] is not None]
    if not scored:
        raise ValueError(
            f"Expected images that can be scored. Received: {len(errors)} errors, the first: "
            f"{errors[0]}"
        )
    predicted = [factor * row["score"] for _, row in scored]
    mos = [100 * record.mos01 for record, _ in scored]
    high, low = largest_errors(predicted, mos, options.count)
    groups = [(title, places) for title, places in (("rated too high", high),
              ("rated too low", low)) if places]  # fmt: skip
    if not groups:
        raise ValueError("Expected predictions that differ from the MOS. Received: none that does.")
    columns = max(len(places) for _, places in groups)
    figure = Figure(figsize=(4.2 * columns, 3.8 * len(groups)), layout="constrained")
    lines = []
    for axes, (title, places) in zip(figure.subplots(len(groups), columns, squeeze=False), groups,
                                     strict=True):  # fmt: skip
        for ax in axes:
            ax.set_axis_off()
        for ax, place in zip(axes, places, strict=False):
            record = scored[place][0]
            ax.imshow(load_image(record.path).pixels)
            ax.set_title(
                f"{literal(record.name)}, {title}\n"
                f"predicted {predicted[place]:.1f}, MOS {mos[place]:.1f}",
                fontsize="small",
            )
            lines.append({"name": record.name, "case": title, "predicted": predicted[place],
                          "mos": mos[place]})  # fmt: skip
    write_csv(lines, options.output / "paq2piq-fig11.csv")
    figure.suptitle(f"{literal(name)}, {options.dataset}, {options.set}: {len(scored)} images")
    save(figure, options, "paq2piq-fig11")
    if errors:
        report(f"{len(errors)} images could not be scored, the first: {errors[0]}")
    return 1 if errors else 0


def _predicted(options):
    """Name of the model, factor to the figure's scale, images that it has not seen, their rows."""
    records = records_of(options)
    if options.evaluated is not None:
        one = read_evaluated(options.evaluated, dataset=options.dataset)
        factor = _factor(one.model, one.about["mos_scale"], one.about["higher_is_better"])
        kept = unseen(shared_images([one], records), described([one]), options).images
        kept = kept if options.limit is None else spread(kept, min(options.limit, len(kept)))
        return one.model, factor, kept, one.rows(kept)
    model = open_model(options.model)
    factor = _factor(model.name, model.scale, model.higher_is_better)
    records = unseen(records, [model.details], options).images
    if options.limit is not None and options.limit < len(records):
        records = spread(records, options.limit)
    none = [np.zeros((0, 4))] * len(records)
    rows = watched(
        rated_rows([record.path for record in records], none, model,
                   output=options.output / "paq2piq-fig11-rows.jsonl"),
        len(records),
    )  # fmt: skip
    return model.name, factor, records, rows


def _factor(name, scale, higher_is_better):
    """What scores are multiplied with; a model whose scores have no such scale is refused."""
    if not higher_is_better or scale not in _FACTORS:
        raise ValueError(
            f"Expected a model of scores 0..1 or 0..100, higher is better. Received: {name}, "
            f"{scale}{'' if higher_is_better else ', lower is better'}. Take another --model."
        )
    return _FACTORS[scale]


def _options_11(parser):
    add_evaluation(parser, default=_MODEL)
    add_path(
        parser, "--evaluated", "DIR",
        "instead of --model: a model by its kiqa evaluate --output DIR, not scored again",
    )  # fmt: skip
    parser.add_argument(
        "--count", type=int, default=1, metavar="N",
        help="of each kind (default: %(default)s, as in the paper)",
    )  # fmt: skip
    add_number(
        parser, "--limit", "score only so many images, evenly over the ranks of the MOS", low=1
    )
    add_output(parser)


FIG_10 = Command("PaQ-2-PiQ, Fig. 10: quality maps over their images", _options_10, _fig_10)
FIG_11 = Command("PaQ-2-PiQ, Fig. 11: the largest errors of a model", _options_11, _fig_11)
