"""The commands of `kiqa` in the order of its help, and what the help says of each.

Public names: :data:`COMMANDS`, :class:`Command`.
"""

from dataclasses import dataclass
from types import ModuleType

from kiqa.cli import (
    compress,
    convert,
    decompress,
    doctor,
    evaluate,
    evaluate_maps,
    ladder,
    models,
    ratings,
    score,
    study,
)
from kiqa.cli import map as map_command
from kiqa.cli.collection import merge, pick, report, sample
from kiqa.export import command as export_command


@dataclass(frozen=True)
class Command:
    """A command of `kiqa`.

    Attributes:
        name: As typed.
        module: Its module, with ``add_options(parser)`` and
            ``run(arguments) -> int``.
        help: Line in the list of commands.
        description: What its own help says first.
        epilog: What its own help says last.
    """

    name: str
    module: ModuleType
    help: str
    description: str
    epilog: str | None = None


COMMANDS = (
    Command(
        "score",
        score,
        "score images, folders of images or a list",
        description="Predict the quality of images: one row for each, with the score, its scale "
        "and direction, and what else the model knows. --model takes any that kiqa models "
        "lists, or a file; full-reference models also need --reference.",
        epilog="A file that cannot be scored is a row with an error; the exit status is then 1. An "
        "image that equals its reference gets what the model makes of the pair, no special score.",
    ),
    Command(
        "merge",
        merge,
        "join the rows of shards and of repeated runs",
        description="Join the outputs of kiqa score: one row for each image, content, weights and "
        "stride. A score is kept before an error, else the row of the file that is named last.",
        epilog="Scores of one content that differ are reported; the exit status is then 1.",
    ),
    Command(
        "map",
        map_command,
        "draw quality maps of images",
        description="Predict the quality of every place of an image, and print the mean of each "
        "map. At least one of --overlay, --npz and --html says where the maps go; files are named "
        "by the path relative to PATH. kiqa models says which models have maps.",
        epilog="An image that cannot be mapped is reported; the exit status is then 1.",
    ),
    Command(
        "report",
        report,
        "write a page that shows which images are good and bad, where, and why",
        description="Score a collection of images and write one self-contained page: sorted and "
        "filtered by score, percentile and defect, with quality maps and reasons; images that are "
        "alike are grouped, the best of each group is marked.",
        epilog="A file that cannot be read is listed on the page; the exit status is then 1. A "
        "long run is best made in two steps, of which the first can be resumed: kiqa score "
        "--reasons --output rows.jsonl, then kiqa report rows.jsonl.",
    ),
    Command(
        "pick",
        pick,
        "pick the best images: copy them, list them, or give them stars",
        description="Pick the best images of a collection, of images that are alike only the best. "
        "Without --copy, --list and --xmp they are only named.",
        epilog="A file that cannot be read, copied or rated is reported; the exit status is then "
        "1. No file and no sidecar is replaced.",
    ),
    Command(
        "evaluate",
        evaluate,
        "compare a model with the mean opinion scores of a data set",
        description="Score the images of a data set, compare with their mean opinion scores, and "
        "print SROCC, PLCC without and with a logistic of 4 and 5 parameters, KROCC and RMSE, each "
        "with its 95 % bootstrap interval.",
    ),
    Command(
        "evaluate-maps",
        evaluate_maps,
        "compare quality maps with a local ground truth",
        description="ROC-AUC of quality maps against boxes that people drew round good areas, or "
        "against a rectangle distorted here, for thresholds of the ground truth. Maps "
        "and ground truth are blurred by 10 % of the image width, as in the thesis.",
        epilog="An image that cannot be compared is reported; the exit status is then 1.",
    ),
    Command(
        "ratings",
        ratings,
        "turn people's ratings into mean opinion scores",
        description="Leave out unreliable sessions and turn ratings into mean opinion scores with "
        "confidence intervals, as PaQ-2-PiQ does.",
        epilog="docs/subjective.md says what is computed.",
    ),
    Command(
        "compress",
        compress,
        "compress images with VarJPEG",
        description="Compress images with VarJPEG: JPEG with a quality for every block, higher "
        "where the image is good. Colour profile and EXIF data are kept.",
        epilog="One line per image: bytes, bits per pixel, quality, bytes of VarJPEG's own, file. "
        "An image that cannot be coded is reported; the exit status is then 1.",
    ),
    Command(
        "decompress",
        decompress,
        "decode VarJPEG to PNG",
        description="Decode VarJPEG of either form, or baseline JPEG, to PNG, upright and with its "
        "colour profile.",
        epilog="A file that cannot be decoded is reported; the exit status is then 1.",
    ),
    Command(
        "ladder",
        ladder,
        "compress images at many bitrates, for a study",
        description="Compress each image at equally spaced bitrates by VarJPEG, and at every "
        "quality by plain JPEG with the same entropy coding. versions.csv in the "
        "folder lists the files; kiqa study jnd makes a page of them.",
        epilog="Repeat an interrupted command: images that are done are left. An image that cannot "
        "be coded is reported; the exit status is then 1.",
    ),
    Command(
        "sample",
        sample,
        "choose images for a study, as others look",
        description="Choose so many images that six features (brightness, colourfulness, contrast, "
        "spatial information, pixels, faces) are distributed as in other images, by mixed integer "
        "programming: PaQ-2-PiQ's sampling. features.csv in the folder keeps what was measured, "
        "sample.csv lists the choice, sample.json says how near it comes.",
        epilog="Repeat an interrupted command: images that were measured are not measured again. "
        "An image that cannot be read is reported; the exit status is then 1.",
    ),
    Command(
        "study",
        study,
        "make a page for an experiment with people",
        description="Write one HTML file with images and instructions that runs an experiment in "
        "any browser, without server or network, and saves the answers as CSV.",
    ),
    Command(
        "convert",
        convert,
        "convert published checkpoints of other projects",
        description="Write our .h5 file from a checkpoint of another project. Nothing in the "
        "checkpoint is run; PyTorch and chainer are not needed.",
    ),
    Command(
        "export",
        export_command,
        "write a model for TensorFlow, ONNX Runtime, LiteRT or Keras",
        description="Write the networks of a model as files that run without kiqa, and kiqa.json, "
        "which says what comes before, between and after them. They are compared with kiqa's own "
        "on images of several sizes before the command ends.",
        epilog="docs/export.md has a scorer for each format.",
    ),
    Command(
        "models",
        models,
        "list the models: paper, scale, direction, least size, map, reference, accuracy",
        description="List the models that kiqa scores with: the systems of the papers, kiqa's own, "
        "and the comparators. SROCC is against the mean opinion scores of the images that the last "
        "column names.",
    ),
    Command(
        "doctor",
        doctor,
        "check the installation: versions, devices, weights, a forward pass",
        description="Check the installation: versions, OpenCV, memory, TensorFlow, GPU, weights, "
        "and one forward pass. The exit status is 1 if something is broken.",
    ),
)
