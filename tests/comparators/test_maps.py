"""Maps of the comparators: their place on the image and their values."""

import numpy as np
import pytest

from kiqa.comparators import FORMULAS
from kiqa.comparators.gmsd import gmsd
from kiqa.comparators.ssim import ssim


@pytest.mark.parametrize("name", [n for n, f in FORMULAS.items() if f.map])
def test_a_map_says_where_and_what(name, photo):
    """Shape, stride and centre; a local change is seen at its place."""
    formula = FORMULAS[name]
    image = photo[:96, :128]
    distorted = image.copy()
    distorted[40:56, 40:56] = 128
    images = (distorted, image) if formula.needs_reference else (image,)
    found = formula.resolve_map()(*images, stride=None)
    rows, columns = found.values.shape
    last = found.offset + (rows - 1) * found.stride
    assert found.image_size == (96, 128) and found.offset + last in (94, 95, 96)
    if formula.needs_reference:
        worst = np.unravel_index(found.values.argmin(), found.values.shape)
        assert all(35 <= found.offset + cell * found.stride <= 60 for cell in worst)
        with pytest.raises(ValueError, match="Leave the stride out"):
            formula.resolve_map()(*images, stride=7)
    else:
        assert formula.resolve_map()(*images, stride=8).stride == 8


def test_scores_follow_from_the_maps(photo):
    """SSIM is the mean of its map, GMSD the deviation."""
    image, other = photo[:60, :60], photo[1:61, :60]
    assert FORMULAS["ssim"].resolve_map()(other, image, stride=None).mean() == pytest.approx(
        ssim(other, image), abs=1e-6
    )
    values = FORMULAS["gmsd"].resolve_map()(other, image, stride=None).values
    assert values.std(ddof=1) == pytest.approx(gmsd(other, image), abs=1e-6)
