"""The JND of an image, and the comparison of two codecs at it."""

import json
from fractions import Fraction

import numpy as np
import pytest

from kiqa.varjpeg.jnd import compare, jnd, jnd_table, read_jnd_votes
from kiqa.varjpeg.jnd.versions import Version

COUNT = 20  # versions of an image by a codec
PIXELS = 8000


def ladder(images, *, scale=1.0, codec="varjpeg", overhead=16):
    """Versions of 100x80 images, from 8000 bytes (times the scale) down in equal steps."""
    entries = []
    for image in images:
        for number in range(COUNT):
            size = round(scale * (8000 - 400 * number))
            file = f"{image}/{codec}/{number:03d}.jpg"
            entries.append(
                Version(image, codec, number, file, file, 90.0 - number, size, overhead,
                        8 * size / PIXELS, 9.0, 100, 80, "1e5", "")
            )  # fmt: skip
    return entries


def both(images, *, scale):
    """VarJPEG's versions need ``scale`` times the bytes of JPEG's."""
    return ladder(images, scale=scale) + ladder(images, codec="jpeg", overhead=0)


def crowd(images, *, seed, participants=15, spread=2.0):
    """Votes round a version of its own for each image."""
    rng = np.random.default_rng(seed)
    votes = {}
    for image in images:
        noticed = np.rint(rng.uniform(5, 12) + rng.normal(0, spread, participants)).astype(int)
        votes[image] = {
            f"p{i}": int(v) if v < COUNT else None for i, v in enumerate(noticed.clip(0))
        }
    return votes


def counted(votes, quantile):
    """The definition word by word: the first version more than the share have noticed by."""
    for version in range(COUNT):
        noticed = sum(vote is not None and vote <= version for vote in votes)
        if Fraction(noticed, len(votes)) > Fraction(str(quantile)):
            return version
    return None


@pytest.mark.parametrize(
    ("quantile", "expected"), [(0.0, 3), (0.25, 5), (0.5, 9), (0.74, 9), (0.75, None)]
)
def test_four_votes_by_hand(quantile, expected):
    """3, 5, 9, never: one of four is exactly 25 %, not more, so the second vote counts."""
    assert jnd([9, None, 3, 5], quantile) == expected


def test_fifteen_votes_as_in_the_thesis():
    """Of 15 votes the 4th is the 25 % JND, the 8th the 50 % JND."""
    assert (jnd(range(10, 25), 0.25), jnd(range(10, 25), 0.5)) == (13, 17)


def test_jnd_is_what_counting_gives():
    """Random votes, never among them, several quantiles: the rank is what counting finds."""
    rng = np.random.default_rng(0)
    for _ in range(300):
        votes = [int(v) if v < COUNT else None for v in rng.integers(0, 25, rng.integers(1, 21))]
        for quantile in (0, 0.1, 0.25, 0.29, 0.3, 0.5, 0.7, 0.9, 0.95):
            assert jnd(votes, quantile) == counted(votes, quantile)


def test_jnd_rises_with_the_quantile():
    """A stricter share is reached at a lower bitrate or not at all."""
    votes = [4, 1, None, 7, 7, 2]
    assert [jnd(votes, quantile) for quantile in (0, 0.2, 0.4, 0.6, 0.8)] == [1, 2, 4, 7, 7]
    assert jnd(votes, 0.9) is None


@pytest.mark.parametrize("quantile", [-0.1, 1, 1.5])
def test_a_share_out_of_range_is_refused(quantile):
    """More than all can never notice."""
    with pytest.raises(ValueError, match="0 to below 1"):
        jnd([1], quantile)


def test_no_vote_has_no_jnd():
    """It is an error, not 'not reached'."""
    with pytest.raises(ValueError, match="at least one participant"):
        jnd([], 0.5)


def test_the_table_by_hand():
    """Bitrates are those of the files at the JND; a saving is positive where VarJPEG saves."""
    votes = {"a": {"p": 2, "q": 4}}
    (row,) = jnd_table(votes, {"a": {"p": 3}}, both("a", scale=0.5), quantile=0.5, mos={"a": 3.5})
    assert row["varjpeg_version"] == 4 and row["jpeg_version"] == 3
    assert row["varjpeg_bpp"] == 3.2 and row["jpeg_bpp"] == 6.8
    assert row["saving_bpp"] == pytest.approx(3.6)
    assert row["saving_percent"] == pytest.approx(100 * 3.6 / 6.8)
    assert row["overhead_share"] == 16 / 3200
    assert (row["mos"], row["source_bpp"], row["left_out"]) == (3.5, 9.0, "")
    assert (row["varjpeg_votes"], row["varjpeg_never"], row["varjpeg_quality"]) == (2, 0, 86)


