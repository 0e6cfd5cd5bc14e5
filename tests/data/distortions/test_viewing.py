"""Less contrast, and fewer pixels."""

import numpy as np
import pytest

from kiqa.data.distortions.viewing import enlarged, low_contrast


def test_contrast_falls_around_the_mean(photo):
    """The mean stays, distances are divided."""
    found = low_contrast(photo, 4)
    assert found.mean() == pytest.approx(photo.mean(), abs=0.5)
    assert found.std() == pytest.approx(photo.std() / 4, rel=0.01)
    assert (low_contrast(photo, 1) == photo).all()


def test_an_enlarged_image_keeps_its_size_and_loses_detail(photo):
    """More with the factor."""
    lost = [np.abs(enlarged(photo, level) - photo.astype(float)).mean() for level in (1, 2, 4)]
    assert lost[0] == 0 and lost[1] < lost[2]
    assert enlarged(photo[:7, :5], 20).shape == (7, 5, 3)


@pytest.mark.parametrize("level", [0.5, 0, -1, float("nan"), float("inf")])
@pytest.mark.parametrize("change", [low_contrast, enlarged])
def test_factors_below_one_are_refused(photo, change, level):
    """With the value."""
    with pytest.raises(ValueError, match="factor"):
        change(photo, level)
