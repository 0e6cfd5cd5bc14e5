"""One image in one call: `kiqa.score` and `kiqa.quality_map`."""

import numpy as np
import pytest

import kiqa
from kiqa.scoring import single


def _gray(level=51, size=(72, 80)):
    return np.full((*size, 3), level, np.uint8)


@pytest.fixture
def public(stand_in):
    """The public functions with empty caches before and after."""
    single._cached_scorer.cache_clear()
    yield kiqa
    single._cached_scorer.cache_clear()


def test_public_functions_use_their_strides(public, stand_in):
    """`kiqa.score` takes stride 8 and `kiqa.quality_map` stride 4, each loaded once."""
    assert public.score(_gray(size=(96, 96))) == pytest.approx(0.2)
    public.score(_gray())
    assert [mapper.stride for mapper in stand_in] == [8]
    assert public.quality_map(_gray(size=(96, 96))).values.shape == (9, 9)
    assert public.quality_map(_gray(size=(96, 96)), stride=16).values.shape == (3, 3)


def test_reference_is_refused(public):
    """A no-reference model says so instead of ignoring the reference."""
    with pytest.raises(ValueError, match="no-reference"):
        public.score(_gray(), reference=_gray())
