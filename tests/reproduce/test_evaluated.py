"""Evaluations that are there already, as rows of a table."""

import json

import pytest

from kiqa.io.weights import read_info
from kiqa.reproduce.__main__ import reproduction_parser
from kiqa.reproduce.evaluated import described, read_evaluated, shared_images

MOS = {f"{number}.jpg": 0.1 * number for number in range(6)}


def test_mos_come_to_one_scale(evaluation):
    """Models of 0..100 and of 0..1 have the same images."""
    one = read_evaluated(evaluation("one", MOS))
    other = read_evaluated(evaluation("other", MOS, mos_scale="0..100"), dataset="biq2021")
    shared = shared_images([one, other])
    assert [image.name for image in shared] == list(MOS)
    assert [image.mos for image in shared] == pytest.approx(list(MOS.values()))
    assert one.rows(shared[1:3]) == [{"score": 0.1 * i, "error": None} for i in (1, 2)]


def test_only_images_of_all_count(evaluation):
    """In the order of the first; an image without prediction is none of them."""
    folder = evaluation("less", dict(reversed(MOS.items())))
    text = (folder / "predictions.csv").read_text().replace("0.1,0.1,", "0.1,,torn")
    (folder / "predictions.csv").write_text(text)
    shared = shared_images([read_evaluated(evaluation("one", MOS)), read_evaluated(folder)])
    assert [image.name for image in shared] == [name for name in MOS if name != "1.jpg"]


def test_images_of_other_scores_are_refused(evaluation):
    """Another MOS of the same name, and too few images in common."""
    one = read_evaluated(evaluation("one", MOS))
    other = read_evaluated(evaluation("other", MOS | {"3.jpg": 0.35}))
    with pytest.raises(ValueError, match="0.3, and 0.35 in the evaluation of other, for 3.jpg"):
        shared_images([one, other])
    few = read_evaluated(evaluation("few", dict(list(MOS.items())[:2])))
    with pytest.raises(ValueError, match="at least 3 images .* Received: 2"):
        shared_images([one, few])


def test_a_folder_that_is_none_is_refused(evaluation, tmp_path):
    """Nothing there, damaged, without what is needed, of another data set."""
    with pytest.raises(FileNotFoundError, match="kiqa evaluate --output"):
        read_evaluated(tmp_path)
    folder = evaluation("one", MOS)
    with pytest.raises(ValueError, match="on koniq10k. Received: .* on biq2021"):
        read_evaluated(folder, dataset="koniq10k")
    file = folder / "evaluation.json"
    whole = file.read_text()
    for text, reason in (
        ("[]", "cannot be used"),
        (json.dumps({**json.loads(whole), "mos_scale": "1..1"}), "MOS from 1 to 1"),
        ("{}", "no model, weights_sha256"),
        (whole[:-5], "cannot be used"),
    ):
        file.write_text(text)
        with pytest.raises(ValueError, match=reason):
            read_evaluated(folder)


def test_scenes_are_those_of_the_first_evaluation(evaluation):
    """A column ``content`` names them; without it each image is its own."""
    folder = evaluation("one", MOS)
    file = folder / "predictions.csv"
    assert [image.content for image in shared_images([read_evaluated(folder)])] == list(MOS)
    head, *lines = file.read_text().splitlines()
    lines = [f"{line},scene {number // 2}" for number, line in enumerate(lines)]
    file.write_text("\n".join([f"{head},content", *lines, ""]))
    shared = shared_images([read_evaluated(folder)])
    assert [image.content for image in shared] == [f"scene {n // 2}" for n in range(6)]


def test_another_file_of_the_same_name_is_reported(evaluation, capsys):
    """Its training images are those of today's file; of no file nothing is known."""
    info = read_info("patchnet")
    same = read_evaluated(evaluation("patchnet", MOS, weights_sha256=info.sha256))
    assert described([same]) == [info.details] and not capsys.readouterr().err
    folder = evaluation("none", MOS)
    file = folder / "evaluation.json"
    file.write_text(file.read_text().replace('"none"', '"patchnet"'))
    assert described([read_evaluated(folder)]) == [info.details]
    assert "patchnet was evaluated with another file than today's" in capsys.readouterr().err
    file.write_text(file.read_text().replace('"patchnet"', '"none"'))
    assert described([read_evaluated(folder)]) == []
    assert "no model of that name" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "rows"),
    [("thesis-table3", "all rows are then of the images that all have"),
     ("lite-ablation", "its row is of the test images that it has")]
    + [(f"rnn-table{number}",
        "each row is of the images to test on that it has and was not trained on")
       for number in (4, 5, 6, 7)],
)  # fmt: skip
def test_the_help_says_of_which_images_rows_are(name, rows):
    """Some tables compare on the same images, others take each evaluation's own."""
    assert rows in " ".join(reproduction_parser(name).format_help().split())
