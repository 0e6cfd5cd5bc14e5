"""The numbers in the documents are those of the files that they come from.

Before each table that holds a decimal number, and before each paragraph that tells a
result of ours, stands a comment with the files, whose places are relative to the document:

    <!-- numbers: results/lite/evaluation.json -->
    <!-- numbers: results/aggregator/result.json; besides 27.5 0.0008 -->
    <!-- numbers: none, settings -->

``besides`` names numbers that are no results, such as sizes and settings, or that one
run printed and no file holds; with ``none`` a table has no others. In a paragraph a number
may stand without its sign, which is in the words: 0.004 less.
"""

import csv
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted((ROOT / "docs").glob("*.md"))
COMMENT = re.compile(r"<!-- numbers: (?P<files>[^;>]+?)(?:; besides (?P<besides>[-\d. ]+))? -->")
# Decimals: no versions (0.1.0), no parts of names (Apache-2.0).
DECIMAL = re.compile(
    r"(?<![\w.])(?<![A-Za-z]-)[-+−]?\d+\.\d+(?!\d*\.\d)(?:e-?\d+)?(?P<percent> ?%)?"
)
# With more numbers than these in the files, some would be met by chance.
MOST = 700


def _blocks(text):
    """The comment before each block, or None, and the block's lines: a table or a paragraph."""
    comment, block, kind = None, [], None
    for line in [*text.splitlines(), ""]:
        told = COMMENT.fullmatch(line.strip())
        here = None if told or not line.strip() else line.lstrip()[0] == "|"
        if block and here is not kind:
            yield comment, block
            comment, block = None, []
        if told:
            if comment is not None:
                yield comment, []
            comment = told
        elif here is not None:
            block.append(line)
        kind = here
    if comment is not None:
        yield comment, []


def _numbers(content):
    """All numbers of a JSON document."""
    if isinstance(content, dict):
        content = list(content.values())
    if isinstance(content, list):
        for each in content:
            yield from _numbers(each)
    elif isinstance(content, (int, float, str)) and not isinstance(content, bool):
        try:
            yield float(content)
        except ValueError:
            return


def _stored(path):
    """The numbers of a file."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return list(_numbers(json.loads(text)))
    assert path.suffix == ".csv", f"{path} holds no numbers that are known how to read"
    return [number for row in csv.reader(text.splitlines()) for number in _numbers(row)]


def _is_stored(printed, stored, *, signed):
    """Whether a number, rounded as it is printed, is one of the stored."""
    text = printed[0].removesuffix(printed["percent"] or "").replace("−", "-")
    value, digits = float(text), len(text.partition("e")[0].partition(".")[2])
    factors = (1, 100) if printed["percent"] else (1,)
    half = 0.5 * 10.0**-digits * (1 + 1e-6)
    signs = (1,) if signed else (1, -1)
    return any(
        abs(sign * factor * number - value) <= half
        for number in stored
        for factor in factors
        for sign in signs
    )


def _faults(path, text):
    """What is wrong with the numbers of a document."""
    for comment, lines in _blocks(text):
        if not lines or (comment and lines[0].startswith(("#", "    ", "```"))):
            yield f"no table or paragraph after {comment[0]}"
            continue
        table = lines[0].lstrip().startswith("|")
        printed = [match for line in lines for match in DECIMAL.finditer(line)]
        if comment is None:
            if table and printed:
                yield f"no files before the table {lines[0]!r}"
            continue
        if not printed:
            yield f"no number after {comment[0]}"
            continue
        if comment["files"].startswith("none, "):
            continue
        stored = []
        for file in comment["files"].split():
            if not (path.parent / file).is_file():
                yield f"{file} is not there"
                continue
            stored += _stored(path.parent / file)
        if len(stored) > MOST:
            yield f"{len(stored)} numbers in {comment['files']}: too many to mean anything"
        besides = (comment["besides"] or "").split()
        for match in printed:
            number = match[0].removesuffix(match["percent"] or "")
            if number not in besides and not _is_stored(match, stored, signed=table):
                yield f"{match[0]} is in none of {comment['files']}"
        spare = [number for number in besides if number not in {m[0].split()[0] for m in printed}]
        if spare:
            yield f"{' '.join(spare)} besides, and in no part of {lines[0]!r}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_numbers_are_in_their_files(path):
    """Rounded to the digits that are printed."""
    assert list(_faults(path, path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("cells", "comment", "fault"),
    [
        ("0.612 | -0.43 | 61.2 % | 12", "a.json b.csv", None),
        ("0.611", "a.json", "0.611 is in none of a.json"),
        ("0.43", "a.json b.csv", "0.43 is in none"),
        ("+0.61 (0.5 to 0.7)", "a.json", "0.7 is in none"),
        ("0.611 | 0.61249", "a.json; besides 0.611", None),
        ("0.612", "a.json; besides 0.611", "0.611 besides"),
        ("0.612", "c.json", "c.json is not there"),
        ("0.611 and 0.1.0", None, "no files before"),
        ("0.611", "none, settings", None),
        ("0.1.0 and x0.5, Apache-2.0", None, None),
        ("12", "a.json", "no number after"),
    ],
)
def test_faults_of_tables_are_seen(tmp_path, cells, comment, fault):
    """A number that is not there, or of another sign; no file; no comment."""
    line = f"<!-- numbers: {comment} -->\n\n" if comment else ""
    _check(tmp_path, f"{line}| x | y |\n|---|---|\n| {cells} |\n", fault)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("It has 0.612, as\nbefore: 0.43 less.", None),
        ("It has 0.612,\nbefore 0.44 less.", "0.44 is in none"),
        ("- It has 0.612.", None),
        ("It has 0.612.\n\nAnother has 0.99.", None),
        ("It has 12.\n\nAnother has 0.612.", "no number after"),
        ("    kiqa score --tolerance 0.612", "no table or paragraph"),
        ("## 0.612", "no table or paragraph"),
        ("<!-- numbers: a.json -->\n\nIt has 0.612.", "no table or paragraph"),
        ("", "no table or paragraph"),
        ("It has 0.612:\n| x |\n|---|\n| 0.612 |", "no files before the table"),
    ],
)
def test_faults_of_paragraphs_are_seen(tmp_path, text, fault):
    """The comment is for what follows it, up to the next empty line or table."""
    _check(tmp_path, f"Free 9.99.\n\n<!-- numbers: a.json b.csv -->\n\n{text}\n", fault)


def _check(tmp_path, text, fault):
    (tmp_path / "a.json").write_text('{"srocc": {"value": 0.61249}, "lo": [0.5, true, "x"]}')
    (tmp_path / "b.csv").write_text("name,value\nniqe,-0.4276\n")
    found = list(_faults(tmp_path / "page.md", text))
    assert found == [] if fault is None else any(fault in each for each in found)
