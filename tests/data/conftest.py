"""Images and models by name, for what models were trained on."""

from pathlib import Path

import pytest

from kiqa.data.records import ScoredImage
from kiqa.data.untrained import untrained
from kiqa.io.weights import Details


@pytest.fixture(scope="session")
def records():
    """The function ``records(names, dataset, contents) -> list``, of files that need not exist."""

    def make(names, dataset="biq2021", contents=None):
        return [
            ScoredImage(name, Path(name), 0.5, None, content, dataset, (0.0, 1.0))
            for name, content in zip(names, contents or names, strict=True)
        ]

    return make


@pytest.fixture(scope="session")
def described():
    """The function ``described(parts, name) -> Details`` of a model trained on them."""
    return lambda parts, name="net": Details(
        name, "1", "0..1", higher_is_better=True, trained_on=parts
    )


@pytest.fixture(scope="session")
def kept_of():
    """The function ``kept_of(records, *models) -> (names, what is kept, what is told)``."""

    def keep(records, *models, include=False):
        told = []
        kept = untrained(records, models, include=include, report=told.append)
        return [record.name for record in kept.images], kept, told

    return keep
