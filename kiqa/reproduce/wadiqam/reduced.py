"""Fig. 9 of the paper on WaDIQaM: a reference reduced to few principal components.

At test time the features of each reference patch are projected onto the first
k principal components of those of training patches; with none of them, every
reference patch has the mean features.

Public names: :data:`FIG_9`, :func:`reference_components`,
:func:`reduced_scores`.

References:
    Bosse et al. 2018, section IV-I.
"""

import argparse
import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from kiqa.arguments import add_number, whole_number
from kiqa.constants import WADIQAM
from kiqa.evaluation.correlation import METRICS
from kiqa.reproduce.command import Command
from kiqa.reproduce.left_out import LeftOut
from kiqa.reproduce.wadiqam.curves import add_runs, runs_of, save_means
from kiqa.training.wadiqam.tasks import PatchTask, references_of

if TYPE_CHECKING:
    import keras

_AT_ONCE = 512  # patches in the network
_PATCHES = 4000  # reference patches for the components, section IV-I
_COMPONENTS = (0, 1, 2, 3, 5, 8, 16, 32, 64, 128, 256, 512)


def features_of(network: "keras.Model", *patches: np.ndarray) -> list[np.ndarray]:
    """Return the features that the network's body makes of patches.

    Args:
        network: Of `kiqa.models.wadiqam`.
        *patches: ``uint8``, each of shape (n, P, P, 3).

    Returns:
        Of each the features, shape (n, d).
    """
    import keras

    from kiqa.maps.network_function import network_function

    x = first = keras.Input(network.inputs[0].shape[1:])
    for layer in network.layers:
        if layer.name.startswith("stage") or layer.name == "features":
            x = layer(x)
    body = network_function(keras.Model(first, x), dtype="uint8")
    return [
        np.concatenate([body(each[at : at + _AT_ONCE]) for at in range(0, len(each), _AT_ONCE)])
        for each in patches
    ]


def reference_components(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and principal components of features.

    Args:
        features: Of reference patches, shape (n, d).

    Returns:
        The mean, shape (d,), and the components as rows, by falling variance,
        shape (min(n, d), d).
    """
    mean = features.mean(axis=0)
    return mean, np.linalg.svd(features - mean, full_matrices=False)[2]


def reduced_scores(
    network: "keras.Model", distorted: np.ndarray, reference: np.ndarray, *, patches: int
) -> np.ndarray:
    """Pool what the heads of a full-reference network say of features.

    Args:
        network: Of `kiqa.models.wadiqam`, with a reference.
        distorted: Features of distorted patches, shape (images * patches, d).
        reference: Those of the reference patches, or what is left of them.
        patches: Patches an image; those of one image lie together.

    Returns:
        Scores in the network's direction, shape (images,).
    """
    names = {layer.name for layer in network.layers}
    joined = [distorted, reference]
    if "difference" in names:
        joined.insert(0, distorted - reference)
    fused = np.concatenate(joined if "fusion" in names else joined[:1], axis=1)
    quality = _branch(network, fused, "quality")
    weight = np.ones_like(quality)
    if "weight" in names:
        weight = np.maximum(_branch(network, fused, "weight_raw"), 0) + WADIQAM.least_weight
    quality, weight = (values.reshape(-1, patches) for values in (quality, weight))
    return np.sum(quality * weight, axis=1) / np.sum(weight, axis=1)


def _branch(network, features, name):
    """One number per patch: a hidden layer with ReLU, and a linear one."""
    (kernel, bias), (last, last_bias) = (
        network.get_layer(part).get_weights() for part in (f"{name}_hidden", name)
    )
    return np.maximum(features @ kernel + bias, 0) @ last[:, 0] + last_bias[0]


def _cut(tasks: Sequence[PatchTask], *, patches: int, seed: int) -> list[np.ndarray]:
    from kiqa.training.wadiqam.batches import fixed_patches, patch_source

    paths = [task.path for task in tasks]
    source = patch_source(paths, references_of(tasks), keep_bytes=0)
    return fixed_patches(source, patches, seed=seed)


def _run(options: argparse.Namespace) -> int:
    from kiqa.io.weights import load_model, read_info

    found: dict[str, list] = {}
    left_out = LeftOut()
    for label, data, parts, file in runs_of(options, left_out, mode="fr"):
        network, sign = load_model(file), 1 if read_info(file).higher_is_better else -1
        of_reference = {task.reference: task for task in parts["train"]}  # each reference once
        each = math.ceil(options.pca_patches / len(of_reference))
        _, patches = _cut(list(of_reference.values()), patches=each, seed=1)
        tested = _cut(parts["test"], patches=options.test_patches, seed=0)
        of_patches, *features = features_of(network, patches, *tested)
        mean, components = reference_components(of_patches)
        wanted = np.array([task.score for task in parts["test"]])
        curve = []
        for count in options.components:
            kept = components[:count]
            reference = mean + (features[1] - mean) @ kept.T @ kept
            scores = reduced_scores(network, features[0], reference, patches=options.test_patches)
            curve.append(METRICS["srocc"](sign * scores, wanted))
        found.setdefault(f"{label}, {data}", []).append(curve)
    save_means(
        found, options.components, "components", options, "wadiqam-fig9",
        xlabel="principal components of the reference patch", xscale="symlog",
    )  # fmt: skip
    return left_out.status()


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--components", type=partial(whole_number, low=0), nargs="+",
        default=list(_COMPONENTS), metavar="K",
        help="numbers of components kept (default: 0 to 512)",
    )  # fmt: skip
    add_number(
        parser, "--pca-patches", "reference patches of the training part", default=_PATCHES, low=1
    )
    add_runs(parser, splits=1)


FIG_9 = Command("WaDIQaM's Fig. 9: the reference reduced by PCA", _options, _run)
