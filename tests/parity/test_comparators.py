"""Comparators against the authors' own code, and against a plain twin of the statistics.

Source of the recorded values: the Matlab code that the authors of SSIM, MS-SSIM, FSIM, GMSD,
BRISQUE and NIQE released, run under Octave 7.3.0 with its image package 2.14.0 on 2026-11-28.
Changes: SSIM and MS-SSIM are short re-writings of their files, and NIQE's features of a block were
written anew, since that file was not at hand. Octave's `imresize` does not guard against aliasing,
Matlab's documented algorithm stood in its place; `rgb2gray` was rounded as Matlab's for `uint8`.

Others, on the same images (cat, coffee): opencv-contrib-python-headless 5.0.0.93 gives GMSD 0.0929
and 0.1223 (other borders), and statistics of BRISQUE that differ in the second decimal at the
second scale, because it halves without guarding against aliasing; sewar 0.4.10 MS-SSIM 0.9368 and
0.9272 (other borders when halving).
"""

import numpy as np
import pytest
from scipy.signal import convolve2d
from scipy.special import gamma
from skimage import data

from kiqa.comparators.brisque import brisque_features
from kiqa.comparators.fsim import fsim, fsimc
from kiqa.comparators.gmsd import gmsd
from kiqa.comparators.niqe import (
    Gaussian,
    fit_gaussian,
    niqe_distance,
    niqe_features,
    sharp_blocks,
)
from kiqa.comparators.ssim import ms_ssim, ssim

pytestmark = pytest.mark.parity

FULL_REFERENCE = {"ssim": ssim, "ms_ssim": ms_ssim, "gmsd": gmsd, "fsim": fsim, "fsimc": fsimc}
SHAPES = np.arange(0.2, 10.0005, 0.001)


def _distorted(image):
    """Blurred, shifted and with a pattern, in whole numbers only."""
    a = image.astype(np.int64)
    i, j = np.ogrid[: a.shape[0], : a.shape[1]]
    mixed = (3 * a + np.roll(a, 1, 0) + np.roll(a, 1, 1) + 3 * np.roll(a, (2, 3), (0, 1))) // 8
    pattern = (7 * i * i + 13 * j + 3 * i * j) % 17 - 8
    return np.clip(mixed + pattern[..., None], 0, 255).astype(np.uint8)


@pytest.fixture(scope="module", params=["cat", "coffee"])
def pair(request):
    """Name, image and reference; the second is large enough for FSIM to halve it."""
    reference = data.chelsea() if request.param == "cat" else data.coffee()[:399, :501]
    return request.param, _distorted(reference), reference


