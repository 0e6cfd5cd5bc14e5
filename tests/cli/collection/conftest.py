"""A smaller image than elsewhere, since whole folders are looked at again and again."""

import pytest


@pytest.fixture(scope="session")
def photo(photo):
    """Every other pixel of that of all tests."""
    return photo[::2, ::2]
