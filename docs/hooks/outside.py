"""Pages of the site that are written elsewhere, and links that leave ``docs/``.

The first page is ``README.md``; ``CONTRIBUTING.md``, ``CHANGELOG.md``,
``SECURITY.md`` and ``weights/README.md`` are pages too, and each folder of
``docs/results`` is a page that lists its files. Nothing is copied: what
changes there changes here.

A link to a file that is no page becomes one to the repository, where
``KIQA_REPOSITORY`` says its address, and plain text where it does not.
"""

import os
import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[2]
# Files of the repository, and the page each becomes.
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "weights/README.md": "weights.md",
}
_HOME = {page: source for source, page in PAGES.items()}
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
_FENCE = re.compile(r"(^(?:```|~~~).*?^(?:```|~~~)[ \t]*$)", re.MULTILINE | re.DOTALL)


def on_files(files, config):
    """Add the pages from outside, and a list of the files of each folder of results."""
    for source, page in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=text))
    results = ROOT / "docs" / "results"
    folders = sorted(path for path in results.rglob("*") if path.is_dir())
    for folder in (results, *folders):
        if not (folder / "index.md").is_file() and not (folder / "README.md").is_file():
            page = f"{folder.relative_to(ROOT / 'docs').as_posix()}/index.md"
            files.append(File.generated(config, page, content=_listing(folder)))
    return files


def on_page_markdown(markdown, page, config, files):
    """Turn links as the repository has them into links of the site."""
    uri = page.file.src_uri
    source = _HOME.get(uri, f"docs/{uri}")
    parts = _FENCE.split(markdown)
    parts[::2] = [
        _LINK.sub(lambda match: _linked(match, source, uri, config["repo_url"]), part)
        for part in parts[::2]
    ]
    return "".join(parts)


def _linked(match, source, uri, repository):
    mark, text, target = match.groups()
    if re.match(r"[a-z]+:|#", target):
        return match[0]
    place, hash_, anchor = target.partition("#")
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), place))
    page = _page_of(path)
    if page is not None:
        relative = posixpath.relpath(page, posixpath.dirname(uri) or ".")
        return f"{mark}[{text}]({relative}{hash_}{anchor})"
    if repository:
        return f"{mark}[{text}]({repository.rstrip('/')}/blob/main/{path}{hash_}{anchor})"
    return text


def _page_of(path):
    """Where a file of the repository is on the site; ``None`` if it is not."""
    if path in PAGES:
        return PAGES[path]
    if path.startswith("notebooks/") and path.endswith(".ipynb"):
        walk = path.replace("notebooks/", "walks/", 1)
        return walk if (ROOT / "docs" / walk).is_file() else None
    if not path.startswith("docs/"):
        return None
    page = path.removeprefix("docs/")
    if (ROOT / path).is_dir():
        named = "README.md" if (ROOT / path / "README.md").is_file() else "index.md"
        return f"{page}/{named}"
    return page


def _listing(folder):
    """A page with the files and folders of a folder, and their sizes."""
    lines = [f"# {folder.name}", ""]
    inner = sorted(folder.iterdir(), key=lambda path: (path.is_file(), path.name))
    for path in inner:
        if path.is_dir():
            lines.append(f"- [{path.name}/]({path.name}/index.md)")
        else:
            lines.append(f"- [{path.name}]({path.name}), {_size(os.path.getsize(path))}")
    return "\n".join([*lines, ""])


def _size(count):
    return f"{count} bytes" if count < 1000 else f"{count / 1000:,.0f} kB"
