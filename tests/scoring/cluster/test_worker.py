"""What a worker does when it opens: environment, version, folder, model."""

import os
import sys
from types import SimpleNamespace

import pytest

from kiqa import __version__
from kiqa.scoring import Scorer
from kiqa.scoring.cluster.worker import Job, guest, opened


def _job(folder, *, seen=None, scorer=None):
    return Job(
        scorer or Scorer("blur_effect"),
        lambda scorer, item: (item, os.getcwd()),
        lambda scorer, prepared: (scorer.model, *prepared),
        str(folder), seen, threads=2,
    )  # fmt: skip


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A folder that the process is not in; it comes back after the test."""
    monkeypatch.chdir(os.curdir)
    (tmp_path / "there").mkdir()
    (tmp_path / "there/a.png").touch()
    return tmp_path / "there"


def test_items_are_done_in_order_in_the_folder(elsewhere):
    """Relative paths mean what they mean where the command was called."""
    do_all, found = opened(_job(elsewhere, seen="a.png"))
    assert do_all([1, 2, 3]) == [("blur_effect", n, str(elsewhere)) for n in (1, 2, 3)]
    assert found == {"weights_sha256": Scorer("blur_effect").info.sha256, "stride": 1}


def test_images_that_are_not_there_are_refused(elsewhere):
    """A machine without the shared folder would make an error of every image."""
    with pytest.raises(FileNotFoundError, match="b.png is not there"):
        opened(_job(elsewhere, seen="b.png"))


def test_a_guest_says_what_is_wrong(elsewhere, monkeypatch):
    """No kiqa, another version, a model that is not there; else it works."""
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(get=lambda job: job))
    monkeypatch.delenv("KIQA_TEST", raising=False)
    visitor = guest()()
    job = _job(elsewhere)
    assert visitor.open("0.0.1", {}, [job])["kiqa"] == __version__
    assert not hasattr(visitor, "do_all")
    wrong = visitor.open(__version__, {}, [_job(elsewhere, scorer=Scorer("gone.h5"))])
    assert "gone.h5" in wrong["error"]
    monkeypatch.setitem(sys.modules, "kiqa", None)
    found = visitor.open(__version__, {}, [job])
    assert found["kiqa"] is None and "kiqa" in found["error"]
    monkeypatch.undo()


def test_a_guest_works(elsewhere, monkeypatch):
    """The environment is set before anything is loaded."""
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(get=lambda job: job))
    monkeypatch.setenv("KIQA_TEST", "0")
    visitor = guest()()
    found = visitor.open(__version__, {"KIQA_TEST": "1"}, [_job(elsewhere)])
    assert (found["error"], os.environ["KIQA_TEST"]) == (None, "1")
    assert visitor.do([4]) == [("blur_effect", 4, str(elsewhere))]
