"""``kiqa report``: the page, its errors and its inputs."""

import json
import re
from pathlib import Path

import pytest
from PIL import Image

from kiqa.cli.main import main


def _data(path):
    text = Path(path).read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    return json.loads(found[1])


def test_the_page_holds_images_groups_reasons_and_errors(collection, capsys):
    """Status 1, since a file could not be read; it is on the page, too."""
    assert main(["report", "d", "--output", "d/report.html", "--best", "1"]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("d/report.html: 3 images, 1 group of images that are alike; ")
    assert err.count("\n") == 2 and "d/bad.jpg" in err and "1 of 4 files" in err
    data = _data("d/report.html")
    images = {image["name"]: image for image in data["images"]}
    assert set(images) == {"a.png", "sub/b.png", "c.png"}
    assert images["a.png"]["best"] and images["a.png"]["chosen"] == 1
    assert images["a.png"]["group"] == images["sub/b.png"]["group"] == 0
    assert images["c.png"]["group"] is None
    assert images["a.png"]["map"]["rows"] > 1 and len(images["a.png"]["reasons"]) == 7
    assert [name for name, _ in data["errors"]] == ["bad.jpg"]
    assert "d/bad.jpg" in data["errors"][0][1]


def test_a_page_in_the_folder_is_no_input_of_the_next_run(collection, capsys):
    """Nor with another name."""
    Path("d/bad.jpg").unlink()
    assert main(["report", "d", "--output", "d/report.html", "--no-maps"]) == 0
    assert main(["report", "d", "--output", "d/other.html", "--no-maps"]) == 0
    assert len(_data("d/other.html")["images"]) == 3
    assert _data("d/other.html")["images"][0]["map"] is None


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
@pytest.mark.parametrize("more", [[], ["--reasons"]])
def test_rows_give_the_same_page(collection, stand_in, suffix, more):
    """With reasons or without; nothing is scored again, and names are as in the rows."""
    rows = f"rows.{suffix}"
    assert main(["score", "d", "--output", rows, *more]) == 1
    assert main(["report", "d", "--output", "one.html", "--no-maps"]) == 1
    calls = sum(engine.calls for engine in stand_in)
    assert main(["report", rows, "--output", "two.html", "--no-maps"]) == 1
    assert sum(engine.calls for engine in stand_in) == calls + 1  # to load it
    one, two = (_data(name)["images"] for name in ("one.html", "two.html"))
    for first, second in zip(one, two, strict=True):
        assert second["name"] == f"d/{first['name']}"
        assert first | {"name": second["name"]} == second


def test_files_that_changed_since_or_are_gone_are_errors(collection, capsys):
    """Their rows say nothing of them any more."""
    assert main(["score", "d/a.png", "d/c.png", "--output", "rows.jsonl"]) == 0
    Image.new("RGB", (80, 90)).save("d/a.png")
    Path("d/c.png").unlink()
    assert main(["report", "rows.jsonl", "--output", "p.html"]) == 2
    assert "Expected images that can be read. Received: 2 errors" in capsys.readouterr().err
    assert not Path("p.html").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "with none"),
        ("a,b\n1,2\n", "Expected rows that kiqa score"),
    ],
)
def test_other_tables_are_refused(collection, capsys, content, said):
    """In one line."""
    Path("x.csv").write_text(content)
    assert main(["report", "x.csv", "--output", "p.html"]) == 2
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1


def test_rows_of_another_model_are_refused(collection, capsys):
    """Their scores cannot be compared, nor mapped."""
    assert main(["score", "d/a.png", "--output", "rows.jsonl"]) == 0
    text = Path("rows.jsonl").read_text()
    Path("rows.jsonl").write_text(text.replace("0" * 64, "1" * 64))
    assert main(["report", "rows.jsonl", "--output", "p.html"]) == 2
    assert "Expected rows of the model stand-in" in capsys.readouterr().err


@pytest.mark.parametrize("best", [["0"], ["150%"], ["150", "%"], ["x"]])
def test_what_is_no_number_of_images_is_refused(collection, capsys, best):
    """By the parser."""
    with pytest.raises(SystemExit) as end:
        main(["report", "d", "--output", "p.html", "--best", *best])
    assert end.value.code == 2
    assert "Expected a number of images" in capsys.readouterr().err


def test_rows_for_a_spreadsheet_are_read_as_such(collection, capsys):
    """An apostrophe stands before a path that a spreadsheet would run."""
    Path("d").rename("@d")
    Path("@d/bad.jpg").unlink()
    assert main(["score", "@d", "--output", "r.csv", "--spreadsheet"]) == 0
    assert "'@d/a.png" in Path("r.csv").read_text()
    assert main(["report", "r.csv", "--output", "one.html", "--no-maps", "--spreadsheet"]) == 0
    assert len(_data("one.html")["images"]) == 3
    assert main(["pick", "r.csv", "--best", "1", "--spreadsheet"]) == 0
    assert "@d/" in capsys.readouterr().out