RECORDED = {
    "cat": {
        "ssim": 0.7532126227,
        "ms_ssim": 0.9376639654,
        "gmsd": 0.0929308131,
        "fsim": 0.8919236212,
        "fsimc": 0.8917590300,
        "brisque": [
            3.337,
            0.42022385,
            0.976,
            -0.03208599,
            0.19646979,
            0.15807988,
            0.983,
            -0.02845875,
            0.1911345,
            0.1574249,
            0.906,
            -0.01669423,
            0.19734408,
            0.1764019,
            0.874,
            0.0112158,
            0.17402534,
            0.18801773,
            2.015,
            0.23890387,
            0.701,
            0.08761189,
            0.03193615,
            0.10032129,
            0.716,
            0.0533852,
            0.04201023,
            0.0831922,
            0.717,
            0.07139612,
            0.03378508,
            0.08724816,
            0.694,
            -0.00891938,
            0.06568823,
            0.05865761,
        ],
        "niqe": [
            3.26775,
            1.06316203,
            0.96583333,
            -0.01297201,
            0.28095642,
            0.26579113,
            0.97458333,
            -0.01469497,
            0.28394367,
            0.26503387,
            0.89441667,
            -0.01623186,
            0.2516589,
            0.23778185,
            0.872,
            0.01185151,
            0.22548777,
            0.23538303,
            2.25025,
            0.74754139,
            0.77083333,
            0.09232744,
            0.07695884,
            0.13558609,
            0.7815,
            0.05324066,
            0.09325435,
            0.12718389,
            0.7815,
            0.07344364,
            0.0831481,
            0.13125271,
            0.77225,
            -0.01163583,
            0.11041618,
            0.101772,
        ],
    },
    "coffee": {
        "ssim": 0.7228096550,
        "ms_ssim": 0.9275961026,
        "gmsd": 0.1221608608,
        "fsim": 0.9070328923,
        "fsimc": 0.9063220071,
        "brisque": [
            3.837,
            0.46541782,
            1.064,
            -0.04968113,
            0.24727003,
            0.18322579,
            1.088,
            -0.0598859,
            0.24641834,
            0.17090244,
            0.968,
            -0.06753187,
            0.27783136,
            0.1855878,
            0.9,
            0.05987317,
            0.18915018,
            0.27246548,
            2.015,
            0.26867107,
            0.67,
            0.03769251,
            0.064817,
            0.09921575,
            0.669,
            -0.01377837,
            0.09072026,
            0.07790172,
            0.686,
            0.03000291,
            0.062766,
            0.08891008,
            0.657,
            0.04527621,
            0.05887806,
            0.09969379,
        ],
        "niqe": [
            4.41055,
            1.17681449,
            1.1096,
            -0.04977303,
            0.40727982,
            0.35365605,
            1.1174,
            -0.06247516,
            0.41654325,
            0.3438041,
            1.0208,
            -0.06434715,
            0.3787103,
            0.30794525,
            0.95505,
            0.05572076,
            0.27529404,
            0.33558569,
            2.23025,
            0.76526833,
            0.746,
            0.04246026,
            0.09659689,
            0.11903043,
            0.7656,
            0.00225049,
            0.11425383,
            0.11155965,
            0.75115,
            0.03171583,
            0.09826929,
            0.11401478,
            0.7762,
            0.01939469,
            0.10385612,
            0.11852819,
        ],
    },
}  # "niqe": the mean over the blocks


@pytest.mark.parametrize("name", FULL_REFERENCE)
def test_full_reference_equals_the_authors_code(pair, name):
    """SSIM, MS-SSIM, GMSD, FSIM and FSIMc to 1e-8."""
    key, image, reference = pair
    assert FULL_REFERENCE[name](image, reference) == pytest.approx(RECORDED[key][name], abs=1e-8)


def test_statistics_equal_the_authors_code(pair):
    """All 36 of BRISQUE, and the means of all 36 of NIQE, to 1e-7."""
    key, image, _ = pair
    np.testing.assert_allclose(brisque_features(image), RECORDED[key]["brisque"], atol=1e-7)
    features, _ = niqe_features(image)
    np.testing.assert_allclose(features.mean(axis=0), RECORDED[key]["niqe"], atol=1e-7)


def test_statistics_equal_a_plain_twin(pair):
    """BRISQUE's and NIQE's, written a second time without shortcuts, to 1e-9."""
    _, image, _ = pair
    gray = np.round(image @ np.array([0.298936021293775, 0.587043074451121, 0.114020904255103]))
    np.testing.assert_allclose(brisque_features(image), _plain_brisque(gray), atol=1e-9)
    features, sharpness = niqe_features(image)
    expected, sharp = _plain_niqe(gray)
    np.testing.assert_allclose(features, expected, atol=1e-9)
    np.testing.assert_allclose(sharpness, sharp, atol=1e-9)


def test_distance_equals_a_plain_twin(pair):
    """From the sharp blocks of the reference to the distorted image, by SVD."""
    _, image, reference = pair
    features, sharpness = niqe_features(reference)
    pristine = features[sharpness > 0.75 * sharpness.max()]
    np.testing.assert_array_equal(sharp_blocks(reference), pristine)
    other, _ = niqe_features(image)
    found = niqe_distance(fit_gaussian(other), fit_gaussian(pristine))
    difference = pristine.mean(axis=0) - other.mean(axis=0)
    middle = (np.cov(pristine.T) + np.cov(other.T)) / 2
    left, values, right = np.linalg.svd(middle)
    kept = values > 36 * np.spacing(values[0])
    inverse = (right.T[:, kept] / values[kept]) @ left.T[kept]
    assert found == pytest.approx(np.sqrt(difference @ inverse @ difference), rel=1e-6)
    assert niqe_distance(Gaussian(*fit_gaussian(other)), fit_gaussian(other)) == 0


