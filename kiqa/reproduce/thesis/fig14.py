"""Figure 14 of the thesis: the steps of VarJPEG on one image.

Public names: :data:`FIG_14`.
"""

import sys

from kiqa.reproduce.command import Command, add_model, add_output
from kiqa.reproduce.thesis.figures import add_image, save

_BPP = 0.304  # of the thesis's panel f


def _options(parser):
    add_image(parser)
    add_model(parser, default="patchnet", stride=1)
    parser.add_argument(
        "--bpp",
        type=float,
        default=_BPP,
        metavar="B",
        help="bits per pixel of the last panel (default: %(default)s, the thesis's)",
    )
    add_output(parser)


def _run(options) -> int:
    from kiqa.plotting import plot_steps
    from kiqa.scoring import Scorer
    from kiqa.startup import load_quietly
    from kiqa.varjpeg import Settings, SizeSearch, prepare, read_source, steps

    source = read_source(options.image)
    scorer = load_quietly(Scorer(options.model, default_stride=options.stride))
    prepared = prepare(source, scorer.map(source.rgb()), settings=Settings(form="thesis"))
    height, width = prepared.size
    encoded = SizeSearch(prepared).largest_within(options.bpp * height * width / 8)
    sys.stdout.write(
        f"{encoded.bpp:.3f} bpp, quality {encoded.quality:.2f}, {encoded.overhead} bytes overhead "
        f"of {len(encoded.data)}\n"
    )
    axes = plot_steps(steps(prepared, encoded))
    return save(axes.flat[0].figure, options, "thesis-fig14")


FIG_14 = Command("Fig. 14: the steps of VarJPEG on one image", _options, _run)
