"""Images for the comparison, and their differences."""

import argparse

import numpy as np
import pytest

from kiqa.reproduce.varjpeg.images import add_images, blurred_outside, images_of, psnr


@pytest.mark.parametrize(
    ("options", "names", "told"),
    [
        ([], ["b.png"], "1 of 2 images were trained on by m"),
        (["--include-trained"], ["a.png", "b.png"], "included"),
        (["--include-trained", "--limit", "1"], ["a.png"], "included"),
    ],
)
def test_images_that_the_model_was_trained_on(images, described, capsys, options, names, told):
    """They are left out with a word, unless they are asked for; the limit counts the others."""
    parser = argparse.ArgumentParser()
    add_images(parser)
    scorer = argparse.Namespace(
        info=argparse.Namespace(details=described("cid22", names=["a.png"]))
    )
    kept = images_of(parser.parse_args(["--images", str(images), *options]), scorer)
    assert [path.name for path in kept.images] == names
    assert kept.note == {"trained_on_met": 1, "trained_on_included": bool(options)}
    assert told in capsys.readouterr().err


def test_photograph_is_blurred_outside_the_mask_only(photo):
    """Sharp pixels are the image's own; the rest has lost its detail."""
    pixels, mask = blurred_outside(photo, "x")
    assert 0.05 < mask.mean() < 0.3
    assert np.abs(pixels[mask].astype(int) - photo[mask]).max() <= 2
    detail = [np.abs(np.diff(p.astype(float), axis=0))[~mask[1:]].mean() for p in (photo, pixels)]
    assert detail[1] < 0.6 * detail[0]
    again, _ = blurred_outside(photo, "x")
    other, _ = blurred_outside(photo, "y")
    assert np.array_equal(again, pixels) and not np.array_equal(other, pixels)


def test_psnr_by_hand():
    """10 log10(255^2 / mean squared error), of the mask only where one is given."""
    first = np.zeros((2, 2, 3), np.uint8)
    second = first.copy()
    second[0, 0] = 51  # 255 / 5
    assert psnr(first, second) == pytest.approx(10 * np.log10(25 * 4))
    mask = np.array([[True, False], [False, False]])
    assert psnr(first, second, mask) == pytest.approx(10 * np.log10(25))
    assert psnr(first, second, ~mask) == float("inf")