def test_equal_codecs_save_nothing():
    """The same versions and votes: zero everywhere, p = 1, and no warning."""
    images = [f"{i}.png" for i in range(6)]
    votes = crowd(images, seed=0)
    versions = both(images, scale=1.0)
    table, summary = compare(votes, votes, versions, quantile=0.25, seed=0, n=100)
    assert {row["saving_bpp"] for row in table} == {0.0}
    assert summary["savings"]["mean saving, %"]["value"] == 0
    assert summary["savings"]["mean saving, %"]["images"] == (0, 0)
    assert summary["tests"] == {"wilcoxon_p": 1.0, "sign_p": 1.0, "tested": 0}
    assert (summary["benefit"], summary["equal"], summary["worse"]) == (0, 6, 0)


def test_a_planted_saving_is_found():
    """VarJPEG needs 10 % less, two crowds vote with noise: both intervals hold the 10 %."""
    images = [f"{i}.png" for i in range(60)]
    votes = [crowd(images, seed=1), crowd(images, seed=1)]
    rng = np.random.default_rng(2)
    for own in votes:  # the images' thresholds are shared, the noise is each crowd's
        for answers in own.values():
            for name, vote in answers.items():
                answers[name] = min(max((vote or 0) + int(rng.integers(-1, 2)), 0), COUNT - 1)
    _, summary = compare(*votes, both(images, scale=0.9), quantile=0.5, seed=0)
    saving = summary["savings"]["mean saving, %"]
    assert saving["value"] == pytest.approx(10, abs=1.5)
    for kind in ("images", "images_and_participants"):
        assert saving[kind][0] < 10 < saving[kind][1]
        assert saving[kind][1] - saving[kind][0] < 8
    assert summary["tests"]["wilcoxon_p"] < 1e-6 and summary["tests"]["sign_p"] < 1e-6
    assert summary["benefit"] > 50 and summary["compared"] == 60


def test_order_of_participants_and_votes_says_nothing():
    """Votes in reverse order, under other names, give the same table and the same intervals."""
    images = ["a", "b", "c", "d"]
    votes, others = crowd(images, seed=3), crowd(images, seed=4)
    turned = [
        {image: dict(enumerate(reversed(own[image].values()))) for image in reversed(images)}
        for own in (votes, others)
    ]
    versions = both(images, scale=0.9)
    options = {"quantile": 0.25, "seed": 0, "n": 50}
    assert compare(votes, others, versions, **options) == compare(*turned, versions, **options)


def test_participants_add_to_the_uncertainty():
    """Of one mind, the two-level interval is that of the images; at odds, it is wider."""
    images = [f"{i}.png" for i in range(10)]
    versions = both(images, scale=0.9)

    def widths(spread):
        votes = [crowd(images, seed=seed, spread=spread) for seed in (5, 6)]
        saving = compare(*votes, versions, quantile=0.5, seed=0)[1]["savings"]["mean saving, bpp"]
        return [np.ptp(saving[kind]) for kind in ("images", "images_and_participants")]

    alone, with_participants = widths(0)
    assert alone == with_participants > 0
    votes = {image: {str(p): 4 + p for p in range(12)} for image in images}
    saving = compare(votes, votes, versions, quantile=0.5, seed=0)[1]["savings"]
    assert np.ptp(saving["mean saving, bpp"]["images"]) == pytest.approx(0)
    assert np.ptp(saving["mean saving, bpp"]["images_and_participants"]) > 0.2


def test_images_without_a_jnd_are_reported_and_left_out():
    """Not reached and not voted on are counted by reason; the means are of the others."""
    never = {"p": None, "q": None}
    varjpeg = {"a": {"p": 4}, "b": never, "c": {"p": 4}, "d": never}
    jpeg = {"a": {"p": 4}, "b": {"p": 4}, "d": never}
    versions = both("abcde", scale=0.5)
    table, summary = compare(varjpeg, jpeg, versions, quantile=0.25, seed=0, n=10)
    assert [row["left_out"] for row in table] == [
        "",
        "JND not reached with varjpeg",
        "no votes on jpeg",
        "JND not reached with varjpeg; JND not reached with jpeg",
        "no votes on varjpeg; no votes on jpeg",
    ]
    assert summary["left_out"]["no votes on jpeg"] == 1 and sum(summary["left_out"].values()) == 4
    assert (summary["images"], summary["compared"]) == (5, 1)
    assert table[2]["varjpeg_bpp"] == 3.2 and table[2]["saving_bpp"] is None
    saving = summary["savings"]["mean saving, %"]
    assert saving == {"value": pytest.approx(50), "images": None, "images_and_participants": None}
    assert summary["never"] == {"varjpeg": 4, "jpeg": 2}


