"""The files of weights/ and docs/: what they say of themselves, and what they must not."""

import json
import re
from pathlib import Path

import h5py
import pytest

from kiqa.comparators import FORMULAS
from kiqa.data.split_parts import published_split_sha256
from kiqa.data.splits import read_split
from kiqa.data.untrained import untrained
from kiqa.io.weights import find_companion, read_info
from kiqa.io.weights.manifest import read_manifest
from kiqa.io.weights.trained_on import names_sha256
from kiqa.scoring.engines import describe

ROOT = Path(__file__).parents[1]
MANIFEST = read_manifest(ROOT / "weights")
FOLDERS = ("benchmarks", "docs", "kiqa", "notebooks", "tests", "weights")
# Of a machine: an absolute path below one of these, in POSIX or Windows form.
MACHINES = re.compile(
    rb"(?<![\w.~-])/(?:tmp|work|root|home|Users|mnt)/|\b[A-Z]:\\{1,2}(?:Users|work|tmp)\b|(?:\.\./){3,}"
)


@pytest.fixture(params=sorted(MANIFEST))
def info(request):
    """Of each shipped file."""
    return read_info(ROOT / "weights" / MANIFEST[request.param]["file"])


def test_every_file_says_what_it_was_trained_on(info):
    """At least one part; each of a published split, or with a fingerprint of each name."""
    assert info.details.trained_on
    for part in info.details.trained_on:
        assert part.split_sha256 == published_split_sha256(part.split)
        sets = read_split(part.split)
        names = [name for name in sets if sets[name] == part.part]
        if part.fingerprints is None:
            assert (names_sha256(names), len(names)) == (part.names_sha256, part.images)
        else:
            assert len(part.members()) == part.images < len(names)


def test_the_test_part_was_seen_by_none(info):
    """1,000 images of BIQ2021 and 30 of CID22, through no network of any chain."""
    for split in ("biq2021-kiqa", "cid22-kiqa"):
        sets = read_split(split)
        images = [_Image(name) for name in sets]
        kept = untrained(
            images,
            [info.details],
            include=False,
            report=lambda text: None,
            dataset=split.partition("-")[0],
        )
        # All that is left of a data set that it was trained on, and all of another one.
        of = {part.dataset for part in info.details.trained_on}
        fresh = split.partition("-")[0] not in of
        expected = {name for name in sets if fresh or sets[name] == "test"}
        assert {image.name for image in kept.images} == expected


class _Image:
    def __init__(self, name):
        self.name = self.content = name


def test_companions_are_beside_it(info):
    """The head, the extractor, the Patchnet: found, of the hash that is named."""
    for role, companion in info.details.companions.items():
        found = find_companion(info, role)
        assert (found.name, found.sha256) == (companion.name, companion.sha256)
        assert found.path.parent == info.path.parent


def test_origins_are_known_networks(info):
    """An origin of a shipped name has the hash of a file that has, or had, this name."""
    origin = info.details.origin
    if origin is not None and origin.name in MANIFEST:
        entry = MANIFEST[origin.name]
        hashes = (entry["sha256"], *entry.get("earlier", ()), *entry.get("before", ()))
        assert origin.sha256 in hashes


# Trained by a command in a card, evaluated, and not worth its megabytes or no better than ours.
NOT_SHIPPED = {
    "aggregator-retrained": "74c88465d02d2a32ba0d40467a9f920871412d096a5377f8cf53e1138481dd4b",
    "aggregator-taught": "5f6e2915cf022b0136be3bb6354c475efda52561efb84f67716754f7098cc719",
    "lite-order": "457f35ce14ca2c450772ae697a30c9f7dbf5a2f7a9558e49b13b836b2289066a",
    "lite-by-command": "152af1313634209e2eedcfe5efc6183a4a5e07e9c5837db32f860a2c160aecb9",
    "paq2piq-equal/bm": "65795bc5915a78df0d59f4e9a8467915a684c8d488fe25da3682623a0fd978ce",
    "paq2piq-equal/rm": "918fa0cbe9a7b500320020758bae86646e0466d1ff5f79672a92bec0f03a518a",
    "paq2piq-equal/fm": "5352f880abea8ef88ccdfe212187f2955ab9ddc9f7074fc342ca9b9a433d797a",
    "wadiqam-equal/diqam_nr": "b55d200db5a4bf1ab8caf79d83dc7aad688f0bf2af7d1bc8df15019c234c9dd2",
    "wadiqam-equal/wadiqam_nr": "5dfcf562cd1d94f10d368a54afe5b0090fbbd4265dd20802f6d8b3165d9a18b8",
    "paq2piq-rm-degraded": "4140a7011bc46de8f5b2e0b267b339a9893962bb09fc61e17c3c1805859979fb",
    "koncept512": "958a73ace4395509dfbba828dc3fbb437e99e084b871909f1c9cd690116e55eb",
}


def test_results_are_of_shipped_networks():
    """Every hash of weights in a result is one of the manifest's, earlier ones included."""
    known = {
        digest
        for entry in MANIFEST.values()
        for digest in (entry["sha256"], *entry.get("earlier", ()))
    }
    known |= {describe(name).sha256 for name in FORMULAS}  # of comparators without a file
    found = set()
    for path in (ROOT / "docs" / "results").rglob("*.json"):
        found |= set(re.findall(r'"weights_sha256": "(\w{64})"', path.read_text()))
    assert found and found - known == {*NOT_SHIPPED.values()}
    assert not NOT_SHIPPED.keys() & MANIFEST.keys()


@pytest.mark.slow
def test_no_file_holds_a_path_of_some_machine():
    """Origins are names and hashes; data roots are arguments."""
    files = [
        path
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path != Path(__file__)
    ]
    files += [path for path in ROOT.iterdir() if path.suffix in (".md", ".cfg", ".toml", ".txt")]
    assert len(files) > 300
    wrong = [
        f"{path.relative_to(ROOT)}: {match[0].decode()}"
        for path in files
        if path.suffix not in (".h5", ".png", ".jpg")
        for match in [MACHINES.search(path.read_bytes())]
        if match
    ]
    assert wrong == []


def test_no_attribute_of_a_weights_file_holds_one(info):
    """Every attribute of every group, and the file's bytes for the usual prefixes."""
    texts = []
    with h5py.File(info.path) as file:
        texts += [str(value).encode() for value in file.attrs.values()]
        file.visititems(lambda _, item: texts.extend(str(v).encode() for v in item.attrs.values()))
    assert not [text for text in texts if MACHINES.search(text)]
    assert not re.search(rb"/(?:tmp|work|root|home)/[\w.-]+/", info.path.read_bytes())


def test_manifest_says_what_the_files_say(info):
    """Version, scale and direction; hashes of other files are hashes, and each is one of them."""
    entry = MANIFEST[info.name]
    assert (entry["version"], entry["scale"]) == (info.version, info.scale)
    assert entry["higher_is_better"] is info.higher_is_better
    others = [*entry.get("earlier", ()), *entry.get("before", ())]
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in others)
    assert len({entry["sha256"], *others}) == 1 + len(others)
    assert json.dumps(entry)
