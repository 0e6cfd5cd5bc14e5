"""Each name has a stored result, or a reason why there is none."""

import re
from datetime import date
from pathlib import Path

import pytest

from kiqa.reproduce.__main__ import NAMES, main
from kiqa.reproduce.stored_results import FOLDER, index_page, listing, stored_results

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / FOLDER
STORED = stored_results()


def test_each_name_has_a_result_or_a_reason():
    """And no line is of a name that there is not."""
    assert {result.name for result in STORED} - {""} == set(NAMES)
    both = [result for result in STORED if bool(result.place) == bool(result.reason)]
    assert both == []


@pytest.mark.parametrize("result", [r for r in STORED if r.place], ids=lambda r: r.place)
def test_each_place_is_there(result):
    """With what it was computed on, when, and with which versions."""
    assert (RESULTS / result.place).exists()
    assert result.data and result.versions and date.fromisoformat(result.date)
    assert result.command or "docs/" in result.data


def test_each_stored_folder_is_in_the_index():
    """No result lies there that the index does not name."""
    named = {result.place.partition("/")[0] for result in STORED}
    assert {path.name for path in RESULTS.iterdir() if path.is_dir()} == named - {""}


def test_the_index_page_is_that_of_the_command(capsys):
    """`python -m kiqa.reproduce --index` prints docs/results/README.md."""
    assert main(["--index"]) == 0
    assert capsys.readouterr().out == index_page()
    assert (RESULTS / "README.md").read_text(encoding="utf-8") == index_page()


def test_the_listing_names_a_place_or_a_reason(capsys):
    """Of every name, and of one that has no line."""
    assert main(["--list"]) == 0
    printed = capsys.readouterr().out
    for name in NAMES:
        (found, *_) = re.findall(rf"^{re.escape(name)} +(.+)$", printed, re.MULTILINE)
        assert found.startswith((f"{FOLDER}/", "none: "))
    assert listing(["other"]) == "other                none: not recorded\n"
