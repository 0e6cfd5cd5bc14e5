"""README.md for the package index, whose page knows no relative links.

    python docs/package_page.py https://github.com/OWNER/kiqa --ref v0.2.0

prints the README with links to files as links to the repository at that tag,
and pictures as their bytes there. ``--write`` puts it in the place of
README.md, and the addresses of weights that the package leaves out into
weights/manifest.json: what a release does in its own checkout before it builds.
"""

import argparse
import configparser
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README, SETUP, MANIFEST = ROOT / "README.md", ROOT / "setup.cfg", ROOT / "weights" / "manifest.json"
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


def packaged_weights() -> set[str]:
    """Return the names of the weights files that setup.cfg puts into the package."""
    setup = configparser.ConfigParser()
    setup.read(SETUP, encoding="utf-8")
    listed = setup["options.data_files"]["share/kiqa/weights"].split()
    return {Path(name).name for name in listed if name.endswith(".h5")}


def addressed(models: dict[str, dict], packaged: set[str], repository: str, ref: str) -> dict:
    """Return a manifest's models with the address of each file that is not in the package."""
    where = f"{repository.rstrip('/')}/raw/{ref}/weights"
    return {
        name: entry if entry["file"] in packaged else {**entry, "url": f"{where}/{entry['file']}"}
        for name, entry in models.items()
    }


def main() -> None:
    """Print the page, or write it and the manifest."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repository", metavar="ADDRESS")
    parser.add_argument("--ref", default="main", metavar="TAG")
    parser.add_argument("--write", action="store_true", help="replace both files")
    arguments = parser.parse_args()
    page = absolute(README.read_text(encoding="utf-8"), arguments.repository, arguments.ref)
    if arguments.write:
        README.write_text(page, encoding="utf-8")
        manifest = json.loads(MANIFEST.read_text(encoding="utf-8"))
        manifest["models"] = addressed(
            manifest["models"], packaged_weights(), arguments.repository, arguments.ref
        )
        text = json.dumps(manifest, indent=2, sort_keys=True) + "\n"
        MANIFEST.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(page)


if __name__ == "__main__":
    main()
