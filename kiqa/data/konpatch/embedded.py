"""A small set of patches that needs no download.

Public name: :func:`embedded_konpatch`.
"""

from importlib import resources

import numpy as np

from kiqa.constants import PATCHNET
from kiqa.data.distortions import BASIC, LEVELS, distort
from kiqa.data.konpatch.file import KonPatch
from kiqa.data.konpatch.votes import PatchSample
from kiqa.data.konpatch.voting import voted
from kiqa.data.patches import cut_patches, random_positions
from kiqa.io.images import load_image

# Images in scikit-image's own package; the rest of its data would be
# downloaded. Of the stereo pair one view only: the two show one scene.
_IMAGES = (
    "astronaut.png",
    "brick.png",
    "camera.png",
    "chelsea.png",
    "coffee.png",
    "coins.png",
    "grass.png",
    "gravel.png",
    "hubble_deep_field.jpg",
    "motorcycle_left.png",
    "retina.jpg",
    "rocket.jpg",
)
_SIDE = 384  # pixels at most of the central crop that is distorted
_PSEUDO_MOS = (0.9, 0.6, 0.35, 0.1)  # undistorted, then by level


def embedded_konpatch(
    *,
    seed: int = 0,
    patches_per_version: int = 12,
    label: str = "lab",
    votes_per_patch: int | None = None,
) -> KonPatch:
    """Make KonPatch small, from scikit-image's images and distortions.

    From the centre of each of 12 images (at most 384x384 pixels) come
    ten versions: as it is, and distorted by Gaussian blur, Gaussian noise and
    JPEG at the three levels of `kiqa.data.distortions.LEVELS`. No human
    scored anything: a version's pseudo-MOS is 0.9 undistorted and 0.6, 0.35
    and 0.1 at the first, second and third level, whatever the distortion, and
    the votes are pseudo-votes (`kiqa.data.konpatch.pseudo_votes`). Good for trying the
    whole protocol and for tests, not for judging a network.

    Args:
        seed: Seed of positions, noise and votes.
        patches_per_version: Random patches of each version.
        label: ``"lab"`` or ``"crowd"``, as in `kiqa.data.konpatch`.
        votes_per_patch: Pseudo-votes a patch; ``None`` takes 1 for lab and
            10 for crowd.

    Returns:
        The set, 1,440 patches by default. ``image`` is the undistorted image, so
        that splits by image keep its versions together; ``version`` is such
        as ``"jpeg 5"``, empty where undistorted.

    Raises:
        FileNotFoundError: If this scikit-image lacks one of the images.
        ValueError: If an argument is not as stated.
    """
    patch = PATCHNET.patch
    versions = [("", None, 0.0, _PSEUDO_MOS[0])] + [
        (f"{kind} {level:g}", kind, level, mos)
        for kind in BASIC
        for level, mos in zip(LEVELS[kind], _PSEUDO_MOS[1:], strict=True)
    ]
    x, image, version, positions, scores = [], [], [], [], []
    for number, name in enumerate(_IMAGES):
        pixels, corner = _central_crop(_image(name))
        height, width = pixels.shape[:2]
        rng = np.random.default_rng([seed, number])
        for text, kind, level, mos in versions:
            changed = pixels if kind is None else distort(pixels, kind, level, rng=rng)
            at = random_positions(height, width, patches_per_version, patch=patch, rng=rng)
            x.append(cut_patches(changed, at, patch))
            positions.append(at + corner)
            image += [name] * patches_per_version
            version += [text] * patches_per_version
            scores += [mos] * patches_per_version
    row, col = np.concatenate(positions).astype(np.int32).T
    sample = PatchSample(
        np.concatenate(x), np.array(image), row.copy(), col.copy(), np.array(scores, np.float32)
    )
    return voted(
        sample,
        "pseudo",
        label=label,
        votes_per_patch=votes_per_patch,
        dataset="scikit-image",
        seed=seed,
        note="; pseudo-MOS by distortion level",
        version=np.array(version),
    )


def _image(name: str) -> np.ndarray:
    file = resources.files("skimage") / "data" / name
    if not file.is_file():
        raise FileNotFoundError(
            f"Expected the image {name} in the installed scikit-image, found none at "
            f"{file}. Install a released wheel: pip install --force-reinstall scikit-image"
        )
    return load_image(file.read_bytes()).pixels


def _central_crop(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the central square of at most `_SIDE` pixels and its corner."""
    size = np.array(pixels.shape[:2])
    corner = np.maximum(size - _SIDE, 0) // 2
    top, left = corner
    return np.ascontiguousarray(pixels[top : top + _SIDE, left : left + _SIDE]), corner
