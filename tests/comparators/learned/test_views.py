"""What the body of the learned comparators looks at."""

import numpy as np
import pytest

from kiqa.comparators.learned.views import VIEWS, deepbiq_views, koncept512_views, nima_views


def test_nima_sees_a_square(photo):
    """Whatever the aspect; an image of that size as it is."""
    assert nima_views(photo[:100, :300]).shape == (1, 224, 224, 3)
    image = photo[:224, :224]
    np.testing.assert_array_equal(nima_views(image)[0], image)


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [(768, 1024, (384, 512)), (512, 512, (443, 443)), (40, 400, (140, 1402))],
)
def test_koncept512_sees_the_papers_number_of_pixels(height, width, expected):
    """KonIQ-10k's images as in the paper, others in their own aspect."""
    image = np.zeros((height, width, 3), np.uint8)
    assert koncept512_views(image).shape == (1, *expected, 3)


def test_deepbiq_sees_crops_of_the_image(photo):
    """The upper left and the lower right corner, pixel by pixel; a small image grows first."""
    image = photo[:256, :300]
    crops = deepbiq_views(image)
    assert crops.shape == (2, 224, 224, 3)
    np.testing.assert_array_equal(crops[0], image[:224, :224])
    np.testing.assert_array_equal(crops[1], image[-224:, -224:])
    small = deepbiq_views(photo[:40, :80])
    assert small.shape == (2, 224, 224, 3) and not np.array_equal(small[0], small[1])


@pytest.mark.parametrize("name", VIEWS)
def test_too_small_an_image_is_refused(name, photo):
    """By the comparator's name and both sizes."""
    with pytest.raises(ValueError, match=f"32x32 pixels for {name}. Received: 90x31"):
        VIEWS[name](photo[:31, :90])
