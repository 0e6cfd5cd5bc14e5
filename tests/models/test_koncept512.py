"""KonCept512's graph."""

from kiqa.models.koncept512 import build_koncept512


def test_layers_and_parameters():
    """The published layers over as many features as a body has."""
    model = build_koncept512(features=40, seed=1)
    dense = [(name, model.get_layer(name).get_weights()[0].shape)
             for name in ("dense1", "dense2", "dense3", "quality")]  # fmt: skip
    assert dense == [
        ("dense1", (40, 2048)),
        ("dense2", (2048, 1024)),
        ("dense3", (1024, 256)),
        ("quality", (256, 1)),
    ]
    rates = [model.get_layer(f"dropout{number}").rate for number in (1, 2, 3)]
    assert rates == [0.25, 0.25, 0.5]
    weights = 41 * 2048 + 2049 * 1024 + 1025 * 256 + 257
    assert model.count_params() == weights + 4 * (2048 + 1024 + 256)
    assert (model.input_shape, model.output_shape) == ((None, 40), (None, 1))
