"""What all commands do with input errors."""

from pathlib import Path

import pytest

from kiqa.cli.main import main


@pytest.fixture
def refused(capsys):
    """The function ``refused(*arguments) -> str``: what a command says that ends with status 2.

    It is one line, and nothing below the working folder is written.
    """

    def refused(*arguments):
        before = sorted(Path().rglob("*"))
        assert main(list(arguments)) == 2
        err = capsys.readouterr().err
        assert err.startswith("kiqa: error: ") and err.count("\n") == 1
        assert sorted(Path().rglob("*")) == before
        return err

    return refused