def _mscn(gray, mode):
    y, x = np.mgrid[-3:4, -3:4]
    window = np.exp(-(x**2 + y**2) / (2 * (7 / 6) ** 2))
    window /= window.sum()
    padded, squares = (np.pad(values, 3, mode=mode) for values in (gray, gray**2))
    mean = convolve2d(padded, window, mode="valid")
    deviation = np.sqrt(np.abs(convolve2d(squares, window, mode="valid") - mean**2))
    return (gray - mean) / (deviation + 1), deviation


def _half(gray):
    """Matlab's bicubic half with a dense matrix for each axis."""

    def matrix(n):
        weights = np.zeros((-(-n // 2), n))
        for row in range(len(weights)):
            for tap in range(2 * row - 5, 2 * row + 7):
                t = abs((2 * row + 0.5 - tap) / 2)
                if t <= 1:
                    w = 1.5 * t**3 - 2.5 * t**2 + 1
                else:
                    w = -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2 if t <= 2 else 0.0
                mirrored = -tap - 1 if tap < 0 else 2 * n - 1 - tap if tap >= n else tap
                weights[row, mirrored] += w
        return weights / weights.sum(axis=1, keepdims=True)

    return matrix(gray.shape[0]) @ gray @ matrix(gray.shape[1]).T


def _ggd(values):
    ratios = gamma(1 / SHAPES) * gamma(3 / SHAPES) / gamma(2 / SHAPES) ** 2
    wanted = np.mean(values**2) / np.mean(np.abs(values)) ** 2
    return SHAPES[np.argmin(np.abs(wanted - ratios))], np.mean(values**2)


def _aggd(values):
    ratios = gamma(2 / SHAPES) ** 2 / (gamma(1 / SHAPES) * gamma(3 / SHAPES))
    left = np.sqrt(np.mean(values[values < 0] ** 2))
    right = np.sqrt(np.mean(values[values > 0] ** 2))
    skew = left / right
    wanted = np.mean(np.abs(values)) ** 2 / np.mean(values**2)
    wanted *= (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    return SHAPES[np.argmin((ratios - wanted) ** 2)], left, right


def _shifted(values, rows, columns):
    return values * np.roll(np.roll(values, rows, axis=0), columns, axis=1)


def _plain_brisque(gray):
    found = []
    for _ in range(2):
        values, _ = _mscn(gray, "constant")
        found += _ggd(values)
        for shift in ((0, 1), (1, 0), (1, 1), (-1, 1)):
            shape, left, right = _aggd(_shifted(values, *shift))
            mean = (right - left) * gamma(2 / shape) / np.sqrt(gamma(1 / shape) * gamma(3 / shape))
            found += [shape, mean, left**2, right**2]
        gray = _half(gray)
    return np.array(found)


def _plain_niqe(gray):
    rows, columns = (length // 96 for length in gray.shape)
    gray = gray[: rows * 96, : columns * 96]
    found, sharp = [[] for _ in range(rows * columns)], []
    for side in (96, 48):
        values, deviation = _mscn(gray, "edge")
        for number in range(rows * columns):
            top, left = number // columns * side, number % columns * side
            block = values[top : top + side, left : left + side]
            if side == 96:
                sharp.append(deviation[top : top + side, left : left + side].mean())
            shape, low, high = _scales(block)
            found[number] += [shape, (low + high) / 2]
            for shift in ((0, 1), (1, 0), (1, 1), (1, -1)):
                shape, low, high = _scales(_shifted(block, *shift))
                mean = (high - low) * gamma(2 / shape) / gamma(1 / shape)
                found[number] += [shape, mean, low, high]
        gray = _half(gray)
    return np.array(found), np.array(sharp)


def _scales(values):
    shape, left, right = _aggd(values)
    factor = np.sqrt(gamma(1 / shape) / gamma(3 / shape))
    return shape, left * factor, right * factor
