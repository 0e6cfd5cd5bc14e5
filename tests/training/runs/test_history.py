"""Numbers of epochs."""

import numpy as np
import pytest

from kiqa.training.runs.history import score_numbers

MOS = np.array([0.1, 0.4, 0.9])


def test_numbers_of_an_epoch():
    """Rank, linear correlation and squared error against the scores."""
    numbers = score_numbers(np.array([0.2, 0.3, 0.9]), MOS)
    assert numbers["val_srocc"] == pytest.approx(1)
    assert numbers["val_plcc"] == pytest.approx(np.corrcoef([0.2, 0.3, 0.9], MOS)[0, 1])
    assert numbers["val_mse"] == pytest.approx(0.02 / 3)


@pytest.mark.parametrize("predicted", [[0.1, np.nan, 0.2], [0.5, 0.5, 0.5]])
def test_a_diverged_training_is_named(predicted):
    """Not as images that should be left out."""
    with pytest.raises(ValueError, match="diverged. Begin again with a lower --learning-rate"):
        score_numbers(np.array(predicted), MOS)
