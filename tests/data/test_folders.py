"""Images of a plain folder."""

from kiqa.data.folders import images_in


def test_folder_without_split_is_taken_whole(tmp_path):
    """Without a split file every image of the folder counts, other files do not."""
    for name in ("c.png", "a.png", "b.png", "notes.txt"):
        (tmp_path / name).touch()
    found = images_in(tmp_path, chosen="test")
    assert [file.name for file in found] == ["a.png", "b.png", "c.png"]
