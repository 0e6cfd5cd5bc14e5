"""The table of comparators: each resolves, keeps its promises, and refuses what is too small."""

import numpy as np
import pytest

from kiqa.comparators import FITTED, FORMULAS


@pytest.fixture(scope="module")
def images(photo):
    """An image of 180 pixels a side, and a blurred and noisy copy."""
    image = photo[60:240, 100:280]
    rng = np.random.default_rng(4)
    blurred = sum(np.roll(image, shift, axis=(0, 1)).astype(float) for shift in ((0, 0), (1, 1)))
    return image, np.clip(blurred / 2 + rng.normal(0, 8, image.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", FORMULAS)
def test_each_resolves_and_keeps_its_least_size(name, images):
    """At its least size there is a finite score, one pixel below an error that names the size."""
    formula = FORMULAS[name]
    side, function = formula.least_side, formula.resolve()
    count = 1 + formula.needs_reference
    assert np.isfinite(function(*[image[:side, : side + 1] for image in images[:count]]))
    if side > 1:
        with pytest.raises(ValueError, match=f"{side}x{side}"):
            function(*[image[: side - 1, :side] for image in images[:count]])


@pytest.mark.parametrize("name", [n for n, f in FORMULAS.items() if f.needs_reference])
def test_full_reference_knows_its_direction(name, images):
    """An image is as good as itself, and better than a distorted copy; other shapes are refused."""
    formula, (image, distorted) = FORMULAS[name], images
    function, sign = formula.resolve(), 1 if formula.higher_is_better else -1
    best = function(image, image)
    assert best == pytest.approx({"psnr": 100, "gmsd": 0}.get(name, 1))
    assert sign * best > sign * function(distorted, image)
    with pytest.raises(ValueError, match="same shape"):
        function(image, distorted[:-1])


@pytest.mark.parametrize("name", [n for n, f in FORMULAS.items() if not f.needs_reference])
def test_sharpness_knows_its_direction(name, photo):
    """A blurred image is less sharp."""
    formula = FORMULAS[name]
    function, sign = formula.resolve(), 1 if formula.higher_is_better else -1
    image = photo[:96, :96]
    blurred = np.mean([np.roll(image, (i, i), axis=(0, 1)) for i in range(5)], axis=0)
    assert sign * function(image) > sign * function(blurred.astype(np.uint8))


def test_a_fitted_one_says_where_its_file_comes_from():
    """The command, and the conversion of a published file where there is one."""
    assert "kiqa.train_comparator brisque" in FITTED["brisque"].remedy()
    assert "kiqa convert niqe" in FITTED["niqe"].remedy()
