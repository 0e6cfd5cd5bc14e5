"""Loss of PaQ-2-PiQ: scores of images and of rectangles in them."""

from collections.abc import Callable

from keras import ops

from kiqa.training.runs.replicas import pearson


def region_loss(*, patch: float = 1.0, correlation: float = 0.0) -> Callable:
    """Make the loss of PaQ-2-PiQ: the squared error of images and patches.

    Args:
        patch: Weight of a patch's squared error beside an image's.
        correlation: Weight of one minus Pearson's correlation of the scores
            of the images.

    Returns:
        A function of targets and predictions, both of shape ``(n, m)``, the
        image first, then its patches, to the loss, a scalar: the weighted
        mean over all targets that are finite.

    References:
        Ying et al. 2020, sections 4.1 and 4.2.
    """

    def loss(target, predicted):
        known = ops.isfinite(target)
        error = ops.square(predicted - ops.where(known, target, ops.zeros_like(target)))
        weights = ops.cast(known, error.dtype)
        weights = ops.concatenate([weights[:, :1], patch * weights[:, 1:]], axis=1)
        total = ops.sum(weights * error) / ops.sum(weights)
        if correlation:
            total += correlation * (1 - pearson(predicted[:, 0], target[:, 0]))
        return total

    return loss
