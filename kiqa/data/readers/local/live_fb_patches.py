"""LIVE-FB's rated patches as local annotations: three patches of each image.

Public names: :func:`live_fb_local`.

References:
    Ying et al. 2020, section 3.
"""

from functools import partial
from pathlib import Path

from kiqa.constants import LIVE_FB
from kiqa.data.readers.layouts import find_entry
from kiqa.data.readers.live_fb import live_fb_patches
from kiqa.data.readers.local.answers import AnnotatedImage, rated_patches
from kiqa.data.readers.local.found import present


def live_fb_local(root: str | Path) -> list[AnnotatedImage]:
    """Read where the patches of LIVE-FB lie, and their scores, as maps.

    The layout is that of `kiqa.data.readers.live_fb.live_fb`. A map has the
    patches' scores, 0..1, where they lie, and nothing elsewhere. The scores are
    means over about 70 workers, so there is one answer an image.

    Args:
        root: Folder ``database`` or the one that holds it.

    Returns:
        The images that are there, in the order of the files of labels.

    Raises:
        FileNotFoundError: If the labels or all images are missing.
        ValueError: If the labels are not as published.
    """
    low, high = LIVE_FB.mos_range
    answers = {
        name: {"all": partial(rated_patches, rois=rois, scores=(scores - low) / (high - low))}
        for name, (rois, scores) in live_fb_patches(root).items()
    }
    folder = find_entry(Path(root), ["database"]) or Path(root)
    return present(answers, folder=folder, dataset="live-fb")
