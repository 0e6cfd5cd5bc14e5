"""Reader of KonIQ-10k, on a small tree in the published layouts."""

import pytest

from kiqa.data.readers.koniq10k import koniq10k
from kiqa.data.splits import read_split

KONIQ_SCORES = "koniq10k_scores_and_distributions.csv"
KONIQ_SETS = "koniq10k_distributions_sets.csv"
KONIQ_NAMES = list(read_split("koniq10k-official"))[:3]


@pytest.fixture
def koniq(tmp_path, touch):
    """KonIQ-10k with three images of the official split and both score files."""
    touch(tmp_path / "1024x768", KONIQ_NAMES)
    fractions = "0,0,.5,.5,0,100"
    (tmp_path / KONIQ_SCORES).write_text(
        "image_name,c1,c2,c3,c4,c5,c_total,MOS,SD,MOS_zscore\n"
        + "".join(f"{n},{fractions},3.5,0.5,6{i}.25\n" for i, n in enumerate(KONIQ_NAMES))
    )
    sets = ("training", "validation", "test")
    (tmp_path / KONIQ_SETS).write_text(
        "image_name,c1,c2,c3,c4,c5,c_total,MOS,SD,set\n"
        + "".join(
            f"{n},{fractions},6{i}.25,0.5,{s}\n"
            for i, (n, s) in enumerate(zip(KONIQ_NAMES, sets, strict=True))
        )
    )
    return tmp_path


@pytest.mark.parametrize("kept", [KONIQ_SCORES, KONIQ_SETS])
def test_koniq10k_reads_both_published_files_alike(koniq, kept):
    """The z-score form, deviation x 25 and the official set, whichever file is there."""
    for name in {KONIQ_SCORES, KONIQ_SETS} - {kept}:
        (koniq / name).unlink()
    records = koniq10k(koniq)
    assert [record.mos for record in records] == [60.25, 61.25, 62.25]
    assert [record.sd for record in records] == [12.5] * 3
    assert records[0].mos_range == (0.0, 100.0)
    official = read_split("koniq10k-official")
    sets = ["train", "val", "test"] if kept == KONIQ_SETS else [official[n] for n in KONIQ_NAMES]
    assert [record.set for record in records] == sets


def test_koniq10k_finds_folders_and_files_elsewhere(koniq, touch):
    """The smaller images and a score file in metadata/ are read."""
    touch(koniq / "512x384", KONIQ_NAMES)
    (koniq / "metadata").mkdir()
    (koniq / KONIQ_SCORES).unlink()
    (koniq / KONIQ_SETS).rename(koniq / "metadata" / KONIQ_SETS)
    by_default = koniq10k(koniq, size="512x384")
    assert by_default[0].path == koniq / "512x384" / KONIQ_NAMES[0]
    assert by_default == koniq10k(koniq, size="512x384", scores=koniq / "metadata" / KONIQ_SETS)


def test_koniq10k_refuses_ratings_on_the_five_point_scale(koniq):
    """A column MOS with means of 1..5 is not taken for z-scores."""
    (koniq / KONIQ_SCORES).write_text(f"image_name,MOS\n{KONIQ_NAMES[0]},3.5\n")
    with pytest.raises(ValueError, match="ratings from 1 to 5"):
        koniq10k(koniq)


def test_koniq10k_refuses_an_unknown_set(koniq):
    """The message has the file and the line."""
    path = koniq / KONIQ_SETS
    path.write_text(path.read_text().replace("validation", "holdout"))
    with pytest.raises(ValueError, match=f"'holdout' in {KONIQ_SETS} line 3"):
        koniq10k(koniq, scores=path)
