"""Images of a plain folder."""

from kiqa.data.folders import images_in


def test_folder_without_split_is_taken_whole(tmp_path):
    """Without a split file every image of the folder counts, other files do not."""
    for name in ("c.png", "a.png", "b.png", "notes.txt"):
        (tmp_path / name).touch()
    found = images_in(tmp_path, chosen="test")
    assert [file.name for file in found] == ["a.png", "b.png", "c.png"]


def test_images_are_excluded(tmp_path):
    """Those that a list names, and it is told; other sets of the split are not counted."""
    for name in ("a.png", "b.png", "c.png"):
        (tmp_path / name).touch()
    (tmp_path / "split.csv").write_text("image_name,set\na.png,test\nb.png,test\nc.png,train\n")
    (tmp_path / "konpatch.csv").write_text("image_name\nb.png\nc.png\n")
    told = []
    found = images_in(
        tmp_path, chosen="test", exclude=[tmp_path / "konpatch.csv"], report=told.append
    )
    assert [file.name for file in found] == ["a.png"]
    assert told == ["1 of 2 images are excluded by konpatch.csv"]


def test_all_parts_of_a_split(tmp_path):
    """Every image that it names."""
    for name in "abc":
        (tmp_path / f"{name}.png").touch()
    (tmp_path / "split.csv").write_text("image_name,set\na.png,train\nb.png,test\n")
    assert [path.name for path in images_in(tmp_path, chosen="all")] == ["a.png", "b.png"]
    assert [path.name for path in images_in(tmp_path, chosen="test")] == ["b.png"]
