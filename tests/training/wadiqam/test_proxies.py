"""Full-reference metrics as proxies of human scores."""

import numpy as np
import pytest

from kiqa.comparators.fsim import fsim
from kiqa.comparators.gmsd import gmsd
from kiqa.data.distortions import gaussian_blur
from kiqa.training.wadiqam.proxies import METRICS, proxy_by


@pytest.fixture(scope="module")
def patch(photo):
    """An image of 64x64 pixels."""
    return np.ascontiguousarray(photo[:64, :64])


@pytest.mark.parametrize("metric", METRICS)
def test_each_is_a_score_that_falls(patch, metric):
    """1 for an image with itself, less for more blur, never below 0; and it says what it is."""
    proxy = proxy_by(metric)
    scores = [proxy.score(gaussian_blur(patch, sigma), patch) for sigma in (0.5, 2, 8)]
    assert proxy.score(patch, patch) == pytest.approx(1, abs=1e-6)
    assert 1 > scores[0] > scores[1] > scores[2] >= 0
    assert 0 <= proxy.score(255 - patch, patch) <= 1
    assert metric.upper() in proxy.about and proxy.about.endswith("a proxy, no human score")


def test_scales_are_those_that_are_told(patch):
    """1 - sqrt(1 - FSIM) and 1 - 2 GMSD."""
    copy = gaussian_blur(patch, 2.0)
    assert proxy_by("fsim").score(copy, patch) == pytest.approx(1 - np.sqrt(1 - fsim(copy, patch)))
    assert proxy_by("gmsd").score(copy, patch) == pytest.approx(1 - 2 * gmsd(copy, patch))


def test_unknown_metric_is_refused():
    """Those that there are."""
    with pytest.raises(ValueError, match="among ssim, fsim, gmsd. Received: 'vif'"):
        proxy_by("vif")
