"""Readers of two data sets of partly blurred images with masks: CUHK and DUT.

What bright pixels of their masks mean is not stated where the files are
offered, and programs that use them differ: it is an argument without a default.
Look at one mask.

Public names: :func:`cuhk_blur`, :func:`dut_blur`.

References:
    J. Shi, L. Xu, J. Jia, Discriminative blur detection features, CVPR 2014. W.
    Zhao et al., Defocus blur detection via multi-stream bottom-top-bottom fully
    convolutional network, CVPR 2018.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from kiqa.data.readers.layouts import data_folder, find_entry
from kiqa.data.readers.local.answers import AnnotatedImage, masks
from kiqa.data.readers.local.found import present
from kiqa.io.images.kinds import listed_images

_CUHK = "http://www.cse.cuhk.edu.hk/leojia/projects/dblurdetect/dataset.html"
_DUT = "https://github.com/wdzhao123/Defocus_blur_detection"
_MEANINGS = ("good", "bad")


def cuhk_blur(root: str | Path, *, bright: str) -> list[AnnotatedImage]:
    """Read the blur masks of CUHK: 1,000 images, 296 of motion and 704 of defocus.

    Layout: ``image/motion0001.jpg`` and ``image/out_of_focus0001.jpg`` of
    ``BlurDatasetImage.zip``, ``gt/motion0001.png`` and so on of
    ``BlurDatasetGT.zip``.

    Args:
        root: The folder that holds both.
        bright: What bright pixels of the masks are: ``"good"``, sharp, or
            ``"bad"``, blurred.

    Returns:
        The images that have a mask, sorted by name.

    Raises:
        FileNotFoundError: If a folder is missing, or no image has a mask.
        ValueError: If ``bright`` is neither.
    """
    pairs = [("image", "gt"), ("image", "mask")]
    return _masked(root, pairs, bright=bright, dataset="cuhk-blur", page=_CUHK)


def dut_blur(root: str | Path, *, bright: str) -> list[AnnotatedImage]:
    """Read the defocus masks of DUT: 600 images to train and 500 to test.

    Layout: ``DUT500S-Testing/`` with ``DUT500GT-Testing/``, and
    ``DUT600S_Training/`` with ``DUT600GT_Training/``; or ``dut500-source/`` with
    ``dut500-gt/``. Only test images are read.

    Args:
        root: Folder ``DUT-DBD_Dataset`` or the one that holds it.
        bright: As for `cuhk_blur`.

    Returns:
        As `cuhk_blur`.

    Raises:
        FileNotFoundError: As `cuhk_blur`.
        ValueError: As `cuhk_blur`.
    """
    pairs = [("DUT500S-Testing", "DUT500GT-Testing"), ("dut500-source", "dut500-gt")]
    inner = find_entry(Path(root), ["DUT-DBD_Dataset"])
    return _masked(inner or root, pairs, bright=bright, dataset="dut-blur", page=_DUT)


def _masked(
    root: str | Path, pairs: Sequence[tuple[str, str]], *, bright: str, dataset: str, page: str
) -> list[AnnotatedImage]:
    """Images of one folder with the masks of the same stem in another."""
    if bright not in _MEANINGS:
        raise ValueError(
            f"Expected {' or '.join(_MEANINGS)} as the meaning of bright pixels in the masks of "
            f"{dataset}. Received: {bright!r}. Look at one mask: are sharp regions bright?"
        )
    root = data_folder(root, page, " and ".join(f"{folder}/" for folder in pairs[0]))
    found = [[find_entry(root, [name]) for name in pair] for pair in pairs]
    images, truth = next((pair for pair in found if all(pair)), (None, None))
    if images is None or truth is None:
        raise FileNotFoundError(
            f"Expected {' and '.join(f'{folder}/' for folder in pairs[0])} in {root}. Received: "
            f"neither these nor another published name. Download them: {page}"
        )
    of_stem = {file.stem.lower(): file for file in listed_images(truth)}
    answers = {
        file.name: {"all": partial(masks, files=[of_stem[file.stem.lower()]], bright=bright)}
        for file in listed_images(images)
        if file.stem.lower() in of_stem
    }
    if not answers:
        raise FileNotFoundError(
            f"Expected masks in {truth} that are called as the images of {images} are. Received: "
            f"none. Download them again: {page}"
        )
    return present(answers, folder=images, dataset=dataset)
