"""What is kept of rows that are there: what they are about, and where they lie."""

import pickle

import numpy as np
import pytest

from kiqa.scoring.finished import Contents, Finished, Images, content_key

KEY = {"weights_sha256": "w", "stride": 8}


def _row(path, sha256="a", error=None, **more):
    return {"path": path, "sha256": sha256, "error": error, **KEY, **more}


def _finished(rows, *, again=False):
    return Finished(enumerate(rows), key=KEY, again=again)


def _keys(contents):
    return np.array([content_key(each) for each in contents], np.bytes_)


def test_contents_are_found():
    """As in a dictionary, with and without references; also by another process."""
    rng = np.random.default_rng(0)
    names = [rng.bytes(32).hex() for _ in range(50)]
    pairs = [(names[0], None), (names[0], names[1]), *((name, names[2]) for name in names[3:])]
    known = pickle.loads(pickle.dumps(Contents(_keys(pairs), np.arange(len(pairs)))))
    assert [known.place(pair) for pair in pairs] == list(range(len(pairs)))
    assert all(pair in known for pair in pairs)
    assert (names[1], None) not in known and (names[0], names[2]) not in known
    assert (None, None) not in known and (names[0], None) not in Contents(_keys([]), np.zeros(0))


def test_of_several_rows_the_last_one_counts():
    """Of one content, and of one image."""
    found = _finished([_row("x"), _row("y"), _row("x"), _row("x", "b")])
    assert found.scored.place(("a", None)) == 2
    assert [found.final.place("x", (sha, None)) for sha in "abc"] == [2, 3, None]
    assert found.final.place("y", ("a", None)) == 1
    assert ("y", "a", None) in found.final and ("z", "a", None) not in found.final
    assert sorted(found.final.contents("x")) == [("a", None), ("a", None), ("b", None)]


def test_paths_of_one_hash_are_kept_apart_by_their_content():
    """And of one content by their hash."""
    images = Images(
        np.array([hash("x"), hash("x")]), _keys([("a", "r"), ("b", None)]), np.arange(2)
    )
    assert images.place("x", ("a", "r")) == 0 and images.contents("x") == [("a", "r"), ("b", None)]
    assert images.place("x", ("a", None)) is None and images.place("y", ("a", "r")) is None


def test_rows_of_other_weights_or_strides_do_not_count():
    """They are another result."""
    found = _finished([_row("x", stride=4), _row("y", weights_sha256="v"), _row("z")])
    assert [path for path in "xyz" if (path, "a", None) in found.final] == ["z"]
    assert found.scored.place(("a", None)) == 2


@pytest.mark.parametrize(("again", "final"), [(False, True), (True, False)])
def test_errors(again, final):
    """One about the content is final, unless all are tried again; none is a score."""
    rows = [_row("x", error="torn"), _row("y", None, "gone")]
    found = _finished(rows, again=again)
    assert (("x", "a", None) in found.final) is final
    assert ("a", None) not in found.scored and ("y", None, None) not in found.final
    assert [found.refused(row) for row in rows] == [again, True]
    assert not found.refused(_row("y", None, "locked"))
