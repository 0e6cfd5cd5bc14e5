"""README.md for the package index, whose page knows no relative links.

    python docs/package_page.py https://github.com/OWNER/kiqa --ref v0.2.0

prints the README with links to files as links to the repository at that tag,
and pictures as their bytes there. ``--write`` puts it in the place of
README.md, which is what a release does in its own checkout before it builds.
"""

import argparse
import re
import sys
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")


def absolute(text: str, repository: str, ref: str) -> str:
    """Return Markdown whose relative links lead to a repository.

    Args:
        text: The Markdown; links in it are relative to the repository's root.
        repository: Its address.
        ref: Tag, branch or commit.
    """

    def linked(match):
        mark, shown, target = match.groups()
        if re.match(r"[a-z]+:|#", target):
            return match[0]
        kind = "raw" if mark else "blob"
        return f"{mark}[{shown}]({repository.rstrip('/')}/{kind}/{ref}/{target})"

    return _LINK.sub(linked, text)


def main() -> None:
    """Print or write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repository", metavar="ADDRESS")
    parser.add_argument("--ref", default="main", metavar="TAG")
    parser.add_argument("--write", action="store_true", help="replace README.md")
    arguments = parser.parse_args()
    page = absolute(README.read_text(encoding="utf-8"), arguments.repository, arguments.ref)
    if arguments.write:
        README.write_text(page, encoding="utf-8")
    else:
        sys.stdout.write(page)


if __name__ == "__main__":
    main()
