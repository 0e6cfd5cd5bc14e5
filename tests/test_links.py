"""Links, anchors, modules and paths that the documents name are there."""

import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "weights").glob("*.md"), *(ROOT / "docs").rglob("*.md")]
)
SOURCES = sorted([*(ROOT / "kiqa").rglob("*.py"), *(ROOT / "tests").rglob("*.py")])
FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
HEADING = re.compile(r"^#{1,6} +(.*?)\s*#*$", re.MULTILINE)
ANCHOR = re.compile(r"<a (?:id|name)=\"([^\"]+)\"")
MODULE = re.compile(r"(?<![\w./-])kiqa(?:\.[A-Za-z_]\w*)+(?![\w<*])")
FOLDERS = "kiqa|tests|benchmarks|docs|notebooks|weights"
PLACE = re.compile(rf"(?<![\w/.-])((?:{FOLDERS})/[\w./-]*\w)(?![\w/{{}}*<>$-])")
FILE_SUFFIXES = (".h5", ".npz", ".csv", ".json", ".jpg", ".png", ".md")


def _slug(heading):
    """The anchor that GitHub and mkdocs make of a heading."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", plain.lower()).strip().replace(" ", "-")


def _anchors(text):
    """All anchors of a document; a repeated heading gets ``-1``, ``-2``."""
    found, times = set(ANCHOR.findall(text)), {}
    for heading in HEADING.findall(FENCE.sub("", text)):
        slug = _slug(heading)
        found.add(f"{slug}-{times[slug]}" if slug in times else slug)
        times[slug] = times.get(slug, 0) + 1
    return found


def _broken_links(path, text):
    """Relative links of a document that lead nowhere."""
    for target in LINK.findall(FENCE.sub("", text)):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        file = (path.parent / place).resolve() if place else path
        if not file.exists():
            yield target
        elif anchor and anchor not in _anchors(file.read_text(encoding="utf-8")):
            yield target


def _is_there(name):
    """Whether a dotted name is a module of the package, or an attribute in one."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        place = ROOT.joinpath(*parts[:end])
        if place.with_suffix(".py").is_file() or (place / "__init__.py").is_file():
            found = import_module(".".join(parts[:end]))
            for part in parts[end:]:
                if part in getattr(found, "__annotations__", {}):
                    return True  # a field without a default
                if not hasattr(found, part):
                    return False
                found = getattr(found, part)
            return True
    return False


def _missing(text):
    """Names ``kiqa.x.y`` and paths below the checkout that a text has and the checkout has not."""
    names = {name for name in MODULE.findall(text) if not name.endswith(FILE_SUFFIXES)}
    missing = [name for name in sorted(names) if not _is_there(name)]
    return missing + [
        place for place in sorted(set(PLACE.findall(text))) if not (ROOT / place).exists()
    ]


def _named(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", DOCUMENTS, ids=_named)
def test_relative_links_lead_somewhere(path):
    """The file is there, and so is the heading behind ``#``."""
    assert list(_broken_links(path, path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=_named)
def test_what_documents_name_is_there(path):
    """Modules, functions and files by their name or path."""
    assert _missing(path.read_text(encoding="utf-8")) == []


@pytest.mark.slow
@pytest.mark.parametrize("top", ["kiqa", "tests"])
def test_what_docstrings_and_comments_name_is_there(top):
    """The same in the sources, but for the tests of the checks themselves."""
    checks = {Path(__file__).resolve(), ROOT / "tests" / "test_imports.py"}
    documents, lines = {path.name for path in DOCUMENTS}, {}
    for path in SOURCES:
        if path.relative_to(ROOT).parts[0] == top and path not in checks:
            text = path.read_text(encoding="utf-8")
            own = re.findall(r"\b[A-Z]+\.md\b", text)
            lines[_named(path)] = _missing(text) + [name for name in own if name not in documents]
    assert {name: missing for name, missing in lines.items() if missing} == {}


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("[a](there.md) [b](not.md)", ["not.md"]),
        ("[a](there.md#one-two) [b](there.md#three) [c](#here)\n# Here", ["there.md#three"]),
        ("[web](https://example.org) ![i](not.png)", ["not.png"]),
        ("```\n[a](not.md)\n```", []),
    ],
)
def test_broken_links_are_seen(tmp_path, text, broken):
    """A missing file, a missing heading and a missing image; not code, not the web."""
    (tmp_path / "there.md").write_text("# One `two`\n")
    path = tmp_path / "page.md"
    path.write_text(text)
    assert list(_broken_links(path, text)) == broken


def test_missing_names_are_seen():
    """Of modules, attributes and paths; patterns and a user's own files are no such names."""
    text = "kiqa.io.nothing kiqa.io.files.replacing kiqa.data.records.ScoredImage.mos kiqa/no.py"
    other = "kiqa.train_<name> kiqa/models/<name>.py weights/*.h5 docs/a$K.csv my/kiqa/x.py kiqa.h5"
    assert _missing(f"{text} {other}") == ["kiqa.io.nothing", "kiqa/no.py"]
