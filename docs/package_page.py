"""README.md for the package index, whose page knows no relative links.

    python docs/package_page.py https://github.com/OWNER/kiqa --ref v0.2.0

prints the README with links to files as links to the repository at that tag,
and pictures as their bytes there. ``--write`` puts it in the place of
README.md, takes the weights of `ELSEWHERE` out of the checkout and puts their
addresses into weights/manifest.json: what a release does in its own checkout
before it builds. The package index takes files of at most 100 MB.
"""

import argparse
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README, WEIGHTS = ROOT / "README.md", ROOT / "weights"
ELSEWHERE = frozenset({"aggregator.h5"})
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


def addressed(models: dict[str, dict], repository: str, ref: str) -> dict:
    """Return a manifest's models with the address of each file of `ELSEWHERE`."""
    where = f"{repository.rstrip('/')}/raw/{ref}/weights"
    return {
        name: {**entry, "url": f"{where}/{entry['file']}"} if entry["file"] in ELSEWHERE else entry
        for name, entry in models.items()
    }


def main() -> None:
    """Print the page, or change the checkout."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repository", metavar="ADDRESS")
    parser.add_argument("--ref", default="main", metavar="TAG")
    parser.add_argument("--write", action="store_true", help="change the checkout")
    arguments = parser.parse_args()
    page = absolute(README.read_text(encoding="utf-8"), arguments.repository, arguments.ref)
    if arguments.write:
        README.write_text(page, encoding="utf-8")
        file = WEIGHTS / "manifest.json"
        manifest = json.loads(file.read_text(encoding="utf-8"))
        manifest["models"] = addressed(manifest["models"], arguments.repository, arguments.ref)
        file.write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        for name in ELSEWHERE:
            (WEIGHTS / name).unlink()
    else:
        sys.stdout.write(page)


if __name__ == "__main__":
    main()
