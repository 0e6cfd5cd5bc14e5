"""The thesis's section 9.2: examples of KonPatch, patches voted good and bad.

Public name: :data:`EXAMPLES`.
"""

import argparse

import numpy as np

from kiqa.arguments import add_number
from kiqa.data.konpatch import build_konpatch, embedded_konpatch
from kiqa.reproduce.command import Command, add_output, records_of, require_dataset
from kiqa.reproduce.left_out import LeftOut
from kiqa.reproduce.thesis.figures import add_konpatch, save

_LINES = 4  # of the sheet, half of them voted good


def _run(options: argparse.Namespace) -> int:
    from kiqa.plotting import plot_patch_sheet

    require_dataset(options)
    left_out = LeftOut()
    if options.data is None:
        konpatch = embedded_konpatch(seed=options.seed)
        source = "patches that kiqa brings along, pseudo-votes"
    else:
        records = records_of(options)
        konpatch = build_konpatch(
            records, images=min(options.images, len(records)),
            patches_per_image=options.patches_per_image, votes=options.votes or "pseudo",
            seed=options.seed, on_error=left_out.note,
        )  # fmt: skip
        kind = f"votes of {options.votes.rsplit('/')[-1]}" if options.votes else "pseudo-votes"
        source = f"{options.dataset}, {options.set}; {kind}"
    each = options.columns * _LINES // 2
    rng = np.random.default_rng(options.seed)
    chosen = []
    for good in (True, False):  # drawn, not picked by eye
        places = np.flatnonzero((konpatch.y > 0) == good)
        if places.size < each:
            raise ValueError(
                f"Expected at least {each} patches voted {'good' if good else 'bad'}. Received: "
                f"{places.size}. Use more images or patches, or fewer --columns."
            )
        drawn = rng.choice(places, each, replace=False)
        chosen += drawn[np.argsort(-konpatch.y[drawn], kind="stable")].tolist()
    ax = plot_patch_sheet(konpatch.x[chosen], konpatch.y[chosen], columns=options.columns)
    ax.set_title(f"{source}: {each} voted good with the MOS of their images, {each} voted bad",
                 fontsize="medium")  # fmt: skip
    save(ax, options, "thesis-konpatch")
    return left_out.status()


def _options(parser: argparse.ArgumentParser) -> None:
    add_konpatch(parser)
    parser.add_argument(
        "--votes", metavar="FILE", help="votes of people, CSV (default: pseudo-votes)"
    )
    add_number(parser, "--columns", f"patches a line, of {_LINES} lines", default=8, low=1)
    add_number(parser, "--seed", "seed of the random numbers", default=0, low=0)
    add_output(parser)


EXAMPLES = Command("Section 9.2: patches of KonPatch, voted good and bad", _options, _run)
