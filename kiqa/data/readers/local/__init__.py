"""Published data sets in which people marked where an image is good or bad.

Each reader takes the folder of the data set and returns the images that are
there, with the answers of their annotators (`kiqa.data.readers.local.answers`).
`ANNOTATIONS` names them all; those of `OF_TWO_MEANINGS` also want to be told
what their masks' bright pixels mean.
"""

from collections.abc import Callable

from kiqa.data.readers.local.answers import AnnotatedImage
from kiqa.data.readers.local.blur_masks import cuhk_blur, dut_blur
from kiqa.data.readers.local.live_fb_patches import live_fb_local
from kiqa.data.readers.local.qground import qground
from kiqa.data.readers.local.vida_ugc import vida_ugc

ANNOTATIONS: dict[str, Callable[..., list[AnnotatedImage]]] = {
    "cuhk-blur": cuhk_blur,
    "dut-blur": dut_blur,
    "live-fb": live_fb_local,
    "qground": qground,
    "vida-ugc": vida_ugc,
}
OF_TWO_MEANINGS = ("cuhk-blur", "dut-blur")
