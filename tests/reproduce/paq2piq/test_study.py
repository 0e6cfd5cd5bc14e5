"""``python -m kiqa.reproduce paq2piq-fig...``: the data set and the study."""

import numpy as np
import pytest
from PIL import Image

from kiqa.evaluation.study.simulated import simulate_study
from kiqa.reproduce.__main__ import main
from kiqa.reproduce.paq2piq.study import simulated_scores


def _drawn(path):
    """A figure that was written, and that it is not empty."""
    with Image.open(path) as picture:
        assert np.asarray(picture.convert("L")).std() > 5


def test_figure_4(biq, tmp_path, capsys):
    """Of a data set, or of a folder."""
    out = ["--output", str(tmp_path / "o")]
    assert main(["paq2piq-fig4", "--data", str(biq), "--dataset", "biq2021", *out]) == 0
    _drawn(capsys.readouterr().out.strip())
    assert main(["paq2piq-fig4", "--images", str(biq / "Images"), *out]) == 0


@pytest.mark.slow
def test_figure_5_and_patches_for_a_study(biq, live_fb, tmp_path, csv_rows):
    """Random patches, LIVE-FB's own, and the files of all patches with --cut."""
    out = ["--output", str(tmp_path / "o")]
    arguments = ["paq2piq-fig5", "--data", str(biq), "--dataset", "biq2021"]
    assert main([*arguments, "--cut", str(tmp_path / "cut"), *out]) == 0
    assert len(csv_rows(tmp_path / "cut/patches.csv")) == 3 * 6
    assert main(["paq2piq-fig5", "--data", str(live_fb), "--dataset", "live-fb", *out]) == 0
    picture = str(live_fb / "database/set/5.png")
    assert main(["paq2piq-fig5", "--image", picture, "--image", picture, *out]) == 0
    _drawn(tmp_path / "o/paq2piq-fig5.png")


@pytest.mark.slow
def test_figure_7_of_ratings_and_simulated(live_fb, tmp_path, monkeypatch):
    """Ratings and LIVE-FB where they are there; what is simulated is called so."""
    from kiqa import plotting

    titles = []
    plot = plotting.plot_mos_pairs

    def spy(*arguments, **options):
        titles.append(options["title"])
        return plot(*arguments, **options)

    monkeypatch.setattr(plotting, "plot_mos_pairs", spy)
    monkeypatch.setattr("kiqa.reproduce.paq2piq.study._SIMULATED", 60)
    out = ["--output", str(tmp_path / "o")]
    assert main(["paq2piq-fig7", *out]) == 0
    assert all("simulated" in title for title in titles) and len(titles) == 2
    study = simulate_study(images=40, subjects=20, seed=0, contents=30, golden=0, repeats=2)
    r = study.ratings
    columns = zip(r.subject, r.image, r.rating, r.repeat.astype(int), strict=True)
    rows = [",".join(map(str, row)) for row in columns]
    file = tmp_path / "r.csv"
    file.write_text("\n".join(["subject,image,rating,repeat", *rows, ""]))
    assert main(["paq2piq-fig7", "--ratings", str(file), "--live-fb", str(live_fb), *out]) == 0
    assert titles[2].startswith("r.csv, mean LCC of 25 divisions 0.") and titles[3] == "LIVE-FB"
    _drawn(tmp_path / "o/paq2piq-fig7.png")


def test_simulated_scores_are_like_the_published():
    """LCC of halves near 0.48, of images and patches near 0.43."""
    first, second, pictures, patches = simulated_scores(seed=0)
    assert np.corrcoef(first, second)[0, 1] == pytest.approx(0.48, abs=0.08)
    assert np.corrcoef(pictures, patches)[0, 1] == pytest.approx(0.43, abs=0.08)


def test_figure_8(biq, live_fb, tmp_path):
    """Data sets, and a file of scores such as KonIQ-10k's or mos.csv of kiqa ratings."""
    file = tmp_path / "scores.csv"
    file.write_text("image_name,MOS,MOS_zscore\na,3.5,50.5\nb,4,61\n")
    data = [f"--data={name}={place}" for name, place in
            (("biq2021", biq), ("live-fb", live_fb), ("ours", file))]  # fmt: skip
    assert main(["paq2piq-fig8", *data, "--output", str(tmp_path / "o")]) == 0
    _drawn(tmp_path / "o/paq2piq-fig8.png")
