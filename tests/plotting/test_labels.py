"""Names are drawn as they are, without a warning."""

import pytest
from matplotlib.figure import Figure

from kiqa.plotting import literal


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain_1^2.png", "plain_1^2.png"),
        ("Ba$$in.jpg", "Ba$$in.jpg"),
        ("a$x\\frac$.jpg", "a$x\\frac$.jpg"),
        ("one $.png", "one $.png"),
        ("caf\udce9.png", "caf\\xe9.png"),
        ("two\nlines \x1b", "two\\nlines \\x1b"),
        ("写真.png", "\ufffd\ufffd.png"),
    ],
)
def test_names_are_literal(name, shown, tmp_path):
    """matplotlib shows what is asked for; a letter that the font lacks is replaced."""
    figure = Figure()
    title = figure.subplots().set_title(literal(name))
    text, mathematics = title._preprocess_math(title.get_text())
    assert (text, mathematics) == (shown, False)
    figure.savefig(tmp_path / "figure.png")
