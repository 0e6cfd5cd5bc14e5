"""BRISQUE's authors' model: support vectors and ranges as text files.

Their release holds ``allmodel``, a regression in LIBSVM's text format, and
``allrange``, the ranges of the statistics in the format of ``svm-scale``. It was
trained on the DMOS of LIVE: about 0..100, lower is better.

Public names: `convert_brisque`.

References:
    live.ece.utexas.edu/research/quality; C.-C. Chang, C.-J. Lin, LIBSVM.
"""

import os
from pathlib import Path

import numpy as np

from kiqa.comparators.brisque import FEATURES
from kiqa.comparators.fit_brisque import regression_of
from kiqa.convert.written import write_converted
from kiqa.io.budget import check_file

_LARGEST = 64 << 20  # bytes; the released file has half a megabyte
_LARGEST_NUMBER = 1e6  # statistics are scaled to -1..1, coefficients are at most 1024
_FORM = {"svm_type": "epsilon_svr", "kernel_type": "rbf"}


def convert_brisque(
    source: str | os.PathLike, output: str | os.PathLike, *, ranges: str | os.PathLike | None = None
) -> Path:
    """Convert a regression of BRISQUE's statistics.

    Args:
        source: Its file ``allmodel``.
        output: File to write, ending in ``.h5``; its stem is the model's name.
        ranges: Its file ``allrange``; ``None`` is the one beside ``source``.

    Returns:
        The file written.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: If a file is of another form; the message says of which.
    """
    source = Path(source)
    ranges = source.with_name("allrange") if ranges is None else Path(ranges)
    for path in (source, ranges):
        if not path.is_file():
            raise FileNotFoundError(
                f"Expected BRISQUE's allmodel, and allrange beside it or as --ranges. Received: "
                f"{path}, which is no file."
            )
        check_file(path, max_bytes=_LARGEST)
    low, high = _ranges(ranges)
    header, coefficients, vectors = _machine(source)
    model = regression_of(
        vectors,
        coefficients,
        -float(header["rho"]),
        gamma=float(header["gamma"]),
        ranges=(low, high),
    )
    return write_converted(
        model, output, source=source, project="BRISQUE",
        scale="0..100", higher_is_better=False, mode="brisque",
    )  # fmt: skip


def _ranges(path):
    """Least and largest value of each statistic."""
    lines = [line.split() for line in path.read_text("utf-8", "replace").splitlines() if line]
    try:
        if lines[0] != ["x"] or [float(cell) for cell in lines[1]] != [-1, 1]:
            raise ValueError("other first lines than x and -1 1")
        rows = np.array([[float(cell) for cell in line] for line in lines[2:]])
        if (
            rows.shape != (FEATURES, 3)
            or rows[:, 0].tolist() != list(range(1, FEATURES + 1))
            or not (rows[:, 2] > rows[:, 1]).all()
            or not np.abs(rows).max() <= _LARGEST_NUMBER
        ):
            raise ValueError(f"{len(rows)} lines")
    except (ValueError, IndexError) as error:
        raise ValueError(
            f"Expected {path} to hold the lines x, -1 1, and {FEATURES} lines of number, least and "
            f"largest value. Received: {error}. Use the file of BRISQUE's release."
        ) from error
    return rows[:, 1], rows[:, 2]


def _machine(path):
    """Header, coefficients and support vectors of a LIBSVM file."""
    text = path.read_text("utf-8", "replace")
    head, separator, body = text.partition("\nSV\n")
    try:
        header = dict(line.split(maxsplit=1) for line in head.splitlines() if line.strip())
        other = {key: header.get(key) for key, value in _FORM.items() if header.get(key) != value}
        if not separator or other:
            raise ValueError(f"{other or 'no line SV'}")
        lines = [line.split() for line in body.splitlines() if line.strip()]
        coefficients = np.array([float(line[0]) for line in lines])
        vectors = np.zeros((len(lines), FEATURES))
        for vector, line in zip(vectors, lines, strict=True):
            for cell in line[1:]:
                number, value = cell.split(":")
                if not 1 <= int(number) <= FEATURES:
                    raise ValueError(f"statistic {number}")
                vector[int(number) - 1] = float(value)
        if not 0 < len(vectors) == int(header["total_sv"]):
            raise ValueError(f"{len(vectors)} support vectors")
        others = [float(header["rho"]), gamma := float(header["gamma"])]
        numbers = np.concatenate([vectors.ravel(), coefficients, others])
        if not (np.abs(numbers) <= _LARGEST_NUMBER).all() or gamma <= 0:
            raise ValueError(f"numbers up to {np.abs(vectors).max():g}, gamma {header['gamma']}")
    except (ValueError, KeyError) as error:
        raise ValueError(
            f"Expected {path} to be a LIBSVM file of {_FORM} with the number of support vectors "
            f"that it names, of {FEATURES} statistics. Received: {error}. Use the file of "
            "BRISQUE's release."
        ) from error
    return header, coefficients, vectors
