"""What a dense network needs, told without running it."""

from kiqa.maps.dense import Step, peak_bytes

STEPS = [
    Step("window", None, 3, 1, 32),
    Step("window", None, 2, 2),
    Step("dense", None, 5, 1, 1),
]


def test_layer_counts_its_input_and_output():
    """At the network's own stride the peak is the pooling: 32 channels in and out."""
    expected = 4 * 32 * (100 * 200 + 50 * 100)
    assert peak_bytes(STEPS, stride=2, height=102, width=202) == expected


def test_fragments_count_twice():
    """At stride 1 the four shifted copies are held with their concatenation."""
    expected = 4 * 2 * (4 * 100 * 200 * 32)
    assert peak_bytes(STEPS, stride=1, height=102, width=202) == expected
