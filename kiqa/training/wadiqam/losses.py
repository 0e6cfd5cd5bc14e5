"""Loss of DIQaM and WaDIQaM."""

from collections.abc import Callable

from keras import ops

from kiqa.training.runs.replicas import pearson


def pooled_loss(
    *, patches: int, pooling: str, patch: float = 0.0, correlation: float = 0.0
) -> Callable:
    """Make DIQaM's and WaDIQaM's loss.

    Args:
        patches: Patches an image; those of one image lie together.
        pooling: ``"average"``: loss (3), the mean over the patches of
            ``|y_i - q|``. ``"weighted"``: loss (7), the mean over the images
            of ``|sum(w_i * y_i) / sum(w_i) - q|``.
        patch: Weight of loss (3) where it is added to loss (7).
        correlation: Weight of one minus Pearson's correlation over the
            images.

    Returns:
        A function of targets, shape ``(n, 1)``, one score per patch, or ``(n,
        2)`` with another target of the correlation beside it, and of
        predictions, ``(n, 1)``, the quality, or ``(n, 2)``, quality and
        weight; to the loss, a scalar.

    References:
        Bosse et al. 2018, equations (3) and (7).
    """

    def loss(target, predicted):
        quality = ops.reshape(predicted[:, 0], (-1, patches))
        target = ops.reshape(target, (-1, patches, target.shape[-1]))
        pooled = ops.mean(quality, axis=1)
        if pooling == "weighted":
            weight = ops.reshape(predicted[:, 1], (-1, patches))
            pooled = ops.sum(quality * weight, axis=1) / ops.sum(weight, axis=1)
        single = ops.mean(ops.abs(quality - target[..., 0]))
        if pooling == "average":
            total = single
        else:
            total = ops.mean(ops.abs(pooled - target[:, 0, 0])) + patch * single
        if correlation:
            total += correlation * (1 - pearson(pooled, target[:, 0, -1]))
        return total

    return loss
