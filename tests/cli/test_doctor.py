"""``kiqa doctor``: findings, reasons without a GPU, and the exit status."""

import json
from types import SimpleNamespace

import pytest

from kiqa.cli import doctor
from kiqa.cli.main import main


@pytest.fixture
def healthy(stand_in, monkeypatch):
    """A machine on which every check that needs TensorFlow or weights is well."""
    info = SimpleNamespace(
        name="net", version="1", path="w/net.h5", sha256="ab", scale="0..1", higher_is_better=True
    )
    monkeypatch.setattr("kiqa.scoring.engines.describe", lambda model: info)
    monkeypatch.setattr(doctor, "_tensorflow", lambda: ("ok", "imports"))
    monkeypatch.setattr(doctor, "_gpu", lambda: ("none", "none seen: no driver"))


def test_healthy_machine_is_status_0(healthy, capsys):
    """One line a topic; no GPU is no defect."""
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines()] == ["ok"] * 4 + ["none"] + ["ok"] * 2
    assert "w/net.h5, sha256 ab, scale 0..1, higher is better" in out
    assert "512x512" in out


def test_findings_as_json(healthy, capsys):
    """--json prints topic, state and text."""
    assert main(["doctor", "--json"]) == 0
    findings = json.loads(capsys.readouterr().out)
    assert {"topic", "state", "text"} == set(findings[0])
    assert "kiqa" in findings[0]["text"]


def test_broken_part_is_status_1_and_the_rest_is_told(healthy, capsys, monkeypatch):
    """An error in one check is a finding; the other checks still run."""

    def fail(model):
        raise FileNotFoundError("no weights\nhere")

    monkeypatch.setattr("kiqa.scoring.engines.describe", fail)
    assert main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 7
    assert lines[5].split() == "broken weights FileNotFoundError: no weights here".split()


def test_missing_package_is_broken(monkeypatch):
    """A package that is not installed is named."""
    monkeypatch.setattr(doctor, "_version", lambda name: None if name == "scipy" else "1.0")
    state, text = doctor._versions()
    assert state == "broken"
    assert "scipy MISSING" in text


@pytest.mark.parametrize(
    ("installed", "state", "said"),
    [
        ((), "broken", "pip install opencv-python-headless"),
        (("opencv-python", "opencv-python-headless"), "warning", "uninstall"),
        (("opencv-python-headless",), "ok", "cv2"),
    ],
)
def test_opencv_flavours(monkeypatch, installed, state, said):
    """None is broken, two wheels of one module are a warning with the remedy."""
    monkeypatch.setattr(doctor, "_version", lambda name: "4.0" if name in installed else None)
    found = doctor._opencv()
    assert found[0] == state
    assert said in found[1]


_READY = {
    "system": "Linux",
    "visible": None,
    "driver": True,
    "device": True,
    "cuda_build": True,
    "libraries": True,
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"system": "Darwin"}, "macOS"),
        ({"system": "Windows"}, "WSL2"),
        ({"visible": "-1"}, "unset"),
        ({"visible": ""}, "unset"),
        ({"driver": False}, "driver"),
        ({"device": False}, "--gpus all"),
        ({"cuda_build": False}, "kiqa[gpu]"),
        ({"libraries": False}, "kiqa[gpu]"),
        ({}, "nvidia-smi"),
    ],
    ids=str,
)
def test_reason_without_a_gpu(change, said):
    """The first thing that is missing is named with its remedy."""
    text = doctor._why_no_gpu(**_READY | change)
    assert text.startswith("none seen")
    assert said in text


def test_a_model_with_a_reference_and_without_a_file_is_not_broken():
    """The test image is its own reference."""
    state, text = doctor._weights("psnr")
    assert state == "ok" and "psnr" in text
    assert doctor._forward("psnr")[0] == "ok"
