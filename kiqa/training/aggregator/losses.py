"""Loss of scores: the mean squared error, with a correlation over the batch as an option."""

from collections.abc import Callable

from keras import ops

from kiqa.training.runs.replicas import pearson


def score_loss(correlation: float) -> Callable:
    """Make the loss of predicted scores.

    Args:
        correlation: Weight of one minus Pearson's correlation over the
            batch; 0 is the plain mean squared error.

    Returns:
        A function of targets, shape ``(n, 1)``, or ``(n, 2)`` with another
        target of the correlation beside them, and predictions, shape ``(n,
        1)``, to the loss, a scalar.
    """

    def loss(target, predicted):
        total = ops.mean(ops.square(predicted - target[:, :1]))
        if correlation:
            total += correlation * (1 - pearson(predicted[:, 0], target[:, -1]))
        return total

    return loss
