"""Files of pages."""

import pytest

from kiqa.io.assets import asset, filled, page_head


def test_names_are_replaced():
    """All of them, and nothing else."""
    text = filled("kiqa.reporting", "report_foot.html", data="{}", script="a < b")
    assert '<script type="application/json" id="data">{}</script>' in text and "a < b" in text
    assert "$data" in asset("kiqa.reporting", "report_foot.html")


def test_a_name_without_a_value_is_an_error():
    """A page with holes is none."""
    with pytest.raises(KeyError):
        filled("kiqa.reporting", "report_foot.html", data="{}")


def test_a_page_loads_nothing():
    """Whatever its style holds, braces included."""
    head = page_head("A &amp; B", "p { color: red }")
    assert "<title>A &amp; B</title>" in head and "p { color: red }" in head
    assert "default-src 'none'" in head and "form-action 'none'" in head
    assert head.endswith("</head>\n")
