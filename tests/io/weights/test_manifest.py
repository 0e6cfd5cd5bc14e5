"""Where weights are found by name, in which order, and what a manifest must be."""

import hashlib
import http.client
import json

import pytest

from kiqa.io.weights import manifest
from kiqa.io.weights.manifest import (
    WeightsError,
    absent_models,
    find_weights,
    list_models,
    manifest_sha256,
    read_manifest,
    update_manifest,
    weight_folders,
)


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Empty folders for $KIQA_WEIGHTS, the checkout, the installation and the cache."""
    for name in ("own", "checkout/weights", "checkout/kiqa/io", "prefix/share/kiqa/weights"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "checkout" / "setup.cfg").touch()
    monkeypatch.setenv("KIQA_WEIGHTS", str(tmp_path / "own"))
    monkeypatch.setenv("KIQA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(
        manifest, "__file__", str(tmp_path / "checkout/kiqa/io/weights/manifest.py")
    )
    monkeypatch.setattr(manifest.importlib.metadata, "files", lambda name: [])
    monkeypatch.setattr(manifest.sys, "prefix", str(tmp_path / "prefix"))
    return tmp_path


def _add(folder, name, content=b"weights", *, file=True, url=None):
    """Enter a file into a folder's manifest, and write it there."""
    digest = hashlib.sha256(content).hexdigest()
    entry = {"file": f"{name}.h5", "sha256": digest, "url": url}
    update_manifest(folder / "manifest.json", name, entry)
    if file:
        (folder / f"{name}.h5").write_bytes(content)
    return folder / f"{name}.h5"


def test_folders_are_searched_in_the_promised_order(places):
    """$KIQA_WEIGHTS, then the checkout, then the installed files."""
    expected = ["own", "checkout/weights", "prefix/share/kiqa/weights"]
    assert weight_folders() == [places / name for name in expected]
    files = [_add(places / name, "net") for name in expected]
    for file in files:
        assert find_weights("net") == file
        file.unlink()
    with pytest.raises(WeightsError, match="no such file, and its manifest names no URL"):
        find_weights("net")


def test_folder_without_setup_cfg_is_no_checkout(places):
    """An installed package does not take a stray weights folder beside it for a checkout."""
    (places / "checkout" / "setup.cfg").unlink()
    assert places / "checkout" / "weights" not in weight_folders()


def test_installed_files_are_found_by_the_package_record(places, monkeypatch):
    """pip's record of data_files comes before the guess by prefix (pip install --user)."""
    target = _add(places / "own", "net").parent

    class Recorded:
        def match(self, pattern):
            return pattern == "share/kiqa/weights/manifest.json"

        def locate(self):
            return target / "manifest.json"

    monkeypatch.delenv("KIQA_WEIGHTS")
    monkeypatch.setattr(manifest.importlib.metadata, "files", lambda name: [Recorded()])
    assert weight_folders()[1] == target
    assert find_weights("net") == target / "net.h5"


def test_own_folder_needs_no_manifest(places):
    """A .h5 file in $KIQA_WEIGHTS is known by its stem."""
    (places / "own" / "mine.h5").touch()
    assert list_models() == ["mine"]
    assert find_weights("mine") == places / "own" / "mine.h5"


def test_variable_that_names_no_folder_is_an_error(places, monkeypatch):
    """A typing error in $KIQA_WEIGHTS is said, not passed over."""
    monkeypatch.setenv("KIQA_WEIGHTS", str(places / "typo"))
    with pytest.raises(FileNotFoundError, match="KIQA_WEIGHTS.*typo"):
        find_weights("net")


def test_path_needs_no_lookup(places):
    """A path wins over every name; a missing one is a FileNotFoundError with a hint."""
    _add(places / "checkout" / "weights", "net")
    other = _add(places, "net", b"other")
    assert find_weights(other) == other
    assert find_weights(str(other)) == other
    with pytest.raises(FileNotFoundError, match=r"gone/net\.h5.*name 'net' is known"):
        find_weights(places / "gone" / "net.h5")


def test_unknown_name_lists_names_and_places(places):
    """The message has what could have been asked for and where was looked."""
    _add(places / "checkout" / "weights", "patchnet")
    with pytest.raises(WeightsError) as caught:
        find_weights("pachnet")
    for part in ("'pachnet'", "['patchnet']", str(places / "own"), str(places / "checkout")):
        assert part in str(caught.value)


