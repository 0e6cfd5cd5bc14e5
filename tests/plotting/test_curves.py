"""Curves over a setting."""

import pytest

from kiqa.plotting.curves import plot_curves


@pytest.mark.parametrize(
    ("scale", "places"), [("linear", [1, 2]), ("log", [1, 16]), ("symlog", [0, 512])]
)
def test_each_curve_has_its_name_and_values(scale, places):
    """Two curves, their places as ticks where the axis is logarithmic."""
    curves = {"a": (places, [0.1, 0.2]), "b": (places, [0.3, 0.2])}
    ax = plot_curves(curves, xlabel="patches", ylabel="SROCC", xscale=scale)
    assert [line.get_label() for line in ax.get_lines()] == ["a", "b"]
    assert list(ax.get_lines()[1].get_ydata()) == [0.3, 0.2]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("patches", "SROCC")
    if scale != "linear":
        assert list(ax.get_xticks()) == places
    ax.figure.canvas.draw()


def test_curves_are_checked():
    """None at all, and values without places."""
    with pytest.raises(ValueError, match="at least one curve"):
        plot_curves({}, xlabel="", ylabel="")
    with pytest.raises(ValueError, match="2 places, 1 values"):
        plot_curves({"a": ([1, 2], [1])}, xlabel="", ylabel="")
