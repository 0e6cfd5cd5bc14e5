"""The table of a ladder."""

from dataclasses import replace

import pytest

from kiqa.varjpeg.jnd.versions import (
    Version,
    group_versions,
    ladder_files,
    read_versions,
    reference_of,
    write_versions,
)


def entry(version, codec="varjpeg", image="sub/a.jpg", **values):
    """A version of a 100x50 image that gets smaller with its number."""
    size = 3000 - 100 * version
    file = f"{image}/{codec}/{version:03d}.jpg"
    made = Version(
        image, codec, version, file, file, 80.0 - version / 3, size,
        20 if codec == "varjpeg" else 0, 8 * size / 5000, 6.4, 100, 50, "1e5", "",
    )  # fmt: skip
    return replace(made, **values)


def edit(path, line, column, value):
    """Replace one cell of a table; line 1 is the header."""
    rows = [row.split(",") for row in path.read_text().splitlines()]
    rows[line - 1][rows[0].index(column)] = value
    path.write_text("\n".join(",".join(row) for row in rows) + "\n")


def test_a_table_reads_back_as_it_was_written(tmp_path):
    """Reals keep every digit, and the order is kept."""
    versions = [entry(0), entry(1), entry(1, "jpeg"), entry(0, "jpeg", quality=99), entry(2)]
    path = write_versions(tmp_path / "ladder", versions)
    assert path == tmp_path / "ladder" / "versions.csv"
    assert read_versions(tmp_path / "ladder") == versions
    header = "image,codec,version,file,view,quality,bytes,overhead,bpp,source_bpp,width,height"
    header += ",image_sha256,importance_sha256"
    assert path.read_text().splitlines()[0] == header
    assert "jpeg/000.jpg,99,3000,0," in path.read_text()


def test_hashes_are_kept(tmp_path):
    """As text, whatever they look like; that of the importance may be empty."""
    versions = [entry(0, image_sha256="1e5", importance_sha256="00"), entry(1)]
    write_versions(tmp_path, versions)
    assert read_versions(tmp_path) == versions


def test_the_files_of_a_ladder_are_those_that_it_names(tmp_path):
    """Each once, whether they are there or not."""
    view = "sub/a.jpg/varjpeg/000.png"
    named = ladder_files(tmp_path, [entry(0, view=view), entry(1), entry(0, "jpeg")])
    assert [str(path.relative_to(tmp_path)) for path in named] == [
        "settings.json",
        "sub/a.jpg/jpeg/000.jpg",
        "sub/a.jpg/reference.png",
        "sub/a.jpg/varjpeg/000.jpg",
        view,
        "sub/a.jpg/varjpeg/001.jpg",
        "versions.csv",
    ]


def test_an_image_name_with_a_comma_survives(tmp_path):
    """The CSV quotes it."""
    versions = [entry(0, image="a, b.jpg")]
    write_versions(tmp_path, versions)
    assert read_versions(tmp_path) == versions


def test_versions_are_grouped_by_image_and_codec_and_sorted():
    """Images come in the order of first appearance."""
    groups = group_versions([entry(1), entry(0), entry(0, "jpeg"), entry(0, image="A.jpg")])
    assert list(groups) == ["sub/a.jpg", "A.jpg"]
    assert [e.version for e in groups["sub/a.jpg"]["varjpeg"]] == [0, 1]
    assert list(groups["sub/a.jpg"]) == ["varjpeg", "jpeg"]


def test_the_reference_lies_beside_the_versions(tmp_path):
    """It is a path in the image's folder, and never out of the ladder."""
    assert reference_of(tmp_path, "sub/a.jpg") == tmp_path / "sub" / "a.jpg" / "reference.png"
    for name in ("../a.jpg", "/a.jpg", "", "a\\b.jpg", "sub/./a.jpg"):
        with pytest.raises(ValueError, match="relative path"):
            reference_of(tmp_path, name)


def test_a_folder_without_a_table_is_told_how_to_make_one(tmp_path):
    """The message names the command."""
    with pytest.raises(FileNotFoundError, match="kiqa ladder"):
        read_versions(tmp_path)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("codec", "webp", "codec.*line 3.*'webp'"),
        ("version", "1.0", "whole number.*version.*line 3"),
        ("version", "0", "without a gap, each once"),
        ("version", "2", "received 2 where 1 belongs"),
        ("file", "../x.jpg", "relative path.*file"),
        ("view", "", "relative path.*view"),
        ("quality", "good", "number as quality.*'good'"),
        ("quality", "nan", "finite quality"),
        ("bytes", "0", "at least 1"),
        ("overhead", "2901", "overhead from 0"),
        ("overhead", "-1", "whole number"),
        ("bpp", "4.7", "4.64"),
        ("bpp", "nan", "4.64"),
        ("source_bpp", "0", "source_bpp above 0"),
        ("width", "", "whole number.*width"),
    ],
)
def test_a_wrong_value_is_refused_with_its_line(tmp_path, column, value, message):
    """Each check names what it expected."""
    path = write_versions(tmp_path, [entry(0), entry(1)])
    edit(path, 3, column, value)
    with pytest.raises(ValueError, match=message):
        read_versions(tmp_path)


def test_plain_jpeg_has_no_overhead(tmp_path):
    """Bytes of VarJPEG in a plain JPEG are a mistake."""
    with pytest.raises(ValueError, match="0 for plain JPEG"):
        write_versions(tmp_path, [entry(0, "jpeg", overhead=3)])


def test_nothing_and_gaps_are_not_written(tmp_path):
    """No table is left behind."""
    with pytest.raises(ValueError, match="at least one version"):
        write_versions(tmp_path, [])
    with pytest.raises(ValueError, match="without a gap"):
        write_versions(tmp_path, [entry(0), entry(2)])
    assert not list(tmp_path.iterdir())


def test_a_missing_column_is_named(tmp_path):
    """The columns found are listed."""
    (tmp_path / "versions.csv").write_text("image,codec\na.jpg,jpeg\n")
    with pytest.raises(ValueError, match="'bpp'.*missing"):
        read_versions(tmp_path)