def test_names_come_from_all_manifests_sorted(places):
    """Entries whose file cannot be had are not listed, those with a URL are."""
    _add(places / "own", "b")
    _add(places / "checkout" / "weights", "a")
    _add(places / "checkout" / "weights", "lost", file=False)
    _add(places / "checkout" / "weights", "far", file=False, url="https://nowhere.invalid/far.h5")
    assert list_models() == ["a", "b", "far"]


def test_what_no_folder_holds_is_absent(places):
    """Until another folder has it, or the cache; nothing is fetched to find out."""
    source = places / "source.h5"
    source.write_bytes(b"from afar")
    for name, content in (("lost", b"weights"), ("far", b"from afar"), ("moved", b"weights")):
        url = source.as_uri() if name == "far" else None
        _add(places / "checkout" / "weights", name, content, file=False, url=url)
    _add(places / "own", "there")
    _add(places / "prefix/share/kiqa/weights", "moved")
    assert absent_models().keys() == {"lost", "far"}
    assert absent_models()["far"]["url"] == source.as_uri()
    find_weights("far")
    (places / "own" / "lost.h5").touch()
    assert absent_models() == {}


def test_cache_is_filled_once_and_checked(places):
    """A file with a URL is fetched into the cache, used from there, and replaced if damaged."""
    source = places / "source.h5"
    source.write_bytes(b"from afar")
    folder = places / "checkout" / "weights"
    _add(folder, "net", b"from afar", file=False, url=source.as_uri())
    found = find_weights("net")
    assert found == places / "cache" / "net.h5"
    found.write_bytes(b"damaged")
    assert find_weights("net").read_bytes() == b"from afar"
    source.unlink()
    assert find_weights("net") == found


def test_download_with_another_hash_is_refused(places):
    """The message has both hashes, and nothing enters the cache."""
    source = places / "source.h5"
    source.write_bytes(b"something else")
    _add(places / "own", "net", b"from afar", file=False, url=source.as_uri())
    with pytest.raises(WeightsError) as caught:
        find_weights("net")
    for content in (b"from afar", b"something else"):
        assert hashlib.sha256(content).hexdigest() in str(caught.value)
    assert not (places / "cache").exists()


def test_failed_download_says_where_to_put_the_file(places):
    """Offline, the message names the URL and the folder."""
    url = (places / "nothing.h5").as_uri()
    _add(places / "own", "net", file=False, url=url)
    with pytest.raises(WeightsError) as caught:
        find_weights("net")
    assert url in str(caught.value)
    assert str(places / "cache") in str(caught.value)


def test_download_that_breaks_off_is_a_weights_error(places, monkeypatch):
    """A connection that closes early is no traceback, and nothing enters the cache."""

    def break_off(url, timeout):
        raise http.client.IncompleteRead(b"half", 100)

    monkeypatch.setattr(manifest.urllib.request, "urlopen", break_off)
    _add(places / "own", "net", file=False, url="https://nowhere.invalid/net.h5")
    with pytest.raises(WeightsError, match="IncompleteRead"):
        find_weights("net")
    assert not (places / "cache").exists()


def test_file_at_hand_is_never_fetched(places, monkeypatch):
    """With the file there, no URL is opened."""
    monkeypatch.setattr(manifest.urllib.request, "urlopen", None)
    file = _add(places / "own", "net", url="https://nowhere.invalid/net.h5")
    assert find_weights("net") == file


def test_manifest_is_sorted_and_keeps_other_entries(tmp_path):
    """Entries are written in order of name, so that a change is one readable diff."""
    for name in ("b", "a", "b"):
        _add(tmp_path, name)
    text = (tmp_path / "manifest.json").read_text()
    assert list(json.loads(text)["models"]) == ["a", "b"]
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True) + "\n"
    assert manifest_sha256(tmp_path / "a.h5") == hashlib.sha256(b"weights").hexdigest()
    assert manifest_sha256(tmp_path / "c.h5") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"models": {"net": {"file": "net.h5"}}}',
        '{"models": {"net": {"file": "../net.h5", "sha256": ""}}}',
    ],
    ids=["empty", "cut", "list", "no hash", "outside"],
)
def test_damaged_manifest_is_named(tmp_path, text):
    """Anything but the described form raises with the manifest's path."""
    path = tmp_path / "manifest.json"
    path.write_text(text)
    with pytest.raises(WeightsError) as caught:
        read_manifest(tmp_path)
    assert str(path) in str(caught.value)
