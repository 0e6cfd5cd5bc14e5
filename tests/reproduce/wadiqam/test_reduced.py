"""``wadiqam-fig9``: fewer features of the reference."""

import numpy as np
import pytest

from kiqa.data import DATASETS
from kiqa.io.weights import load_model
from kiqa.maps.wadiqam import PatchPooler
from kiqa.reproduce.__main__ import main
from kiqa.reproduce.wadiqam.reduced import _cut, features_of, reduced_scores, reference_components
from kiqa.reproduce.wadiqam.runs import patch_outputs, pooled_scores
from kiqa.training.wadiqam.tasks import rated_tasks


@pytest.mark.slow
def test_reduced_reference(quick, sets, untrained, tmp_path, csv_rows):
    """Fig. 9: with all components the network's own scores, which the heads give by hand."""
    out = tmp_path / "out"
    options = [*sets("live"), *quick, "--components", "0", "3", "256", "--output", str(out)]
    assert main(["wadiqam-fig9", *options, "--pca-patches", "40"]) == 0
    rows = csv_rows(out / "wadiqam-fig9.csv")
    assert [r["components"] for r in rows] == ["0", "3", "256"] * 2
    assert (out / "wadiqam-fig9.png").is_file()

    tasks = rated_tasks(DATASETS["live"](""), mode="fr")[:5]
    for file in sorted((out / "trainings").rglob("*.h5")):
        network = load_model(file)
        expected = pooled_scores(*patch_outputs(PatchPooler(network), tasks, patches=4, seed=0))
        features = features_of(network, *_cut(tasks, patches=4, seed=0))
        scores = reduced_scores(network, *features, patches=4)
        np.testing.assert_allclose(scores, expected, rtol=1e-4)


def test_components_are_principal():
    """Of points on a line the first one is the line; mean and all components give all back."""
    rng = np.random.default_rng(0)
    line = rng.normal(size=(50, 1)) * np.array([[3.0, 4.0, 0.0]]) + 7
    mean, components = reference_components(line)
    np.testing.assert_allclose(np.abs(components[0]), [0.6, 0.8, 0], atol=1e-9)
    np.testing.assert_allclose(mean + (line - mean) @ components.T @ components, line)
