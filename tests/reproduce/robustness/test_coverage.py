"""Coverage of a stated interval."""

import dataclasses
from types import SimpleNamespace

from kiqa.io.weights import Details
from kiqa.reproduce.__main__ import main
from kiqa.reproduce.robustness import coverage


def test_interval_coverage(tmp_path, monkeypatch, capsys):
    about = Details("lite", "1", "0..1", higher_is_better=True)
    stated = {"level": 0.9, "edges": [0.5], "half_widths": [0.1, 0.2]}
    details = dataclasses.replace(about, interval=stated)
    info = SimpleNamespace(name="lite", sha256="0", details=details)
    monkeypatch.setattr(coverage, "read_info", lambda model: info)
    lines = ["name,mos,predicted", "a,0.35,0.3", "b,0.45,0.3", "c,0.85,0.7", "d,0.95,0.7"]
    (tmp_path / "predictions.csv").write_text("\n".join(lines))
    command = ["interval-coverage", "--predictions", str(tmp_path / "predictions.csv")]
    assert main(command) == 0
    assert "of 4 images 50.0 % (0.0 to 100.0)" in capsys.readouterr().out
    scenes = [f"{line},{scene}" for line, scene in zip(lines, ("content", *"xxyy"), strict=True)]
    (tmp_path / "predictions.csv").write_text("\n".join(scenes))
    assert main(command) == 0  # of each scene one of two images lies within
    assert "of 4 images 50.0 % (50.0 to 50.0)" in capsys.readouterr().out
    info.details = about
    assert main(command) == 2
    assert "states an interval" in capsys.readouterr().err