def test_nobody_ever_noticed():
    """There is no saving, no test and no warning, and the summary is fit for JSON."""
    never = {image: {"p": None} for image in "ab"}
    versions = both("ab", scale=0.9)
    table, summary = compare(never, never, versions, quantile=0.5, seed=0)
    assert summary["compared"] == 0 and summary["mean_bpp"] == {"varjpeg": None, "jpeg": None}
    assert all(saving["value"] is None for saving in summary["savings"].values())
    assert summary["tests"] == {"wilcoxon_p": None, "sign_p": None, "tested": 0}
    json.dumps([table, summary], allow_nan=False)


def test_redrawn_images_may_lose_their_jnd():
    """A quarter never noticed: draws without a JND by VarJPEG leave JPEG's bitrate out too."""
    jpeg = {
        image: {p: number for p in "pqrs"} for image, number in {"a": 2, "b": 8, "c": 14}.items()
    }
    varjpeg = {image: {**own, "s": None} for image, own in jpeg.items()}
    _, summary = compare(varjpeg, jpeg, both("abc", scale=0.9), quantile=0.5, seed=0, n=200)
    for name in ("mean saving, %", "saving of the mean bpp, %"):
        assert summary["savings"][name]["images_and_participants"] == pytest.approx((10, 10))


def test_a_jnd_at_the_top_of_the_ladder_is_counted():
    """Who notices version 0 may have noticed a better one."""
    versions = both("a", scale=0.9)
    _, summary = compare({"a": {"p": 0}}, {"a": {"p": 1}}, versions, quantile=0.5, seed=0)
    assert summary["jnd_at_version_0"] == {"varjpeg": 1, "jpeg": 0}


def write(path, text):
    path.write_text(text)
    return path


def test_votes_are_read(tmp_path):
    """Empty is never; order, case of the header and a byte order mark say nothing."""
    path = write(tmp_path / "v.csv", "\ufeffversion,Image,participant\n3,a.png,p1\n,a.png,p2\n")
    assert read_jnd_votes(path) == {"a.png": {"p1": 3, "p2": None}}
    assert read_jnd_votes(path, counts={"a.png": 4}) == read_jnd_votes(path)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a,p,1\na,p,1\n", "second one of 'p' on a.*line 3"),
        ("a,p,1.5\n", "'1.5'"),
        ("a,p,-1\n", "line 2, received '-1'"),
        ("a,p,never\n", "nothing for never"),
        (",p,1\n", "an image and a participant"),
        ("a,,1\n", "an image and a participant"),
        ("a,p,4\n", "versions 0 to 3 of a.*received 4"),
        ("b,p,1\n", "received 'b'"),
        ("", "Expected rows"),
    ],
)
def test_wrong_votes_are_refused(tmp_path, rows, message):
    """Each message names what is wrong, and where."""
    path = write(tmp_path / "v.csv", f"image,participant,version\n{rows}")
    with pytest.raises(ValueError, match=message):
        read_jnd_votes(path, counts={"a": 4})


def test_wrong_columns_are_listed(tmp_path):
    """Missing ones and unknown ones, such as the codec of a file of both."""
    path = write(tmp_path / "v.csv", "image,participant,version,codec\na,p,1,jpeg\n")
    with pytest.raises(ValueError, match=r"no others.*\['codec'\]"):
        read_jnd_votes(path)
    with pytest.raises(ValueError, match="'version'.*missing"):
        read_jnd_votes(write(path, "image,participant\na,p\n"))
    with pytest.raises(FileNotFoundError, match="CSV"):
        read_jnd_votes(tmp_path / "none.csv")


def test_votes_and_ladder_must_belong_together():
    """A foreign image or version in votes that came from elsewhere names the participant."""
    versions = both("a", scale=0.9)
    with pytest.raises(ValueError, match="jpeg votes, participant 'p'.*'b'"):
        jnd_table({}, {"b": {"p": 1}}, versions, quantile=0.5)
    with pytest.raises(ValueError, match="0 to 19.*received 20"):
        jnd_table({"a": {"p": 20}}, {}, versions, quantile=0.5)
    with pytest.raises(ValueError, match="at least one image"):
        jnd_table({}, {}, [], quantile=0.5)
