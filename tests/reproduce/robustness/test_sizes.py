"""Sizes, with a scorer that is easily foreseen."""

from kiqa.reproduce.__main__ import main


def test_sizes(rated, capsys):
    assert main(["sizes", *rated, "--factors", "0.5", "0.25"]) == 0
    out = capsys.readouterr().out
    assert "0.25" in out
    assert "1.0000" in out
