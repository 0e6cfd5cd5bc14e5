"""A command run as ``python -m kiqa.reproduce`` does, and the tables that it writes."""

import argparse
import csv
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def run():
    """The function ``run(command, *arguments)``: the exit status."""

    def run(command, *arguments):
        parser = argparse.ArgumentParser()
        command.add_options(parser)
        return command.run(parser.parse_args([str(argument) for argument in arguments]))

    return run


@pytest.fixture(scope="session")
def csv_rows():
    """The function ``csv_rows(path)``: the rows of a CSV file by column."""

    def csv_rows(path):
        with Path(path).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    return csv_rows
