"""Files of a package that pages are made of: HTML, CSS and JavaScript.

Public names: `asset`, `filled`, `page_head`.
"""

from importlib import resources
from string import Template

from kiqa import __version__


def asset(package: str, name: str) -> str:
    """Return the text of a file in the folder ``assets`` of a package.

    Args:
        package: Such as ``"kiqa.studies"``.
        name: Of the file.
    """
    return (resources.files(package) / "assets" / name).read_text(encoding="utf-8")


def filled(package: str, name: str, /, **values: object) -> str:
    """Return the text of a file, with values in the places of its ``$names``.

    Args:
        package: As for `asset`.
        name: As for `asset`.
        **values: One for every name in the file.
    """
    return Template(asset(package, name)).substitute(values)


def page_head(title: str, style: str) -> str:
    """Return the beginning of a page that loads nothing, up to its body.

    Args:
        title: HTML, so escaped.
        style: CSS.
    """
    return filled("kiqa.io", "head.html", version=__version__, title=title, style=style)
