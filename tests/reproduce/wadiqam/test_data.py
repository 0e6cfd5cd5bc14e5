"""Data sets and splits of the experiments."""

from dataclasses import replace

import pytest

from kiqa.reproduce.wadiqam.data import given_sets, sample, split_tasks, unseen_tasks
from kiqa.training.wadiqam.tasks import PatchTask


def test_splits_keep_references_together(sets, tmp_path):
    """Ours by shares; another seed, another draw; LIVE's counts where there are 29 references."""
    tasks = given_sets([f"live={tmp_path}"], printed=("live",), mode="fr")["live"]
    parts, said = split_tasks("live", tasks, seed=0)
    assert said.startswith("0.6/0.2/0.2")
    contents = [{task.content for task in parts[part]} for part in ("train", "val", "test")]
    assert sum(map(len, contents)) == 10 and not contents[0] & contents[2]
    assert split_tasks("live", tasks, seed=1)[0] != parts
    many = [PatchTask(f"{i}", tmp_path, 0.5, f"ref{i % 29}") for i in range(58)]
    parts, said = split_tasks("live", many, seed=0)
    assert said.startswith("17/6/6") and len(parts["train"]) == 34
    parts, said = split_tasks("live", many, seed=0, cross=True)
    assert said.startswith("23/6") and set(parts) == {"train", "val"}
    with pytest.raises(ValueError, match="at least 1 image"):
        sample(many, 0, seed=0)


def test_a_pair_that_is_repeated_for_training_counts_once(tmp_path):
    """As `kiqa.train_wadiqam --pristine` writes an image with itself, several times."""
    lines = ["image,reference,score,set"]
    for number, part in enumerate(("train", "train", "train", "val", "test")):
        for name in (f"{number}.png", f"{number}_jpeg.png"):
            (tmp_path / name).touch()
        lines += 3 * [f"{number}.png,{number}.png,1,{part}"]
        lines.append(f"{number}_jpeg.png,{number}.png,0.5,{part}")
    (tmp_path / "pairs.csv").write_text("\n".join([*lines, ""]))
    pairs = [f"proxy={tmp_path / 'pairs.csv'}"]
    tasks = given_sets(pairs, printed=("live",), mode="fr")["proxy"]
    assert len(tasks) == len({task.name for task in tasks}) == 10
    assert sorted(task.score for task in tasks) == 5 * [0.5] + 5 * [1.0]
    parts, _ = split_tasks("proxy", tasks, seed=0)
    assert set(parts) == {"train", "val", "test"}
    alone = given_sets(pairs, printed=("live",), mode="nr")["proxy"]
    assert [replace(task, reference=None) for task in tasks] == alone
    with pytest.raises(ValueError, match="Expected pairs with references"):
        unseen_tasks(alone, "proxy", [], include=False)


def test_excluded_images_and_references_are_left_out(sets, tmp_path, capsys):
    """A rated image goes with all of its reference; pairs go by the names of their references."""
    file = tmp_path / "konpatch.csv"
    file.write_text("image_name\nlive-3-jpeg-1.png\n1.png\n")
    common = {"printed": ("live",), "mode": "fr", "exclude": [str(file)]}
    tasks = given_sets([f"live={tmp_path}"], **common)["live"]
    assert {task.content for task in tasks} == {f"ref{n}" for n in range(10) if n != 3}
    lines = ["image,reference,score,set"]
    for number, part in enumerate(("train", "train", "val")):
        (tmp_path / f"{number}.png").touch()
        lines.append(f"{number}.png,{number}.png,1,{part}")
    (tmp_path / "pairs.csv").write_text("\n".join([*lines, ""]))
    tasks = given_sets([f"proxy={tmp_path / 'pairs.csv'}"], **common)["proxy"]
    assert [task.name for task in tasks] == ["0.png", "2.png"]
    assert capsys.readouterr().err.count("are excluded by konpatch.csv") == 2
