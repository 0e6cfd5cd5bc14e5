"""The published methods of a table that kiqa computes: rows of ours beside the paper's.

Public names: `COMPUTED`, `computable`, `with_weights`, `trained_sets`, `named`.
"""

from collections.abc import Sequence

from kiqa.io.weights import Details, WeightsError
from kiqa.reproduce.command import report
from kiqa.reproduce.published_rows import published_rows
from kiqa.scoring.engines import describe

# What papers call a method, and the model of kiqa that computes it. KangCNN (thesis) and CNN
# (WaDIQaM's paper) are Kang et al. 2014, as PaQ-2-PiQ's CNNIQA is.
COMPUTED = {
    "PSNR": "psnr", "SSIM": "ssim", "FSIMc": "fsimc", "GMSD": "gmsd", "FISH": "fish",
    "NIQE": "niqe", "BRISQUE": "brisque", "CORNIA": "cornia", "CNNIQA": "cnniqa",
    "KangCNN": "cnniqa", "CNN": "cnniqa", "NIMA": "nima", "DeepBIQ": "deepbiq",
    "KonCept512": "koncept512",
}  # fmt: skip


def computable(table: str) -> dict[str, str]:
    """Return the models of kiqa that compute methods of a table.

    Args:
        table: Name of its published rows, such as ``"thesis-table3"``.

    Returns:
        By model what the table calls it, in its order; perhaps none.
    """
    methods = dict.fromkeys(row["method"] for row in published_rows(table))
    return {COMPUTED[method]: method for method in methods if method in COMPUTED}


def with_weights(models: Sequence[str]) -> list[str]:
    """Leave out models whose weights are not there, and tell which command makes them.

    Args:
        models: Names of models, or files.

    Returns:
        The others.
    """
    found = []
    for model in models:
        try:
            describe(model)
        except WeightsError as error:
            report(f"no row of {model}: {error}")
        else:
            found.append(model)
    return found


def named(model: str, *, higher_is_better: bool) -> str:
    """Name a row whose correlations are negative where the model is right, and others as they are.

    Args:
        model: Name of the model.
        higher_is_better: Direction of its scores.

    Returns:
        The name, with the direction where it is not the usual one.
    """
    return model if higher_is_better else f"{model}, lower is better"


def trained_sets(details: Details) -> str:
    """Name the data sets that a model was trained on, as a column of a table.

    Args:
        details: Of the model.

    Returns:
        Such as ``"biq2021"``; empty for a formula, and where it is not known.
    """
    parts = details.trained_on or ()
    return " and ".join(dict.fromkeys(part.dataset or "others" for part in parts))
