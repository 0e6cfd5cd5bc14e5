"""How each command is called on small inputs, for tests that try something on all of them.

A new command, or a new option that names an output, needs an entry here:
`test_outputs.py` fails without one.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from kiqa.io.rows.opened import write_rows
from kiqa.scoring import ROW_KEYS
from kiqa.varjpeg.jnd.versions import Version, reference_of, write_versions


@dataclass(frozen=True)
class Use:
    """One way to call a command that writes.

    Attributes:
        program: ``"kiqa"``, ``"kiqa.reproduce"`` or the name of a training.
        argv: Its arguments, without the output.
        option: That names the output.
        fresh: A value of it that clashes with nothing.
        clash: A value with which an input would be replaced.
        victim: That input.
        locked: Whether a second run at the same time is refused.
        runs: Whether it is quick enough to be run to its end.
        images: Whether it takes whatever images are in ``photos``.
    """

    program: str
    argv: tuple[str, ...]
    option: str
    fresh: str
    clash: str
    victim: str
    locked: bool = True
    runs: bool = True
    images: bool = False

    @property
    def command(self) -> str:
        """Program and command, such as ``kiqa map``."""
        return " ".join([self.program, *self.argv[:1]])

    def __str__(self) -> str:
        return f"{self.command} {self.option}".replace("kiqa.", "")


_BIQ = ("--data", "biq", "--dataset", "biq2021", "--set", "all")
_CODED = ("--quality", "50", "--stride", "16")
_TRAIN = ("--epochs", "1")

USES = (
    Use("kiqa", ("score", "photos"), "--output", "o/rows.csv", "photos/a.png", "photos/a.png",
        images=True),
    Use("kiqa", ("merge", "tables/rows.csv"), "--output", "o/rows.csv", "tables/rows.csv",
        "tables/rows.csv"),
    Use("kiqa", ("map", "photos", "--stride", "16"), "--overlay", "o", "photos", "photos/a.png.png",
        locked=False, images=True),
    Use("kiqa", ("map", "photos/a.png", "photos/a.png.npz", "--stride", "16"), "--npz", "o",
        "photos", "photos/a.png.npz", locked=False),
    Use("kiqa", ("map", "photos", "--stride", "16"), "--html", "o/p.html", "photos/a.png",
        "photos/a.png", images=True),
    Use("kiqa", ("report", "photos"), "--output", "o/p.html", "photos/a.png", "photos/a.png",
        images=True),
    Use("kiqa", ("pick", "photos", "--best", "2"), "--copy", "o", "photos", "photos/a.png",
        locked=False),
    Use("kiqa", ("pick", "photos", "--best", "2"), "--list", "o/list.txt", "photos/a.png",
        "photos/a.png"),
    Use("kiqa", ("evaluate", *_BIQ, "--split", "tables/predictions.csv"), "--output", "o",
        "tables", "tables/predictions.csv"),
    Use("kiqa", ("evaluate-maps", "--images", "photos", "--boxes", "tables/auc.csv", "--map",
        "gray"), "--output", "o", "tables", "tables/auc.csv"),
    Use("kiqa", ("ratings", "tables/mos.csv"), "--output", "o", "tables", "tables/mos.csv"),
    Use("kiqa", ("compress", "photos/b.jpg", *_CODED), "--output", "o", "photos", "photos/b.jpg",
        locked=False),
    Use("kiqa", ("decompress", "photos/stream.png"), "--output", "o", "photos",
        "photos/stream.png", locked=False),
    Use("kiqa", ("ladder", "photos", "--stride", "16", "--versions", "2"), "--output", "o",
        "photos", "photos/a.png", runs=False),
    Use("kiqa", ("sample", "photos", "--like", "photos", "--count", "1", "--no-faces"),
        "--output", "o", "photos", "photos/a.png", runs=False),
    Use("kiqa", ("study", "jnd", "ladder", "--codec", "jpeg"), "--output", "o/p.html",
        "ladder/versions.csv", "ladder/versions.csv"),
    Use("kiqa", ("study", "patches", "photos", "--patches-per-image", "1"), "--output",
        "o/p.html", "photos/a.png", "photos/a.png"),
    Use("kiqa", ("study", "boxes", "photos"), "--output", "o/p.html", "photos/a.png",
        "photos/a.png"),
    Use("kiqa", ("study", "ratings", "photos", "--contents", "2", "--repeats", "0"), "--output",
        "o/p.html", "photos/a.png", "photos/a.png"),
    Use("kiqa", ("convert", "resnet18", "tables/weights.npz"), "--output", "o/r.h5",
        "tables/weights.npz", "tables/weights.npz", runs=False),
    Use("kiqa", ("export", "tables/weights.npz", "--format", "keras"), "--output", "o", "tables",
        "tables/weights.npz", runs=False),
    Use("kiqa.reproduce", ("compare", "tables/one.csv", "tables/two.csv"), "--output",
        "o/c.json", "tables/one.csv", "tables/one.csv"),
    Use("train_comparator", ("niqe", "--data", "photos", "--split", "tables/predictions.csv"),
        "--workdir", "o", "tables", "tables/predictions.csv", runs=False),
    Use("train_comparator", ("cornia", "--data", "biq", "--dataset", "biq2021", "--split",
        "tables/predictions.csv"), "--workdir", "o", "tables", "tables/predictions.csv",
        runs=False),
    Use("train_comparator", ("nima", "--data", "biq", "--dataset", "biq2021", "--initial",
        "tables/weights.npz", *_TRAIN), "--workdir", "o", "tables", "tables/weights.npz",
        runs=False),
    Use("train_comparator", ("cnniqa", "--data", "biq", "--dataset", "biq2021", "--initial",
        "tables/weights.npz", *_TRAIN), "--workdir", "o", "tables", "tables/weights.npz",
        runs=False),
    Use("train_patchnet", ("--initial", "tables/weights.npz", *_TRAIN), "--workdir", "o",
        "tables", "tables/weights.npz", runs=False),
    Use("train_patchnet", ("--patches", "tables/weights.npz", "--workdir", "w"),
        "--write-patches", "o.npz", "tables/weights.npz", "tables/weights.npz", runs=False),
    Use("train_rnn_biqa", ("fine-tune", "--initial", "tables/weights.npz", *_TRAIN), "--workdir",
        "o", "tables", "tables/weights.npz", runs=False),
    Use("train_rnn_biqa", ("pool", "--features", "photos", "--initial", "tables/weights.npz"),
        "--workdir", "o", "tables", "tables/weights.npz", runs=False),
)  # fmt: skip
# Commands that write nothing.
SILENT = {"kiqa doctor", "kiqa models"}


def furnish(root: Path) -> None:
    """Write the inputs that `USES` names below the working folder."""
    for folder in ("photos/sub", "tables", "biq/Images", "ladder/a.png/jpeg"):
        (root / folder).mkdir(parents=True)
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (96, 112, 3), np.uint8)
    for number, name in enumerate(("a.png", "a.png.png", "b.jpg", "sub/c.png")):
        pixels = np.roll(noise // 2 + 30 * number, number, axis=0).astype(np.uint8)
        Image.fromarray(pixels).save(root / "photos" / name)
    Image.fromarray(noise).save(root / "photos/a.png.npz", "PNG")
    Image.fromarray(noise).save(root / "photos/stream.png", "JPEG")
    _furnish_tables(root / "tables")
    _furnish_biq(root / "biq")
    _furnish_ladder(root / "ladder")


def _furnish_tables(folder):
    header = "image_name,participant,left,top,right,bottom,none\n"
    (folder / "auc.csv").write_text(header + "a.png,p1,20,20,90,80,0\n")
    rng = np.random.default_rng(1)
    rows = [
        f"s{subject},i{image},{20 + 3 * image + rng.integers(0, 9)}"
        for subject in range(12)
        for image in range(20)
    ]
    (folder / "mos.csv").write_text("\n".join(["subject,image,rating", *rows, ""]))
    names = [f"ss01 ({number}).jpg" for number in range(8)]
    (folder / "predictions.csv").write_text(
        "\n".join(["image_name,set", *(f"{name},test" for name in names), ""])
    )
    np.savez(folder / "weights.npz", some=np.zeros(3))
    row = dict.fromkeys(ROW_KEYS) | {"path": "a.png", "sha256": "0", "score": 0.5, "kiqa": "0"}
    write_rows(folder / "rows.csv", [row], form="csv", columns=ROW_KEYS)
    for file, shift in (("one.csv", 0), ("two.csv", 1)):
        lines = [f"{name},{number / 8},{(number + shift) % 8},"
                 for number, name in enumerate(names)]  # fmt: skip
        (folder / file).write_text("\n".join(["name,mos,predicted,error", *lines, ""]))


def _furnish_biq(root):
    lines = ["Image Name,MOS"]
    for number in range(8):
        name = f"ss01 ({number}).jpg"
        level = 30 + 20 * number + 7 * (number % 2)
        Image.new("RGB", (64, 64), (level,) * 3).save(root / "Images" / name)
        lines.append(f"{name},{0.1 + 0.1 * number:.1f}")
    (root / "Train (Images and MOS).csv").write_text("\n".join([*lines, ""]))


def _furnish_ladder(root):
    versions = []
    for number in range(3):
        file = f"a.png/jpeg/{number:03}.jpg"
        Image.new("RGB", (64, 48), (20 * number,) * 3).save(root / file)
        versions.append(
            Version("a.png", "jpeg", number, file, file, 99 - number, 96, 0, 0.25, 24.0, 64, 48,
                    "1e5", "")
        )  # fmt: skip
    Image.new("RGB", (64, 48)).save(reference_of(root, "a.png"))
    write_versions(root, versions)


def call(use: Use, output: str, *more: str) -> int:
    """Run a command with an output in this process, and return its exit status."""
    from importlib import import_module

    module = {"kiqa": "kiqa.cli.main", "kiqa.reproduce": "kiqa.reproduce.__main__"}
    main = import_module(module.get(use.program, f"kiqa.{use.program}")).main
    return main([*use.argv, use.option, output, *more])
