"""CORNIA's graph."""

import numpy as np
import pytest

from kiqa.comparators.learned.cornia import answers
from kiqa.models.cornia import build_cornia


def test_layers_and_parameters():
    """Names and shapes of the weights."""
    model = build_cornia(codewords=6, seed=1)
    shapes = [(layer.name, [w.shape for w in layer.get_weights()]) for layer in model.layers]
    assert [s for s in shapes if s[1]] == [
        ("codewords", [(49, 6), (6,)]),
        ("quality", [(12, 1), (1,)]),
    ]
    assert (model.input_shape, model.output_shape) == ((None, None, 49), (None, 1))
    with pytest.raises(ValueError, match="1 codeword. Received: 0"):
        build_cornia(codewords=0)


def test_it_computes_what_the_regression_was_fitted_on():
    """The answers of `kiqa.comparators.learned.cornia`, times the regression."""
    model = build_cornia(codewords=6, seed=1)
    patches = np.random.default_rng(2).normal(size=(40, 49)).astype(np.float32)
    kernel, bias = model.get_layer("codewords").get_weights()
    weights, intercept = model.get_layer("quality").get_weights()
    expected = answers(patches, kernel, bias) @ weights + intercept
    np.testing.assert_allclose(np.asarray(model(patches[None]))[0], expected, atol=1e-5)
