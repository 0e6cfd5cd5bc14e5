"""Empty files in the layout of a data set."""

import pytest


@pytest.fixture(scope="session")
def touch():
    """The function ``touch(folder, names)``: the folder with these empty files in it."""

    def touch(folder, names):
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            (folder / name).touch()

    return touch
